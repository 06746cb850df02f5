"""Stacks and resources in the form of CloudFormation's answers."""

from __future__ import annotations

from typing import Any

from serverless_cloud.stacks import parameters
from serverless_cloud.stacks.records import ChangeSet, Resource, Stack


def stack(of: Stack) -> dict[str, Any]:
    """As DescribeStacks has it."""
    plan = of.plan
    found: dict[str, Any] = {
        "StackId": of.id, "StackName": of.name, "StackStatus": of.status, "CreationTime": of.created,
        "Capabilities": of.capabilities, "Outputs": of.outputs, "NotificationARNs": [],
        "DisableRollback": of.disable_rollback, "EnableTerminationProtection": of.termination_protection,
        "Tags": [{"Key": key, "Value": value} for key, value in (plan.tags if plan else {}).items()],
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }  # fmt: skip
    if plan:
        found["Parameters"] = parameters.shown(plan.template.section("Parameters"), plan.texts)
    optional = {
        "StackStatusReason": of.reason, "LastUpdatedTime": of.updated, "DeletionTime": of.deleted,
        "RoleARN": of.role_arn, "ChangeSetId": of.change_set_id,
        "Description": plan.template.document.get("Description") if plan else None,
    }  # fmt: skip
    return found | {name: value for name, value in optional.items() if value is not None}


def summary(of: Stack) -> dict[str, Any]:
    """As ListStacks has it."""
    names = ("StackId", "StackName", "StackStatus", "CreationTime", "StackStatusReason", "LastUpdatedTime",
             "DeletionTime", "DriftInformation")  # fmt: skip
    all_of_it = stack(of)
    found = {name: all_of_it[name] for name in names if name in all_of_it}
    if "Description" in all_of_it:
        found["TemplateDescription"] = all_of_it["Description"]
    return found


def _resource(of: Resource) -> dict[str, Any]:
    found = {"LogicalResourceId": of.logical_id, "ResourceType": of.type, "ResourceStatus": of.status}
    if of.physical_id:
        found["PhysicalResourceId"] = of.physical_id
    if of.reason:
        found["ResourceStatusReason"] = of.reason
    return found


def resource(of_stack: Stack, of: Resource, moment: str = "Timestamp") -> dict[str, Any]:
    """As DescribeStackResources has it; DescribeStackResource calls the moment of its last change otherwise."""
    return _resource(of) | {"StackId": of_stack.id, "StackName": of_stack.name, moment: of.changed}


def resource_summary(of: Resource) -> dict[str, Any]:
    """As ListStackResources has it."""
    return _resource(of) | {"LastUpdatedTimestamp": of.changed}


def change_set(of: ChangeSet) -> dict[str, Any]:
    """As DescribeChangeSet has it."""
    found: dict[str, Any] = {
        "ChangeSetId": of.id, "ChangeSetName": of.name, "StackId": of.stack.id, "StackName": of.stack.name,
        "Status": of.status, "ExecutionStatus": of.execution, "CreationTime": of.created, "Changes": of.changes,
        "Capabilities": of.capabilities, "Parameters": of.parameters, "IncludeNestedStacks": False,
        "Tags": [{"Key": key, "Value": value} for key, value in (of.plan.tags if of.plan else {}).items()],
    }  # fmt: skip
    optional = {"StatusReason": of.reason, "Description": of.description, "OnStackFailure": of.on_failure}
    return found | {name: value for name, value in optional.items() if value is not None}
