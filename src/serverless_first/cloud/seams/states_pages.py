"""Lists in pages, as Step Functions answers them. Nothing of moto is replaced."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.exceptions import AWSError

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
