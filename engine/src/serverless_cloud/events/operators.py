"""Comparison operators of event patterns (EventBridge, Pipes, event source mappings) and of SNS's filter policies.

Both services read the same rules, such as {"prefix": "lamp"}, and refuse wrong rules in the same words, the words of
Event Ruler, a library that AWS publishes. `Operators` has what they share. Each service's subclass has its own
operators, limits and words. Rules: Amazon EventBridge User Guide, "Comparison operators for use in event patterns";
Amazon SNS Developer Guide, "Amazon SNS subscription filter policies". No moto, no I/O.
"""

from __future__ import annotations

import ipaddress
import json
import operator
from collections.abc import Callable
from typing import Any, cast

#: Whether a value of an event or a message is what a rule asks for.
Test = Callable[[Any], bool]

#: The names of both services.
NAMES = ("anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard")
COMPARISONS = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class InvalidOperator(ValueError):
    """A rule that AWS refuses. The text is AWS's reason."""


def require_text(name: str, operand: Any) -> str:
    """The operand, which must be a text. `name` is the operator's name in the error."""
    if not isinstance(operand, str):
        raise InvalidOperator(f"{name} match pattern must be a string")
    return operand


def on_text(test: Callable[[str], bool]) -> Test:
    """A test that holds for texts only."""
    return lambda value: isinstance(value, str) and test(value)


class Operators:
    """Makes tests of rules; a rule is one element of a list in a pattern or policy."""

    texts: tuple[str, ...] = ("prefix", "suffix", "equals-ignore-case")
    #: The words for an object without a name, the words for a range whose second sign is not a text, and how an error
    #: shows a member of a range.
    nameless = "Match expression name not found"
    bad_sign = "Bad numeric range operator"
    text_of: Callable[[Any], str] = staticmethod(json.dumps)

    def test(self, rule: Any) -> Test:
        """The test of a value to equal, or of an object with one operator.

        Raises:
            InvalidOperator: AWS would not take the rule.
        """
        if isinstance(rule, list):
            raise InvalidOperator("Match value must be String, number, true, false, or null")
        if isinstance(rule, dict):
            return self.operator(*self.single(rule))
        if self.is_number(rule):
            self.check_number(rule)
        return self.exactly(rule)

    def single(self, rule: dict[str, Any]) -> tuple[str, Any]:
        """The only name of an object, and its operand."""
        if len(rule) != 1:
            raise InvalidOperator("Only one key allowed in match expression" if rule else self.nameless)
        return next(iter(rule.items()))

    def operator(self, name: str, operand: Any) -> Test:
        """The test of one operator."""
        if name in self.texts:
            return self.of_text(name, operand)
        makers = {"anything-but": self.anything_but, "numeric": self.numeric, "cidr": self.cidr}
        if name in makers:
            return makers[name](operand)
        if name != "exists":
            raise InvalidOperator(f"Unrecognized match type {name}")
        if not isinstance(operand, bool):
            raise InvalidOperator("exists match pattern must be either true or false.")
        return lambda _: operand

    def is_number(self, value: Any) -> bool:
        """Whether a value counts as a number; true and false don't."""
        return isinstance(value, (int, float)) and not isinstance(value, bool)

    def equal(self, number: float, other: float) -> bool:
        """Whether two numbers are the same."""
        return number == other

    def exactly(self, operand: Any) -> Test:
        """A value of the same type that is equal; 3 and 3.0 are."""

        def test(value: Any) -> bool:
            if self.is_number(operand) and self.is_number(value):
                return self.equal(operand, value)
            return type(value) is type(operand) and bool(value == operand)

        return test

    def of_text(self, name: str, operand: Any) -> Test:
        """prefix, suffix and equals-ignore-case."""
        text = require_text(name, operand)
        if name == "prefix":
            return on_text(lambda value: value.startswith(text))
        if name == "suffix":
            return on_text(lambda value: value.endswith(text))
        folded = text.casefold()
        return on_text(lambda value: value.casefold() == folded)

    def anything_but(self, operand: Any) -> Test:
        """Texts or numbers, in a list or single. A field that is not there is not anything."""
        values = operand if isinstance(operand, list) else [operand]
        numbers = [self.is_number(value) for value in values]
        if not all(number or isinstance(value, str) for number, value in zip(numbers, values, strict=True)):
            raise InvalidOperator("Inside anything but list, start|null|boolean is not supported.")
        if not values or any(numbers) != all(numbers):
            raise InvalidOperator(
                "Inside anything but list, either all values are number or string, mixed type is not supported"
            )
        return none_of([self.exactly(value) for value in values])

    def numeric(self, operand: Any) -> Test:
        """One comparison, ["<", 5], or a range, [">", 0, "<=", 5]."""
        if not isinstance(operand, list):
            raise InvalidOperator("Value of numeric must be an array.")
        if not operand or not isinstance(operand[0], str):
            raise InvalidOperator(f"Invalid member in numeric match: {self.text_of(operand[0]) if operand else ']'}")
        sign, *rest = operand
        if sign not in COMPARISONS:
            raise InvalidOperator(f"Unrecognized numeric range operator: {sign}")
        limits = [(sign, self.limit("equals" if sign == "=" else sign, rest[:1]))]
        if len(rest) > 1:
            if sign not in (">", ">="):
                raise InvalidOperator("Too many elements in numeric expression")
            if rest[1] not in ("<", "<="):
                words = Operators.bad_sign if isinstance(rest[1], str) else self.bad_sign
                raise InvalidOperator(f"{words}: {rest[1]}")
            limits.append((rest[1], self.limit(rest[1], rest[2:3])))
            if len(rest) > 3:
                raise InvalidOperator("Too many terms in numeric range expression")
            if limits[1][1] <= limits[0][1]:
                raise InvalidOperator("Bottom must be less than top")
        compare = COMPARISONS | {"=": self.equal}
        return lambda value: self.is_number(value) and all(compare[sign](value, limit) for sign, limit in limits)

    def limit(self, sign: str, members: list[Any]) -> float:
        """The number after a sign. `members` has only this number, or is empty."""
        if not members or not self.is_number(members[0]):
            raise InvalidOperator(f"Value of {sign} must be numeric")
        self.check_number(members[0])
        return cast(float, members[0])

    def cidr(self, operand: Any) -> Test:
        """Addresses of one network."""
        address, slash, bits = require_text("prefix", operand).partition("/")  # AWS's words, as they are
        if not slash or "/" in bits:
            raise InvalidOperator("Malformed CIDR, one '/' required")
        if not bits.isascii() or not bits.isdigit():
            raise InvalidOperator("Malformed CIDR, mask bits must be an integer")
        try:
            version = ipaddress.ip_address(address).version
        except ValueError as error:
            raise InvalidOperator(f"Nonstandard IP address: {address}") from error
        self.check_mask(version, int(bits))
        try:
            network = ipaddress.ip_network(operand, strict=False)
        except ValueError as error:
            raise InvalidOperator(f"Malformed CIDR, {error}") from error
        return on_text(lambda value: _is_address_in(network, value))

    def check_mask(self, version: int, bits: int) -> None:
        """Raises for a mask that is one and that the service does not take."""

    def check_number(self, number: float) -> None:
        """Raises for a number that the service does not take."""


def none_of(tests: list[Test]) -> Test:
    """The test that none of others holds."""
    return lambda value: not any(test(value) for test in tests)


def _is_address_in(network: ipaddress.IPv4Network | ipaddress.IPv6Network, value: str) -> bool:
    try:
        return ipaddress.ip_address(value) in network
    except ValueError:
        return False
