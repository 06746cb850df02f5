"""Filter policies of SNS subscriptions: AWS's checks of them, and their matches. No moto, no I/O.

Operators, limits and examples: Amazon SNS Developer Guide, "Amazon SNS subscription filter policies". A policy is an
object of JSON; each of its names must match (AND), by any of the values in its list (OR). Values of an array in a
message are looked at one by one: one that matches is enough, for `anything-but` too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from serverless_cloud.core.jackson import words_of
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.events.operators import NAMES, InvalidOperator, Operators, Test, on_text, require_text

ATTRIBUTES, BODY = "MessageAttributes", "MessageBody"
MOST_KEYS = 5
MOST_COMBINATIONS = 150
_ACCURACY = 1_000_000  # "five digits of accuracy after the decimal point"; a sixth is told apart in practice

#: A binary value: it exists, and nothing else can be said of it.
_OPAQUE = object()


class FilterPolicyError(ValueError):
    """A filter policy that AWS refuses; the text is AWS's, without the position in the JSON."""


def matches(policy: JsonObject, scope: str, attributes: JsonObject, message: str) -> bool:
    """Whether a subscription with a filter policy gets a message.

    Args:
        scope: "MessageAttributes" or "MessageBody".
        attributes: by name: {"Type": "String", "Value": "lamp"}; a binary value is in base64.
    """
    if scope == ATTRIBUTES:  # "An empty set of attributes results in the filter not matching", even if none is wanted
        values = {name: _value(attribute) for name, attribute in attributes.items()}
        return bool(values or not policy) and _passes(policy, [values])
    try:
        body = json.loads(message)
    except (ValueError, RecursionError):
        return False  # "assumes that the message payload is a well-formed JSON object"
    return isinstance(body, dict) and _passes(policy, [body])


def _value(attribute: JsonObject) -> Any:
    kind, text = str(attribute["Type"]), attribute["Value"]
    if kind.startswith("Binary"):
        return _OPAQUE
    try:
        if kind.startswith("Number"):
            return float(text)
        if kind == "String.Array":
            return json.loads(text)
    except ValueError:
        return _OPAQUE
    return text


def _passes(policy: JsonObject, objects: list[Any]) -> bool:
    """Whether each name of a policy matches. `objects`: the values at this place; an array has several."""
    return all(
        any(_passes(branch, objects) for branch in rules)
        if _is_or(name, rules)
        else _passes(rules, _values(objects, name))
        if isinstance(rules, dict)
        else _matches_any(rules, _values(objects, name))
        for name, rules in policy.items()
    )


def _is_or(name: str, rules: Any) -> bool:
    """Whether "$or" is the operator: two objects or more, no reserved name in them. Else it is a name as any other."""
    return (
        name == "$or"
        and isinstance(rules, list)
        and len(rules) > 1
        and all(isinstance(branch, dict) and not branch.keys() & set(NAMES) for branch in rules)
    )


def _values(objects: list[Any], name: str) -> list[Any]:
    """The values under a name. AWS joins nested names with dots, so "a.b" is also the b of an object a."""
    for part in name.split("."):
        objects = list(_children(objects, part))
    return objects


def _children(objects: list[Any], name: str) -> Iterator[Any]:
    for value in objects:
        if isinstance(value, dict):
            if name in value:
                yield from _flat(value[name])
            yield from ({key[len(name) + 1 :]: value[key]} for key in value if key.startswith(f"{name}."))


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _matches_any(rules: list[Any], values: list[Any]) -> bool:
    leaves = [value for value in values if not isinstance(value, dict)]
    texts_and_numbers = [value for value in leaves if value is not _OPAQUE]
    for rule in rules:
        if isinstance(rule, dict) and "exists" in rule:  # with true: "a non-null and non-empty value"
            is_there = any(value not in (None, "") for value in leaves)
            if is_there if rule["exists"] else not leaves:
                return True
        elif any(map(_OPERATORS.test(rule), texts_and_numbers)):
            return True
    return False


# ---- what AWS accepts


def parse(text: str, scope: str) -> JsonObject:
    """A filter policy from its JSON.

    Args:
        text: as given to Subscribe or SetSubscriptionAttributes.
        scope: "MessageAttributes" or "MessageBody".

    Raises:
        FilterPolicyError: AWS would not take it. Its text begins with "FilterPolicy: " or "Filter policy scope".
    """
    try:
        policy = json.loads(text)
    except json.JSONDecodeError as error:
        raise FilterPolicyError(f"FilterPolicy: failed to parse JSON. {words_of(error)}") from error
    if not isinstance(policy, dict):
        raise FilterPolicyError("FilterPolicy: Filter is not an object")
    if len(policy) > MOST_KEYS:
        raise FilterPolicyError(f"FilterPolicy: Filter policy can not have more than {MOST_KEYS} keys")
    if _combinations(policy, scope, depth=1) > MOST_COMBINATIONS:
        raise FilterPolicyError("FilterPolicy: Filter policy is too complex")
    return policy


def _combinations(policy: JsonObject, scope: str, depth: int) -> int:
    """How many combinations of values a policy has, its rules being checked on the way.

    The guide multiplies the values of each list, in a nested policy by their depth as well. Branches of "$or" add up.
    """
    count = 1
    for name, rules in policy.items():
        if _is_or(name, rules):
            count *= sum(_combinations(branch, scope, depth) for branch in rules)
        elif isinstance(rules, dict):
            if not rules:
                raise FilterPolicyError("FilterPolicy: Empty objects are not allowed")
            count *= _combinations(rules, scope, depth + 1)
        elif isinstance(rules, list):
            if not rules:
                raise FilterPolicyError("FilterPolicy: Empty arrays are not allowed")
            try:
                for rule in rules:
                    _OPERATORS.test(rule)
            except InvalidOperator as error:
                raise FilterPolicyError(f"FilterPolicy: {error}") from error
            count *= len(rules) * depth
        else:
            raise FilterPolicyError(f'FilterPolicy: "{name}" must be an object or an array')
    if depth > 1 and scope == ATTRIBUTES:
        raise FilterPolicyError("Filter policy scope MessageAttributes does not support nested filter policy")
    return count


class _Operators(Operators):
    """The operators of SNS: no wildcard, and anything-but takes values and one prefix."""

    nameless = "Only one key allowed in match expression"
    bad_sign = "Bad value in numeric range"
    text_of = str

    def is_number(self, value: Any) -> bool:
        return super().is_number(value) and math.isfinite(value)

    def equal(self, number: float, other: float) -> bool:
        return round(float(number) * _ACCURACY) == round(float(other) * _ACCURACY)

    def anything_but(self, operand: Any) -> Test:
        if isinstance(operand, dict):
            for name, prefix in operand.items():
                if name != "prefix":
                    raise InvalidOperator(f"Unsupported anything-but pattern: {name}")
                require_text(name, prefix)
            return on_text(lambda value: not value.startswith(operand["prefix"]))
        if not isinstance(operand, (list, str)) and not self.is_number(operand):
            raise InvalidOperator("Value of anything-but must be an array or single string/number value.")
        return super().anything_but(operand)

    def numeric(self, operand: Any) -> Test:
        if not isinstance(operand, list):
            raise InvalidOperator("Invalid member in numeric match: ]")
        test = super().numeric(operand[:4])
        if len(operand) > 4:
            raise InvalidOperator("Too many terms in numeric range expression")
        return test

    def check_number(self, number: float) -> None:
        if abs(number) > 1_000_000_000:  # the range that the guide gives
            raise InvalidOperator(f"Match value must be between -1000000000 and 1000000000, not {number}")


_OPERATORS = _Operators()
