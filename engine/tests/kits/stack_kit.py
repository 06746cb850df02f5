"""What the tests of stacks share, on top of cloud_kit: plain boto3, as an AWS user would write it."""

from __future__ import annotations

import json
from typing import Any

from kits import cloud_kit

ALL = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


def stacks() -> Any:
    """A client of CloudFormation."""
    return cloud_kit.client("cloudformation")


def text(template: Any) -> str:
    """A template as a text."""
    return template if isinstance(template, str) else json.dumps(template)


def status(name: str) -> str:
    """The status of a stack by its name, or of a deleted one by its id."""
    return str(stacks().describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])


def outputs(name: str) -> dict[str, str]:
    """The outputs of a stack by their keys."""
    (stack,) = stacks().describe_stacks(StackName=name)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def settled(name: str) -> str:
    """The status of a stack when it is no longer in progress."""
    cloud_kit.eventually(lambda: not status(name).endswith("_IN_PROGRESS"), f"{name} is complete", 120.0)
    return status(name)


def reasons(name: str) -> list[str]:
    """Why resources of a stack have failed, the newest first."""
    events = stacks().describe_stack_events(StackName=name)["StackEvents"]
    failed = [each for each in events if each["ResourceStatus"].endswith("_FAILED")]
    return [each["ResourceStatusReason"] for each in failed if each["PhysicalResourceId"] != each["StackId"]]


def create(name: str, template: Any, **more: Any) -> dict[str, str]:
    """Makes a stack with whatever it needs to be allowed; its outputs."""
    id = stacks().create_stack(StackName=name, TemplateBody=text(template), Capabilities=ALL, **more)["StackId"]
    assert settled(id) == "CREATE_COMPLETE", reasons(id)
    return outputs(id)


def update(name: str, template: Any, **more: Any) -> dict[str, str]:
    """Changes a stack; its outputs."""
    stacks().update_stack(StackName=name, TemplateBody=text(template), Capabilities=ALL, **more)
    assert settled(name) == "UPDATE_COMPLETE", reasons(name)
    return outputs(name)


def delete(name: str) -> None:
    """Deletes a stack with all that is in it."""
    id = str(stacks().describe_stacks(StackName=name)["Stacks"][0]["StackId"])
    stacks().delete_stack(StackName=name)
    assert settled(id) == "DELETE_COMPLETE", reasons(id)


def why_not(template: Any, name: str = "refused", **more: Any) -> str:
    """Why a stack cannot be made: the reason of its first resource that fails. The stack rolls back, and is deleted."""
    id = stacks().create_stack(StackName=name, TemplateBody=text(template), Capabilities=ALL, **more)["StackId"]
    assert settled(id) == "ROLLBACK_COMPLETE", reasons(id)
    found = reasons(id)[-1]
    delete(name)
    return found


def why_not_changed(name: str, template: Any, **more: Any) -> str:
    """Why a stack cannot be changed: the reason of its first resource that fails now. The stack rolls back."""
    before = len(reasons(name))
    stacks().update_stack(StackName=name, TemplateBody=text(template), Capabilities=ALL, **more)
    assert settled(name) == "UPDATE_ROLLBACK_COMPLETE", reasons(name)
    return reasons(name)[: len(reasons(name)) - before][-1]
