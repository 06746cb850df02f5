"""Warnings about a definition that may be created, for ValidateStateMachineDefinition. No moto.

Codes and messages: API reference, ValidateStateMachineDefinitionDiagnostic; the places are [recalled, not verified].
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.workflows.choice import OPERATORS
from serverless_cloud.workflows.intrinsics import is_call, is_path
from serverless_cloud.workflows.problems import Problem

_NO_DOLLAR = "No .$ on a field that appears to be a JSONPath or Intrinsic Function"
_NO_PATH = "Field value looks like a path, but field name does not end with 'Path'"
_STATIC = "Attempt to use a path in the result of a Pass state"
_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "Assign")


def warnings(text: str) -> list[Problem]:
    """The warnings about a definition without problems."""
    whole = json.loads(text)
    return list(_of_scope(whole, "", str(whole.get("QueryLanguage", "JSONPath"))))


def _of_scope(scope: JsonObject, place: str, language: str) -> Iterator[Problem]:
    for name, state in scope["States"].items():
        where = f"{place}/States/{name}"
        if state.get("QueryLanguage", language) == "JSONPath":
            yield from _of_state(state, where)
        for number, branch in enumerate(state.get("Branches", ())):
            yield from _of_scope(branch, f"{where}/Branches[{number}]", language)
        for field in ("ItemProcessor", "Iterator"):
            if field in state:
                yield from _of_scope(state[field], f"{where}/{field}", language)


def _of_state(state: JsonObject, place: str) -> Iterator[Problem]:
    for field in _TEMPLATES:
        if field in state and _has_static_path(state[field]):
            yield Problem("NO_DOLLAR", _NO_DOLLAR, f"{place}/{field}")
    if state["Type"] == "Pass" and _has_static_path(state.get("Result")):
        yield Problem("PASS_RESULT_IS_STATIC", _STATIC, f"{place}/Result")
    for number, rule in enumerate(state.get("Choices", ())):
        yield from _of_rule(rule, f"{place}/Choices[{number}]")


def _of_rule(rule: JsonObject, place: str) -> Iterator[Problem]:
    for name, value in rule.items():
        if name in OPERATORS and _looks_computed(value):
            yield Problem("NO_PATH", _NO_PATH, f"{place}/{name}")
        elif name == "Not":
            yield from _of_rule(value, f"{place}/Not")
        elif name in ("And", "Or"):
            for number, each in enumerate(value):
                yield from _of_rule(each, f"{place}/{name}[{number}]")


def _has_static_path(value: object) -> bool:
    """Whether a text in a value looks like a path or a call, in a field whose name doesn't end with .$"""
    if isinstance(value, dict):
        return any(_has_static_path(each) for name, each in value.items() if not name.endswith(".$"))
    if isinstance(value, list):
        return any(map(_has_static_path, value))
    return _looks_computed(value)


def _looks_computed(value: object) -> bool:
    if not isinstance(value, str):
        return False
    return (value.startswith(("$.", "$[", "$$.")) and is_path(value)) or is_call(value)
