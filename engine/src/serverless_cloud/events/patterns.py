"""Event patterns: of EventBridge rules, of Pipes, and of the filter criteria of event source mappings.

A pattern has the shape of the events that it matches; at its leaves stand lists of what a field may be. Rules: Amazon
EventBridge User Guide, "Comparison operators for use in event patterns", and Event Ruler, the library that AWS
publishes. moto 5.2.5 has a matcher, which takes 1 for true, does not look into lists of objects and refuses no operator
that it does not know; so this one is ours.
"""

from __future__ import annotations

import functools
import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

#: Whether a value of the event is what the pattern asks for.
Test = Callable[[Any], bool]
#: In which element of which list a field stands: {number of the list: index}.
Membership = Mapping[int, int]

MOST_COMBINATIONS = 1000  # EventBridge User Guide: combinations that `$or` may make
# Event Ruler keeps these names, so that a field of an event cannot be mistaken for an operator inside `$or`.
_OPERATORS = ("exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric",
              "cidr")  # fmt: skip
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda value, limit: value == limit,
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
}


class InvalidPattern(ValueError):
    """The text is no event pattern; AWS calls it InvalidEventPatternException.

    Args:
        reason: as AWS words it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"Event pattern is not valid. Reason: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class _Field:
    """What one field must be: one of `tests` holds, or it is not there at all and `may_be_absent`."""

    tests: tuple[Test, ...]
    may_be_absent: bool = False


#: For one field: where it is as wanted; and where it is at all, if it may as well be absent.
_Choice = tuple[list[Membership], list[Membership] | None]
#: Fields by their path, "detail.order.total": all of them must hold.
_Fields = dict[str, _Field]


@dataclass(frozen=True)
class Pattern:
    """An event pattern, ready to be matched. Made by `Pattern.parse`."""

    _alternatives: tuple[_Fields, ...]

    @staticmethod
    def parse(text: str) -> Pattern:
        """Reads a pattern.

        Args:
            text: JSON.

        Raises:
            InvalidPattern: it is no pattern; the words are those of AWS.
        """
        return _parse(text)

    def matches(self, event: Any) -> bool:
        """Whether an event (from JSON) is one that the pattern asks for.

        A list in the event stands for each of its elements. Fields that are asked for together must not come from
        different elements of one list.
        """
        found: dict[str, list[tuple[Any, Membership]]] = {}
        for path, value, membership in _leaves(event, "", {}, iter(range(1 << 30))):
            found.setdefault(path, []).append((value, membership))
        return any(_holds(fields, found) for fields in self._alternatives)


@functools.lru_cache(maxsize=1024)
def _parse(text: str) -> Pattern:
    try:
        given = json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError) as error:
        raise InvalidPattern(f"Invalid JSON: {error}") from error
    if not isinstance(given, dict):
        raise InvalidPattern("Filter is not an object")
    return Pattern(tuple(_object(given, "", [{}], in_or=False)))


def _no_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _leaves(
    node: Any, path: str, membership: Membership, numbers: Iterator[int]
) -> Iterator[tuple[str, Any, Membership]]:
    """All values of an event with their paths; lists vanish from the path. An empty list or object has none."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _leaves(value, f"{path}.{name}" if path else name, membership, numbers)
    elif isinstance(node, list):
        number = next(numbers)
        for index, value in enumerate(node):
            inner = {**membership, number: index} if isinstance(value, (dict, list)) else membership
            yield from _leaves(value, path, inner, numbers)
    else:
        yield path, node, membership


def _holds(fields: _Fields, found: Mapping[str, list[tuple[Any, Membership]]]) -> bool:
    """Whether all fields hold, in elements of lists that fit together."""
    choices: list[_Choice] = []
    for path, field in fields.items():
        there = found.get(path, [])
        fitting = [membership for value, membership in there if any(test(value) for test in field.tests)]
        if not fitting and not field.may_be_absent:
            return False
        must_be_absent = [membership for _, membership in there] if field.may_be_absent else None
        choices.append((fitting, must_be_absent))
    # The field with the fewest places first: it decides most.
    return _choose(sorted(choices, key=lambda choice: len(choice[0])), {}, [])


def _choose(choices: list[_Choice], chosen: Membership, absent: list[Membership]) -> bool:
    """Whether there is a place for each field in elements that fit together.

    Args:
        chosen: the elements that stand already.
        absent: where fields are that must not be in these elements.
    """
    if not choices:
        return not any(_fit(chosen, membership) for membership in absent)
    (fitting, must_be_absent), *rest = choices
    tried: list[Membership] = []
    for membership in fitting:
        if not _fit(chosen, membership):
            continue
        both = {**chosen, **membership}
        if both in tried:  # it has led to nothing before
            continue
        if _choose(rest, both, absent):
            return True
        tried.append(both)
    return must_be_absent is not None and _choose(rest, chosen, [*absent, *must_be_absent])


def _fit(one: Membership, other: Membership) -> bool:
    return all(other.get(number, index) == index for number, index in one.items())


def _object(given: dict[str, Any], path: str, alternatives: list[_Fields], *, in_or: bool) -> list[_Fields]:
    """Adds what an object of the pattern asks for to each alternative."""
    if not given:
        raise InvalidPattern("Empty objects are not allowed")
    for name, value in given.items():
        here = f"{path}.{name}" if path else name
        if name == "$or":
            alternatives = _either(value, path, alternatives)
        elif in_or and (name in _OPERATORS or name in _COMPARISONS):
            raise InvalidPattern(f"{name} is Ruler reserved fieldName which cannot be used inside $or.")
        elif isinstance(value, dict):
            alternatives = _object(value, here, alternatives, in_or=in_or)
        elif isinstance(value, list):
            field = _field(value)
            alternatives = [fields | {here: field} for fields in alternatives]
        else:
            raise InvalidPattern(f'"{name}" must be an object or an array')
    return alternatives


def _either(value: Any, path: str, alternatives: list[_Fields]) -> list[_Fields]:
    if not isinstance(value, list):
        raise InvalidPattern("It must be an Array followed with $or.")
    if not all(isinstance(each, dict) for each in value):
        raise InvalidPattern("Only JSON object is allowed in array of $or relationship.")
    if len(value) < 2:
        raise InvalidPattern("There must have at least 2 Objects in $or relationship.")
    made: list[_Fields] = []
    for each in value:
        made += _object(each, path, alternatives, in_or=True)
        if len(made) > MOST_COMBINATIONS:
            raise InvalidPattern(f"$or makes more than {MOST_COMBINATIONS} combinations of fields.")
    return made


def _field(given: list[Any]) -> _Field:
    if not given:
        raise InvalidPattern("Empty arrays are not allowed")
    tests: list[Test] = []
    may_be_absent = False
    for each in given:
        if isinstance(each, dict):
            name, value = _single(each)
            if name == "exists" and value is False:
                may_be_absent = True
            else:
                tests.append(_operator(name, value))
        elif isinstance(each, list):
            raise InvalidPattern("Match value must be String, number, true, false, or null")
        else:
            tests.append(_exactly(each))
    return _Field(tuple(tests), may_be_absent)


def _single(given: dict[str, Any]) -> tuple[str, Any]:
    if len(given) != 1:
        raise InvalidPattern("Only one key allowed in match expression" if given else "Match expression name not found")
    return next(iter(given.items()))


def _operator(name: str, value: Any) -> Test:
    if name == "exists":
        if value is not True:
            raise InvalidPattern("exists match pattern must be either true or false.")
        return lambda _: True
    if name == "exactly":
        return _exactly(_text(value, "exact"))
    if name in ("prefix", "suffix"):
        if not isinstance(value, dict):
            return _of_text(name, _text(value, name))
        inner, folded = _single(value)
        if inner != "equals-ignore-case":
            raise InvalidPattern(f"Unsupported {name} pattern: {inner}")
        wanted = _text(folded, inner).casefold()
        return _on_text(lambda text: _of_text(name, wanted)(text.casefold()))
    if name in ("equals-ignore-case", "wildcard"):
        return _of_text(name, _text(value, name))
    if name == "numeric":
        return _numeric(value)
    if name == "cidr":
        return _cidr(value)
    if name == "anything-but":
        return _anything_but(value)
    raise InvalidPattern(f"Unrecognized match type {name}")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidPattern(f"{name} match pattern must be a string")
    return value


def _on_text(test: Callable[[str], bool]) -> Test:
    return lambda value: isinstance(value, str) and test(value)


def _of_text(name: str, wanted: str) -> Test:
    if name == "prefix":
        return _on_text(lambda text: text.startswith(wanted))
    if name == "suffix":
        return _on_text(lambda text: text.endswith(wanted))
    if name == "wildcard":
        parts = _wildcard_parts(wanted)
        return _on_text(lambda text: _matches_wildcard(parts, text))
    folded = wanted.casefold()
    return _on_text(lambda text: text.casefold() == folded)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _exactly(wanted: Any) -> Test:
    if _is_number(wanted):
        return lambda value: _is_number(value) and value == wanted
    return lambda value: type(value) is type(wanted) and value == wanted


def _anything_but(value: Any) -> Test:
    """What is not a string is anything but a prefix. A field that is not there is not anything."""
    if isinstance(value, dict):
        name, inner = _single(value)
        if name not in ("equals-ignore-case", "prefix", "suffix", "wildcard"):
            raise InvalidPattern(f"Unsupported anything-but pattern: {name}")
        wanted = inner if isinstance(inner, list) else [inner]
        if name in ("prefix", "suffix") and "" in wanted:
            raise InvalidPattern("Null prefix/suffix not allowed")
        tests = [_of_text(name, _text(each, "prefix/suffix" if name.endswith("fix") else name)) for each in wanted]
    else:
        wanted = value if isinstance(value, list) else [value]
        numbers = [_is_number(each) for each in wanted]
        if not all(number or isinstance(each, str) for number, each in zip(numbers, wanted, strict=True)):
            raise InvalidPattern("Inside anything but list, start|null|boolean is not supported.")
        if not wanted or any(numbers) != all(numbers):
            raise InvalidPattern(
                "Inside anything but list, either all values are number or string, mixed type is not supported"
            )
        tests = [_exactly(each) for each in wanted]
    return lambda found: not any(test(found) for test in tests)


def _numeric(value: Any) -> Test:
    if not isinstance(value, list):
        raise InvalidPattern("Value of numeric must be an array.")
    if not value or not isinstance(value[0], str):
        raise InvalidPattern(f"Invalid member in numeric match: {json.dumps(value[0]) if value else ']'}")
    operator, *rest = value
    if operator not in _COMPARISONS:
        raise InvalidPattern(f"Unrecognized numeric range operator: {operator}")
    if not rest or not _is_number(rest[0]):
        raise InvalidPattern(f"Value of {'equals' if operator == '=' else operator} must be numeric")
    limits = [(_COMPARISONS[operator], rest[0])]
    if len(rest) > 1:
        if operator not in (">", ">="):
            raise InvalidPattern("Too many elements in numeric expression")
        if rest[1] not in ("<", "<="):
            raise InvalidPattern(f"Bad numeric range operator: {rest[1]}")
        if len(rest) < 3 or not _is_number(rest[2]):
            raise InvalidPattern(f"Value of {rest[1]} must be numeric")
        if len(rest) > 3:
            raise InvalidPattern("Too many terms in numeric range expression")
        if rest[2] <= rest[0]:
            raise InvalidPattern("Bottom must be less than top")
        limits.append((_COMPARISONS[rest[1]], rest[2]))
    return lambda found: _is_number(found) and all(compare(found, limit) for compare, limit in limits)


def _cidr(value: Any) -> Test:
    if not isinstance(value, str):
        raise InvalidPattern("prefix match pattern must be a string")  # AWS's words, as they are
    address, slash, bits = value.partition("/")
    if not slash or "/" in bits:
        raise InvalidPattern("Malformed CIDR, one '/' required")
    if not bits.isascii() or not bits.isdigit():
        raise InvalidPattern("Malformed CIDR, mask bits must be an integer")
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        raise InvalidPattern(f"Nonstandard IP address: {address}") from None
    most = 32 if version == 4 else 128
    if int(bits) >= most:
        raise InvalidPattern(f"IPv{version} mask bits must be < {most}")
    network = ipaddress.ip_network(value, strict=False)
    return _on_text(lambda text: _is_address_in(network, text))


def _is_address_in(network: ipaddress.IPv4Network | ipaddress.IPv6Network, text: str) -> bool:
    try:
        return ipaddress.ip_address(text) in network
    except ValueError:
        return False


def _wildcard_parts(wanted: str) -> list[str]:
    """The texts between the asterisks."""
    parts = [""]
    characters = enumerate(wanted, 1)  # AWS counts the quotation mark
    before = ""
    for position, character in characters:
        if character == "*":
            if before == "*":
                raise InvalidPattern(f"Consecutive wildcard characters at pos {position - 1}")
            parts.append("")
        elif character == "\\":
            _, escaped = next(characters, (0, ""))
            if escaped not in ("*", "\\"):
                raise InvalidPattern(f"Invalid escape character at pos {position}")
            parts[-1] += escaped
        else:
            parts[-1] += character
        before = character
    return parts


def _matches_wildcard(parts: list[str], text: str) -> bool:
    first, *middle = parts
    if not middle:
        return text == first
    last = middle.pop()
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    start, end = len(first), len(text) - len(last)
    for part in middle:  # the leftmost place leaves the most room for the others
        found = text.find(part, start, end)
        if found < 0:
            return False
        start = found + len(part)
    return True
