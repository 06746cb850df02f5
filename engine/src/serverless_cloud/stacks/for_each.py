"""Fn::ForEach of AWS::LanguageExtensions: one part of a template becomes several.

Source: CloudFormation Template Reference, "Fn::ForEach".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from serverless_cloud.stacks.errors import StackError
from serverless_cloud.stacks.intrinsics import Scope, plain

_LOOP = re.compile(r"Fn::ForEach::[A-Za-z0-9]+")


def expanded(value: Any, scope: Scope) -> Any:
    """A template, or a part of it, with its loops written out.

    Args:
        scope: knows the parameters and mappings that a loop's collection may name.

    Raises:
        StackError: a loop is written wrongly, or its collection can't be worked out.
    """
    if isinstance(value, list):
        return [expanded(each, scope) for each in value]
    if not isinstance(value, Mapping):
        return value
    made: dict[str, Any] = {}
    for name, given in value.items():
        parts = _copies(given, scope) if _LOOP.fullmatch(str(name)) else [{name: expanded(given, scope)}]
        for part in parts:
            if twice := sorted(part.keys() & made.keys()):
                raise _failed(f"Fn::ForEach makes the key {twice[0]} twice")
            made |= part
    return made


def _copies(loop: Any, scope: Scope) -> list[dict[str, Any]]:
    if not isinstance(loop, list) or len(loop) != 3 or not isinstance(loop[0], str) or not isinstance(loop[2], Mapping):
        raise _failed("Fn::ForEach layout is incorrect")
    identifier, collection, body = loop
    values = scope.resolve(collection)
    if not isinstance(values, list):
        raise _failed(f"Fn::ForEach needs a list, or a Ref to one, for {identifier}")
    flat = [plain(part) for each in values for part in (each if isinstance(each, list) else [each])]
    return [expanded(_filled(body, identifier, value), scope) for value in flat]


def _filled(part: Any, identifier: str, value: str) -> Any:
    """A loop's body for one value: `${Identifier}`, `&{Identifier}` for names, and Ref."""
    if isinstance(part, list):
        return [_filled(each, identifier, value) for each in part]
    if isinstance(part, Mapping):
        if part == {"Ref": identifier}:
            return value
        return {_filled(name, identifier, value): _filled(each, identifier, value) for name, each in part.items()}
    if not isinstance(part, str):
        return part
    name = re.sub(r"[^A-Za-z0-9]", "", value)
    return part.replace(f"${{{identifier}}}", value).replace(f"&{{{identifier}}}", name)


def _failed(why: str) -> StackError:
    return StackError(f"Transform AWS::LanguageExtensions failed with: {why}")
