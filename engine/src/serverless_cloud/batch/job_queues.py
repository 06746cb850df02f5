"""The parts of the cloud that jobs need: queues, compute environments, and places to report to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from serverless_cloud.batch.job import Job, Key


@dataclass(frozen=True)
class ComputeEnvironment:
    """A compute environment as it is now.

    Args:
        cluster: the name of its ECS cluster.
        max_vcpus: how much may run in it at the same moment.
    """

    arn: str
    name: str
    cluster: str
    max_vcpus: float
    is_enabled: bool
    is_fargate: bool


@dataclass(frozen=True)
class Queue:
    """A job queue as it is now.

    Args:
        priority: a queue with a greater one comes first.
        environments: in the order in which they are tried.
    """

    arn: str
    name: str
    priority: int
    is_enabled: bool
    environments: Sequence[ComputeEnvironment]


class Control(Protocol):
    """The control plane, as jobs see it."""

    def queue(self, key: Key, arn: str) -> Queue | None:
        """A queue by its ARN; None if it was deleted."""

    def tags(self, job: Job) -> Mapping[str, str]:
        """The tags of a job."""

    def credentials(self, job: Job) -> Mapping[str, str]:
        """Environment variables with the credentials of a job's role.

        Raises:
            CannotStart: permissions are enforced, and a role of the job does not let ECS start it.
        """

    def write_log(self, job: Job, stream: str, lines: Sequence[str]) -> None:
        """Writes lines of output to the job's log group."""

    def publish(self, event: Mapping[str, Any]) -> None:
        """Puts an event on EventBridge's default bus."""

    def time_scale(self) -> float:
        """The divisor of AWS's times."""
