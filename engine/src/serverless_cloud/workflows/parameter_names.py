"""Parameters and results of integrations: as a definition writes them, and as boto3 does. No moto.

Step Functions names every member in PascalCase, whatever the service's API does, and takes JSON only. Rules: Step
Functions Developer Guide, "Passing parameters to a service API"; the texts of what is refused are AWS's as seen in
public reports.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from botocore.model import Shape

from serverless_cloud.core.json_types import JsonObject

_WORDS = re.compile(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))")


class UnfitParameters(ValueError):
    """The parameters don't fit the call. Args: problems: in AWS's words."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


def pascal(name: str) -> str:
    """A member's name as Step Functions writes it: "jobName" is JobName, "DBSubnetGroup" is DbSubnetGroup."""
    words = _WORDS.sub(r"_\1", name).replace("__", "_").split("_")
    return "".join(word[:1].upper() + word[1:].lower() for word in words)


def to_boto(parameters: JsonObject, shape: Shape | None, allowed: Iterable[str] | None = None) -> JsonObject:
    """The arguments for boto3.

    Args:
        parameters: as the state gives them.
        shape: botocore's shape of the operation's input; None if it takes nothing.
        allowed: the parameters that the integration takes; all of the operation's if None.

    Raises:
        UnfitParameters: unknown, missing or of a wrong kind.
    """
    problems: list[str] = []
    if allowed is not None:
        known = set(allowed)
        problems += [_unknown(name) for name in parameters if name not in known]
        parameters = {name: value for name, value in parameters.items() if name in known}
    if shape is None:
        problems += [_unknown(name) for name in parameters]
        arguments: JsonObject = {}
    else:
        arguments = _structure(parameters, shape, problems)
    if problems:
        raise UnfitParameters(problems)
    return arguments


def to_states(value: object, shape: Shape | None, is_sdk: bool = True) -> Any:
    """boto3's answer, as a state gets it.

    Args:
        shape: botocore's shape of it.
        is_sdk: as AWS SDK integrations give it. Optimised ones keep the capitals of the service's own names
            (MD5OfMessageBody), and give times as milliseconds since 1970.
    """
    if value is None or shape is None:
        return value
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        members = shape.members
        name_of = pascal if is_sdk else _first_up
        return {name_of(k): to_states(v, members[k], is_sdk) for k, v in sorted(value.items()) if k in members}
    if kind == "list" and isinstance(value, list):
        return [to_states(item, shape.member, is_sdk) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {k: to_states(v, shape.value, is_sdk) for k, v in value.items()}
    if kind == "timestamp":
        return _time(value, is_sdk)
    if kind == "blob":
        content = value.read() if hasattr(value, "read") else value
        return content.decode("utf-8") if isinstance(content, bytes) else content
    return value


def metadata(answer: JsonObject) -> JsonObject:
    """The part of a result that optimized integrations add. Args: answer: boto3's ResponseMetadata."""
    headers = {name.title(): value for name, value in answer.get("HTTPHeaders", {}).items()}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": answer.get("HTTPStatusCode", 200),
        },
        "SdkResponseMetadata": {"RequestId": answer.get("RequestId", "")},
    }


def compact(value: object) -> str:
    """A value as JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _structure(fields: JsonObject, shape: Shape, problems: list[str]) -> JsonObject:
    by_name = {pascal(name): name for name in shape.members} | {_first_up(name): name for name in shape.members}
    members: JsonObject = {}
    for name, value in fields.items():
        if name not in by_name:
            problems.append(_unknown(name))
        elif value is not None:
            members[by_name[name]] = _value(name, value, shape.members[by_name[name]], problems)
    missing = [name for name in shape.required_members if fields.get(_first_up(name), fields.get(pascal(name))) is None]
    problems += [f"The field '{_first_up(name)}' is required but was missing" for name in missing]
    return members


#: By the kind of a shape: the JSON type of its values, and AWS's name for it.
_JSON_TYPES: dict[str, tuple[type, str]] = {
    "structure": (dict, "an OBJECT"),
    "map": (dict, "an OBJECT"),
    "list": (list, "an ARRAY"),
    "string": (str, "a STRING"),
    "boolean": (bool, "a BOOLEAN"),
}


def _value(name: str, value: Any, shape: Shape, problems: list[str]) -> object:
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return value
    if kind in _JSON_TYPES and not isinstance(value, _JSON_TYPES[kind][0]):
        problems.append(_wrong(name, _JSON_TYPES[kind][1]))
    elif kind == "structure":
        return _structure(value, shape, problems)
    elif kind == "map":
        return {k: _value(k, v, shape.value, problems) for k, v in value.items()}
    elif kind == "list":
        return [_value(name, item, shape.member, problems) for item in value]
    elif kind in ("integer", "long", "float", "double"):
        return _number(name, value, kind, problems)
    elif kind == "blob":
        return (value if isinstance(value, str) else compact(value)).encode()
    return value


def _number(name: str, value: object, kind: str, problems: list[str]) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        problems.append(_wrong(name, "a NUMBER"))
        return None
    if kind in ("integer", "long"):
        if value != int(value):
            problems.append(_wrong(name, "an INTEGER"))
        return int(value)
    return float(value)


def _time(value: object, is_sdk: bool) -> object:
    if not isinstance(value, datetime):
        return value
    if not is_sdk:
        return round(value.timestamp() * 1000)
    text = value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def _first_up(name: str) -> str:
    return name[:1].upper() + name[1:]


def _unknown(name: str) -> str:
    return f'The field "{name}" is not supported by Step Functions'


def _wrong(name: str, kind: str) -> str:
    return f"The value for the field '{name}' must be {kind}"
