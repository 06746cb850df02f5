"""Filter policies of SNS subscriptions: what they match, and which of them AWS accepts. No moto, no I/O.

Operators, limits and examples: Amazon SNS Developer Guide, "Amazon SNS subscription filter policies". A policy is an
object of JSON; each of its names must match (AND), by any of the values in its list (OR). Values of an array in a
message are looked at one by one: one that matches is enough, for `anything-but` too.
"""

from __future__ import annotations

import ipaddress
import json
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

ATTRIBUTES, BODY = "MessageAttributes", "MessageBody"
MOST_KEYS = 5
MOST_COMBINATIONS = 150
_ACCURACY = 1_000_000  # "five digits of accuracy after the decimal point"; a sixth is told apart in practice
_RESERVED = frozenset(
    {"anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard"}
)


class FilterRefused(ValueError):
    """A filter policy that AWS refuses; the text is AWS's, without the position in the JSON."""


class _Opaque:
    """A binary value: it exists, and nothing else can be said of it."""


def matches(policy: dict[str, Any], scope: str, attributes: dict[str, Any], message: str) -> bool:
    """Whether a subscription with a filter policy gets a message.

    Args:
        policy: from its JSON.
        scope: "MessageAttributes" or "MessageBody".
        attributes: by name: {"Type": "String", "Value": "lamp"}; a binary value is in base64.
        message: the body.
    """
    if scope == ATTRIBUTES:
        return _passes(policy, [{name: _value(given) for name, given in attributes.items()}])
    try:
        body = json.loads(message)
    except (ValueError, RecursionError):
        return False  # "assumes that the message payload is a well-formed JSON object"
    return isinstance(body, dict) and _passes(policy, [body])


def _value(given: dict[str, Any]) -> Any:
    kind, text = str(given["Type"]), given["Value"]
    if kind.startswith("Binary"):
        return _Opaque()
    try:
        if kind.startswith("Number"):
            return float(text)
        if kind == "String.Array":
            return json.loads(text)
    except ValueError:
        return _Opaque()
    return text


def _passes(policy: dict[str, Any], objects: list[Any]) -> bool:
    """Whether each name of a policy matches. `objects`: what is at this place of the message; an array has several."""
    return all(
        any(_passes(each, objects) for each in rules)
        if _is_or(name, rules)
        else _passes(rules, list(_children(objects, name)))
        if isinstance(rules, dict)
        else _matches_any(rules, list(_children(objects, name)))
        for name, rules in policy.items()
    )


def _is_or(name: str, rules: Any) -> bool:
    """Whether "$or" is the operator: two objects or more, no reserved name in them. Else it is a name as any other."""
    return (
        name == "$or"
        and isinstance(rules, list)
        and len(rules) > 1
        and all(isinstance(each, dict) and not _RESERVED & each.keys() for each in rules)
    )


def _children(objects: list[Any], name: str) -> Iterator[Any]:
    for each in objects:
        if isinstance(each, dict) and name in each:
            yield from _flat(each[name])


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _flat(each)
    else:
        yield value


def _matches_any(rules: list[Any], values: list[Any]) -> bool:
    leaves = [value for value in values if not isinstance(value, dict)]
    for rule in rules:
        if isinstance(rule, dict) and "exists" in rule:
            if rule["exists"] == bool(leaves):
                return True
        elif any(_matches(rule, value) for value in leaves):
            return True
    return False


def _matches(rule: Any, value: Any) -> bool:
    if not isinstance(rule, dict):
        return _equal(rule, value)
    name: str
    name, operand = next(iter(rule.items()))
    if name == "anything-but":
        if isinstance(operand, dict):
            return isinstance(value, str) and not value.startswith(operand["prefix"])
        unwanted = operand if isinstance(operand, list) else [operand]
        return not isinstance(value, _Opaque) and not any(_equal(each, value) for each in unwanted)
    if name == "numeric":
        return _is_number(value) and _in_range(operand, value)
    if not isinstance(value, str):
        return False
    if name == "cidr":
        return _in_network(value, operand)
    if name == "equals-ignore-case":
        return value.casefold() == str(operand).casefold()
    return value.startswith(operand) if name == "prefix" else value.endswith(operand)


def _in_network(address: str, network: str) -> bool:
    try:
        return bool(ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False))
    except ValueError:
        return False


def _equal(rule: Any, value: Any) -> bool:
    if _is_number(rule) and _is_number(value):
        return round(float(rule) * _ACCURACY) == round(float(value) * _ACCURACY)
    return type(rule) is type(value) and bool(rule == value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": _equal,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _in_range(terms: list[Any], value: float) -> bool:
    return all(_COMPARE[sign](value, limit) for sign, limit in zip(terms[::2], terms[1::2], strict=True))


# ---- what AWS accepts


def parse(text: str, scope: str) -> dict[str, Any]:
    """A filter policy from its JSON.

    Args:
        text: as given to Subscribe or SetSubscriptionAttributes.
        scope: "MessageAttributes" or "MessageBody".

    Raises:
        FilterRefused: AWS would not take it. Its text begins with "FilterPolicy: " or "Filter policy scope".
    """
    try:
        policy = json.loads(text)
    except ValueError as error:
        raise FilterRefused(f"FilterPolicy: failed to parse JSON. {error}") from error
    if not isinstance(policy, dict):
        raise FilterRefused("FilterPolicy: failed to parse JSON. The policy must be an object.")
    if len(policy) > MOST_KEYS:
        raise FilterRefused(f"FilterPolicy: Filter policy can not have more than {MOST_KEYS} keys")
    if _combinations(policy, scope, depth=1) > MOST_COMBINATIONS:
        raise FilterRefused("FilterPolicy: Filter policy is too complex")
    return policy


def _combinations(policy: dict[str, Any], scope: str, depth: int) -> int:
    """How many combinations of values a policy has, its rules being checked on the way.

    The guide multiplies the values of each list, in a nested policy by their depth as well. Branches of "$or" add up.
    """
    count = 1
    for name, rules in policy.items():
        if _is_or(name, rules):
            count *= sum(_combinations(each, scope, depth) for each in rules)
        elif isinstance(rules, dict):
            count *= _combinations(rules, scope, depth + 1)
        elif isinstance(rules, list):
            if not rules:
                raise FilterRefused("FilterPolicy: Empty arrays are not allowed")
            for rule in rules:
                _check(rule)
            count *= len(rules) * depth
        else:
            raise FilterRefused(f'FilterPolicy: "{name}" must be an object or an array')
    if depth > 1 and scope == ATTRIBUTES:
        raise FilterRefused("Filter policy scope MessageAttributes does not support nested filter policy")
    return count


def _check(rule: Any) -> None:
    if isinstance(rule, list):
        raise FilterRefused("FilterPolicy: Match value must be String, number, true, false, or null")
    if _is_number(rule):
        _check_size(rule)
    if not isinstance(rule, dict):
        return
    if len(rule) != 1:
        raise FilterRefused("FilterPolicy: Only one key allowed in match expression")
    name, operand = next(iter(rule.items()))
    if name == "anything-but":
        _check_anything_but(operand)
    elif name == "numeric":
        _check_range(operand)
    elif name == "exists":
        if not isinstance(operand, bool):
            raise FilterRefused("FilterPolicy: exists match pattern must be either true or false.")
    elif name == "cidr":
        _check_cidr(operand)
    elif name in ("prefix", "suffix", "equals-ignore-case"):
        _check_text(name, operand)
    else:
        raise FilterRefused(f"FilterPolicy: Unrecognized match type {name}")


def _check_text(name: str, operand: Any) -> None:
    if not isinstance(operand, str):
        raise FilterRefused(f"FilterPolicy: {name} match pattern must be a string")


def _check_size(number: float) -> None:
    if abs(number) > 1_000_000_000:  # the range that the guide gives
        raise FilterRefused(f"FilterPolicy: Match value must be between -1000000000 and 1000000000, not {number}")


def _check_anything_but(operand: Any) -> None:
    if isinstance(operand, dict):
        for name, text in operand.items():
            if name != "prefix":
                raise FilterRefused(f"FilterPolicy: Unsupported anything-but pattern: {name}")
            _check_text("prefix", text)
    elif isinstance(operand, list):
        if not all(isinstance(each, str) or _is_number(each) for each in operand):
            raise FilterRefused("FilterPolicy: Inside anything but list, start|null|boolean is not supported.")
        if len({isinstance(each, str) for each in operand}) != 1:
            raise FilterRefused(
                "FilterPolicy: Inside anything but list, either all values are number or string, mixed type is not "
                "supported"
            )
    elif not isinstance(operand, str) and not _is_number(operand):
        raise FilterRefused("FilterPolicy: Value of anything-but must be an array or single string/number value.")


def _check_cidr(operand: Any) -> None:
    _check_text("prefix", operand)  # the words that AWS uses here
    address, slash, bits = operand.partition("/")
    if not slash or "/" in bits:
        raise FilterRefused("FilterPolicy: Malformed CIDR, one '/' required")
    if not bits.isdigit():
        raise FilterRefused("FilterPolicy: Malformed CIDR, mask bits must be an integer")
    try:
        ipaddress.ip_address(address)
    except ValueError as error:
        raise FilterRefused(f"FilterPolicy: Nonstandard IP address: {address}") from error
    try:
        ipaddress.ip_network(operand, strict=False)
    except ValueError as error:
        raise FilterRefused(f"FilterPolicy: Malformed CIDR, {error}") from error


def _check_range(terms: Any) -> None:
    if not isinstance(terms, list) or not terms:
        raise FilterRefused("FilterPolicy: Invalid member in numeric match: ]")
    first, *rest = terms
    if not isinstance(first, str):
        raise FilterRefused(f"FilterPolicy: Invalid member in numeric match: {first}")
    if first not in ("<", "<=", "=", ">", ">="):
        raise FilterRefused(f"FilterPolicy: Unrecognized numeric range operator: {first}")
    low = _limit("equals" if first == "=" else first, rest[:1])
    if len(rest) < 2:
        return
    second, *rest = rest[1:]
    if first not in (">", ">="):
        raise FilterRefused("FilterPolicy: Too many elements in numeric expression")
    if not isinstance(second, str):
        raise FilterRefused(f"FilterPolicy: Bad value in numeric range: {second}")
    if second not in ("<", "<="):
        raise FilterRefused(f"FilterPolicy: Bad numeric range operator: {second}")
    high = _limit(second, rest[:1])
    if high <= low:
        raise FilterRefused("FilterPolicy: Bottom must be less than top")
    if len(rest) > 1:
        raise FilterRefused("FilterPolicy: Too many terms in numeric range expression")


def _limit(sign: str, given: list[Any]) -> float:
    if not given or not _is_number(given[0]):
        raise FilterRefused(f"FilterPolicy: Value of {sign} must be numeric")
    _check_size(given[0])
    return float(given[0])
