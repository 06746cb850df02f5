"""Resource-based policies of DynamoDB's tables.

The patches and their reasons: moto takes any text as a policy and any ARN, and refuses to delete a policy twice.

Source: API reference, "DeleteResourcePolicy", which may be called twice, and answers of DynamoDB that were published in
2026.
"""

from __future__ import annotations

import json

from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import PolicyNotFoundException
from moto.dynamodb.responses import DynamoHandler

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.services.dynamodb.table_rules import invalid
from serverless_cloud.services.dynamodb.table_tags import check_arn
from serverless_cloud.services.dynamodb.tables import checked, table_of

patches = Service("dynamodb", defect="engine/tests/test_answers_dynamodb.py::test_stock_moto_still_has_the_defects")

MOST_BYTES = 20_480
_MARK = "!"  # it ends one of DynamoDB's sentences


def check_policy(text: str) -> None:
    """Raises unless DynamoDB would take this text as a policy, as far as its form goes."""
    if len(text.encode()) > MOST_BYTES:
        invalid(f"Maximum policy size of {MOST_BYTES} bytes exceeded")
    problem = _problem(text)
    if problem:
        invalid(f"Invalid policy document: {problem}")


def _problem(text: str) -> str:
    try:
        policy = json.loads(text)
    except ValueError:
        return "This policy contains invalid Json"
    if policy is None:
        return "This text appears not to be a policy"
    if not isinstance(policy, dict):
        return "This policy contains invalid Json"
    if "Statement" not in policy:
        return "Syntax error at position (1,3)"
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    if not statements:
        return f"Could not parse the policy: Statement is empty{_MARK}"
    for name in ("Effect", "Resource"):
        if not all(isinstance(each, dict) and name in each for each in statements):
            return f"Missing required field {name}"
    return ""


def _checked(handler: DynamoHandler) -> JsonObject:
    body = checked(handler)
    check_arn(body["ResourceArn"])
    table_of(handler.dynamodb_backend, body["ResourceArn"].split(":table/", 1)[1].split("/")[0])
    return body


@patches.replaces_each(
    "moto.dynamodb.responses:DynamoHandler", ("put_resource_policy", "get_resource_policy"), expects="self"
)
def _check_policy(patch: Patch[..., ActionResult], /, handler: DynamoHandler) -> ActionResult:
    body = _checked(handler)
    if patch.name == "put_resource_policy":
        check_policy(body["Policy"])
    return patch.original(handler)


@patches.replaces(
    "moto.dynamodb.responses:DynamoHandler.delete_resource_policy", upstream="A policy may be deleted twice."
)
def delete_resource_policy(handler: DynamoHandler) -> ActionResult:
    body = _checked(handler)
    policies, arn = handler.dynamodb_backend.resource_policies, body["ResourceArn"]
    policy, expected = policies.get(arn), body.get("ExpectedRevisionId")
    if policy is not None:
        handler.dynamodb_backend.delete_resource_policy(arn, expected)
        return ActionResult({"RevisionId": policy.revision_id})
    if expected:
        raise PolicyNotFoundException(f"Resource-based policy not found for the provided ResourceArn: {arn}")
    return ActionResult({})
