"""How large DynamoDB says that attributes are: SizeBytes of a stream record.

Rules: DynamoDB Developer Guide, "DynamoDB item sizes and formats". They were checked against published stream records.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from typing import Any

CONTAINER_BYTES, ELEMENT_BYTES = 3, 1


def size_of(attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """The size of an item, or of its keys, in bytes.

    Args:
        attributes: in DynamoDB's JSON, {"price": {"N": "1280"}}; binary values as bytes or in base64.
    """
    return sum(len(name.encode()) + _value(value) for name, value in attributes.items())


def _value(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(str(content).encode())
    if kind == "N":
        return _number(str(content))
    if kind == "B":
        return len(content if isinstance(content, bytes) else base64.b64decode(content))
    if kind in ("SS", "NS", "BS"):
        return sum(_value({kind[0]: element}) for element in content)
    if kind == "L":
        return CONTAINER_BYTES + sum(ELEMENT_BYTES + _value(element) for element in content)
    if kind == "M":
        return CONTAINER_BYTES + len(content) * ELEMENT_BYTES + size_of(content)
    return 1  # BOOL, NULL


def _number(text: str) -> int:
    """One byte, and one for each pair of digits, counted from the decimal point; one more for a minus sign."""
    mantissa, _, exponent = text.lower().lstrip("+-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(digits) - len(fraction) + int(exponent or 0)  # how many digits stand before the decimal point
    digits = digits.rstrip("0")
    if not digits:
        return 1
    pairs = math.ceil(point / 2) - math.floor((point - len(digits)) / 2)
    return 1 + pairs + text.startswith("-")
