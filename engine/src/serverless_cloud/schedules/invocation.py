"""One invocation of a schedule's target by EventBridge Scheduler: its payload, its attempts, its end. No moto.

Rules: EventBridge Scheduler User Guide, "Using templated targets", "Adding context attributes", "Configuring a
schedule's dead-letter queue"; API reference, RetryPolicy.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from serverless_cloud.core.background import reported
from serverless_cloud.core.clients import client
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.events.targets import Principal, Target, TargetFailed, send
from serverless_cloud.plane import DataPlane

PRINCIPAL: Principal = "scheduler.amazonaws.com"


@dataclass(frozen=True)
class Invocation:
    """The work of an invocation.

    Args:
        target: as CreateSchedule takes it, RetryPolicy with both its values.
        scheduled_time: when the schedule asked for it, on the schedule's clock.
    """

    schedule_arn: str
    target: JsonObject
    scheduled_time: datetime

    @property
    def time(self) -> str:
        """The scheduled time in the form of events."""
        return f"{self.scheduled_time:%Y-%m-%dT%H:%M:%SZ}"

    def payload(self, execution_id: str, attempt: int) -> str:
        """The payload of one attempt."""
        text = self.target.get("Input")
        if text is None:
            return self._notification()
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


class Run:
    """One invocation from its first attempt to its end, for `events.retry.Delivery`.

    Args:
        done: called once, when the target has taken it or it was given up.
    """

    def __init__(self, plane: DataPlane, invocation: Invocation, done: Callable[[], None]) -> None:
        self._plane, self._invocation, self._done = plane, invocation, done
        self._attempts = 0
        self._execution_id = self._payload = ""

    def send(self) -> None:
        """One attempt.

        Raises:
            TargetFailed: the target did not take it.
        """
        self._attempts += 1
        self._execution_id = uuid.uuid4().hex[:16]
        self._payload = self._invocation.payload(self._execution_id, self._attempts)
        invocation, parts, parameters = self._invocation, self._invocation.schedule_arn.split(":"), JsonObject()
        for name in ("SqsParameters", "EventBridgeParameters", "KinesisParameters"):
            parameters |= invocation.target.get(name) or {}
        target = Target(
            arn=invocation.target["Arn"],
            payload=self._payload,
            region=parts[3],
            account_id=parts[4],
            principal=PRINCIPAL,
            source_arn=invocation.schedule_arn,
            role_arn=invocation.target["RoleArn"],
            parameters=parameters,
        )
        send(self._plane, target)
        self._done()

    def give_up(self, failure: TargetFailed, retries: int, exhausted: str) -> None:
        """It goes to the dead-letter queue, if there is one. Args: as of `events.retry.Delivery.give_up`."""
        invocation = self._invocation
        attributes = {
            "ERROR_CODE": failure.service_code,
            "ERROR_MESSAGE": failure.message,
            "EXECUTION_ID": self._execution_id,
            "EXHAUSTED_RETRY_CONDITION": exhausted,
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": str(retries),
            "SCHEDULED_TIME": invocation.time,
            "SCHEDULE_ARN": invocation.schedule_arn,
            "TARGET_ARN": invocation.target["Arn"],
        }
        if arn := (invocation.target.get("DeadLetterConfig") or {}).get("Arn"):
            _dead_letter(self._plane, arn, invocation.target["RoleArn"], self._payload, attributes)
        self._done()


def _dead_letter(plane: DataPlane, arn: str, role_arn: str, payload: str, attributes: Mapping[str, str]) -> None:
    sent = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value}
    with reported(f"A dead letter of a schedule could not be delivered to {arn}"):
        plane.permissions.require(role_arn, "sqs:SendMessage", arn, service=PRINCIPAL)
        sqs = client("sqs", arn.split(":")[3])
        url = sqs.get_queue_url(QueueName=arn.split(":")[5])["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=payload, MessageAttributes=sent)
