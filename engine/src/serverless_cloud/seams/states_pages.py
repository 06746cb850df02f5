"""Answers of Step Functions, and lists in pages. Nothing of moto is replaced.

moto's serialiser looks up each member of botocore's model in each event, 70 for one: ten times what the rest takes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult

MOST = 1000
USUAL = 100


def page(items: Sequence[Any], given: Mapping[str, Any]) -> tuple[list[Any], str | None]:
    """The items of one page, and the token of the next one or None.

    Args:
        items: all of them, in order.
        given: the request: maxResults (0 or none: 100; API reference), nextToken.

    Raises:
        AWSError: InvalidToken.
    """
    first = 0
    if token := given.get("nextToken"):
        try:
            first = int(base64.b64decode(token, validate=True).decode().removeprefix("from-"))
        except ValueError:
            raise AWSError("Invalid Token: 'Invalid token'", "InvalidToken") from None
    size = given.get("maxResults") or USUAL
    following = first + size
    token = base64.b64encode(f"from-{following}".encode()).decode() if following < len(items) else None
    return list(items[first:following]), token


def answer(responder: Any, result: Mapping[str, Any]) -> Any:
    """What a method of moto's StepFunctionResponse returns.

    Args:
        responder: the StepFunctionResponse.
        result: the answer by boto3's names; what is None is left out, at the top.
    """
    told = {name: value for name, value in result.items() if value is not None}
    if "json" not in responder.headers.get("Content-Type", ""):
        return ActionResult(told)
    return json.dumps(told, default=_plain, ensure_ascii=False), {"Content-Type": "application/x-amz-json-1.0"}


def _plain(value: Any) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"{value!r} has no form in JSON")
