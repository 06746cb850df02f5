"""A Map Run: the child executions of a distributed Map, counted and judged. No moto.

Rules: Step Functions Developer Guide, "Using Map state in Distributed mode", "Setting failure thresholds for
Distributed Map states", "ResultWriter (Map)"; API Reference, DescribeMapRun.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.workflows.shapes import compact

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
        tolerated_count, tolerated_percentage: of items; more failures end the run.
    """

    arn: str
    execution_arn: str
    machine_arn: str
    max_concurrency: int
    tolerated_count: int
    tolerated_percentage: float
    status: str = "RUNNING"
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    stopped: datetime | None = None
    children: list[tuple[ChildT, int]] = field(default_factory=list)
    total_items: int = 0
    total_children: int = 0
    has_written: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def label(self) -> str:
        """The part after the machine's name in its ARN."""
        return self.machine_arn.rsplit("/", 1)[1]

    @property
    def id(self) -> str:
        """The last part of its ARN; results are written under it."""
        return self.arn.rsplit(":", 1)[1]

    @property
    def most_at_once(self) -> int:
        """How many children may run now."""
        return min(self.max_concurrency or MOST_CHILDREN, MOST_CHILDREN)

    @property
    def running(self) -> int:
        """How many children run."""
        return sum(child.status == "RUNNING" for child, _ in self.children)

    @property
    def is_failing(self) -> bool:
        """Whether more items have failed than is tolerated."""
        failed = sum(items for child, items in self.children if child.status in FAILURES)
        if not failed:
            return False
        # A threshold that is not given counts only if the other is not given either: no failure is tolerated then.
        if self.tolerated_count and not self.tolerated_percentage:
            return failed > self.tolerated_count
        share = 100.0 * failed / max(self.total_items, 1)
        if self.tolerated_percentage and not self.tolerated_count:
            return share > self.tolerated_percentage
        return failed > self.tolerated_count or share > self.tolerated_percentage

    def end(self, status: str) -> None:
        """It has ended as SUCCEEDED, FAILED or ABORTED."""
        self.status, self.stopped = status, datetime.now(UTC)

    def change(self, given: JsonObject) -> None:
        """UpdateMapRun. Args: given: its parameters."""
        with self.changed:
            self.max_concurrency = given.get("maxConcurrency", self.max_concurrency)
            self.tolerated_count = given.get("toleratedFailureCount", self.tolerated_count)
            self.tolerated_percentage = given.get("toleratedFailurePercentage", self.tolerated_percentage)
            self.changed.notify_all()

    def describe(self) -> JsonObject:
        """DescribeMapRun's answer."""
        answer = {
            "mapRunArn": self.arn,
            "executionArn": self.execution_arn,
            "status": self.status,
            "startDate": self.started,
            "maxConcurrency": self.max_concurrency,
            "toleratedFailurePercentage": self.tolerated_percentage,
            "toleratedFailureCount": self.tolerated_count,
            "itemCounts": self._counts(self.children, self.total_items),
            "executionCounts": self._counts([(child, 1) for child, _ in self.children], self.total_children),
            "redriveCount": 0,
        }
        return answer | ({} if self.stopped is None else {"stopDate": self.stopped})

    def list_item(self) -> JsonObject:
        """How ListMapRuns shows it."""
        shown = {
            "executionArn": self.execution_arn,
            "mapRunArn": self.arn,
            "stateMachineArn": self.machine_arn,
            "startDate": self.started,
        }
        return shown | ({} if self.stopped is None else {"stopDate": self.stopped})

    def _counts(self, children: Iterable[tuple[Child, int]], total: int) -> dict[str, int]:
        counts = dict.fromkeys(("pending", *_COUNTED.values(), "total", "resultsWritten"), 0)
        for child, weight in list(children):
            counts[_COUNTED[child.status]] += weight
        known = sum(counts.values())
        left = total - known
        counts["total"] = total
        counts["pending" if self.stopped is None else "aborted"] += left
        if self.has_written:
            counts["resultsWritten"] = known
        return counts


def result_of(described: JsonObject, transformation: str) -> list[object]:
    """The part of the results that a child adds.

    Args:
        described: all about it, in PascalCase, Output as JSON text.
        transformation: NONE, COMPACT or FLATTEN.
    """
    if transformation == "NONE" or described["Status"] != "SUCCEEDED":
        return [described]
    output = json.loads(described["Output"])
    return output if transformation == "FLATTEN" and isinstance(output, list) else [output]


def files(described: Iterable[JsonObject], config: JsonObject) -> dict[str, bytes]:
    """The result files by their names, without manifest.json.

    Args:
        described: all children; children that never ran have the status PENDING.
        config: WriterConfig; {} if there is none.
    """
    results: dict[str, list[object]] = {}
    for each in described:
        kind = each["Status"] if each["Status"] in ("SUCCEEDED", "PENDING") else "FAILED"
        results.setdefault(kind, []).extend(result_of(each, config.get("Transformation", "NONE")))
    lines = config.get("OutputType", "JSON") == "JSONL"
    return {
        f"{kind}_0.{'jsonl' if lines else 'json'}": (
            "\n".join(map(compact, found)) if lines else compact(found)
        ).encode()
        for kind, found in results.items()
    }


def manifest(run: MapRun[ChildT], bucket: str, folder: str, written: Mapping[str, bytes]) -> bytes:
    """The content of manifest.json.

    Args:
        bucket, folder: where the files are; the folder ends with "/".
        written: the files, as `files` gives them.
    """
    by_kind: dict[str, list[JsonObject]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for name, content in written.items():
        by_kind[name.split("_")[0]].append({"Key": folder + name, "Size": len(content)})
    return compact({"DestinationBucket": bucket, "MapRunArn": run.arn, "ResultFiles": by_kind}).encode()
