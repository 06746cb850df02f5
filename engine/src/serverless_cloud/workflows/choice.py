"""Choice rules of JSONPath states: the comparison operators (Amazon States Language, "Data-test expression")."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

#: The value of a Variable that leads nowhere.
MISSING = object()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def timestamp(value: Any) -> datetime | None:
    """A time stamp after RFC 3339, with a capital T, and Z or an offset; None if it is none."""
    if not isinstance(value, str) or "T" not in value or value.endswith("z"):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _matches(text: str, pattern: str) -> bool:
    r"""StringMatches: * stands for any characters, \* for a star, \\ for a backslash."""
    parts = re.findall(r"\\(?:\\|\*)|\*|[^\\*]+|\\", pattern)
    expression = "".join(
        ".*" if part == "*" else re.escape(part[1:] if len(part) == 2 and part[0] == "\\" else part) for part in parts
    )
    return re.fullmatch(expression, text, re.DOTALL) is not None


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda left, right: bool(left == right),
    "LessThan": lambda left, right: bool(left < right),
    "GreaterThan": lambda left, right: bool(left > right),
    "LessThanEquals": lambda left, right: bool(left <= right),
    "GreaterThanEquals": lambda left, right: bool(left >= right),
}

_IS: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsNumeric": _is_number,
    "IsString": lambda value: isinstance(value, str),
    "IsTimestamp": lambda value: timestamp(value) is not None,
    "IsPresent": lambda value: value is not MISSING,
}


#: By type: a value as it is compared; None if it is of another type.
_KINDS: dict[str, Callable[[Any], Any]] = {
    "String": lambda value: value if isinstance(value, str) else None,
    "Numeric": lambda value: value if _is_number(value) else None,
    "Boolean": lambda value: value if isinstance(value, bool) else None,
    "Timestamp": timestamp,
}


def _operators() -> dict[str, Callable[[Any, Any], bool]]:
    def typed(kind: str, order: str) -> Callable[[Any, Any], bool]:
        def compare(left: Any, right: Any) -> bool:
            left, right = _KINDS[kind](left), _KINDS[kind](right)
            return left is not None and right is not None and _ORDER[order](left, right)

        return compare

    def tested(is_so: Callable[[Any], bool]) -> Callable[[Any, Any], bool]:
        return lambda left, right: is_so(left) is right

    operators = {kind + order: typed(kind, order) for kind in _KINDS for order in _ORDER if kind != "Boolean"}
    operators["BooleanEquals"] = typed("Boolean", "Equals")
    operators["StringMatches"] = lambda left, right: isinstance(left, str) and _matches(left, right)
    return operators | {name: tested(is_so) for name, is_so in _IS.items()}


#: By name. Operators that end with Path compare with the value at a path, and are not listed.
OPERATORS = _operators()

#: Operators whose value may come from a path: NumericEqualsPath and so on.
WITH_PATH = frozenset(f"{name}Path" for name in OPERATORS if name not in _IS and name != "StringMatches")


def compare(operator: str, variable: Any, value: Any) -> bool:
    """Whether a variable compares with a value; values of another type never do.

    Args:
        operator: without Path at its end.
        variable: its value; MISSING only for IsPresent.
    """
    return OPERATORS[operator](variable, value)
