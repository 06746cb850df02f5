"""What EventBridge Scheduler refuses, and what the local cloud does not honour of it. Nothing of moto is replaced.

Rules: EventBridge Scheduler API reference and User Guide. Words marked "ours" are not AWS's: it documents none.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

from serverless_cloud.errors import AccessDenied
from serverless_cloud.events.targets import UnsupportedTarget, service_of
from serverless_cloud.plane import DataPlane
from serverless_cloud.refusals import NotHonoured
from serverless_cloud.schedules.expressions import InvalidExpression, parse_schedule, time_zone
from serverless_cloud.seams.shape_rules import ValidationException, require_shape

RETRY_POLICY = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}  # API reference: RetryPolicy
_LATEST_START_S = 300.0
#: Templated targets that AWS has and the local cloud has not.
_TEMPLATED = ("codebuild", "codepipeline", "ecs", "firehose", "inspector", "sagemaker")
_UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"
_JSON_TARGETS = ("lambda", "states", "events")
#: Parameters that a templated target must have, and those of targets that are not honoured.
_REQUIRED = {"events": "EventBridgeParameters", "kinesis": "KinesisParameters"}
_REFUSED = ("EcsParameters", "SageMakerPipelineParameters", "EventBridgePutEventsV2Parameters",
            "EventBridgePutRawEventsParameters")  # fmt: skip


def checked(plane: DataPlane, operation: str, given: dict[str, Any]) -> None:
    """Raises unless a schedule may be created or updated like this.

    Args:
        operation: "CreateSchedule" or "UpdateSchedule".
        given: its parameters.

    Raises:
        ValidationException: as AWS does.
        NotHonoured: AWS would take it.
    """
    require_shape("scheduler", operation, given)
    if given.get("KmsKeyArn"):
        raise NotHonoured("KmsKeyArn of schedules")
    _when(given)
    _window(given["FlexibleTimeWindow"])
    _target(given["Target"])
    try:
        plane.permissions.require_trust(given["Target"]["RoleArn"], "scheduler.amazonaws.com")
    except AccessDenied as error:
        raise ValidationException(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        ) from error


def _when(given: dict[str, Any]) -> None:
    expression, zone = given["ScheduleExpression"], given.get("ScheduleExpressionTimezone") or "UTC"
    try:
        time_zone(zone)
    except InvalidExpression as error:
        raise ValidationException(f"Invalid ScheduleExpressionTimezone {zone}. {error}") from error  # ours
    try:
        parse_schedule(expression, zone)
    except InvalidExpression as error:
        raise ValidationException(f"Invalid Schedule Expression {expression}.") from error
    start, end = given.get("StartDate"), given.get("EndDate")
    if expression.startswith("at("):
        return  # API reference: both are ignored for a one-time schedule
    if start is not None and start < time.time() - _LATEST_START_S:
        raise ValidationException("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if end is not None and end <= max(time.time(), start or 0.0):
        raise ValidationException("The EndDate you specify must be in the future and after the StartDate.")  # ours


def _window(window: dict[str, Any]) -> None:
    minutes = window.get("MaximumWindowInMinutes")
    if (window["Mode"] == "FLEXIBLE") != (minutes is not None):  # ours
        raise ValidationException("MaximumWindowInMinutes must be set for the mode FLEXIBLE, and for that mode alone.")


def _target(target: dict[str, Any]) -> None:
    arn = target["Arn"]
    if not re.fullmatch(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:\d*:.+", arn):
        raise ValidationException("Provided Arn is not in correct format.")
    for name in _REFUSED:
        if target.get(name):
            raise NotHonoured(f"{name} of schedules")
    if arn.startswith(_UNIVERSAL):
        raise NotHonoured(f"universal targets of schedules, such as {arn}")
    service = arn.split(":")[2]
    try:
        service_of(arn)
    except UnsupportedTarget as error:
        if service in _TEMPLATED:
            raise NotHonoured(f"schedules with the target {arn}") from error
        raise ValidationException(f"{service} is not a supported service for a target.") from error
    if service == "logs":
        raise ValidationException("logs is not a supported service for a target.")
    if (required := _REQUIRED.get(service)) and not target.get(required):
        raise ValidationException(f"Parameter {required} must be specified for the target {arn}.")  # ours
    if arn.endswith(".fifo") and service == "sqs" and not (target.get("SqsParameters") or {}).get("MessageGroupId"):
        raise ValidationException(
            f"Parameter SqsParameters with a MessageGroupId must be specified for the target {arn}."
        )  # ours
    if service in _JSON_TARGETS and "Input" in target:
        _json(target["Input"])


def _json(text: str) -> None:
    """Context attributes may stand where JSON has a number."""
    try:
        json.loads(re.sub(r"<aws\.scheduler\.[a-z-]+>", "0", text))
    except (ValueError, RecursionError) as error:
        raise ValidationException(f"The Input of this target must be well-formed JSON: {error}") from error  # ours
