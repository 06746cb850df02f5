"""An event source mapping as its poller knows it, and the poller's reports. No moto, no I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from serverless_cloud.lambda_.function import Reply


@dataclass(frozen=True)
class Mapping:
    """One event source mapping, as it is configured now. Names as in the API, units added.

    Args:
        uuid, arn: its own.
        source_arn: of the queue or stream.
        function_arn: what it calls, with a version or alias if one was given.
        role_arn: the execution role of the function, in which the source is read.
        batch_size: the most records of one call.
        window_s: how long a batch is filled, in seconds.
        filters: the patterns of FilterCriteria, JSON texts; a record must match one of them. Empty: all pass.
        reports_failures: ReportBatchItemFailures is on.
        maximum_concurrency: of ScalingConfig, or None.
        starting_position: "TRIM_HORIZON", "LATEST" or "AT_TIMESTAMP"; None for a queue.
        starting_at: for AT_TIMESTAMP.
        maximum_record_age_s: older records are given up; None: never.
        maximum_retries: tries after the first one; None: until the record's age ends it.
        bisects: BisectBatchOnFunctionError is on.
        parallelization_factor: batches of one shard at the same moment, 1 to 10.
        on_failure: the ARN of the failure destination, or None.
    """

    uuid: str
    arn: str
    source_arn: str
    function_arn: str
    role_arn: str
    batch_size: int
    window_s: float = 0.0
    filters: tuple[str, ...] = ()
    reports_failures: bool = False
    maximum_concurrency: int | None = None
    starting_position: str | None = None
    starting_at: datetime | None = None
    maximum_record_age_s: float | None = None
    maximum_retries: int | None = None
    bisects: bool = False
    parallelization_factor: int = 1
    on_failure: str | None = None

    @property
    def region(self) -> str:
        """The Region of the source."""
        return self.source_arn.split(":")[3]

    @property
    def account_id(self) -> str:
        """The account of the source."""
        return self.source_arn.split(":")[4]

    @property
    def source_name(self) -> str:
        """The end of the source's ARN: the queue's name, "table/NAME/stream/LABEL", "stream/NAME"."""
        return self.source_arn.split(":", 5)[5]


@dataclass(frozen=True)
class Delivery:
    """The result of one batch.

    Args:
        error: why the whole batch failed, in a few words; None: it was taken.
        throttled: nothing has run, since a concurrency limit was reached.
        failed: single items that failed, by messageId or sequence number (ReportBatchItemFailures).
        reply: the function's, if it was called; for the record of a batch that is given up.
    """

    error: str | None = None
    throttled: bool = False
    failed: tuple[str, ...] = ()
    reply: Reply | None = None


#: Hands one batch of records, in the form of the event's "Records", to a function or to a pipe; waits for the end.
Deliver = Callable[[list[dict[str, Any]]], Delivery]


class Poller(Protocol):
    """Reads one source for one enabled mapping and calls its function, in its own tasks.

    It is made when the mapping is enabled, and stopped when the mapping is disabled or deleted, when the source or
    the function has gone, and when the cloud is emptied. A change of the mapping makes a new poller; for a stream it
    goes on where `checkpoint` says.
    """

    @property
    def last_result(self) -> str:
        """LastProcessingResult of the API: "No records processed", "OK", "PROBLEM: ..."."""

    def stop(self) -> None:
        """Reads nothing more; a call under way ends, and what it says of its batch still counts."""


#: Makes the poller of a mapping or a pipe; it starts at once.
PollerFactory = Callable[[Mapping, Deliver], Poller]
