"""The variables that each state of a definition reads, as DescribeStateMachine lists them. No moto."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from serverless_cloud.workflows.intrinsics import is_call
from serverless_cloud.workflows.jsonata import FUNCTIONS, inner, is_expression

_TEXTS = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_NAME = re.compile(r"\$([A-Za-z_]\w*)(?!\w)(?!\s*\()")
_BOUND = re.compile(r"\$([A-Za-z_]\w*)\s*:=")
_PARAMETERS = re.compile(r"(?:function|λ)\s*\(([^)]*)\)")
_PATH = re.compile(r"\$([A-Za-z_]\w*)")
#: Fields that hold states.
_SCOPES = ("Branches", "ItemProcessor", "Iterator")


def references(definition: str) -> dict[str, list[str]]:
    """By the names of states: the variables that each reads, sorted; states that read none aren't there."""
    whole = json.loads(definition)
    return dict(_of_scope(whole, str(whole.get("QueryLanguage", "JSONPath"))))


def _of_scope(scope: object, language: str) -> Iterator[tuple[str, list[str]]]:
    if not isinstance(scope, dict):
        return
    for name, state in scope.get("States", {}).items():
        own = str(state.get("QueryLanguage", language))
        texts = _texts({field: value for field, value in state.items() if field not in _SCOPES}, own == "JSONata")
        read = _in_jsonata if own == "JSONata" else _in_json_path
        if variables := sorted({variable for text in texts for variable in read(text)}):
            yield name, variables
        for inner_scope in (state.get("ItemProcessor"), state.get("Iterator"), *(state.get("Branches") or ())):
            yield from _of_scope(inner_scope, language)


def _texts(value: object, is_computed: bool) -> Iterator[str]:
    """All texts in a value that may be computed. Args: is_computed: whether the value itself is."""
    if isinstance(value, str):
        if is_computed:
            yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, is_computed or name == "Variable" or name.endswith((".$", "Path")))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, is_computed)


def _in_json_path(text: str) -> Iterator[str]:
    if is_call(text):
        yield from _NAME.findall(_TEXTS.sub("", text))
    elif match := _PATH.match(text):
        yield match[1]


def _in_jsonata(text: str) -> Iterator[str]:
    if not is_expression(text):
        return
    plain = _TEXTS.sub("", inner(text))
    own = {"states", *FUNCTIONS, *_BOUND.findall(plain)}
    own.update(name.strip().removeprefix("$") for names in _PARAMETERS.findall(plain) for name in names.split(","))
    yield from (name for name in _NAME.findall(plain) if name not in own)
