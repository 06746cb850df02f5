"""Values of a definition that are computed: payload templates of JSONPath (name.$), and JSONata in {% %}."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from serverless_cloud.workflows.intrinsics import is_call, is_path
from serverless_cloud.workflows.jsonata import check, inner, is_expression, top_level_references
from serverless_cloud.workflows.problems import Problem, schema


def template_problems(value: Any, place: str) -> Iterator[Problem]:
    """Problems with a payload template of JSONPath.

    Args:
        place: of the whole template; AWS names no place inside.
    """
    if isinstance(value, dict):
        for name, item in value.items():
            if name.endswith(".$"):
                if name[:-2] in value:
                    yield schema(f"The fields '{name[:-2]}' and '{name}' can't be in the same object", place)
                if not isinstance(item, str) or not (is_path(item) or is_call(item)):
                    yield schema(
                        f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call",
                        place,
                    )
            else:
                yield from template_problems(item, place)
    elif isinstance(value, list):
        for item in value:
            yield from template_problems(item, place)


def jsonata_problems(value: Any, place: str) -> Iterator[Problem]:
    """Problems with a value that may have JSONata in it, at any depth."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from jsonata_problems(item, f"{place}/{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from jsonata_problems(item, f"{place}[{number}]")
    elif isinstance(value, str) and (value.startswith("{%") or value.endswith("%}")):
        if not is_expression(value):
            yield schema("JSONata string must start with {% and end with %}", place)
            return
        for code, message in _expression_problems(inner(value)):
            yield Problem(code, message, place)


@functools.lru_cache(maxsize=2048)
def _expression_problems(expression: str) -> tuple[tuple[str, str], ...]:
    if wrong := check(expression):
        return (("INVALID_JSONATA_EXPRESSION", wrong),)
    return tuple(
        ("UNSUPPORTED_JSONATA_EXPRESSION", f"Reference to '{name}' at the top level is not supported.")
        for name in top_level_references(expression)
    )
