"""The policy of a topic: the first one, and as AddPermission and RemovePermission change it.

Source: Amazon SNS API reference.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.sns import errors

#: The actions of a topic's owner, and of others if they are allowed.
_OWNERS = (
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
    "ListSubscriptionsByTopic", "Publish",
)  # fmt: skip
_ACTIONS = (*_OWNERS, "Receive")


def at_first(arn: str) -> str:
    """The policy of a new topic, which lets only its owner in. Args: arn: of the topic."""
    statement = {
        "Effect": "Allow",
        "Sid": "__default_statement_ID",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _OWNERS],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": arn.split(":")[4]}},
    }
    return _text({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def with_permission(policy: str, arn: str, label: str, account_ids: Sequence[str], actions: Sequence[str]) -> str:
    """A policy with one more statement, which lets accounts call actions.

    Args:
        policy: JSON.
        arn: of the topic.

    Raises:
        ServiceError: the label is taken, an account or an action is missing, or SNS doesn't have the action.
    """
    for parameter, values in (("AWSAccountId", account_ids), ("ActionName", actions)):
        if not values:
            raise errors.invalid(f"{parameter} Reason: no value for required parameter")
    content: JsonObject = json.loads(policy)
    statements = _statements(content)
    if any(statement.get("Sid") == label for statement in statements):
        raise errors.invalid("Statement already exists")
    if not set(actions) <= set(_ACTIONS):
        raise errors.invalid("Policy statement action out of service scope!")
    principals = [f"arn:aws:iam::{account_id}:root" for account_id in account_ids]
    names = [f"SNS:{action}" for action in actions]
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": principals[0] if len(principals) == 1 else principals},
        "Action": names[0] if len(names) == 1 else names,
        "Resource": arn,
    }
    return _text(content | {"Statement": [*statements, statement]})


def without_permission(policy: str, label: str) -> str:
    """A policy without a statement, whether it has it or not. Args: policy: JSON."""
    content: JsonObject = json.loads(policy)
    return _text(content | {"Statement": [s for s in _statements(content) if s.get("Sid") != label]})


def normal(policy: str) -> str:
    """A policy without needless spaces. Args: policy: JSON."""
    return _text(json.loads(policy))


def _statements(content: JsonObject) -> list[JsonObject]:
    statements = content.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _text(content: JsonObject) -> str:
    return json.dumps(content, separators=(",", ":"))
