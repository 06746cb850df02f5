"""Conditions and paths, evaluated for an item."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from serverless_cloud.dynamodb.syntax import Call, Literal, Node, Path
from serverless_cloud.dynamodb.values import ORDERED, SETS, Attributes, Value, decoded, order, same

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge
}  # fmt: skip


def look_up(item: Mapping[str, Value], path: Path) -> Value | None:
    """The value at a path, or None if nothing is there."""
    first, *rest = path.parts
    value = item.get(first) if isinstance(first, str) else None
    for part in rest:
        if value is None:
            return None
        inside = value.get("M") if isinstance(part, str) else value.get("L")
        if inside is None:
            return None
        value = inside.get(part) if isinstance(part, str) else next(iter(inside[part : part + 1]), None)
    return value


def operand(node: Node, item: Mapping[str, Value]) -> Value | None:
    """The value of an operand of a condition, or None if the item has none."""
    if isinstance(node, Path):
        return look_up(item, node)
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Call) and node.name == "size":
        value = operand(node.operands[0], item)
        size = None if value is None else _size(value)
        return None if size is None else {"N": str(size)}
    return None


def holds(node: Node | None, item: Mapping[str, Value]) -> bool:
    """Whether a condition is met by an item; an item that isn't there has no attributes. No condition always holds."""
    if node is None:
        return True
    assert isinstance(node, Call)
    name, operands = node.name, node.operands
    if name == "AND":
        return holds(operands[0], item) and holds(operands[1], item)
    if name == "OR":
        return holds(operands[0], item) or holds(operands[1], item)
    if name == "NOT":
        return not holds(operands[0], item)
    return _PREDICATES[name](*(operand(argument, item) for argument in operands))


def _compared(sign: str) -> Callable[[Value | None, Value | None], bool]:
    compare = _COMPARE[sign]

    def predicate(left: Value | None, right: Value | None) -> bool:
        if left is None or right is None or left.keys() != right.keys() or next(iter(left)) not in ORDERED:
            return False
        return compare(order(left), order(right))

    return predicate


def _between(value: Value | None, low: Value | None, high: Value | None) -> bool:
    return _PREDICATES["<="](low, value) and _PREDICATES["<="](value, high)


def _begins_with(value: Value | None, start: Value | None) -> bool:
    if value is None or start is None or value.keys() != start.keys() or next(iter(value)) not in ("S", "B"):
        return False
    return bool(order(value).startswith(order(start)))


def _contains(value: Value | None, part: Value | None) -> bool:
    if value is None or part is None:
        return False
    kind, content = next(iter(value.items()))
    other, sought = next(iter(part.items()))
    if kind in ("S", "B"):
        return kind == other and order(part) in order(value)
    if kind in SETS:
        return kind[0] == other and sought in content
    return kind == "L" and any(same(element, part) for element in content)


def _has_type(value: Value | None, kind: Value | None) -> bool:
    return value is not None and kind is not None and kind["S"] in value


def _size(value: Value) -> int | None:
    kind, content = next(iter(value.items()))
    if kind == "B":
        return len(decoded(content))
    return len(content) if kind in ("S", *SETS, "L", "M") else None


#: Conditions by name. Their arguments are the operands' values, None where the item has none.
_PREDICATES: dict[str, Callable[..., bool]] = {
    "=": same,
    "<>": lambda left, right: not same(left, right),
    **{sign: _compared(sign) for sign in _COMPARE},
    "BETWEEN": _between,
    "IN": lambda value, *options: any(same(value, option) for option in options),
    "attribute_exists": lambda value: value is not None,
    "attribute_not_exists": lambda value: value is None,
    "attribute_type": _has_type,
    "begins_with": _begins_with,
    "contains": _contains,
}


def project(item: Attributes, paths: Iterable[Path]) -> Attributes:
    """The part of an item that some paths lead to. Elements of a list move together."""
    tree: dict[Any, Any] = {}
    for path in paths:
        inner = tree
        for part in path.parts[:-1]:
            inner = inner.setdefault(part, {})
        inner[path.parts[-1]] = None
    return _part_of_map(item, tree)


def _part_of_map(attributes: Attributes, tree: Mapping[Any, Any]) -> Attributes:
    parts = ((name, _part(value, tree[name])) for name, value in attributes.items() if name in tree)
    return {name: part for name, part in parts if part is not None}


def _part(value: Value, tree: Mapping[Any, Any] | None) -> Value | None:
    if tree is None:
        return value
    if "M" in value:
        inside = _part_of_map(value["M"], tree)
        return {"M": inside} if inside else None
    if "L" in value:
        numbers = sorted(number for number in tree if isinstance(number, int) and number < len(value["L"]))
        parts = [_part(value["L"][number], tree[number]) for number in numbers]
        elements = [part for part in parts if part is not None]
        return {"L": elements} if elements else None
    return None
