"""A job and its attempts, their history, and their form in DescribeJobs and ListJobs.

Rules: AWS Batch User Guide, "Job states"; API Reference, "JobDetail", "AttemptDetail", "JobSummary".
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from serverless_cloud.batch.work import Work

Key = tuple[str, str]  # account, Region

ESSENTIAL_EXITED = "Essential container in task exited"
FAILED_TO_START = "Task failed to start"
TIMED_OUT = "Job attempt duration exceeded timeout"


class Status(StrEnum):
    """The states of a job."""

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    RUNNABLE = "RUNNABLE"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"

    @property
    def is_end(self) -> bool:
        """Whether nothing follows."""
        return self in (Status.SUCCEEDED, Status.FAILED)


def now_ms() -> int:
    """Unix time, in milliseconds."""
    return int(time.time() * 1000)


@dataclass(eq=False)
class Attempt:
    """One try to run a job's command.

    Args:
        number: from 1.
        cluster: the name of the ECS cluster in its task's ARN.
        environment: the name of its compute environment.
        log_stream: where its output goes.
    """

    number: int
    cluster: str
    environment: str
    log_stream: str = ""
    task_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    started_ms: int | None = None
    stopped_ms: int | None = None
    exit_code: int | None = None
    reason: str | None = None
    status_reason: str | None = None

    def container(self, key: Key) -> dict[str, Any]:
        """Its container in the form of DescribeJobs."""
        account_id, region = key
        task = f"arn:aws:ecs:{region}:{account_id}:task/{self.cluster}/{self.task_id}"
        container: dict[str, Any] = {"taskArn": task, "networkInterfaces": []}
        container |= _fields(exitCode=self.exit_code, reason=self.reason, logStreamName=self.log_stream)
        return container

    def as_answer(self, key: Key) -> dict[str, Any]:
        """AttemptDetail."""
        return {
            "container": self.container(key),
            **_fields(startedAt=self.started_ms, stoppedAt=self.stopped_ms, statusReason=self.status_reason),
        }


@dataclass(eq=False)
class Job:
    """One job. Only `jobs.Jobs` changes it, under its lock.

    Args:
        key: account and Region.
        id: a UUID.
        timeout_s: how long an attempt may run, in AWS's seconds; None for any time.
        detail_fields: further members of JobDetail, which stay as they are.
    """

    key: Key
    id: str
    name: str
    queue_arn: str
    definition_arn: str
    work: Work
    most_attempts: int
    timeout_s: int | None
    parameters: Mapping[str, str]
    detail_fields: Mapping[str, Any] = field(default_factory=dict)
    status: Status = Status.SUBMITTED
    status_reason: str | None = None
    created_ms: int = field(default_factory=now_ms)
    started_ms: int | None = None
    stopped_ms: int | None = None
    attempts: list[Attempt] = field(default_factory=list)
    stop_reason: str | None = None
    is_cancelled: bool = False
    is_terminated: bool = False

    @property
    def arn(self) -> str:
        """Its ARN."""
        account_id, region = self.key
        return f"arn:aws:batch:{region}:{account_id}:job/{self.id}"

    def summary(self) -> dict[str, Any]:
        """JobSummary, as ListJobs gives it."""
        last = self.attempts[-1] if self.attempts else None
        summary: dict[str, Any] = {
            "jobArn": self.arn,
            "jobId": self.id,
            "jobName": self.name,
            "createdAt": self.created_ms,
            "status": str(self.status),
            "jobDefinition": self.definition_arn,
            **self._times(),
            **_fields(statusReason=self.status_reason),
        }
        if last is not None and last.stopped_ms is not None:
            summary["container"] = _fields(exitCode=last.exit_code, reason=last.reason)
        return summary

    def detail(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """JobDetail, as DescribeJobs gives it and its events carry it.

        Args:
            tags: of the job; its ARN is their owner.
        """
        detail: dict[str, Any] = {
            "jobArn": self.arn,
            "jobName": self.name,
            "jobId": self.id,
            "jobQueue": self.queue_arn,
            "status": str(self.status),
            "attempts": [attempt.as_answer(self.key) for attempt in self.attempts if attempt.stopped_ms is not None],
            "createdAt": self.created_ms,
            "retryStrategy": {"attempts": self.most_attempts, "evaluateOnExit": []},
            **self._times(),
            **_fields(statusReason=self.status_reason),
            "dependsOn": [],
            "jobDefinition": self.definition_arn,
            "parameters": dict(self.parameters),
            "container": {**self.work.container, **(self.attempts[-1].container(self.key) if self.attempts else {})},
            "tags": dict(tags),
            "isCancelled": self.is_cancelled,
            "isTerminated": self.is_terminated,
            **self.detail_fields,
        }
        if self.timeout_s is not None:
            detail["timeout"] = {"attemptDurationSeconds": self.timeout_s}
        detail["container"].setdefault("networkInterfaces", [])
        return detail

    def _times(self) -> dict[str, Any]:
        return _fields(startedAt=self.started_ms, stoppedAt=self.stopped_ms)


def _fields(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and value != ""}
