"""The events of a stack as messages to its topics.

Source: CloudFormation User Guide, "Receive stack event notifications".
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from serverless_cloud.clients import client

_SUBJECT = "AWS CloudFormation Notification"
_NAMES = ("StackId", "Timestamp", "EventId", "LogicalResourceId", "Namespace", "PhysicalResourceId",
          "ResourceProperties", "ResourceStatus", "ResourceStatusReason", "ResourceType", "StackName",
          "ClientRequestToken")  # fmt: skip


def publish(event: Mapping[str, Any], topics: list[str], region: str, account_id: str) -> None:
    """Sends an event, as DescribeStackEvents has it, to topics. A topic that has gone gets nothing."""
    missing = {"ResourceStatusReason": "", "ResourceProperties": "null", "ClientRequestToken": "null"}
    told = {"Namespace": account_id, **missing, **event}
    text = "".join(f"{name}='{_shown(told[name])}'\n" for name in _NAMES)
    for arn in topics:
        with contextlib.suppress(ClientError):
            client("sns", region).publish(TopicArn=arn, Subject=_SUBJECT, Message=text)


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    return str(value)
