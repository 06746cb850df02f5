"""Job queues as targets of EventBridge rules: an event submits a job. Scheduler and Pipes have no such target here.

Rules: AWS Batch User Guide, "AWS Batch jobs as EventBridge targets" (the names inside ContainerOverrides are
capitalised); Amazon EventBridge API reference, "BatchParameters".
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ParamValidationError

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.events.targets import Senders, Target, TargetFailed, failures, json_of

ACTION = "batch:SubmitJob"


def is_job_queue(arn: str) -> bool:
    """Whether a target is a job queue of Batch."""
    parts = arn.split(":", 5)
    return len(parts) == 6 and parts[2] == "batch" and parts[5].startswith("job-queue/")


def problem(target: JsonObject) -> str | None:
    """Why a job queue cannot be such a target of PutTargets; None if it can. AWS's words [recalled, not verified]."""
    if not target.get("RoleArn"):
        return f"RoleArn is required for target {target.get('Arn')}."
    if not target.get("BatchParameters"):
        return f"Parameter(s) BatchParameters must be specified for target: {target.get('Id')}."
    return None


def submit(plane: Senders, target: Target) -> None:
    """Submits a job, once, in the target's role.

    Args:
        target: its parameters are BatchParameters; its payload's `Parameters` and `ContainerOverrides` work as in
            SubmitJob. An event that has neither submits the job as it is defined.

    Raises:
        TargetFailed: Batch did not take it.
    """
    with failures():
        if plane.permissions.enforced:
            plane.permissions.require(target.role_arn, ACTION, target.arn, service=target.principal)
        try:
            target.client("batch").submit_job(**_request(target))
        except ParamValidationError as error:
            raise TargetFailed("INVALID_PARAMETER", str(error), False, "ClientException") from error


def _request(target: Target) -> JsonObject:
    settings = target.parameters
    request: JsonObject = {
        "jobName": settings["JobName"],
        "jobQueue": target.arn,
        "jobDefinition": settings["JobDefinition"],
    }
    request |= _named({name: settings[name] for name in ("ArrayProperties", "RetryStrategy") if settings.get(name)})
    given = json.loads(json_of(target))
    if isinstance(given, dict):
        if "Parameters" in given:
            request["parameters"] = given["Parameters"]
        if "ContainerOverrides" in given:
            request["containerOverrides"] = _named(given["ContainerOverrides"])
    return request


def _named(value: Any) -> Any:
    """The same with the names of SubmitJob, which begin with a small letter."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _named(inner) for name, inner in value.items()}
    return [_named(inner) for inner in value] if isinstance(value, list) else value
