"""Applies the actions of an update to an item."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from serverless_cloud.dynamodb import evaluation
from serverless_cloud.dynamodb.errors import DynamoDbError
from serverless_cloud.dynamodb.syntax import Action, Call, Literal, Node, Path
from serverless_cloud.dynamodb.values import SETS, Attributes, Value, add, kind_of

_WRONG_TYPE = "An operand in the update expression has an incorrect data type"
_ORDER = {"SET": 0, "ADD": 1, "DELETE": 2, "REMOVE": 3}


def _no_such_path() -> DynamoDbError:
    return DynamoDbError("The document path provided in the update expression is invalid for update")


def updated(item: Attributes, actions: Iterable[Action]) -> Attributes:
    """A new item. All its values are computed from the old item, which stays as it is.

    Raises:
        DynamoDbError: a path leads nowhere, or a value has the wrong type.
    """
    changes = [(action, _new_value(action, item)) for action in actions]
    result = dict(item)
    for action, value in sorted(changes, key=_place):
        _write(result, action.path, value)
    return result


def _place(change: tuple[Action, Value | None]) -> tuple[Any, ...]:
    """Removals come last, and from the end of a list, so that numbers mean the elements before the update."""
    action, value = change
    sign = -1 if value is None else 1
    parts = [(isinstance(part, int), sign * part if isinstance(part, int) else part) for part in action.path.parts]
    return (value is None, _ORDER[action.section] if value is not None else 0, parts)


def _new_value(action: Action, item: Attributes) -> Value | None:
    """The value that a path gets, None if it is removed."""
    if action.value is None:
        return None
    if action.section == "SET":
        return _operand(action.value, item)
    assert isinstance(action.value, Literal)
    change, before = action.value.value, evaluation.look_up(item, action.path)
    if before is None:
        return change if action.section == "ADD" else None
    if before.keys() != change.keys():
        raise DynamoDbError(_WRONG_TYPE)
    kind = kind_of(change)
    if kind == "N":
        return {"N": add(before["N"], change["N"])}
    assert kind in SETS
    if action.section == "ADD":
        return {kind: before[kind] + [member for member in change[kind] if member not in before[kind]]}
    rest = [member for member in before[kind] if member not in change[kind]]
    return {kind: rest} if rest else None


def _operand(node: Node, item: Attributes) -> Value:
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Path):
        value = evaluation.look_up(item, node)
        if value is None:
            raise DynamoDbError("The provided expression refers to an attribute that does not exist in the item")
        return value
    assert isinstance(node, Call)
    first, second = node.operands
    if node.name == "if_not_exists":
        assert isinstance(first, Path)
        before = evaluation.look_up(item, first)
        return before if before is not None else _operand(second, item)
    left, right = _operand(first, item), _operand(second, item)
    kind = "L" if node.name == "list_append" else "N"
    if kind not in left or kind not in right:
        raise DynamoDbError(_WRONG_TYPE)
    if kind == "L":
        return {"L": left["L"] + right["L"]}
    return {"N": add(left["N"], right["N"], -1 if node.name == "-" else 1)}


def _write(item: Attributes, path: Path, value: Value | None) -> None:
    """Writes a value, or removes it, and copies the maps and lists on the way to it."""
    container: Any = item
    for part, after in zip(path.parts, path.parts[1:], strict=False):
        inner = _member(container, part)
        kind = "M" if isinstance(after, str) else "L"
        if inner is None or kind not in inner:
            raise _no_such_path()
        copied = dict(inner["M"]) if kind == "M" else list(inner["L"])
        container[part] = {kind: copied}
        container = copied
    last = path.parts[-1]
    if value is not None:
        if isinstance(last, int) and last >= len(container):
            container.append(value)
        else:
            container[last] = value
    elif _member(container, last) is not None:
        del container[last]


def _member(container: Any, part: str | int) -> Value | None:
    if isinstance(container, dict):
        value: Value | None = container.get(part)
        return value
    return container[part] if isinstance(part, int) and part < len(container) else None
