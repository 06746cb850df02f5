"""Compares the statements of a function's role with the actions and resources that the function needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

#: Managed policies with which a function writes logs and traces, and reaches a VPC.
_OF_EACH_FUNCTION = (
    *("AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole"),
    *("AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess"),
)
_ANY_ACTION = ("logs:*", "xray:*", "ec2:*networkinterface*", "ec2:*privateipaddresses", "ec2:describe*")
_NEIGHBOR = "-of-somebody-else"


def beyond(statement: Mapping[str, Any], needs: Mapping[str, Sequence[str]]) -> str:
    """Says what a statement allows beyond a function's needs, as in "dynamodb:* on *"; "" if nothing.

    Logs, traces and a VPC's network interfaces don't count.

    Args:
        statement: allows something; see `whole_shop.statements_of`.
        needs: ARN -> patterns of actions that the function may do there, as in "dynamodb:get*".
    """
    if name := str(statement.get("Managed", "")):
        return "" if name in _OF_EACH_FUNCTION else f"the managed policy {name}"
    resources = _listed(statement.get("Resource", "*"))
    if "NotAction" in statement or "NotResource" in statement:
        return "everything except what NotAction or NotResource lists"
    for action in _listed(statement.get("Action", [])):
        if _matches(action, _ANY_ACTION):
            continue
        for resource in resources:
            reached = [arn for arn in needs if allows_resource(resource, arn)]
            too_wide = not reached or any(allows_resource(resource, f"{arn}{_NEIGHBOR}") for arn in needs)
            if too_wide or not any(_matches(action, needs[arn]) for arn in reached):
                return f"{action} on {resource}"
    return ""


def allows(statement: Mapping[str, Any], action: str, arn: str) -> bool:
    """Whether a statement allows an action on a resource. A managed policy whose text isn't known allows all."""
    if "Managed" in statement:
        return str(statement["Managed"]) not in _OF_EACH_FUNCTION
    return _matches(action, _listed(statement.get("Action", []))) and any(
        allows_resource(resource, arn) for resource in _listed(statement.get("Resource", "*"))
    )


def allows_resource(resource: str, arn: str) -> bool:
    """Whether a statement's resource covers an ARN, or what is below it, such as a table's index."""
    return fnmatchcase(arn, resource) or resource.startswith(f"{arn}/")


def _matches(action: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value]
