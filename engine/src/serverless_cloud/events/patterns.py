"""Event patterns: of EventBridge rules, of Pipes, and of the filter criteria of event source mappings.

A pattern has the shape of the events that it matches; at its leaves stand lists of what a field may be. Rules: Amazon
EventBridge User Guide, "Comparison operators for use in event patterns", and Event Ruler, the library that AWS
publishes. moto 5.2.5 has a matcher, which takes 1 for true, does not look into lists of objects and refuses no operator
that it does not know; so this one is ours.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from serverless_cloud.core.jackson import loads, reason_of
from serverless_cloud.events import operators
from serverless_cloud.events.operators import InvalidOperator, Test, on_text

#: In which element of which list a field stands: {number of the list: index}.
Membership = Mapping[int, int]

MOST_COMBINATIONS = 1000  # EventBridge User Guide: combinations that `$or` may make
# Event Ruler keeps these names, so that a field of an event cannot be mistaken for an operator inside `$or`.
_RESERVED = frozenset((*operators.NAMES, "exactly", *operators.COMPARISONS))


class InvalidPattern(ValueError):
    """The text is not an event pattern. AWS calls this InvalidEventPatternException.

    Args:
        reason: as AWS words it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"Event pattern is not valid. Reason: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class _Field:
    """The rule for one field: one of `tests` holds, or the field is missing and `may_be_absent`."""

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
    @functools.lru_cache(maxsize=1024)
    def parse(text: str) -> Pattern:
        """Reads a pattern.

        Args:
            text: JSON.

        Raises:
            InvalidPattern: it is not a pattern. The words are AWS's.
        """
        try:
            content = loads(text, object_pairs_hook=_merged) if text.strip() else None
        except json.JSONDecodeError as error:
            raise InvalidPattern(reason_of(error)) from error
        except RecursionError as error:
            raise InvalidPattern(f"Invalid JSON: {error}") from error
        if not isinstance(content, dict):
            raise InvalidPattern("Filter is not an object")
        return Pattern(tuple(_object(content, "", [{}], in_or=False)))

    def matches(self, event: Any) -> bool:
        """Whether an event (from JSON) is one that the pattern asks for.

        A list in the event stands for each of its elements. Fields that are asked for together must not come from
        different elements of one list.
        """
        leaves: dict[str, list[tuple[Any, Membership]]] = {}
        for path, value, membership in _leaves(event, "", {}, iter(range(1 << 30))):
            leaves.setdefault(path, []).append((value, membership))
        return any(_holds(fields, leaves) for fields in self._alternatives)


def _merged(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a pattern: if a name occurs twice, the last list counts, and objects are merged."""
    merged: dict[str, Any] = {}
    for name, value in members:
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = merged[name] | value if both else value
    return merged


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


def _holds(fields: _Fields, leaves: Mapping[str, list[tuple[Any, Membership]]]) -> bool:
    """Whether all fields hold, in elements of lists that fit together."""
    choices: list[_Choice] = []
    for path, field in fields.items():
        there = leaves.get(path, [])
        fitting = [membership for value, membership in there if any(test(value) for test in field.tests)]
        if not fitting and not field.may_be_absent:
            return False
        must_be_absent = [membership for _, membership in there] if field.may_be_absent else None
        choices.append((fitting, must_be_absent))
    # The field with the fewest places first: it decides most.
    return _choose(sorted(choices, key=lambda choice: len(choice[0])), {}, [])


def _choose(choices: list[_Choice], elements: Membership, absent: list[Membership]) -> bool:
    """Whether there is a place for each field in elements that fit together.

    Args:
        elements: where the elements stand that earlier choices have placed.
        absent: where fields are that must not be in these elements.
    """
    if not choices:
        return not any(_fit(elements, membership) for membership in absent)
    (fitting, must_be_absent), *rest = choices
    tried: list[Membership] = []
    for membership in fitting:
        if not _fit(elements, membership):
            continue
        both = {**elements, **membership}
        if both in tried:  # it has led to nothing before
            continue
        if _choose(rest, both, absent):
            return True
        tried.append(both)
    return must_be_absent is not None and _choose(rest, elements, [*absent, *must_be_absent])


def _fit(one: Membership, other: Membership) -> bool:
    return all(other.get(number, index) == index for number, index in one.items())


def _object(members: dict[str, Any], path: str, alternatives: list[_Fields], *, in_or: bool) -> list[_Fields]:
    """Adds what an object of the pattern asks for to each alternative."""
    if not members:
        raise InvalidPattern("Empty objects are not allowed")
    for name, value in members.items():
        here = f"{path}.{name}" if path else name
        if name == "$or":
            alternatives = _either(value, path, alternatives)
        elif in_or and name in _RESERVED:
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
    if not all(isinstance(item, dict) for item in value):
        raise InvalidPattern("Only JSON object is allowed in array of $or relationship.")
    if len(value) < 2:
        raise InvalidPattern("There must have at least 2 Objects in $or relationship.")
    combinations: list[_Fields] = []
    for item in value:
        combinations += _object(item, path, alternatives, in_or=True)
        if len(combinations) > MOST_COMBINATIONS:
            raise InvalidPattern(f"$or makes more than {MOST_COMBINATIONS} combinations of fields.")
    return combinations


def _field(rules: list[Any]) -> _Field:
    if not rules:
        raise InvalidPattern("Empty arrays are not allowed")
    absent = [isinstance(rule, dict) and len(rule) == 1 and rule.get("exists") is False for rule in rules]
    try:
        tests = [_OPERATORS.test(rule) for rule, is_absent in zip(rules, absent, strict=True) if not is_absent]
    except InvalidOperator as error:
        raise InvalidPattern(str(error)) from error
    return _Field(tuple(tests), any(absent))


class _Operators(operators.Operators):
    """EventBridge has all operators. Its parser, Event Ruler, reads the operand before a second name."""

    texts = (*operators.Operators.texts, "wildcard")
    bad_sign = "Bad value in numeric range"

    def test(self, rule: Any) -> Test:
        if not isinstance(rule, dict) or not rule:
            return super().test(rule)
        name, operand = next(iter(rule.items()))
        test = self.operator(name, operand)
        if len(rule) > 1:
            many = name in ("numeric", "anything-but")
            raise InvalidOperator(_TOO_MANY if many else "Only one key allowed in match expression")
        return test

    def operator(self, name: str, operand: Any) -> Test:
        if name == "exactly":
            return self.exactly(operators.require_text("exact", operand))
        return super().operator(name, operand)

    def of_text(self, name: str, operand: Any) -> Test:
        if name == "wildcard":
            parts = _wildcard_parts(operators.require_text(name, operand))
            return on_text(lambda value: _matches_wildcard(parts, value))
        if name == "equals-ignore-case" or not isinstance(operand, dict):
            return super().of_text(name, operand)
        if not operand:
            raise InvalidOperator(f"{name.capitalize()} expression name not found")
        inner, folded = next(iter(operand.items()))
        if inner != "equals-ignore-case":
            raise InvalidOperator(f"Unsupported {name} pattern: {inner}")
        test = super().of_text(name, operators.require_text(inner, folded).casefold())
        self.single(operand)
        return on_text(lambda value: test(value.casefold()))

    def anything_but(self, operand: Any) -> Test:
        """A value that is not a text is anything but a prefix."""
        if operand == {}:
            raise InvalidOperator("Anything-But expression name not found")
        name, inner = next(iter(operand.items())) if isinstance(operand, dict) else ("", operand)
        if name and name not in self.texts:
            raise InvalidOperator(f"Unsupported anything-but pattern: {name}")
        if not isinstance(inner, list | str) and not self.is_number(inner):
            raise InvalidOperator("Value of anything-but must be an array or single string/number value.")
        if not name:
            return super().anything_but(inner)
        tests = [self._affix(name, value) for value in (inner if isinstance(inner, list) else [inner])]
        if len(operand) > 1:
            raise InvalidOperator(_TOO_MANY)
        return operators.none_of(tests)

    def _affix(self, name: str, operand: Any) -> Test:
        """One text inside anything-but."""
        if name == "equals-ignore-case" and not isinstance(operand, str):
            raise InvalidOperator(
                "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
            )
        is_affix = name in ("prefix", "suffix")
        text = operators.require_text("prefix/suffix" if is_affix else name, operand)
        if is_affix and not text:
            raise InvalidOperator("Null prefix/suffix not allowed")
        return self.of_text(name, text)

    def check_mask(self, version: int, bits: int) -> None:
        most = 32 if version == 4 else 128
        if bits >= most:
            raise InvalidOperator(f"IPv{version} mask bits must be < {most}")


_TOO_MANY = "Too many elements in numeric expression"
_OPERATORS = _Operators()


def _wildcard_parts(wildcard: str) -> list[str]:
    """The texts between the asterisks."""
    parts = [""]
    characters = enumerate(wildcard, 1)  # AWS counts the quotation mark
    before = ""
    for position, character in characters:
        if character == "*":
            if before == "*":
                raise InvalidOperator(f"Consecutive wildcard characters at pos {position - 1}")
            parts.append("")
        elif character == "\\":
            _, escaped = next(characters, (0, ""))
            if escaped not in ("*", "\\"):
                raise InvalidOperator(f"Invalid escape character at pos {position}")
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
        place = text.find(part, start, end)
        if place < 0:
            return False
        start = place + len(part)
    return True
