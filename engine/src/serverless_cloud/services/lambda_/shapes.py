"""Requests to Lambda checked against AWS's own description of the API, which botocore brings along, in AWS's words.

Nothing of moto is replaced.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.core.model import OperationModel
from moto.core.utils import get_service_model

from serverless_cloud.core.json_types import JsonObject

#: Checked elsewhere: the local cloud runs fewer runtimes and has its own limits for these.
_ELSEWHERE = frozenset({"Runtime", "Handler", "CompatibleRuntimes", "Code", "Content", "ZipFile", "StartingPosition",
                        "MaxItems", "EventSourceArn", "FilterCriteria", "Cors"})  # fmt: skip
_KINDS: dict[str, type | tuple[type, ...]]
_KINDS = {"structure": dict, "map": dict, "list": list, "string": str, "integer": int}


def refuse(found: list[str]) -> None:
    """Raises for violations, as AWS counts and lists them."""
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
        raise LambdaClientError("ValidationException", f"{count}: {'; '.join(found)}")


@functools.cache
def operation(name: str) -> OperationModel:
    """AWS's description of an operation of Lambda. Args: name: "GetFunction"."""
    found: OperationModel = get_service_model("lambda").operation_model(name)
    return found


def violations(name: str, given: JsonObject) -> list[str]:
    """The parts of a request that are not as the API reference says, in AWS's words.

    Args:
        name: of the operation.
        given: all parameters, of the path, the query and the body.
    """
    return list(_structure(operation(name).input_shape, given, ""))


def _structure(shape: Any, given: JsonObject, path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        if name in _ELSEWHERE:
            continue
        inner, value = f"{path}{name[0].lower()}{name[1:]}", given.get(name)
        if value is None:
            if name in shape.required_members and name not in given:
                yield f"Value null at '{inner}' failed to satisfy constraint: Member must not be null"
        elif isinstance(value, _KINDS.get(member.type_name, object)):
            yield from _member(member, value, inner)


def _member(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _structure(shape, value, f"{path}.")
    elif shape.type_name == "string":
        yield from (_says(value, path, rule) for rule in _broken_by_text(shape, value))
    elif shape.type_name == "integer" and not isinstance(value, bool):
        yield from (_says(value, path, rule) for rule in _beyond(shape, value, "value"))
    elif shape.type_name == "list":
        shown = f"[{', '.join(map(str, value))}]"
        yield from (_says(shown, path, rule) for rule in _beyond(shape, len(value), "length"))
        if shape.member.type_name == "string" and any(
            rule for each in value if isinstance(each, str) for rule in _broken_by_text(shape.member, each)
        ):
            rules = ", ".join((*_rules_of_text(shape.member), "Member must not be null"))
            yield _says(shown, path, f"Member must satisfy constraint: [{rules}]")


def _beyond(shape: Any, size: int, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if most is not None and size > most:
        yield f"Member must have {what} less than or equal to {most}"
    if least is not None and size < least:
        yield f"Member must have {what} greater than or equal to {least}"


def _broken_by_text(shape: Any, value: str) -> Iterator[str]:
    yield from _beyond(shape, len(value), "length")
    pattern, allowed = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if pattern and (compiled := _compiled(pattern)) is not None and compiled.fullmatch(value) is None:
        yield f"Member must satisfy regular expression pattern: {pattern}"
    if allowed and value not in allowed:
        yield f"Member must satisfy enum value set: [{', '.join(allowed)}]"


def _rules_of_text(shape: Any) -> Iterator[str]:
    """All that a text in a list must satisfy: AWS names it all if one text breaks one rule."""
    most, least, pattern, allowed = (shape.metadata.get(rule) for rule in ("max", "min", "pattern", "enum"))
    if most is not None:
        yield f"Member must have length less than or equal to {most}"
    if least is not None:
        yield f"Member must have length greater than or equal to {least}"
    if pattern:
        yield f"Member must satisfy regular expression pattern: {pattern}"
    if allowed:
        yield f"Member must satisfy enum value set: [{', '.join(allowed)}]"


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """None for the patterns of tags, whose classes Python's regular expressions don't have."""
    return None if r"\p{" in pattern else re.compile(pattern, re.ASCII)


def _says(value: object, path: str, rule: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {rule}"
