"""Stacks and resources in the form of CloudFormation's answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from serverless_cloud.stacks import parameters
from serverless_cloud.stacks.stack import ChangeSet, Resource, Stack, StackSpec


def stack(of: Stack, parents: Mapping[str, Stack]) -> dict[str, Any]:
    """As DescribeStacks has it. Args: parents: as `Store.parents` tells them."""
    plan, parent = of.plan, parents.get(of.id)
    root = parent
    while root is not None and root.id in parents:
        root = parents[root.id]
    answer: dict[str, Any] = {
        "StackId": of.id, "StackName": of.name, "StackStatus": of.status, "CreationTime": of.created,
        "Capabilities": of.capabilities, "NotificationARNs": [], "RollbackConfiguration": {},
        "DisableRollback": of.disable_rollback, "EnableTerminationProtection": of.termination_protection,
        "Tags": _tags(plan), "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }  # fmt: skip
    optional = {
        "StackStatusReason": of.reason, "LastUpdatedTime": of.updated, "DeletionTime": of.deleted,
        "RoleARN": of.role_arn, "TimeoutInMinutes": of.timeout_minutes, "ChangeSetId": of.change_set_id,
        "Description": plan.template.document.get("Description") if plan else None,
        "Parameters": plan and parameters.listing(plan.template.section("Parameters"), plan.texts, plan.values),
        "Outputs": of.outputs, "ParentId": parent and parent.id, "RootId": root and root.id,
    }  # fmt: skip
    return answer | {name: value for name, value in optional.items() if value}


def _tags(plan: StackSpec | None) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (plan.tags if plan else {}).items()]


def summary(of: Stack, parents: Mapping[str, Stack]) -> dict[str, Any]:
    """As ListStacks has it."""
    names = ("StackId", "StackName", "StackStatus", "CreationTime", "StackStatusReason", "LastUpdatedTime",
             "DeletionTime", "DriftInformation", "ParentId", "RootId")  # fmt: skip
    all_of_it = stack(of, parents)
    answer = {name: all_of_it[name] for name in names if name in all_of_it}
    if "Description" in all_of_it:
        answer["TemplateDescription"] = all_of_it["Description"]
    return answer


def _resource(of: Resource) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "LogicalResourceId": of.logical_id, "ResourceType": of.type, "ResourceStatus": of.status,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }  # fmt: skip
    optional = {"PhysicalResourceId": of.physical_id, "ResourceStatusReason": of.reason}
    return answer | {name: value for name, value in optional.items() if value}


def resource(of_stack: Stack, of: Resource) -> dict[str, Any]:
    """As DescribeStackResources has it."""
    return _resource(of) | {"StackId": of_stack.id, "StackName": of_stack.name, "Timestamp": of.changed}


def resource_detail(of_stack: Stack, of: Resource) -> dict[str, Any]:
    """As DescribeStackResource has it: with the resource's Metadata as JSON."""
    answer = _resource(of) | {"StackId": of_stack.id, "StackName": of_stack.name, "LastUpdatedTimestamp": of.changed}
    return answer | {"Metadata": json.dumps(of.definition.get("Metadata") or {}, default=str)}


def resource_summary(of: Resource) -> dict[str, Any]:
    """As ListStackResources has it."""
    return _resource(of) | {"LastUpdatedTimestamp": of.changed}


def change_set(of: ChangeSet) -> dict[str, Any]:
    """As DescribeChangeSet has it."""
    answer: dict[str, Any] = {
        "ChangeSetId": of.id, "ChangeSetName": of.name, "StackId": of.stack.id, "StackName": of.stack.name,
        "Status": of.status, "ExecutionStatus": of.execution, "CreationTime": of.created, "Changes": of.changes,
        "Capabilities": of.capabilities, "NotificationARNs": [],
        "RollbackConfiguration": {}, "IncludeNestedStacks": bool(of.request.get("IncludeNestedStacks")),
    }  # fmt: skip
    optional = {
        "StatusReason": of.reason, "Description": of.description, "OnStackFailure": of.on_failure,
        "Parameters": of.parameters, "Tags": _tags(of.plan),
    }  # fmt: skip
    return answer | {name: value for name, value in optional.items() if value}
