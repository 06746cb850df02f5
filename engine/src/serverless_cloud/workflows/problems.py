"""Problems of a state machine's definition, as ValidateStateMachineDefinition reports them.

Codes: API reference, ValidateStateMachineDefinitionDiagnostic. Messages and places: as AWS's validator wrote them in
public issues and tests of 2025 and 2026 (LocalStack 11978; floci 2670, 2735, 2745, 2968, 3733; cdk-preflight's rules).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SCHEMA = "SCHEMA_VALIDATION_FAILED"


@dataclass(frozen=True)
class Problem:
    """One diagnostic, which keeps the machine from being made.

    Args:
        code: AWS's.
        message: a sentence.
        place: "/States/Pay/Next"; None where AWS names none.
    """

    code: str
    message: str
    place: str | None


def schema(message: str, place: str) -> Problem:
    """A problem of the commonest code."""
    return Problem(SCHEMA, message, place)


def as_text(problems: Iterable[Problem]) -> str:
    """The message of InvalidDefinition."""
    text = ", ".join(f"{problem.code}: {problem.message} at {_text_of(problem.place)}" for problem in problems)
    return f"Invalid State Machine Definition: '{text}'"


def _text_of(place: str | None) -> str:
    return "null" if place is None else place or "/"
