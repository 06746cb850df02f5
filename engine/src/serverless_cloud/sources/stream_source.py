"""A stream as a poller reads it: shards, and records in their order. No moto, no I/O.

Each patch of a stream (DynamoDB, Kinesis) makes a `StreamSource` for one mapping.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol


class StreamGone(LookupError):
    """There is no such stream (any more)."""


@dataclass(frozen=True)
class StreamRecord:
    """One record of a shard.

    Args:
        sequence: its sequence number, greater than the number of every record before it in its shard.
        key: records of the same key keep their order, whatever the parallelization factor.
        arrived_s: when it came into the stream, Unix time in seconds.
        event: the record in the form of the event's "Records".
        filtered: what the patterns of FilterCriteria look at.
    """

    sequence: int
    key: str
    arrived_s: float
    event: dict[str, Any]
    filtered: dict[str, Any]


@dataclass(frozen=True)
class Read:
    """The records of a shard after a position, and whether no more will ever follow."""

    records: list[StreamRecord]
    ended: bool


class StreamSource(Protocol):
    """A stream. Each call raises StreamGone if there is none.

    Attributes:
        service: "kinesis" or "dynamodb", as in the names of permissions.
        batch_info: the name of the batch's description in a failure record.
        poll_s: how long Lambda waits before it looks again at a shard that had nothing new, in seconds.
        whole_seconds: whether arrival times are told in whole seconds.
    """

    service: str
    batch_info: str
    poll_s: float
    whole_seconds: bool

    def shards(self) -> list[str]:
        """The IDs of the shards, the oldest first."""

    def newest(self, shard_id: str) -> int:
        """The sequence number of the last record of a shard, or a number below the first record's."""

    def read(self, shard_id: str, after: int, limit: int) -> Read:
        """The next records of a shard.

        Args:
            after: a sequence number; 0 for the beginning.
            limit: the most records.
        """


def arrival(source: StreamSource, arrived_s: float) -> str:
    """An arrival time in the words of a failure record: "2026-11-25T04:00:00.123Z"."""
    timespec = "seconds" if source.whole_seconds else "milliseconds"
    return datetime.fromtimestamp(arrived_s, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
