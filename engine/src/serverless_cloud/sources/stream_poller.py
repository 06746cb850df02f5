"""Streams to functions: one lane for each shard and each of the batches that may be under way in it.

Rules (AWS Lambda Developer Guide, "Using Lambda to process records from Amazon Kinesis Data Streams" and "Process
DynamoDB records with Lambda"): a shard is read in its order; a parallelization factor keeps the order of the
records of one key.
"""

from __future__ import annotations

import functools
import threading

from serverless_cloud.core.background import Task
from serverless_cloud.errors import AccessDenied
from serverless_cloud.lambda_.event_source_mapping import Deliver, Mapping
from serverless_cloud.plane import DataPlane
from serverless_cloud.sources.stream_failures import sender
from serverless_cloud.sources.stream_lane import NOTHING_YET, READ_RECORDS, Lane, LanePlace, LaneWork
from serverless_cloud.sources.stream_source import Read, StreamGone, StreamSource

SHORTEST_POLL_S = 0.01  # whatever the time scale
BEGINNING = 0  # before the first record


class StreamPoller:
    """Reads one stream for one mapping; see `lambda_.mapping.Poller`.

    Args:
        before: the poller of this mapping before its settings changed. This one waits until that one has ended, and
            goes on where it was.
    """

    def __init__(
        self,
        plane: DataPlane,
        mapping: Mapping,
        source: StreamSource,
        deliver: Deliver,
        before: StreamPoller | None = None,
    ) -> None:
        self.last_result: str = before.last_result if before else NOTHING_YET
        self._plane, self._mapping, self._source = plane, mapping, source
        self._lock = threading.Lock()
        self._lanes: dict[str, list[Lane]] = {}
        self._ended: set[str] = set()  # shards that are read to their end
        self._positions: dict[str, list[int]] = {}  # of shards that are known but not begun
        self._running: list[Task] = []
        self._work = LaneWork(
            read=self._read,
            deliver=deliver,
            give_up=sender(mapping, source, plane.permissions),
            poll_s=self._poll_s,
            time_scale=lambda: plane.time_scale,
            tell=self._tell,
        )
        self._before = before
        if before is None:
            self._begin()
        self._main = plane.tasks.start(f"stream {mapping.uuid}", self._run)

    def stop(self) -> None:
        """See `lambda_.mapping.Poller.stop`."""
        self._main.stop()
        with self._lock:
            for task in self._running:
                task.stop()

    @property
    def is_alive(self) -> bool:
        """Whether something of it still goes on."""
        with self._lock:
            return self._main.is_alive or any(task.is_alive for task in self._running)

    def checkpoint(self) -> tuple[dict[str, list[int]], set[str]]:
        """By shard the sequence numbers up to which its lanes are done; and the shards that have ended."""
        with self._lock:
            at_work = {shard_id: [lane.done for lane in lanes] for shard_id, lanes in self._lanes.items()}
            return self._positions | at_work, set(self._ended)

    def _tell(self, result: str) -> None:
        self.last_result = result

    def _poll_s(self) -> float:
        return max(self._source.poll_s / self._plane.time_scale, SHORTEST_POLL_S)

    def _read(self, shard_id: str, after: int, limit: int) -> Read | None:
        try:
            action = f"{self._source.service}:GetRecords"
            self._plane.permissions.require(self._mapping.role_arn, action, self._mapping.source_arn)
            return self._source.read(shard_id, after, limit)
        except (AccessDenied, StreamGone) as error:
            self._tell(f"PROBLEM: {error}")
            return None

    def _begin(self) -> None:
        """Where each shard that there is now is read from."""
        try:
            for shard_id in self._source.shards():
                self._positions[shard_id] = [self._first(shard_id)]
        except StreamGone as error:
            self._tell(f"PROBLEM: {error}")

    def _first(self, shard_id: str) -> int:
        if self._mapping.starting_position == "LATEST":
            return self._source.newest(shard_id)
        position = BEGINNING
        if self._mapping.starting_position == "AT_TIMESTAMP" and self._mapping.starting_at is not None:
            start_s = self._mapping.starting_at.timestamp()
            while records := self._source.read(shard_id, position, READ_RECORDS).records:
                for record in records:
                    if record.arrived_s >= start_s:
                        return position
                    position = record.sequence
        return position

    def _run(self, stopped: threading.Event) -> None:
        if (before := self._before) is not None:
            before.stop()
            while before.is_alive and not stopped.wait(0.01):
                pass
            with self._lock:
                self._positions, self._ended = before.checkpoint()
            self._before = before = None  # no chain of old ones
        while not stopped.is_set():
            self._start_what_is_ready(stopped)
            stopped.wait(self._poll_s())
        self.stop()  # also a lane that began at this moment

    def _start_what_is_ready(self, stopped: threading.Event) -> None:
        try:
            shards = self._source.shards()
        except StreamGone as error:
            self._tell(f"PROBLEM: {error}")
            return
        with self._lock:
            self._running = [task for task in self._running if task.is_alive]
            for shard_id in shards:
                if not (shard_id in self._lanes or shard_id in self._ended or stopped.is_set()):
                    self._start(shard_id)

    def _start(self, shard_id: str) -> None:
        count = self._mapping.parallelization_factor
        done = self._positions.pop(shard_id, [BEGINNING])
        if len(done) != count:  # the factor was different, so work of some lanes comes again
            done = [min(done)] * count
        lanes = [
            Lane(self._mapping, LanePlace(shard_id, number, count), done[number], self._work) for number in range(count)
        ]
        self._lanes[shard_id] = lanes
        for lane in lanes:
            name = f"stream {self._mapping.uuid} {shard_id}"
            self._running.append(self._plane.tasks.start(name, functools.partial(self._run_lane, shard_id, lane)))

    def _run_lane(self, shard_id: str, lane: Lane, stopped: threading.Event) -> None:
        if not lane.run(stopped):
            return
        with self._lock:
            lane.has_ended = True
            if all(sibling.has_ended for sibling in self._lanes[shard_id]):
                self._ended.add(shard_id)


class StreamPollers:
    """Makes the pollers of one kind of stream, and knows the one that each mapping had before."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self._last: dict[str, StreamPoller] = {}
        plane.forgetting.append(self._last.clear)

    def make(self, mapping: Mapping, source: StreamSource, deliver: Deliver) -> StreamPoller:
        """The poller of a mapping; it starts at once, and goes on where the mapping's last one was."""
        poller = StreamPoller(self._plane, mapping, source, deliver, self._last.get(mapping.uuid))
        self._last[mapping.uuid] = poller
        return poller
