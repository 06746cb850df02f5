"""JSONPath as Step Functions reads it: Jayway's dialect (Developer Guide, "Paths"; Jayway's README for its semantics).

A definite path gives one value, or fails if it is not there. An indefinite one (a wildcard, a slice, a union, "..")
gives a list, which is empty if even its beginning leads nowhere. Filters, [?( )], are not supported.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


class PathError(ValueError):
    """The text is not a JSONPath."""


class FilterInPath(Exception):
    """AWS reads this path, the local cloud doesn't."""

    def __init__(self, text: str) -> None:
        super().__init__(f"The local cloud doesn't support filters in paths, such as {text}")


class NoSuchPath(LookupError):
    """A definite path leads nowhere."""


#: One step: from a value to the values it leads to. `strict`: a missing value is an error.
Step = Callable[[Any, bool], Iterator[Any]]


@dataclass(frozen=True)
class JsonPath:
    """A path.

    Args:
        is_definite: whether it gives one value.
        places: the names and indices on the way, if it names one place, so that something can be put there; else None.
        function: what is done with the value at the end: "length" and so on, or None.
    """

    text: str
    steps: tuple[tuple[Step, bool], ...]
    is_definite: bool
    places: tuple[str | int, ...] | None
    function: str | None = None

    def find(self, data: Any) -> Any:
        """The value at the path in `data`.

        Raises:
            NoSuchPath: it is definite and leads nowhere.
        """
        nodes = [data]
        for step, _ in self.steps:
            nodes = [value for node in nodes for value in step(node, self.is_definite)]
        if self.is_definite and not nodes:
            raise NoSuchPath(self.text)
        value = nodes[0] if self.is_definite else nodes
        return value if self.function is None else _FUNCTIONS[self.function](value)

    def put(self, data: Any, value: Any) -> Any:
        """`data` with `value` in the place that a reference path names; objects are made on the way.

        Raises:
            NoSuchPath: there is no such place, and none can be made.
        """
        return _put(data, self.places or (), value)


def _put(data: Any, places: tuple[str | int, ...], value: Any) -> Any:
    if not places:
        return value
    first, rest = places[0], places[1:]
    if isinstance(first, str) and (data is None or isinstance(data, dict)):
        known = data or {}
        return known | {first: _put(known.get(first), rest, value)}
    if isinstance(first, int) and isinstance(data, list) and first < len(data):
        return [*data[:first], _put(data[first], rest, value), *data[first + 1 :]]
    raise NoSuchPath(str(first))


def _numbers(values: Any) -> list[float]:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if not numbers:
        raise NoSuchPath("Aggregation function attempted to calculate value using empty array")
    return numbers


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "length": lambda value: len(value) if isinstance(value, list | dict | str) else None,
    "size": lambda value: len(value) if isinstance(value, list | dict | str) else None,
    "min": lambda value: min(_numbers(value)),
    "max": lambda value: max(_numbers(value)),
    "sum": lambda value: sum(_numbers(value)),
    "avg": lambda value: sum(_numbers(value)) / len(_numbers(value)),
    "keys": lambda value: list(value) if isinstance(value, dict) else None,
}

_NAME = r"[^\s.\[\]()'\",:*?@$&|!=<>~+]+"
_DOT_NAME = re.compile(rf"({_NAME})")
_CALL = re.compile(r"\.(length|size|min|max|sum|avg|keys)\(\)$")
_INDEX = re.compile(r"-?\d+")
_INDICES = re.compile(r"-?\d+(\s*,\s*-?\d+)+")
_SLICE = re.compile(r"(-?\d+)?\s*:\s*(-?\d+)?(?:\s*:\s*(-?\d+))?")
_QUOTED = re.compile(r"""\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*""")


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> JsonPath:
    """A path from its text.

    Args:
        text: beginning with $; a context path or a variable without its own beginning. Blanks may follow it.

    Raises:
        PathError: it is none.
        FilterInPath.
    """
    if not text.startswith("$"):
        raise PathError(f"{text!r} must begin with $")
    body, function = text[1:].rstrip(), None
    if call := _CALL.search(body):
        body, function = body[: call.start()], call.group(1)
    steps: list[tuple[Step, bool]] = []
    step: Step
    place: str | int | None
    places: list[str | int] | None = [] if function is None else None
    at = 0
    while at < len(body):
        deep = body.startswith("..", at)
        at += 2 if deep else body[at] == "."
        if deep:
            steps.append((_descend, False))
            places = None
        if at >= len(body):
            raise PathError(f"{text!r} ends with a dot")
        if body[at] == "[":
            end = _closing(body, at, text)
            step, definite, place = _bracket(body[at + 1 : end].strip(), text, is_last=end == len(body) - 1)
            at = end + 1
        elif not deep and body[at - 1] != ".":
            raise PathError(f"{text!r} has {body[at]!r} instead of . or [")
        elif body[at] == "*":
            step, definite, place, at = _wildcard, False, None, at + 1
        elif match := _DOT_NAME.match(body, at):
            step, definite, place, at = _child(match.group(1)), True, match.group(1), match.end()
        else:
            raise PathError(f"{text!r} has {body[at]!r} instead of a name")
        steps.append((step, definite))
        places = None if places is None or place is None else [*places, place]
    is_definite = all(definite for _, definite in steps)
    return JsonPath(text, tuple(steps), is_definite, None if places is None else tuple(places), function)


def _closing(body: str, start: int, text: str) -> int:
    """Where the bracket that opens at `start` closes; brackets in quotes do not count."""
    quote, at = "", start
    while at < len(body):
        sign = body[at]
        if quote:
            if sign == "\\":
                at += 1
            elif sign == quote:
                quote = ""
        elif sign in "'\"":
            quote = sign
        elif sign == "]":
            return at
        at += 1
    raise PathError(f"{text!r} has a [ that is not closed")


def _bracket(inside: str, text: str, *, is_last: bool) -> tuple[Step, bool, str | int | None]:
    """A step in brackets, whether it is definite, and the place that it names, if a reference path may have it."""
    if inside == "*":
        return _wildcard, False, None
    if inside.startswith("?"):
        raise FilterInPath(text)
    if _INDEX.fullmatch(inside):
        return _item(int(inside)), True, None if inside.startswith("-") else int(inside)
    if _INDICES.fullmatch(inside):
        return _items([int(number) for number in inside.split(",")]), False, None
    if match := _SLICE.fullmatch(inside):
        start, stop, by = (None if bound is None else int(bound) for bound in match.groups())
        return _slice(slice(start, stop, by)), False, None
    names: list[_Name] = []
    at = 0
    while match := _QUOTED.match(inside, at):
        raw = match.group(1) if match.group(1) is not None else match.group(2)
        names.append(_Name(re.sub(r"\\(.)", r"\1", raw)))
        names[-1].raw = raw
        at = match.end()
        if inside[at : at + 1] != ",":
            break
        at += 1
    if not names or at != len(inside):
        raise PathError(f"{text!r} has [{inside}], which is not a name, index or slice")
    if len(names) == 1:
        return _quoted_child(names[0]), True, str(names[0])
    return (_members(names), True, None) if is_last else (_children(names), False, None)


class _Name(str):
    """A name in quotes without its escapes; `raw` has them."""

    raw: str


def _quoted_child(name: _Name) -> Step:
    """A member by its name, or by the name as it is written if there is no such member."""
    plain, written = _child(str(name)), _child(name.raw)
    return lambda value, strict: (
        written if isinstance(value, dict) and name not in value and name.raw in value else plain
    )(value, strict)


def _child(name: str) -> Step:
    def step(value: Any, strict: bool) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]
        elif strict:
            raise NoSuchPath(name)

    return step


def _children(names: Sequence[str]) -> Step:
    def step(value: Any, _: bool) -> Iterator[Any]:
        yield from (value[name] for name in names if isinstance(value, dict) and name in value)

    return step


def _members(names: Sequence[str]) -> Step:
    def step(value: Any, strict: bool) -> Iterator[Any]:
        if isinstance(value, dict):
            yield {name: value[name] for name in names if name in value}
        elif strict:
            raise NoSuchPath(str(names))

    return step


def _item(index: int) -> Step:
    def step(value: Any, strict: bool) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield value[index]
        elif strict:
            raise NoSuchPath(str(index))

    return step


def _items(indices: list[int]) -> Step:
    def step(value: Any, _: bool) -> Iterator[Any]:
        if isinstance(value, list):
            yield from (value[index] for index in indices if -len(value) <= index < len(value))

    return step


def _slice(part: slice) -> Step:
    def step(value: Any, _: bool) -> Iterator[Any]:
        if isinstance(value, list):
            yield from value[part]

    return step


def _wildcard(value: Any, _: bool) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _descend(value: Any, strict: bool) -> Iterator[Any]:
    yield value
    for inner in _wildcard(value, strict):
        yield from _descend(inner, strict)
