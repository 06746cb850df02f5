"""One lane of a shard: batches of its records, one after the other, until each is done or given up.

Rules (AWS Lambda Developer Guide, "How Lambda processes records from stream and queue-based event sources", "Handling
discarded batch records", "Configuring partial batch response"):

- A batch is full at its size or at 6 MB, or goes when the batch window has passed since its first record.
- It is tried again until it succeeds, is too old or has no tries left; the lane waits for it, so order is kept.
- BisectBatchOnFunctionError: a failed batch is cut in two halves; that costs no try.
- ReportBatchItemFailures: records before the lowest reported record are done; only the rest is tried again.
- Too old: only these records are given up, before a call as well as between calls.
- A throttled call doesn't count as a try.

How long Lambda waits between tries is not documented: here half a second, then twice as long each time, at most a
minute.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
import traceback
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from serverless_cloud.events.patterns import Pattern
from serverless_cloud.lambda_.event_source_mapping import Deliver, Delivery, Mapping
from serverless_cloud.sources.stream_failures import RETRIES_EXHAUSTED, TOO_OLD, GiveUp
from serverless_cloud.sources.stream_source import Read, StreamRecord

READ_RECORDS = 1000  # as many are read at once
EVENT_BYTES = 6_291_456  # AWS Lambda quotas: an event of a synchronous call
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0

NOTHING_YET, OK = "No records processed", "OK"


@dataclass(frozen=True)
class LanePlace:
    """Where a lane is: lane `number` of `of` lanes of shard `shard_id`."""

    shard_id: str
    number: int = 0
    of: int = 1

    def has(self, record: StreamRecord) -> bool:
        """Whether a record belongs to this lane; all records of one key do or do not."""
        return self.of == 1 or zlib.crc32(record.key.encode()) % self.of == self.number


@dataclass(frozen=True)
class LaneWork:
    """The tools of a lane.

    Args:
        read: (shard's id, after, limit) to what is there; None when reading is not possible at the moment.
        give_up: tells where a batch ended.
        poll_s: how long to wait before the next look, in seconds, now.
        time_scale: divides AWS's own waits, now.
        tell: takes the LastProcessingResult.
    """

    read: Callable[[str, int, int], Read | None]
    deliver: Deliver
    give_up: GiveUp
    poll_s: Callable[[], float]
    time_scale: Callable[[], float]
    tell: Callable[[str], None]


@dataclass
class _Piece:
    """A batch, or what is left of it; `calls` counts the tries."""

    records: list[StreamRecord]
    calls: int = 0
    last: Delivery | None = None


class Lane:
    """Reads its records of one shard and has them processed in their order.

    Args:
        place: which records are its own.
        after: the sequence number of the last record that is done.

    Attributes:
        done: the sequence number of the last record that is done, now.
        has_ended: set by its owner when `run` has reached the end of the shard.
    """

    def __init__(self, mapping: Mapping, place: LanePlace, after: int, work: LaneWork) -> None:
        self.done, self.has_ended = after, False
        self._mapping, self._place, self._work = mapping, place, work
        self._patterns = tuple(Pattern.parse(text) for text in mapping.filters)

    def run(self, stopped: threading.Event) -> bool:
        """Works until it is stopped or its shard has ended; whether the shard has ended."""
        while not stopped.is_set():
            batch = self._gather(stopped)
            if batch is None:
                return True
            if batch and not stopped.is_set():
                self._process(batch, stopped)
        return False

    def _gather(self, stopped: threading.Event) -> list[StreamRecord] | None:
        """The next batch; empty when stopped before there is one, None when the shard has ended."""
        batch: list[StreamRecord] = []
        size, position, due_s = len('{"Records": []}'), self.done, 0.0
        while not stopped.is_set():
            read = self._work.read(self._place.shard_id, position, READ_RECORDS)
            for record in read.records if read else ():
                if self._place.has(record) and self._passes(record):
                    size += len(json.dumps(record.event)) + 2
                    if batch and size > EVENT_BYTES:
                        return batch
                    due_s = due_s if batch else time.monotonic() + self._mapping.window_s
                    batch.append(record)
                    if len(batch) == self._mapping.batch_size:
                        return batch
                position = record.sequence
            if not batch:
                self.done = position  # what was passed over is done
            if read and len(read.records) == READ_RECORDS:
                continue
            if read and read.ended:
                return batch or None
            left_s = due_s - time.monotonic()
            if batch and left_s <= 0:
                return batch
            stopped.wait(min(self._work.poll_s(), left_s) if batch else self._work.poll_s())
        return []

    def _passes(self, record: StreamRecord) -> bool:
        return not self._patterns or any(pattern.matches(record.filtered) for pattern in self._patterns)

    def _process(self, batch: list[StreamRecord], stopped: threading.Event) -> None:
        pieces, failures = [_Piece(batch)], 0
        while pieces and not stopped.is_set():
            piece = pieces[0]
            self._give_up_the_old(piece)
            if not piece.records:
                pieces.pop(0)
                continue
            rest = self._judge(piece, self._deliver(piece))
            if not rest:
                failures = 0
                pieces.pop(0)
                continue
            pieces[:1] = rest
            if stopped.is_set():  # nothing is told any more; the next poller finds these records again
                return
            if rest[0] is piece and self._is_out_of_tries(piece):
                self._give_up(piece, piece.records, RETRIES_EXHAUSTED)
                pieces.pop(0)
                continue
            stopped.wait(min(FIRST_WAIT_S * 2 ** min(failures, 30), LONGEST_WAIT_S) / self._work.time_scale())
            failures += 1

    def _deliver(self, piece: _Piece) -> Delivery:
        try:
            return self._work.deliver([record.event for record in piece.records])
        except Exception as error:  # a lane that ended would block its shard without a word
            traceback.print_exc()
            return Delivery(error=f"{type(error).__name__}: {error}")

    def _judge(self, piece: _Piece, delivery: Delivery) -> list[_Piece]:
        """The rest of a piece after a call; the piece itself if the call was a try of it."""
        if delivery.throttled:
            self._work.tell("PROBLEM: Function is throttled")
            return [piece]
        piece.calls, piece.last = piece.calls + 1, delivery
        first = 0
        if delivery.error is None:
            first = min(self._indexes(piece, delivery.failed), default=len(piece.records))
            if first:
                self.done = piece.records[first - 1].sequence
                del piece.records[:first]
            if not piece.records:
                self._work.tell(OK)
                return []
        self._work.tell(f"PROBLEM: {delivery.error or 'Function reported failed records'}")
        if not self._mapping.bisects:
            return [piece]
        if first:  # cut at the record that was reported
            return [_Piece(piece.records)]
        if len(piece.records) == 1:
            return [piece]
        middle = (len(piece.records) + 1) // 2
        return [_Piece(piece.records[:middle]), _Piece(piece.records[middle:])]

    @staticmethod
    def _indexes(piece: _Piece, failed: tuple[str, ...]) -> list[int]:
        """Where the failed records stand; one that is not in the batch fails all of it."""
        places = {str(record.sequence): index for index, record in enumerate(piece.records)}
        return [places.get(number, 0) for number in failed]

    def _is_out_of_tries(self, piece: _Piece) -> bool:
        return self._mapping.maximum_retries is not None and piece.calls > self._mapping.maximum_retries

    def _give_up_the_old(self, piece: _Piece) -> None:
        limit_s = self._mapping.maximum_record_age_s
        if limit_s is None:
            return
        now_s = time.time()
        old = list(itertools.takewhile(lambda record: now_s - record.arrived_s > limit_s, piece.records))
        if old:
            self._give_up(piece, old, TOO_OLD)
            piece.records = piece.records[len(old) :]

    def _give_up(self, piece: _Piece, records: list[StreamRecord], condition: str) -> None:
        self._work.give_up(self._place.shard_id, records, condition, piece.calls, piece.last)
        self.done = records[-1].sequence
