"""Whether a state machine's definition may be created: a pure function from its text to what is wrong with it.

Rules and words: problems.py names the sources.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from serverless_cloud.core.jackson import loads, words_of
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.workflows.json_path import FilterInPath
from serverless_cloud.workflows.problems import Problem, schema
from serverless_cloud.workflows.state_fields import (
    FIELDS,
    field_problems,
    missing_fields,
    number_problems,
    unknown_fields,
)
from serverless_cloud.workflows.state_rules import rule_problems
from serverless_cloud.workflows.task_resources import resource_problem

LONGEST = 1_048_576  # characters; API reference, CreateStateMachine
_TOP = ("Comment", "QueryLanguage", "StartAt", "TimeoutSeconds", "Version", "States")
_BRANCH = ("Comment", "StartAt", "States")
_PROCESSOR = (*_BRANCH, "ProcessorConfig")
_MOST_NESTED = 20
_LONGEST_NAME = 80


class _Twice(JsonObject):
    """An object of the definition that has a name twice."""

    repeated: str = ""


def problems(text: str, kind: str = "STANDARD") -> list[Problem]:
    """The problems of a definition; empty if it may be created.

    Args:
        text: the definition, in JSON.
        kind: STANDARD or EXPRESS.
    """
    if not text.strip():
        return [Problem("MISSING_DESCRIPTION", "The definition is empty", None)]
    try:
        whole = loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        return [Problem("INVALID_JSON_DESCRIPTION", words_of(error), None)]
    except RecursionError as error:
        return [Problem("INVALID_JSON_DESCRIPTION", str(error), None)]
    if not isinstance(whole, dict):
        return [schema("Expected value of type Object", "")]
    checking = _Checking(whole.get("QueryLanguage", "JSONPath"), kind)
    try:
        flaws = list(checking.scope(whole, "", _TOP))
    except FilterInPath as error:
        return [Problem("NOT_SUPPORTED_HERE", str(error), None)]
    flaws += checking.repeated()
    return list(dict.fromkeys(flaws))


def _object(pairs: list[tuple[str, object]]) -> JsonObject:
    members = _Twice(pairs)
    names = [name for name, _ in pairs]
    members.repeated = next((name for number, name in enumerate(names) if name in names[:number]), "")
    return members


class _Checking:
    """One definition being checked.

    Args:
        language: the machine's query language. States inside Map and Parallel have it too, whatever the state around
            them says.
        kind: STANDARD or EXPRESS.
    """

    def __init__(self, language: object, kind: str) -> None:
        self._language = "JSONPath" if language == "JSONPath" else "JSONata"
        self._kind = kind
        self._places: dict[str, list[str]] = {}

    def repeated(self) -> list[Problem]:
        """State names that are there more than once in the whole machine."""
        return [
            Problem("DUPLICATE_STATE_NAME", f"Duplicate State name: {name}", place)
            for name, places in self._places.items()
            for place in places[1:]
        ]

    def scope(self, scope: JsonObject, place: str, fields: tuple[str, ...], depth: int = 1) -> Iterator[Problem]:
        """A machine, a branch or an item processor."""
        if depth > _MOST_NESTED:
            yield Problem("TOO_DEEPLY_NESTED", "The states are too deeply nested", place)
            return
        yield from unknown_fields(scope, fields, place)
        if missing := list(missing_fields(scope, ("StartAt", "States"), place)):
            yield from missing
            return
        if place == "":
            yield from self._settings(scope)
        states, start = scope["States"], scope["StartAt"]
        if not isinstance(start, str):
            yield schema("Expected value of type String", f"{place}/StartAt")
        if not isinstance(states, dict):
            yield schema("Expected value of type Object", f"{place}/States")
            return
        if not states:
            yield schema("Value cannot be empty", f"{place}/States")
            return
        if isinstance(states, _Twice) and states.repeated:
            yield Problem("DUPLICATE_STATE_NAME", f"Duplicate State name: {states.repeated}", f"{place}/States")
        for name, state in states.items():
            yield from self._state(name, state, f"{place}/States/{name}", depth)
        yield from _ways(states, start, place)

    def _settings(self, scope: JsonObject) -> Iterator[Problem]:
        if "Version" in scope and scope["Version"] != "1.0":
            yield schema("Value should be one of the following: [1.0]", "/Version")
        if "QueryLanguage" in scope and scope["QueryLanguage"] not in ("JSONPath", "JSONata"):
            yield schema("Value should be one of the following: [JSONPath, JSONata]", "/QueryLanguage")
        if "TimeoutSeconds" in scope:
            bounds = (0, 99_999_999)
            yield from number_problems(scope["TimeoutSeconds"], "TimeoutSeconds", bounds, "JSONPath", "/TimeoutSeconds")
        if "Comment" in scope and not isinstance(scope["Comment"], str):
            yield schema("Expected value of type String", "/Comment")

    def _state(self, name: str, state: object, place: str, depth: int) -> Iterator[Problem]:
        self._places.setdefault(name, []).append(place)
        if not name or len(name) > _LONGEST_NAME:
            yield Problem("INVALID_STATE_NAME", f"A state's name must have 1 to {_LONGEST_NAME} characters", place)
        if not isinstance(state, dict):
            yield schema("Expected value of type Object", place)
            return
        if "Type" not in state:
            yield schema("These fields are required: [Type]", place)
            return
        kind = state["Type"]
        if not isinstance(kind, str) or kind not in FIELDS:
            yield schema(f"Value should be one of the following: [{', '.join(sorted(FIELDS))}]", f"{place}/Type")
            return
        language = self._language
        if "QueryLanguage" in state:
            own = state["QueryLanguage"]
            if own not in ("JSONPath", "JSONata"):
                yield schema("Value should be one of the following: [JSONPath, JSONata]", f"{place}/QueryLanguage")
            elif own == "JSONPath" and language == "JSONata":
                yield schema("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", place)
            else:
                language = own
        if isinstance(state, _Twice) and state.repeated:
            yield Problem("INVALID_JSON_DESCRIPTION", f"Duplicate field '{state.repeated}'", place)
        yield from field_problems(kind, state, language, place)
        yield from rule_problems(kind, state, language, place)
        if kind == "Task" and isinstance(state.get("Resource"), str) and (wrong := self._resource(state["Resource"])):
            yield schema(wrong, f"{place}/Resource")
        for inner, where, fields in _inner_scopes(kind, state, place):
            if isinstance(inner, dict):
                if self._kind == "EXPRESS" and _mode(inner) == "DISTRIBUTED":
                    yield schema("Express state machine does not support Distributed Map", where)
                yield from self.scope(inner, where, fields, depth + 1)
            else:
                yield schema("Expected value of type Object", where)

    def _resource(self, resource: str) -> str | None:
        """The problem with a Task's Resource."""
        parts = resource.split(":")
        is_function = len(parts) in (7, 8) and parts[2] == "lambda" and parts[5] == "function" and parts[6]
        if parts[0] == "arn" and (is_function or (len(parts) > 5 and parts[2] == "states")):
            return resource_problem(resource, self._kind == "EXPRESS")
        return "Value is not a valid resource ARN"


def _mode(processor: JsonObject) -> object:
    config = processor.get("ProcessorConfig")
    return config.get("Mode") if isinstance(config, dict) else None


def _inner_scopes(kind: str, state: JsonObject, place: str) -> Iterator[tuple[object, str, tuple[str, ...]]]:
    if kind == "Parallel" and isinstance(state.get("Branches"), list):
        for number, branch in enumerate(state["Branches"]):
            yield branch, f"{place}/Branches[{number}]", _BRANCH
    if kind == "Map":
        for name in ("ItemProcessor", "Iterator"):
            if name in state:
                yield state[name], f"{place}/{name}", _PROCESSOR


def targets(state: object, place: str) -> Iterator[tuple[str, str]]:
    """Where a state leads to: the name of a state, and the place where it stands."""
    if not isinstance(state, dict):
        return
    if isinstance(state.get("Next"), str):
        yield state["Next"], f"{place}/Next"
    if isinstance(state.get("Default"), str):
        yield state["Default"], f"{place}/Default"
    for field in ("Choices", "Catch"):
        for number, rule in enumerate(state[field] if isinstance(state.get(field), list) else ()):
            if isinstance(rule, dict) and isinstance(rule.get("Next"), str):
                yield rule["Next"], f"{place}/{field}[{number}]/Next"


def _ways(states: JsonObject, start: Any, place: str) -> Iterator[Problem]:
    """Targets that are missing, states that nothing leads to, no state to end with."""

    def missing(name: str, where: str) -> Problem:
        return Problem("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {name}", where)

    if isinstance(start, str) and start not in states:
        yield missing(start, f"{place}/StartAt")
    for name, state in states.items():
        for target, where in targets(state, f"{place}/States/{name}"):
            if target not in states:
                yield missing(target, where)
    if not any(_is_terminal(state) for state in states.values()):
        yield Problem("MISSING_END_STATE", "Workflow has no terminal state", None)
        return
    reached, ahead = set(), [start]
    while ahead:
        name = ahead.pop()
        if isinstance(name, str) and name in states and name not in reached:
            reached.add(name)
            ahead += [target for target, _ in targets(states[name], "")]
    for name in states:
        if name not in reached:
            where = f"{place}/States/{name}"
            yield Problem("MISSING_TRANSITION_TARGET", f'State "{name}" is not reachable.', where)


def _is_terminal(state: object) -> bool:
    return isinstance(state, dict) and (state.get("Type") in ("Succeed", "Fail") or state.get("End") is True)
