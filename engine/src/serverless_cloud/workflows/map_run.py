"""A Map Run: the child executions of a distributed Map, counted and judged. No moto.

Rules: Step Functions Developer Guide, "Using Map state in Distributed mode"; API Reference, DescribeMapRun.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from serverless_cloud.core.json_types import JsonObject

MOST_CHILDREN = 40  # at once; AWS: 10,000
FAILURES = ("FAILED", "TIMED_OUT", "ABORTED")
#: Statuses by their names in the counts of DescribeMapRun.
_COUNTED = {
    "RUNNING": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "timedOut",
    "ABORTED": "aborted",
}


class Child(Protocol):
    """An execution, as a Map Run looks at it."""

    @property
    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""

    @property
    def is_express(self) -> bool:
        """Whether it is of type EXPRESS."""


ChildT = TypeVar("ChildT", bound=Child)


@dataclass
class MapRun(Generic[ChildT]):
    """One run of a distributed Map state.

    Args:
        arn, execution_arn: its own ARN, and the ARN of its execution.
        machine_arn: of its children's machine: the parent's, and the run's label.
        max_concurrency: 0 for the most that there are.
    """

    arn: str
    execution_arn: str
    machine_arn: str
    max_concurrency: int
    status: str = "RUNNING"
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    stopped: datetime | None = None
    children: list[ChildT] = field(default_factory=list)
    total: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def label(self) -> str:
        """The part after the machine's name in its ARN."""
        return self.machine_arn.rsplit("/", 1)[1]

    @property
    def most_at_once(self) -> int:
        """How many children may run now."""
        return min(self.max_concurrency or MOST_CHILDREN, MOST_CHILDREN)

    @property
    def running(self) -> int:
        """How many children run."""
        return sum(child.status == "RUNNING" for child in self.children)

    @property
    def is_failing(self) -> bool:
        """Whether a child has failed: no failure is tolerated."""
        return any(child.status in FAILURES for child in self.children)

    def end(self, status: str) -> None:
        """It has ended as SUCCEEDED, FAILED or ABORTED."""
        self.status, self.stopped = status, datetime.now(UTC)

    def describe(self) -> JsonObject:
        """DescribeMapRun's answer."""
        answer = {
            "mapRunArn": self.arn,
            "executionArn": self.execution_arn,
            "status": self.status,
            "startDate": self.started,
            "maxConcurrency": self.max_concurrency,
            "toleratedFailurePercentage": 0.0,
            "toleratedFailureCount": 0,
            "itemCounts": self._counts(),
            "executionCounts": self._counts(),
            "redriveCount": 0,
        }
        return answer | ({} if self.stopped is None else {"stopDate": self.stopped})

    def list_item(self) -> JsonObject:
        """How ListMapRuns shows it."""
        item = {
            "executionArn": self.execution_arn,
            "mapRunArn": self.arn,
            "stateMachineArn": self.machine_arn,
            "startDate": self.started,
        }
        return item | ({} if self.stopped is None else {"stopDate": self.stopped})

    def _counts(self) -> dict[str, int]:
        counts = dict.fromkeys(("pending", *_COUNTED.values(), "total", "resultsWritten"), 0)
        for child in list(self.children):
            counts[_COUNTED[child.status]] += 1
        counts["pending" if self.stopped is None else "aborted"] += self.total - sum(counts.values())
        counts["total"] = self.total
        return counts
