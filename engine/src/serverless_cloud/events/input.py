"""The input of a rule's target: the event, a part of it, a fixed text, or a template filled from it. No moto.

Rules: Amazon EventBridge User Guide, "Amazon EventBridge input transformation".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from serverless_cloud.core.jackson import place_of
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.events.targets import TargetFailed
from serverless_cloud.workflows.parameter_names import compact

PREDEFINED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event",
    "aws.events.event.json",
    "aws.events.event.ingestion-time",
)
_PATH = re.compile(r"\$(\.[\w\-/*]+|\[(\d+|\*)\])*\.?")
_STEP = re.compile(r"\.([\w\-/*]+)|\[(\d+|\*)\]")
_PLACEHOLDER = re.compile(r"<([^<>]*)>")
_ABSENT = object()


class InvalidInput(ValueError):
    """The input of a target is not what AWS takes; the text is AWS's where it is known."""


def check(target: JsonObject) -> None:
    """Raises unless Input, InputPath or InputTransformer of a target can be used.

    Args:
        target: as PutTargets takes it.

    Raises:
        InvalidInput: with what is wrong.
    """
    name = target.get("Id")
    keys = [key for key in ("Input", "InputPath", "InputTransformer") if target.get(key)]
    if len(keys) > 1:
        raise InvalidInput(f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}.")
    if target.get("Input"):
        try:
            json.loads(target["Input"])
        except json.JSONDecodeError as error:
            raise InvalidInput(f"JSON syntax error in input for target {name}: {place_of(error)}") from error
        except RecursionError as error:
            raise InvalidInput(f"Input for target {name} is not a valid JSON text.") from error
    if target.get("InputPath"):
        _require_path(target["InputPath"], name)
    transformer = target.get("InputTransformer")
    if transformer:
        _check_transformer(transformer, target)


def _check_transformer(transformer: JsonObject, target: JsonObject) -> None:
    name, template = target.get("Id"), transformer.get("InputTemplate") or ""
    paths: Mapping[str, str] = transformer.get("InputPathsMap") or {}
    if not template:
        raise InvalidInput(f"Parameter(s) InputTemplate must be specified for target: {name}.")
    if len(paths) > 100:
        raise InvalidInput(f"InputPathsMap for target {name} has {len(paths)} entries. At most 100 are allowed.")
    for key, path in paths.items():
        if key.lower().startswith("aws."):
            raise InvalidInput(f"InputPathsMap for target {name} has the key {key}. Keys cannot start with AWS.")
        _require_path(path, name)
    for placeholder in _PLACEHOLDER.findall(template):
        if placeholder not in paths and placeholder not in PREDEFINED:
            raise InvalidInput(f"InputTemplate for target {name} contains invalid placeholder {placeholder}.")
    example = _fill(template, lambda _, in_string: "x" if in_string else "0")
    if example.lstrip().startswith('"'):
        if ":logs:" in target["Arn"]:  # a log group takes objects
            raise InvalidInput(f"Input for target {name} is not a valid JSON text.")
        for line in filter(str.strip, example.splitlines()):
            _require_json(line, f"Invalid InputTemplate for target {name} : put quotes around the string {line}")
    else:
        _require_json(example, f"Invalid InputTemplate for target {name} : not JSON: {template}")


def _require_json(text: str, message: str) -> None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(message) from error


def _require_path(path: str, target: object) -> None:
    if not _PATH.fullmatch(path):
        raise InvalidInput(f"InputPath for target {target} is invalid: {path}. Write it like $.detail.order[0].id.")


def text_for(target: JsonObject, event: JsonObject, rule_name: str, rule_arn: str, ingested_at: str) -> str:
    """The input that a target gets for an event.

    Args:
        target: as PutTargets takes it.
        ingested_at: when the event came, ISO 8601.

    Returns: JSON text on one line; for a template of strings the text with the values in it as they are.

    Raises:
        TargetFailed: a value has made the template something that is not JSON.
    """
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        value = at(event, target["InputPath"])
        return compact(None if value is _ABSENT else value)
    transformer = target.get("InputTransformer")
    if not transformer:
        return compact(event)
    values: JsonObject = {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
        "aws.events.event.ingestion-time": ingested_at,
        "aws.events.event.json": event,
        "aws.events.event": {k.replace("detail-type", "detailType"): v for k, v in event.items() if k != "detail"},
    }
    values |= {key: at(event, path) for key, path in (transformer.get("InputPathsMap") or {}).items()}
    template: str = transformer["InputTemplate"]
    if template.lstrip().startswith('"'):
        return _fill(template, lambda key, _: _in_text(values.get(key, _ABSENT)))
    filled = _fill(template, lambda key, in_string: _in_json(values.get(key, _ABSENT), in_string))
    try:
        return compact(json.loads(filled))
    except (ValueError, RecursionError) as error:
        raise TargetFailed(
            "INVALID_JSON", f"The template is not JSON once its values are filled in: {error}", False
        ) from error


def at(event: object, path: str) -> object:
    """The value at a JSON path, "$.detail.items[0].id"; a star gives a list. `is_there` says whether there is any."""
    values, many = [event], False
    for name, index in _STEP.findall(path):
        many = many or "*" in (name, index)
        values = [inner for value in values for inner in _step(value, name, index)]
    if many:
        return values
    return values[0] if values else _ABSENT


def is_there(value: object) -> bool:
    """Whether `at` has found something."""
    return value is not _ABSENT


def _step(value: object, name: str, index: str) -> list[object]:
    if "*" in (name, index):
        return list(value.values() if isinstance(value, dict) else value if isinstance(value, list) else [])
    if name:
        return [value[name]] if isinstance(value, dict) and name in value else []
    number = int(index)
    return [value[number]] if isinstance(value, list) and number < len(value) else []


def _fill(template: str, value_of: Callable[[str, bool], str]) -> str:
    """Replaces <placeholders> with values.

    Args:
        value_of: gets the placeholder and whether it stands inside a JSON string.
    """
    parts: list[str] = []
    in_string, done = False, 0
    for match in _PLACEHOLDER.finditer(template):
        before = template[done : match.start()]
        quotes = before.replace("\\\\", "").replace('\\"', "").count('"')
        in_string ^= quotes % 2 == 1
        parts += [before, value_of(match[1], in_string)]
        done = match.end()
    return "".join([*parts, template[done:]])


def _in_text(value: object) -> str:
    """In a template of strings: nothing for what is not there; objects and lists lose their quotation marks."""
    if value is _ABSENT:
        return ""
    if isinstance(value, str):
        return value
    return compact(value).replace('"', "")


def _in_json(value: object, in_string: bool) -> str:
    """In a template of an object: strings get quotation marks, unless there are some. Nothing is escaped in them."""
    if value is _ABSENT:
        return "" if in_string else '""'
    return value if in_string and isinstance(value, str) else compact(value)
