"""Problems with parts of states that have their own rules: Choice, Retry, Catch, Map, computed values."""

from __future__ import annotations

from collections.abc import Iterator

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.workflows.choice import OPERATORS, WITH_PATH, timestamp
from serverless_cloud.workflows.intrinsics import is_path
from serverless_cloud.workflows.jsonata import is_expression
from serverless_cloud.workflows.problems import Problem, schema
from serverless_cloud.workflows.state_fields import (
    RETRY_NUMBERS,
    language_problems,
    missing_fields,
    number_problems,
    path_problems,
    unknown_fields,
)
from serverless_cloud.workflows.templates import jsonata_problems, template_problems

_COMPUTED = ("Parameters", "ResultSelector", "ItemSelector", "Assign", "Credentials")
_RULE = {"JSONPath": {"Next", "Assign", "Comment", "Variable"}, "JSONata": {"Next", "Assign", "Comment", "Output"}}
_SELECTORS = ("And", "Or", "Not", "Variable", "Condition")
_RETRIER = {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"}
_CATCHER = {"ErrorEquals", "Next", "ResultPath", "Assign", "Output"}
#: Fields of distributed Map states only. AWS also takes the tolerated failures of an inline Map, and ignores them.
_DISTRIBUTED = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")


def rule_problems(kind: str, state: JsonObject, language: str, place: str) -> Iterator[Problem]:
    """Problems with a state beyond its single fields; as `field_problems`."""
    yield from _computed(state, language, place)
    if kind == "Choice":
        yield from _choices(state.get("Choices"), language, place)
    if kind in ("Task", "Parallel", "Map"):
        yield from _listed(state, "Retry", _RETRIER, language, place)
        yield from _listed(state, "Catch", _CATCHER, language, place)
    if kind == "Wait" and isinstance(state.get("Timestamp"), str):
        text = state["Timestamp"]
        if not (language == "JSONata" and is_expression(text)) and timestamp(text) is None:
            yield schema("Value is not a valid timestamp", f"{place}/Timestamp")
    if kind == "Parallel" and "Branches" in state:
        if not isinstance(state["Branches"], list):
            yield schema("Expected value of type Array", f"{place}/Branches")
        elif not state["Branches"]:
            yield schema("Value cannot be empty", f"{place}/Branches")
    if kind == "Map":
        yield from _map(state, place)
    if kind == "Task":
        timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
        if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
            yield schema("HeartbeatSeconds must be smaller than TimeoutSeconds", place)


def _computed(state: JsonObject, language: str, place: str) -> Iterator[Problem]:
    """Payload templates, or JSONata wherever a text may be one."""
    if language == "JSONPath":
        for name in _COMPUTED:
            if name in state:
                yield from template_problems(state[name], f"{place}/{name}")
        return
    for name, value in state.items():
        if name not in ("Branches", "ItemProcessor", "Iterator", "Choices", "Catch", "Comment", "Type"):
            yield from jsonata_problems(value, f"{place}/{name}")


def _choices(rules: object, language: str, place: str) -> Iterator[Problem]:
    if not isinstance(rules, list):
        if rules is not None:
            yield schema("Expected value of type Array", f"{place}/Choices")
        return
    if not rules:
        yield schema("Value cannot be empty", f"{place}/Choices")
    for number, rule in enumerate(rules):
        where = f"{place}/Choices[{number}]"
        if not isinstance(rule, dict):
            yield schema("Expected value of type Object", where)
            continue
        yield from missing_fields(rule, ("Next",), where)
        if language == "JSONata":
            yield from _condition(rule, where)
        else:
            yield from _comparison(rule, where, is_top=True)
            yield from template_problems(rule.get("Assign"), f"{where}/Assign")


def _condition(rule: JsonObject, place: str) -> Iterator[Problem]:
    yield from language_problems(rule, "JSONata", place)
    yield from unknown_fields(rule, _RULE["JSONata"] | {"Condition", "Variable"}, place)
    if "Condition" not in rule:
        yield schema("These fields are required: [Condition]", place)
    elif not isinstance(rule["Condition"], bool) and not is_expression(rule["Condition"]):
        yield schema("Expected value of type Boolean, or a JSONata expression", f"{place}/Condition")
    for name in ("Condition", "Assign", "Output"):
        yield from jsonata_problems(rule.get(name), f"{place}/{name}")


def _comparison(rule: object, place: str, *, is_top: bool) -> Iterator[Problem]:
    """A rule of a JSONPath state: a comparison, or And, Or, Not of some."""
    if not isinstance(rule, dict):
        yield schema("Expected value of type Object", place)
        return
    yield from language_problems(rule, "JSONPath", place)
    operators = [name for name in rule if name in OPERATORS or name in WITH_PATH]
    selectors = [name for name in _SELECTORS if name in rule]
    known = (_RULE["JSONPath"] if is_top else {"Comment", "Variable"}) | {"And", "Or", "Not", "Condition", *operators}
    yield from unknown_fields(rule, known, place)
    if len(selectors) != 1:
        yield schema(f"The object must have only one of the following fields, [{', '.join(_SELECTORS)}]", place)
    for name in ("And", "Or"):
        if name in rule:
            if not isinstance(rule[name], list) or not rule[name]:
                yield schema("Value cannot be empty", f"{place}/{name}")
            for number, inner_rule in enumerate(rule[name] if isinstance(rule[name], list) else ()):
                yield from _comparison(inner_rule, f"{place}/{name}[{number}]", is_top=False)
    if "Not" in rule:
        yield from _comparison(rule["Not"], f"{place}/Not", is_top=False)
    if "Variable" in rule:
        if not isinstance(rule["Variable"], str) or not is_path(rule["Variable"]):
            yield schema("Value is not a valid JSONPath", f"{place}/Variable")
        if len(operators) > 1:
            yield schema(f"There should only be one of the following fields: [{', '.join(operators)}]", place)
        if not operators:
            yield schema("This object should have only one comparison operator, such as StringEquals", place)
        for name in operators:
            yield from _operand(name, rule[name], f"{place}/{name}")


def _operand(name: str, value: object, place: str) -> Iterator[Problem]:
    if name in WITH_PATH:
        if not isinstance(value, str) or not is_path(value):
            yield schema("Value is not a valid JSONPath", place)
    elif name.startswith(("Is", "Boolean")):
        if not isinstance(value, bool):
            yield schema("Expected value of type Boolean", place)
    elif name.startswith("Numeric"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield schema("Expected value of type Number", place)
    elif not isinstance(value, str):
        yield schema("Expected value of type String", place)
    elif name.startswith("Timestamp") and timestamp(value) is None:
        yield schema("Value is not a valid timestamp", place)


def _listed(state: JsonObject, field: str, known: set[str], language: str, place: str) -> Iterator[Problem]:
    """Retriers or catchers."""
    handlers = state.get(field)
    if handlers is None:
        return
    if not isinstance(handlers, list):
        yield schema("Expected value of type Array", f"{place}/{field}")
        return
    for number, handler in enumerate(handlers):
        where = f"{place}/{field}[{number}]"
        if not isinstance(handler, dict):
            yield schema("Expected value of type Object", where)
            continue
        yield from unknown_fields(handler, known | {"Comment"}, where)
        yield from language_problems(handler, language, where)
        yield from missing_fields(handler, ("ErrorEquals",) if field == "Retry" else ("ErrorEquals", "Next"), where)
        yield from _errors(handler.get("ErrorEquals"), number == len(handlers) - 1, f"{where}/ErrorEquals")
        for name, bounds in RETRY_NUMBERS.items():
            if field == "Retry" and name in handler:
                yield from number_problems(handler[name], name, bounds, "JSONPath", f"{where}/{name}")
        if field == "Retry" and handler.get("JitterStrategy", "NONE") not in ("NONE", "FULL"):
            yield schema("Value should be one of the following: [NONE, FULL]", f"{where}/JitterStrategy")
        if field == "Catch":
            if "ResultPath" in handler:
                yield from path_problems("ResultPath", handler["ResultPath"], f"{where}/ResultPath")
            checked = template_problems if language == "JSONPath" else jsonata_problems
            for name in ("Assign", "Output"):
                yield from checked(handler.get(name), f"{where}/{name}")


def _errors(names: object, is_last: bool, place: str) -> Iterator[Problem]:
    if names is None:
        return
    if not isinstance(names, list):
        yield schema("Expected value of type Array", place)
        return
    if not names:
        yield schema("Value cannot be empty", place)
    for name in names:
        if not isinstance(name, str):
            yield schema("Expected value of type String", place)
    if "States.ALL" in names and (len(names) > 1 or not is_last):
        yield schema("States.ALL must appear alone and at end of list", place)


def _map(state: JsonObject, place: str) -> Iterator[Problem]:
    name = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
    processor = state.get(name)
    config = processor.get("ProcessorConfig", {}) if isinstance(processor, dict) else {}
    where = f"{place}/{name}/ProcessorConfig"
    if not isinstance(config, dict):
        yield schema("Expected value of type Object", where)
        return
    yield from unknown_fields(config, ("Mode", "ExecutionType"), where)
    mode = config.get("Mode", "INLINE")
    if mode not in ("INLINE", "DISTRIBUTED"):
        yield schema("Value should be one of the following: [INLINE, DISTRIBUTED]", f"{where}/Mode")
    kind = config.get("ExecutionType")
    if mode == "DISTRIBUTED" and kind is None:
        yield schema("These fields are required: [ExecutionType]", where)
    elif mode == "DISTRIBUTED" and kind not in ("STANDARD", "EXPRESS"):
        yield schema("Value should be one of the following: [STANDARD, EXPRESS]", f"{where}/ExecutionType")
    elif mode == "INLINE" and kind is not None:
        yield schema("Field 'ExecutionType' is not supported", where)
    if mode == "INLINE":
        yield from unknown_fields([name for name in _DISTRIBUTED if name in state], (), place)
    if "Items" in state and not isinstance(state["Items"], list | dict) and not is_expression(state["Items"]):
        yield schema("Expected value of type Array, or a JSONata expression", f"{place}/Items")
