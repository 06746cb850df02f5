"""One invocation of a schedule's target by EventBridge Scheduler: its payload, its retries, its end. No moto.

Rules: EventBridge Scheduler User Guide, "Using templated targets", "Using universal targets", "Adding context
attributes", "Configuring a schedule's dead-letter queue"; API reference, RetryPolicy.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import threading
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serverless_first.cloud import universal_targets
from serverless_first.cloud.plane import DataPlane
from serverless_first.cloud.targets import Target, TargetFailed, send
from serverless_first.cloud.timer import wait_scaled

PRINCIPAL = "scheduler.amazonaws.com"
LONGEST_BACK_OFF_S = 600.0  # AWS says "exponential back-off" and no numbers


@dataclass(frozen=True)
class Invocation:
    """What is to be done.

    Args:
        schedule_arn: of the schedule.
        target: as CreateSchedule takes it, RetryPolicy with both its values.
        scheduled_time: when the schedule asked for it, on the schedule's clock.
    """

    schedule_arn: str
    target: Mapping[str, Any]
    scheduled_time: datetime

    @property
    def time(self) -> str:
        """The scheduled time as it stands in events."""
        return f"{self.scheduled_time:%Y-%m-%dT%H:%M:%SZ}"

    def payload(self, execution_id: str, attempt: int) -> str:
        """What one attempt sends."""
        text = self.target.get("Input")
        if text is None:
            return "{}" if universal_targets.is_universal(self.target["Arn"]) else self._notification()
        for name, value in (
            ("schedule-arn", self.schedule_arn),
            ("scheduled-time", self.time),
            ("execution-id", execution_id),
            ("attempt-number", str(attempt)),
        ):
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return str(text)

    def _notification(self) -> str:
        parts = self.schedule_arn.split(":")
        return json.dumps({
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": parts[4],
            "time": self.time,
            "region": parts[3],
            "resources": [self.schedule_arn],
            "detail": "{}",
        })  # fmt: skip


def invoke(plane: DataPlane, given: Invocation, stopped: threading.Event, is_wanted: Callable[[], bool]) -> None:
    """Invokes the target until it takes the payload or the retry policy is exhausted; then the dead-letter queue gets it.

    Args:
        stopped: set when the cloud is emptied.
        is_wanted: whether the schedule is still there as it was; asked before each attempt.
    """
    policy, age_s = given.target["RetryPolicy"], 0.0
    for attempt in itertools.count(1):
        if stopped.is_set() or not is_wanted():
            return
        execution_id = uuid.uuid4().hex[:16]
        payload = given.payload(execution_id, attempt)
        try:
            _attempt(plane, given, payload)
            return
        except TargetFailed as error:
            failure = error
        wait_s = min(2.0 ** min(attempt, 16), LONGEST_BACK_OFF_S) * random.uniform(0.5, 1.0)
        exhausted = None
        if failure.retryable and attempt > policy["MaximumRetryAttempts"]:
            exhausted = "MaximumRetryAttempts"
        elif failure.retryable and age_s + wait_s > policy["MaximumEventAgeInSeconds"]:
            exhausted = "MaximumEventAgeInSeconds"
        if exhausted or not failure.retryable:
            if not stopped.is_set():
                _dead_letter(plane, given, payload, execution_id, attempt, failure, exhausted)
            return
        wait_scaled(stopped, wait_s, lambda: plane.time_scale)
        age_s += wait_s


def _attempt(plane: DataPlane, given: Invocation, payload: str) -> None:
    target, parts = given.target, given.schedule_arn.split(":")
    if universal_targets.is_universal(target["Arn"]):
        universal_targets.call(plane, target["Arn"], payload, parts[3], parts[4], target["RoleArn"])
        return
    parameters: dict[str, Any] = {}
    for name in ("SqsParameters", "EventBridgeParameters", "KinesisParameters"):
        parameters |= target.get(name) or {}
    send(
        plane,
        Target(
            arn=target["Arn"],
            payload=payload,
            region=parts[3],
            account_id=parts[4],
            principal="scheduler.amazonaws.com",
            source_arn=given.schedule_arn,
            role_arn=target["RoleArn"],
            parameters=parameters,
        ),
    )


def _dead_letter(
    plane: DataPlane,
    given: Invocation,
    payload: str,
    execution_id: str,
    attempt: int,
    failure: TargetFailed,
    exhausted: str | None,
) -> None:
    arn = (given.target.get("DeadLetterConfig") or {}).get("Arn")
    if not arn:
        return
    from serverless_first.cloud.seams.clients import client

    attributes = {
        "ERROR_CODE": failure.service_code,
        "ERROR_MESSAGE": failure.message,
        "EXECUTION_ID": execution_id,
        "EXHAUSTED_RETRY_CONDITION": exhausted,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": str(attempt - 1),
        "SCHEDULED_TIME": given.time,
        "SCHEDULE_ARN": given.schedule_arn,
        "TARGET_ARN": given.target["Arn"],
    }
    sent = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value}
    try:
        plane.permissions.require(given.target["RoleArn"], "sqs:SendMessage", arn, service=PRINCIPAL)
        sqs = client("sqs", arn.split(":")[3])
        url = sqs.get_queue_url(QueueName=arn.split(":")[5])["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=payload, MessageAttributes=sent)
    except Exception:  # nobody waits for it: the server's own log is the only place to say it
        print(f"{given.schedule_arn}: a dead letter could not be delivered to {arn}:", file=sys.stderr)
        traceback.print_exc()
