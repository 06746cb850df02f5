"""Whether a failed attempt of a job is tried again.

Rules: AWS Batch User Guide, "Automated job retries"; API Reference, "EvaluateOnExit" and "RetryStrategy".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from serverless_cloud.batch.refused import ClientException

MOST_ATTEMPTS, MOST_CONDITIONS = 10, 5
#: API Reference, EvaluateOnExit: allowed patterns, with an asterisk only at the end.
_PATTERNS = {"onStatusReason": r"[\w.:\s]+\*?|\*", "onReason": r"[\w.:\s]+\*?|\*", "onExitCode": r"[0-9]+\*?|\*"}
#: How an attempt has ended, by the conditions that look at it; None where there is nothing.
Ending = Mapping[str, str | None]


@dataclass(frozen=True)
class RetryStrategy:
    """How often a job is tried.

    Args:
        attempts: 1 to 10.
        conditions: evaluateOnExit, as requests give it.
    """

    attempts: int = 1
    conditions: Sequence[Mapping[str, str]] = field(default_factory=tuple)

    def tries_again(self, attempt: int, ending: Ending) -> bool:
        """Whether another attempt follows one that has failed.

        Args:
            attempt: its number, from 1.
        """
        if attempt >= self.attempts:
            return False
        for condition in self.conditions:
            if all(matches(condition[name], ending[name]) for name in _PATTERNS if name in condition):
                return condition["action"].upper() == "RETRY"
        return True

    def as_answer(self) -> dict[str, Any]:
        """As DescribeJobs tells it."""
        return {"attempts": self.attempts, "evaluateOnExit": [dict(each) for each in self.conditions]}


def matches(pattern: str, text: str | None) -> bool:
    """Whether a text fits; an asterisk at the end of the pattern stands for anything."""
    if text is None:
        return pattern == "*"
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def read(given: Mapping[str, Any] | None) -> RetryStrategy | None:
    """A retry strategy of a request; None if there is none.

    Raises:
        ClientException: a number or a pattern that Batch does not take (AWS's words are recalled, not verified).
    """
    if not given:
        return None
    attempts, conditions = given.get("attempts"), given.get("evaluateOnExit") or []
    if conditions and attempts is None:
        raise ClientException("attempts must be specified when evaluateOnExit is specified.")
    if attempts is not None and (not isinstance(attempts, int) or not 1 <= attempts <= MOST_ATTEMPTS):
        raise ClientException(f"attempts must be between 1 and {MOST_ATTEMPTS}.")
    if len(conditions) > MOST_CONDITIONS:
        raise ClientException(f"evaluateOnExit can contain at most {MOST_CONDITIONS} conditions.")
    for condition in conditions:
        _check(condition)
    return RetryStrategy(attempts or 1, tuple(conditions))


def _check(condition: Mapping[str, str]) -> None:
    if str(condition.get("action", "")).upper() not in ("RETRY", "EXIT"):
        raise ClientException("action of evaluateOnExit must be RETRY or EXIT.")
    if not set(_PATTERNS) & set(condition):
        raise ClientException(f"Each entry of evaluateOnExit needs at least one of {', '.join(_PATTERNS)}.")
    for name, pattern in _PATTERNS.items():
        if name in condition and (len(condition[name]) > 512 or not re.fullmatch(pattern, condition[name])):
            raise ClientException(
                f"{name} in evaluateOnExit is {condition[name]!r}. It must be a text, optionally with an asterisk at "
                "its end."
            )
