"""InputTemplate and dynamic parameters of EventBridge Pipes. No moto.

Rules: Amazon EventBridge User Guide, "Amazon EventBridge Pipes input transformation" and "Amazon EventBridge Pipes
targets" (dynamic path parameters). JSON paths are the same as in EventBridge rules.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.events.input import at, is_there
from serverless_cloud.events.targets import TargetFailed
from serverless_cloud.workflows.parameter_names import compact

VARIABLES = ("pipe-arn", "pipe-name", "source-arn", "enrichment-arn", "target-arn", "event.ingestion-time", "event",
             "event.json")  # fmt: skip
_PLACEHOLDER = re.compile(r"<(\$[^<>]*|aws\.pipes\.[a-z.-]+)>")
_PATH = re.compile(r"\$(\.[\w\-/*]+|\[(\d+|\*)\])*")
_MESSAGE_FIELDS = ("body", "data")  # what may hold JSON as a text: of SQS; of Kinesis, base64


class InvalidTemplate(ValueError):
    """The text says what is wrong with a template."""


def check_template(template: str) -> None:
    """Raises unless a template can be filled.

    Raises:
        InvalidTemplate: it has a variable that Pipes does not know, or a path that it does not read.
    """
    for name in _PLACEHOLDER.findall(template):
        is_known = _PATH.fullmatch(name) if name.startswith("$") else name.removeprefix("aws.pipes.") in VARIABLES
        if not is_known:
            raise InvalidTemplate(f"InputTemplate has <{name}>. Write it like <$.body.id> or <aws.pipes.pipe-name>.")


@dataclass(frozen=True)
class Filled:
    """A filled template: a value for targets that take JSON, and a text for targets that take any text."""

    value: object
    text: str


def decoded(event: object) -> object:
    """An event with its message field as JSON, if it is JSON: `<$.body.id>` reads inside it."""
    if not isinstance(event, dict):
        return event
    record = dict(event)
    for name in _MESSAGE_FIELDS:
        text = record.get(name)
        if isinstance(text, str):
            record[name] = _parsed(text if name == "body" else _plain(text), text)
    return record


def _plain(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return text


def _parsed(text: str, otherwise: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return otherwise


def fill(template: str, event: object, variables: Mapping[str, str]) -> Filled:
    """Puts the values of one event into a template.

    Args:
        template: text, JSON, or only one placeholder, which gives the value as it is.
        event: what came from the source or from the enrichment.
        variables: the values of <aws.pipes...>, without this beginning; variables of the event come by themselves.
    """
    inside = decoded(event)

    def value_of(name: str) -> object:
        if name.startswith("$"):
            value = at(inside, name)
            return value if is_there(value) else ""
        key = name.removeprefix("aws.pipes.")
        if key.startswith("event") and key != "event.ingestion-time":
            return inside if key == "event.json" else event
        return variables.get(key, "")

    if alone := _PLACEHOLDER.fullmatch(template.strip()):
        value = value_of(alone[1])
        return Filled(value, value if isinstance(value, str) else compact(value))
    parts: list[str] = []
    in_string, done = False, 0
    for match in _PLACEHOLDER.finditer(template):
        before = template[done : match.start()]
        in_string ^= len(re.findall(r'(?<!\\)"', before)) % 2 == 1
        parts += [before, _as_text(value_of(match[1]), template, in_string)]
        done = match.end()
    text = "".join([*parts, template[done:]])
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Filled(text, text)
    return Filled(value, text if isinstance(value, str) else compact(value))


def _as_text(value: object, template: str, in_string: bool) -> str:
    text = value if isinstance(value, str) else compact(value)
    if in_string:
        return json.dumps(text, ensure_ascii=False)[1:-1]
    return compact(value) if template.lstrip().startswith(("{", "[", '"')) else text


def resolved(parameters: JsonObject, event: object) -> JsonObject:
    """Parameters of a target. Each value that is a JSON path is replaced with the event's value at the path.

    Raises:
        TargetFailed: the event has nothing there.
    """
    inside = decoded(event)

    def value_of(name: str, parameter: object) -> object:
        if isinstance(parameter, list):
            return [value_of(name, item) for item in parameter]
        if not isinstance(parameter, str) or not _PATH.fullmatch(parameter) or parameter == "$":
            return parameter
        value = at(inside, parameter)
        if not is_there(value):
            raise TargetFailed("INVALID_PARAMETER", f"{name} is {parameter}, but the event has nothing there.", False)
        return value if isinstance(value, str) else compact(value)

    return {name: value_of(name, parameter) for name, parameter in parameters.items()}
