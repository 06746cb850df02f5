"""AWS's words for a request that isn't as the API reference says, from botocore's model of the API.

Services check the same lengths, values and patterns, and report them in the same sentence. They differ in details,
which are the settings of a `Dialect`. No moto.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

NULL = "Value null at '{}' failed to satisfy constraint: Member must not be null"
_KINDS: dict[str, Any] = {
    "structure": dict, "map": dict, "list": list, "string": str, "boolean": bool, "blob": (bytes, str),
    "integer": int, "long": int, "short": int, "byte": int, "float": (int, float), "double": (int, float),
}  # fmt: skip
_NUMBERS = ("integer", "long", "short", "byte", "float", "double")
#: Java's classes of characters, as Python writes them.
_JAVA = {r"\p{ASCII}": r"[\x00-\x7f]", r"\p{L}": r"\w", r"\p{Z}": r"\s", r"\p{N}": r"\d"}
_Limits = tuple[float | None, float | None, str | None]


def limits_of(shape: Any, _value: Any, _path: str) -> _Limits:
    """The least and the most of a shape, and its pattern, as the model has them."""
    stated = shape.metadata
    return stated.get("min"), stated.get("max"), stated.get("pattern")


def java(shape: Any, value: Any) -> str:
    """A value as Java shows it: [a, b], {key=value}, and PutEventsRequestEntry(time=null, source=hikari.shop, ...)."""
    if value is None:
        return "null"
    if shape.type_name == "list" and isinstance(value, list):
        return f"[{', '.join(java(shape.member, item) for item in value)}]"
    if shape.type_name == "structure" and isinstance(value, dict):
        fields = (f"{small(name)}={java(member, value.get(name))}" for name, member in shape.members.items())
        return f"{shape.name}({', '.join(fields)})"
    if shape.type_name == "map" and isinstance(value, dict):
        return f"{{{', '.join(f'{key}={java(shape.value, item)}' for key, item in value.items())}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ignored(_shape: Any, _value: Any) -> str:
    return ""


def of_type(shape: Any, _value: Any) -> str:
    """The constraint that a value has the type of its shape. The wording is ours."""
    return f"Member must be of the type {shape.type_name}"


@dataclass(frozen=True, eq=False)
class Dialect:
    """How one service reports what is wrong.

    Args:
        order: of the checks of one value.
        orders: other orders of the checks, by path.
        most_shown: characters of a value in a message.
        pattern: shows a pattern that doesn't begin with ^.
        text_of: a value in a message.
        limits: the least, the most and the pattern of a value at a path, where the service has others than the model.
        mistyped: the constraint that a value of a wrong type fails; "" if other code says so. It may raise.
        enums: the allowed values in the service's order, where the model has another order, by shape.
        first: members that are checked before the others, by structure.
        required: members that the model wrongly calls optional, by structure.
        as_sent: missing members come first, then the others in the order of the request, not of the model.
        left_out: shapes that are checked elsewhere.
        unseen: members that are checked elsewhere, even if they are missing.
        maps: what is checked in a map besides its length; "" checks nothing of maps.
        together: one violation, with all rules, for all texts of a list, for all keys of a map and for all its values.
            Nothing else in lists and maps is checked.
    """

    order: tuple[str, ...] = ("min", "max", "pattern", "enum")
    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    most_shown: int = sys.maxsize
    pattern: str = "{}"
    text_of: Callable[[Any, Any], str] = java
    limits: Callable[[Any, Any, str], _Limits] = limits_of
    mistyped: Callable[[Any, Any], str] = _ignored
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    first: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    as_sent: bool = False
    left_out: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()
    maps: Literal["", "values", "keys and values"] = ""
    together: bool = False


def sentence(problems: Iterable[str]) -> str:
    """AWS's sentence about all violations."""
    texts = list(problems)
    return f"{len(texts)} validation error{'s' if len(texts) > 1 else ''} detected: {'; '.join(texts)}"


def violation(path: str, constraint: str, text: str | None = None) -> str:
    """One violation, as a part of AWS's sentence.

    Args:
        path: where in the request the value is.
        constraint: that the value fails: "Member must have length less than or equal to 48".
        text: of the value; None leaves it out, as AWS does for some values.
    """
    quotation = "" if text is None else f" '{text}'"
    return f"Value{quotation} at '{path}' failed to satisfy constraint: {constraint}"


def violation_message(path: str, constraint: str, text: str | None = None) -> str:
    """AWS's sentence about a single violation. Args: as for `violation`."""
    return sentence([violation(path, constraint, text)])


def one_of(allowed: Iterable[str]) -> str:
    """The constraint that a value is one of these."""
    return f"Member must satisfy enum value set: [{', '.join(allowed)}]"


def violations(dialect: Dialect, shape: Any, value: Any, path: str = "") -> list[str]:
    """Each constraint of the model that a value fails, as a part of AWS's sentence.

    Args:
        shape: of botocore's model.
        value: by the names of the model.
        path: where in the request it is.
    """
    problems: list[str] = []
    _look(dialect, shape, value, path, problems)
    return problems


def _look(dialect: Dialect, shape: Any, value: Any, path: str, problems: list[str]) -> None:
    kind = shape.type_name
    expected = _KINDS.get(kind)
    if expected is None:
        return
    if type(value) is not expected and (isinstance(value, bool) or not isinstance(value, expected)):
        if constraint := dialect.mistyped(shape, value):
            problems.append(_says(dialect, shape, value, path, constraint))
        elif value is None:
            problems.append(NULL.format(path))
    elif kind == "structure":
        members, needed = _members(dialect, shape)
        for name in _as_sent(needed, value) if dialect.as_sent else members:
            content = value.get(name)
            if content is None:
                if name in needed:
                    inner = small(name)
                    problems.append(NULL.format(f"{path}.{inner}" if path else inner))
            elif (part := members.get(name)) is not None:
                inner, member = part
                _look(dialect, member, content, f"{path}.{inner}" if path else inner, problems)
    elif kind == "string" or kind in _NUMBERS or isinstance(value, bytes):  # a text for a blob is base64
        _judge(dialect, shape, value, path, problems)
    elif kind == "list":
        _judge(dialect, shape, value, path, problems)
        if dialect.together:
            _together(dialect, shape, value, path, problems)
        elif shape.member.name not in dialect.left_out:
            for number, item in enumerate(value, 1):
                _look(dialect, shape.member, item, f"{path}.{number}.member", problems)
    elif kind == "map" and dialect.together:
        _entries_together(dialect, shape, value, path, problems)
    elif kind == "map" and dialect.maps:
        _judge(dialect, shape, value, path, problems)
        _map(dialect, shape, value, path, problems)


@functools.lru_cache(4096)
def _members(dialect: Dialect, shape: Any) -> tuple[dict[str, tuple[str, Any] | None], tuple[str, ...]]:
    """The members of a structure: part of a path and shape, None if checked elsewhere. The names of the needed ones."""
    members: dict[str, tuple[str, Any] | None] = {}
    for name in (*dialect.first.get(shape.name, ()), *shape.members):
        if name not in dialect.unseen:
            member = shape.members[name]
            members[name] = None if member.name in dialect.left_out else (small(name), member)
    needed = (*shape.required_members, *dialect.required.get(shape.name, ()))
    return members, tuple(name for name in members if name in needed)


def _as_sent(needed: tuple[str, ...], value: Mapping[str, Any]) -> Iterable[str]:
    missing = [name for name in needed if value.get(name) is None]
    return (*missing, *(name for name in value if name not in missing)) if missing else value


def _map(dialect: Dialect, shape: Any, value: dict[str, Any], path: str, problems: list[str]) -> None:
    if shape.value.name in dialect.left_out:
        return
    for key, item in value.items():
        if dialect.maps == "keys and values":
            _look(dialect, shape.key, key, f"{path}.key", problems)
        _look(dialect, shape.value, item, f"{path}.{key}.member", problems)


def _together(dialect: Dialect, shape: Any, value: list[Any], path: str, problems: list[str]) -> None:
    if rules := _rules_if_broken(dialect, shape.member, value, path):
        problems.append(_says(dialect, shape, value, path, f"Member must satisfy constraint: [{rules}]"))


def _entries_together(dialect: Dialect, shape: Any, value: dict[str, Any], path: str, problems: list[str]) -> None:
    for what, member, items in (("keys", shape.key, value), ("value", shape.value, value.values())):
        if rules := _rules_if_broken(dialect, member, items, path):
            constraint = f"Map {what} must satisfy constraint: [{rules}]"
            text = None if shape.metadata.get("sensitive") else dialect.text_of(shape, value)
            problems.append(violation(path, constraint, text))


def _rules_if_broken(dialect: Dialect, shape: Any, values: Iterable[Any], path: str) -> str:
    """All rules for values of one shape, texts or numbers; "" if each value keeps them."""
    expected = _KINDS[shape.type_name] if shape.type_name in ("string", *_NUMBERS) else ()
    fitting = [value for value in values if isinstance(value, expected) and not isinstance(value, bool)]
    if not any(_broken(dialect, shape, value, path) for value in fitting):
        return ""
    return ", ".join((*_broken(dialect, shape, fitting[0], path, every=True), "Member must not be null"))


def _judge(dialect: Dialect, shape: Any, value: Any, path: str, problems: list[str]) -> None:
    for constraint in _broken(dialect, shape, value, path):
        problems.append(_says(dialect, shape, value, path, constraint))


def _broken(dialect: Dialect, shape: Any, value: Any, path: str, *, every: bool = False) -> list[str]:
    """The constraints that one value fails. Args: every: all that it must satisfy, instead."""
    kind = shape.type_name
    what, size = ("value", value) if kind in _NUMBERS else ("length", len(value))
    least, most, pattern = dialect.limits(shape, value, path)
    broken: dict[str, str] = {}
    if least is not None and (every or size < least):
        broken["min"] = f"Member must have {what} greater than or equal to {least}"
    if most is not None and (every or size > most):
        broken["max"] = f"Member must have {what} less than or equal to {most}"
    if kind == "string":
        if pattern and (every or not fits(pattern, value)):
            expression = pattern if pattern.startswith("^") else dialect.pattern.format(pattern)
            broken["pattern"] = f"Member must satisfy regular expression pattern: {expression}"
        allowed = dialect.enums.get(shape.name) or shape.enum
        if allowed and (every or value not in allowed):
            broken["enum"] = one_of(allowed)
    return [broken[rule] for rule in dialect.orders.get(path, dialect.order) if rule in broken] if broken else []


def _says(dialect: Dialect, shape: Any, value: Any, path: str, constraint: str) -> str:
    text = dialect.text_of(shape, value)
    text = text if len(text) <= dialect.most_shown else f"{text[: dialect.most_shown]}..."
    return violation(path, constraint, text)


def fits(pattern: str, value: str) -> bool:
    """Whether a whole value has a pattern that is written for Java; True if Python can't read the pattern."""
    return (compiled := _compiled(pattern)) is None or compiled.fullmatch(value) is not None


@functools.lru_cache(4096)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A pattern as Java reads it; None if Python can't, so any value fits."""
    text = pattern
    for written, python in _JAVA.items():
        text = text.replace(written, python)
    try:
        return re.compile(text, re.ASCII if text == pattern else 0)
    except re.error:
        return None


def small(name: str) -> str:
    """A member's name as messages have it: "tableName" for TableName."""
    return name[:1].lower() + name[1:]
