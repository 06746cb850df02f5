"""Values of attributes: checked and brought into the one form in which DynamoDB stores and returns them.

A value is a dictionary with one entry, its type and its content, as in a request: {"N": "10"}. Stored values are never
changed, so items may share them.

Rules: DynamoDB Developer Guide, "Supported data types and naming rules" and "Quotas".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from typing import Any

from serverless_cloud.dynamodb.errors import DynamoDbError, malformed, parameter

Value = dict[str, Any]
Attributes = dict[str, Value]

#: Types by name, with the names that some messages give them.
TYPES = {
    "S": "STRING", "SS": "STRING_SET", "N": "NUMBER", "NS": "NUMBER_SET", "B": "BINARY", "BS": "BINARY_SET",
    "BOOL": "BOOLEAN", "NULL": "NULL", "L": "LIST", "M": "MAP",
}  # fmt: skip
SETS = ("SS", "NS", "BS")
ORDERED = ("S", "N", "B")
DIGITS, NESTED = 38, 32
_HIGHEST, _LOWEST = 125, -130  # powers of ten
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?", re.ASCII)
_EXACT = Context(prec=DIGITS * 20)


def kind_of(value: Mapping[str, Any]) -> str:
    """The type of a value: "S"."""
    return next(iter(value))


def content_of(value: Mapping[str, Any]) -> Any:
    """The content of a value, without its type."""
    return next(iter(value.values()))


def canonical_number(text: str) -> str:
    """A number as DynamoDB returns it: plain digits without an exponent, zeros before or behind, or a plus sign.

    Raises:
        DynamoDbError: it isn't a number, has too many digits, or is too large or too small.
    """
    if text.isascii() and text.isdigit() and len(text) <= DIGITS and (text[0] != "0" or len(text) == 1):
        return text
    if not text:
        raise DynamoDbError("The parameter cannot be converted to a numeric value")
    if _NUMBER.fullmatch(text) is None:
        raise DynamoDbError(f"The parameter cannot be converted to a numeric value: {text}")
    return number_text(Decimal(text))


def number_text(number: Decimal) -> str:
    """The form of `canonical_number`; raises as it does."""
    if not number:
        return "0"
    _, digits, _ = number.as_tuple()
    if not _LOWEST <= number.adjusted() <= _HIGHEST:
        way, size = ("over", "larger") if number.adjusted() > 0 else ("under", "smaller")
        raise DynamoDbError(
            f"Number {way}flow. Attempting to store a number with magnitude {size} than supported range"
        )
    if len("".join(map(str, digits)).strip("0")) > DIGITS:
        raise DynamoDbError("Attempting to store more than 38 significant digits in a Number")
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def add(left: str, right: str, sign: int = 1) -> str:
    """The sum of two stored numbers, or with the sign -1 their difference. Raises: as `canonical_number`."""
    return number_text(_EXACT.add(Decimal(left), Decimal(right) * sign))


def _binary(content: Any, _: int) -> str:
    try:
        return base64.b64encode(base64.b64decode(content, validate=True)).decode()
    except (binascii.Error, TypeError, ValueError):
        raise DynamoDbError(
            "Base64 encoded length is expected a multiple of 4 bytes", "SerializationException"
        ) from None


def _null(content: Any, _: int) -> bool:
    if content is not True:
        raise parameter("Null attribute value types must have the value of true", of_request=True)
    return True


def _list(content: Any, depth: int) -> list[Value]:
    return [canonical(element, depth) for element in content]


def _map(content: Any, depth: int) -> Attributes:
    return {name: canonical(element, depth) for name, element in content.items()}


def _set_of(kind: str, empty: str, duplicates: str) -> Callable[[Any, int], list[str]]:
    member = _CONTENTS[kind]

    def check(content: Any, depth: int) -> list[str]:
        if not content:
            raise parameter(empty, of_request=True)
        for element in content:
            check_type(element, str)
        members = [member(element, depth) for element in content]
        if len(set(members)) < len(members):
            raise InSet(duplicates.format(", ".join(content)))
        return members

    return check


class InSet(DynamoDbError):
    """The error of a value whose content is wrong, not its form. Expressions add which value it is."""

    def __init__(self, message: str) -> None:
        super().__init__(message, of_request=True)


_INVALID = "One or more parameter values were invalid: "
_CONTENTS: dict[str, Callable[[Any, int], Any]] = {
    "S": lambda content, _: content,
    "N": lambda content, _: canonical_number(content),
    "B": _binary,
    "BOOL": lambda content, _: content,
    "NULL": _null,
    "L": _list,
    "M": _map,
}
_CONTENTS |= {
    "SS": _set_of("S", "An string set  may not be empty", _INVALID + "Input collection [{}] contains duplicates."),
    "NS": _set_of("N", "An number set  may not be empty", "Input collection contains duplicates"),
    "BS": _set_of(
        "B", "Binary sets should not be empty", _INVALID + "Input collection [{}]of type BS contains duplicates."
    ),
}


#: The JSON of each type.
_JSON: dict[str, type] = {
    **dict.fromkeys(ORDERED, str), **dict.fromkeys((*SETS, "L"), list), "M": dict, "BOOL": bool, "NULL": bool
}  # fmt: skip
_JAVA = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE", bool: "TRUE_VALUE"}
_JAVA_TYPES = {str: "String", bool: "Boolean", int: "Integer", list: "List", dict: "Map"}


def check_type(value: Any, expected: type) -> None:
    """Raises unless the JSON has a value of this type at a place."""
    if type(value) is expected:
        return
    if isinstance(value, dict):
        message = "Start of structure or map found where not expected"
    elif isinstance(value, list):
        message = "Start of list found where not expected"
    else:
        message = f"{_JAVA.get(type(value), 'NULL_VALUE')} cannot be converted to {_JAVA_TYPES[expected]}"
    raise DynamoDbError(message, "SerializationException")


def canonical(value: Any, depth: int = 0) -> Value:
    """A value as DynamoDB stores it.

    Raises:
        DynamoDbError: it isn't a value, or breaks a rule of its type.
    """
    check_type(value, dict)
    if len(value) != 1:
        value = {kind: content for kind, content in value.items() if content is not None}
        if len(value) > 1:
            raise DynamoDbError(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
                "datatypes"
            )
    kind, content = next(iter(value.items()), ("", None))
    check = _CONTENTS.get(kind)
    if check is None or content is None:
        raise DynamoDbError("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
    if kind == "S" and type(content) is str:
        return {kind: content}
    check_type(content, _JSON[kind])
    if depth >= NESTED and kind in ("L", "M"):
        raise malformed(
            "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported "
            "limit"
        )
    return {kind: check(content, depth + 1)}


def canonical_attributes(attributes: Mapping[str, Any]) -> Attributes:
    """An item or a key as DynamoDB stores it. Raises: as `canonical`."""
    return {name: canonical(value) for name, value in attributes.items()}


def decoded(content: str) -> bytes:
    """The bytes of a binary value."""
    return base64.b64decode(content)


def order(value: Mapping[str, Any]) -> Any:
    """The key by which values of one type are sorted and compared: text by its UTF-8, numbers, bytes."""
    kind, content = next(iter(value.items()))
    return content if kind == "S" else Decimal(content) if kind == "N" else decoded(content)


def same(left: Value | None, right: Value | None) -> bool:
    """Whether two values are equal; the order of a set doesn't count."""
    if left is None or right is None or left.keys() != right.keys():
        return False
    kind, one = next(iter(left.items()))
    other = right[kind]
    if kind in SETS:
        return set(one) == set(other)
    if kind == "L":
        return len(one) == len(other) and all(map(same, one, other))
    if kind == "M":
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    return bool(one == other)


def text_of(value: Value) -> str:
    """A value as messages show it: "{S:lamp}"."""
    kind, content = next(iter(value.items()))
    if kind == "M":
        content = f"{{{', '.join(f'{name}={text_of(element)}' for name, element in content.items())}}}"
    elif kind in SETS or kind == "L":
        content = f"[{', '.join(element if isinstance(element, str) else text_of(element) for element in content)}]"
    return f"{{{kind}:{content}}}"
