"""Helpers for tests of permissions: a function that calls AWS as it is told, roles and their policies."""

from __future__ import annotations

import json
from typing import Any

from kits import cloud_kit as kit

ROLE = "hikari-functions"

#: A handler that makes the calls of its event, [service, operation, parameters] each, and says what came of each.
CALLS = """
import boto3, json, os
from botocore.config import Config
from botocore.exceptions import ClientError

def handler(event, context):
    print("at work")
    return [attempt(*call) for call in event]

def attempt(service, operation, parameters):
    client = boto3.client(service, config=Config(retries={"total_max_attempts": 1}))
    if operation == "presigned":
        return client.generate_presigned_url("get_object", Params=parameters)
    try:
        answer = getattr(client, operation)(**parameters)
    except ClientError as error:
        answer = error.response
        return {"code": answer["Error"]["Code"], "message": answer["Error"]["Message"],
                "status": answer["ResponseMetadata"]["HTTPStatusCode"]}
    return "done"
"""


def policy(*statements: Any, effect: str = "Allow") -> str:
    """A policy document. Each statement: actions, separated by blanks, and a resource; or a whole statement."""
    made = [
        s if isinstance(s, dict) else {"Effect": effect, "Action": s[0].split(), "Resource": s[1]} for s in statements
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": made})


def allow(*statements: Any, role: str = ROLE, name: str = "own", effect: str = "Allow") -> None:
    """The inline policy of a role; what it was before is gone."""
    document = policy(*statements, effect=effect)
    kit.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)


def outcomes(function: str, calls: list[Any]) -> list[Any]:
    """What came of each call that a function with the CALLS handler made: "done", or a code."""
    answer = kit.invoke(function, calls)
    assert answer.error is None, answer
    return [each if isinstance(each, str) else each["code"] for each in answer.payload]


def role_of(service: str, *statements: Any, name: str | None = None) -> str:
    """The ARN of a role that a service may assume, "events" for instance, with an inline policy."""
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    arn = str(kit.make_role(name or f"hikari-{service}", {"Version": "2012-10-17", "Statement": [trust]}))
    if statements:
        allow(*statements, role=name or f"hikari-{service}")
    return arn


def log_lines(function: str) -> list[str]:
    """What a function has written to CloudWatch Logs."""
    logs = kit.client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{function}")["logGroups"]:
        return []
    events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    return [event["message"] for event in events]
