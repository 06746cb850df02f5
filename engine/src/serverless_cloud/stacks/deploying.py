"""Deploys like `sam deploy`: packages a template, creates a change set, executes it, waits, and returns the outputs."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from serverless_cloud.errors import CloudError, advice
from serverless_cloud.guard import stays_here
from serverless_cloud.stacks import documents, packaging
from serverless_cloud.stacks.intrinsics import plain

_ALL = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_BODY_BYTES = 51_200  # CloudFormation quotas: template body in a request
_PAUSE_S = 0.2
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")


class DeploymentFailed(CloudError):
    """A stack was not created or changed. The text has the reason of the resource that failed first."""


def deploy(
    template: str | Path,
    stack_name: str,
    *,
    client: Callable[[str], Any],
    parameters: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    report: Callable[[str], None] = print,
) -> dict[str, str]:
    """Creates or changes a stack, and waits for it.

    Args:
        template: the file; paths in it are relative to its folder.
        stack_name: a stack of this name is changed, if there is one.
        client: boto3's client of a service.
        parameters: of the template; the ones left out keep their values, or have their defaults.
        tags: of the stack; they are given to its resources. Left out, they stay.
        report: told what happens, a line each time.

    Returns:
        The stack's outputs by their keys.

    Raises:
        DeploymentFailed: the template is refused, or a resource failed. The stack is rolled back.
        PackagingFailed: a folder or a file that the template names is not there.
    """
    path = Path(template)
    document = packaging.read(path)
    packaged = documents.dump(packaging.package(document, path.resolve().parent, _depot(client)))
    stacks = client("cloudformation")
    there = _stack(stacks, stack_name)
    if there is not None and there["StackStatus"] in ("ROLLBACK_COMPLETE", "CREATE_FAILED"):
        report(f"{stack_name} was never created ({there['StackStatus']}), so it is deleted first.")
        stacks.delete_stack(StackName=stack_name)
        _settled(stacks, there["StackId"])
        there = None
    is_new = there is None or there["StackStatus"] == "REVIEW_IN_PROGRESS"
    request_parameters = _parameters(document, there if not is_new else None, parameters or {})
    settings: dict[str, Any] = {"ChangeSetType": "CREATE" if is_new else "UPDATE", "Parameters": request_parameters}
    if tags is not None:
        settings["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    change_set = _change_set(stacks, client, stack_name, packaged, **settings)
    if change_set is None:
        report(f"{stack_name} has no changes to deploy.")
        return _outputs(stacks, stack_name)
    id = change_set["StackId"]
    event_ids = {event["EventId"] for event in _events(stacks, id)}
    stacks.execute_change_set(ChangeSetName=change_set["Id"])
    _follow(stacks, id, event_ids, report)
    return _outputs(stacks, id)


def client_of(endpoint_url: str) -> Callable[[str], Any]:
    """Makes boto3's clients for a local cloud, whatever keys and profiles there are.

    Args:
        endpoint_url: of a local cloud on this machine.

    Raises:
        CloudError: the address is not on this machine, or nothing answers there.
    """
    import boto3  # takes long to import, and a caller who brings a client does not need it
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    if not stays_here(endpoint_url):
        raise CloudError(f"{endpoint_url} is not on this machine. Use `sam deploy` to deploy to AWS.")
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    session = boto3.session.Session(region_name=os.environ.get("AWS_DEFAULT_REGION", "us-east-1"), **keys)
    config = Config(retries={"total_max_attempts": 2}, s3={"addressing_style": "path"}, proxies={})

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=endpoint_url, config=config)

    try:
        client("sts").get_caller_identity()
    except BotoCoreError as error:
        raise CloudError(
            f"No local cloud answers at {endpoint_url}. "
            f"{advice('cloud', 'Run `serverless-cloud` in another terminal.')} ({error})"
        ) from error
    return client


def _depot(client: Callable[[str], Any]) -> packaging.Depot:
    s3, account = client("s3"), client("sts").get_caller_identity()["Account"]
    region = s3.meta.region_name
    bucket = f"serverless-first-packages-{account}-{region}"
    buckets: list[str] = []

    def put(key: str, content: bytes) -> None:
        if not buckets:
            if not any(entry["Name"] == bucket for entry in s3.list_buckets()["Buckets"]):
                where = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
                s3.create_bucket(Bucket=bucket, **where)
            buckets.append(bucket)
        s3.put_object(Bucket=bucket, Key=key, Body=content)

    return packaging.Depot(bucket, put, lambda key: f"https://s3.{region}.amazonaws.com/{bucket}/{key}")


def _stack(stacks: Any, name: str) -> dict[str, Any] | None:
    try:
        stack: dict[str, Any] = stacks.describe_stacks(StackName=name)["Stacks"][0]
    except stacks.exceptions.ClientError:
        return None
    return stack


def _parameters(
    document: Mapping[str, Any], there: Mapping[str, Any] | None, values: Mapping[str, object]
) -> list[dict[str, Any]]:
    declared = document.get("Parameters") or {}
    if unknown := sorted(set(values) - set(declared)):
        known = f"It has {', '.join(declared)}." if declared else "It has no parameters."
        raise DeploymentFailed(f"The template has no parameter {', '.join(unknown)}. {known}")
    previous_names = {parameter["ParameterKey"] for parameter in (there or {}).get("Parameters", [])}
    named = [{"ParameterKey": name, "ParameterValue": plain(value)} for name, value in values.items()]
    return named + [
        {"ParameterKey": name, "UsePreviousValue": True}
        for name in declared
        if name in previous_names and name not in values
    ]


def _change_set(
    stacks: Any, client: Callable[[str], Any], stack_name: str, text: str, **settings: Any
) -> dict[str, Any] | None:
    """A change set that can be executed; None if there are no changes."""
    if len(text.encode()) > _BODY_BYTES:
        depot = _depot(client)
        body = {"TemplateURL": depot.url(depot.store(text.encode(), ".template"))}
    else:
        body = {"TemplateBody": text}
    name = f"deploy-{uuid.uuid4().hex[:12]}"
    try:
        change_set: dict[str, Any] = stacks.create_change_set(
            StackName=stack_name, ChangeSetName=name, Capabilities=_ALL, **body, **settings
        )
    except stacks.exceptions.ClientError as error:
        raise DeploymentFailed(f"{stack_name}: {error.response['Error']['Message']}") from error
    while (description := stacks.describe_change_set(ChangeSetName=change_set["Id"]))["Status"].endswith(
        ("PENDING", "PROGRESS")
    ):
        time.sleep(_PAUSE_S)
    if description["Status"] != "FAILED":
        return change_set
    stacks.delete_change_set(ChangeSetName=change_set["Id"])
    if settings["ChangeSetType"] == "CREATE":  # what stands for a stack that was never made
        stacks.delete_stack(StackName=stack_name)
    reason = description.get("StatusReason", "")
    if any(words in reason for words in _NO_CHANGES):
        return None
    raise DeploymentFailed(f"{stack_name}: {reason}")


def _events(stacks: Any, id: str) -> list[dict[str, Any]]:
    """The events of a stack, the oldest first."""
    pages = stacks.get_paginator("describe_stack_events").paginate(StackName=id)
    return list(reversed([event for page in pages for event in page["StackEvents"]]))


def _settled(stacks: Any, id: str) -> str:
    while (status := str(stacks.describe_stacks(StackName=id)["Stacks"][0]["StackStatus"])).endswith("_IN_PROGRESS"):
        time.sleep(_PAUSE_S)
    return status


def _follow(stacks: Any, id: str, event_ids: set[str], report: Callable[[str], None]) -> None:
    """Reports what happens to a stack until it is settled.

    Raises:
        DeploymentFailed: it was not made or changed.
    """
    reasons: list[str] = []
    while True:
        stack = stacks.describe_stacks(StackName=id)["Stacks"][0]
        status = str(stack["StackStatus"])
        for event in _events(stacks, id):
            if event["EventId"] in event_ids:
                continue
            event_ids.add(event["EventId"])
            if event["ResourceStatus"].endswith("_FAILED") and event["PhysicalResourceId"] != id:
                reasons.append(f"{event['LogicalResourceId']} ({event['ResourceType']}): "
                               f"{event.get('ResourceStatusReason', '')}")  # fmt: skip
            if not event["ResourceStatus"].endswith("_IN_PROGRESS"):
                report(f"{event['ResourceStatus']:<20} {event['ResourceType']:<34} {event['LogicalResourceId']}")
        if not status.endswith("_IN_PROGRESS"):
            break
        time.sleep(_PAUSE_S)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        first = reasons[0] if reasons else stack.get("StackStatusReason", "")
        raise DeploymentFailed(f"{id.split('/')[1]} is {status}. {first}")


def _outputs(stacks: Any, name: str) -> dict[str, str]:
    (stack,) = stacks.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
