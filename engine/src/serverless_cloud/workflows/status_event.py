"""The event for EventBridge when a Standard execution begins, ends or is redriven.

Rules: Step Functions Developer Guide, "Automating Step Functions event delivery with EventBridge"; the limit of 248 KiB
and which fields are null [recalled, not verified].
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

DETAIL_TYPE = "Step Functions Execution Status Change"
MOST_BYTES = 248 * 1024  # of input and output together, written as strings inside JSON

#: Fields that are there in every event, null where an execution has no such thing.
_ALWAYS = (
    "executionArn",
    "stateMachineArn",
    "stateMachineVersionArn",
    "stateMachineAliasArn",
    "name",
    "status",
    "startDate",
    "stopDate",
    "input",
    "output",
    "redriveCount",
    "redriveDate",
    "redriveStatus",
    "redriveStatusReason",
    "error",
    "cause",
)


def status_event(described: Mapping[str, Any]) -> dict[str, Any]:
    """The event of an execution as it is now.

    Args:
        described: as DescribeExecution answers, its times as datetimes.

    Returns: source, detail-type, account, region, resources and detail. Times are milliseconds since 1970; an input or
        output that makes the event too large is null, and its details say so.
    """
    detail = {name: _plain(described.get(name)) for name in _ALWAYS}
    input_bytes, result = _size(detail["input"]), _size(detail["output"])
    for name, is_too_large in (("output", result > MOST_BYTES), ("input", input_bytes + result > MOST_BYTES)):
        is_there = detail[name] is not None
        detail[f"{name}Details"] = {"included": not is_too_large} if is_there else None
        if is_too_large:
            detail[name] = None
    _, _, _, region, account_id, _ = str(detail["executionArn"]).split(":", 5)
    return {
        "source": "aws.states",
        "detail-type": DETAIL_TYPE,
        "account": account_id,
        "region": region,
        "resources": [detail["executionArn"]],
        "detail": detail,
    }


def _plain(value: Any) -> Any:
    return int(value.timestamp() * 1000) if isinstance(value, datetime) else value


def _size(text: str | None) -> int:
    """Bytes of a text as a string inside JSON."""
    return 0 if text is None else len(json.dumps(text, ensure_ascii=False).encode())
