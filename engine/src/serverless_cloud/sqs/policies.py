"""The policy of a queue as AddPermission and RemovePermission change it. Source: Amazon SQS API reference."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.service import ServiceError
from serverless_cloud.sqs import errors
from serverless_cloud.sqs.queues import Queue

_MOST_ACTIONS = 7
_ACTIONS = (
    "*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues",
    "PurgeQueue", "ReceiveMessage", "SendMessage",
)  # fmt: skip


def with_permission(queue: Queue, label: str, account_ids: Sequence[str], actions: Sequence[str]) -> str:
    """The queue's policy with one more statement, which lets accounts call actions.

    Raises:
        ServiceError: a value isn't allowed, or the label is taken.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", label):
        text = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        raise errors.invalid_value(label, "Label", text)
    unknown = [account_id for account_id in account_ids if not re.fullmatch(r"\d{12}", account_id)]
    if unknown or not account_ids:
        raise errors.invalid_value(f"[{', '.join(unknown)}]", "PrincipalId", "Unable to verify.")
    if not actions:
        raise errors.missing_parameter("Actions")
    if len(actions) > _MOST_ACTIONS:
        text = f"{len(actions)} Actions were found, maximum allowed is {_MOST_ACTIONS}."
        raise ServiceError("OverLimit", text)
    for action in actions:
        if action not in _ACTIONS:
            text = "Only the queue owner is allowed to invoke this action."
            raise errors.invalid_value(f"SQS:{action}", "ActionName", text)
    empty = {"Version": "2008-10-17", "Id": f"{queue.arn}/SQSDefaultPolicy", "Statement": []}
    policy: JsonObject = json.loads(queue.policy) if queue.policy else empty
    if any(statement.get("Sid") == label for statement in policy["Statement"]):
        raise errors.invalid_value(label, "Label", "Already exists.")
    principals = [f"arn:aws:iam::{account_id}:root" for account_id in account_ids]
    names = [f"SQS:{action}" for action in actions]
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": principals if len(principals) > 1 else principals[0]},
        "Action": names if len(names) > 1 else names[0],
        "Resource": queue.arn,
    }
    return json.dumps(policy | {"Statement": [*policy["Statement"], statement]})


def without_permission(queue: Queue, label: str) -> str:
    """The queue's policy without a statement.

    Raises:
        ServiceError: the policy doesn't have it.
    """
    policy: JsonObject = json.loads(queue.policy or '{"Statement": []}')
    statements = [statement for statement in policy["Statement"] if statement.get("Sid") != label]
    if len(statements) == len(policy["Statement"]):
        raise errors.invalid_value(label, "Label", "can't find label on existing policy.")
    return json.dumps(policy | {"Statement": statements})
