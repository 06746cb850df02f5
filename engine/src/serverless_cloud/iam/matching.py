"""Wildcards of policies, and the operators of their conditions.

Rules: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multi-value context keys".
"""

from __future__ import annotations

import functools
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

#: The facts about a request: condition keys in lower case, each with its values.
Context = Mapping[str, Sequence[str]]


class UnknownContextKey(ValueError):
    """A policy asks for something that the local cloud does not know; nothing is decided by guessing."""


@functools.lru_cache(8192)
def _wildcards(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def like(pattern: str, text: str) -> bool:
    """Whether `text` matches; * stands for any characters, ? for one."""
    return _wildcards(pattern).fullmatch(text) is not None


@functools.lru_cache(8192)
def arn_like(pattern: str, arn: str) -> bool:
    """Whether an ARN matches, each of its six parts by itself. A text with fewer parts isn't an ARN."""
    pattern_parts, parts = pattern.split(":", 5), arn.split(":", 5)
    return len(pattern_parts) == len(parts) == 6 and all(map(like, pattern_parts, parts))


def with_variables(pattern: str, context: Context) -> str | None:
    """A pattern with its policy variables, ${aws:username} for instance, filled in; None: one has no value.

    Raises:
        UnknownContextKey: a variable that the local cloud does not know.
    """
    if "${" not in pattern:
        return pattern
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        key, _, default = match.group(1).partition(",")
        if key in ("*", "?", "$"):
            return {"*": "[*]", "?": "[?]", "$": "$"}[key]
        values = values_of(key.strip(), context)
        if not values and not default:
            missing = True
        return values[0] if values else default.strip(" '")

    filled = re.sub(r"\$\{([^}]*)\}", value, pattern)
    return None if missing else filled


#: Keys that a request may lack. The local cloud doesn't support other keys, which no request here ever has.
_KNOWN = frozenset(
    f"{prefix}:{name}"
    for prefix, names in (
        ("aws", "sourcearn sourceaccount sourceowner sourceorgid sourceip sourcevpc sourcevpce vpcsourceip"),
        ("aws", "requestedregion securetransport currenttime epochtime useragent viaawsservice calledvia"),
        ("aws", "principalarn principalaccount principaltype principalorgid principalisawsservice"),
        ("aws", "principalservicename userid username resourceaccount tokenissuetime multifactorauthpresent"),
        ("lambda", "functionarn sourcefunctionarn functionurlauthtype invokedviafunctionurl eventsourcetoken"),
        ("s3", "prefix delimiter max-keys x-amz-acl x-amz-server-side-encryption x-amz-storage-class"),
        ("sns", "protocol endpoint"),
        ("iam", "passedtoservice"),
        ("sts", "externalid rolesessionname"),
    )
    for name in names.split()
)


def values_of(key: str, context: Context) -> Sequence[str]:
    """The values of a condition key in a request; empty if the request doesn't have it.

    Raises:
        UnknownContextKey: no request of the local cloud has this key.
    """
    name = key.lower()
    if name in context:
        return context[name]
    if name not in _KNOWN:
        raise UnknownContextKey(
            f"The local cloud doesn't support the condition key {key} in a policy (docs/fidelity.md)."
        )
    return ()


def _time(text: str) -> datetime:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), UTC)
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_network(network: str, address: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)


#: By operator: whether a value of the policy (first) holds for a value of the request (second).
_HOLDS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": operator.eq,
    "StringEqualsIgnoreCase": lambda operand, value: operand.lower() == value.lower(),
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": lambda operand, value: operand.lower() == value.lower(),
    "BinaryEquals": operator.eq,
    "IpAddress": _in_network,
    "NumericEquals": lambda operand, value: float(value) == float(operand),
    "NumericLessThan": lambda operand, value: float(value) < float(operand),
    "NumericLessThanEquals": lambda operand, value: float(value) <= float(operand),
    "NumericGreaterThan": lambda operand, value: float(value) > float(operand),
    "NumericGreaterThanEquals": lambda operand, value: float(value) >= float(operand),
    "DateEquals": lambda operand, value: _time(value) == _time(operand),
    "DateLessThan": lambda operand, value: _time(value) < _time(operand),
    "DateLessThanEquals": lambda operand, value: _time(value) <= _time(operand),
    "DateGreaterThan": lambda operand, value: _time(value) > _time(operand),
    "DateGreaterThanEquals": lambda operand, value: _time(value) >= _time(operand),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def check_operator(name: str) -> None:
    """Raises ValueError unless there is a condition operator with this name from a policy."""
    bare = name.partition(":")[2] if ":" in name else name
    bare = bare.removesuffix("IfExists")
    if bare != "Null" and bare not in _HOLDS and bare not in _NEGATED:
        raise ValueError(f"{name} is not a condition operator.")


def holds(name: str, key: str, operands: Sequence[str], context: Context) -> bool:
    """Whether one condition holds for a request.

    Args:
        name: the operator, "StringLike", "ForAnyValue:ArnEqualsIfExists".
        operands: the values in the policy; one of them must hold.

    Raises:
        UnknownContextKey: the local cloud does not know the key.
    """
    quantifier, _, bare = name.rpartition(":")
    values = values_of(key, context)
    if bare == "Null":
        return (not values) == (operands[0].lower() == "true")
    if_exists = bare.endswith("IfExists")
    bare = bare.removesuffix("IfExists")
    negated = bare in _NEGATED
    test = _HOLDS[_NEGATED.get(bare, bare)]
    filled = [text for text in (with_variables(operand, context) for operand in operands) if text is not None]

    def fits(value: str) -> bool:
        return any(test(text, value) for text in filled) != negated

    if quantifier == "ForAllValues":
        return all(fits(value) for value in values)
    if not values:
        return if_exists or (negated and not quantifier)
    return any(fits(value) for value in values)
