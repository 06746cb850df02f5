"""One lane of a shard: which batches are delivered, in which order, and what counts as done when it stops."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from serverless_cloud.lambda_.event_source_mapping import Delivery, Mapping
from serverless_cloud.sources.stream_failures import RETRIES_EXHAUSTED, TOO_OLD
from serverless_cloud.sources.stream_lane import OK, Lane, LanePlace, LaneWork
from serverless_cloud.sources.stream_source import Read, StreamRecord

SHARD = "shardId-000000000000"
WHOLE = LanePlace(SHARD)
MAPPING = Mapping(
    "1", "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:1",
    "arn:aws:kinesis:us-east-1:123456789012:stream/orders", "arn:aws:lambda:us-east-1:123456789012:function:books",
    "arn:aws:iam::123456789012:role/books", batch_size=10,
)  # fmt: skip
TAKEN, FAILED, THROTTLED = Delivery(), Delivery(error="Function call failed"), Delivery(throttled=True)


def reported(*numbers: int) -> Delivery:
    """The function has run, and reports these records as failed."""
    return Delivery(failed=tuple(str(number) for number in numbers))


class Shard:
    """A shard with records 1, 2, 3..., which has ended, and a function that answers as it is told.

    Args:
        answers: of the function, one for each call; from then on it takes everything.
        stops_after: with so many calls, the mapping is switched off while the function runs.
        poison: the function fails as long as this record is in its batch.
        old: so many records came 100 s ago, the others now.
    """

    def __init__(
        self, count: int, answers: Sequence[Delivery] = (), *, stops_after: int = 0, poison: int = 0, old: int = 0
    ) -> None:
        now_s = time.time()
        self.records = [
            StreamRecord(n, f"customer-{n}", now_s - 100.0 * (n <= old), {"n": n}, {"even": n % 2 == 0})
            for n in range(1, count + 1)
        ]
        self._answers, self._stops_after, self._poison = list(answers), stops_after, poison
        self.stopped = threading.Event()
        self.batches: list[list[int]] = []
        self.given_up: list[tuple[list[int], str, int]] = []
        self.told: list[str] = []

    def work(self) -> LaneWork:
        return LaneWork(self._read, self._deliver, self._give_up, lambda: 0.001, lambda: 1e6, self.told.append)

    def lane(self, mapping: Mapping = MAPPING, after: int = 0, place: LanePlace = WHOLE) -> Lane:
        return Lane(mapping, place, after, self.work())

    def _read(self, shard_id: str, after: int, limit: int) -> Read:
        assert shard_id == SHARD
        return Read([record for record in self.records if record.sequence > after][:limit], ended=True)

    def _deliver(self, events: list[dict[str, int]]) -> Delivery:
        self.batches.append([event["n"] for event in events])
        if len(self.batches) == self._stops_after:
            self.stopped.set()
        if self._answers:
            return self._answers.pop(0)
        return FAILED if self._poison in self.batches[-1] else TAKEN

    def _give_up(
        self, shard_id: str, records: list[StreamRecord], condition: str, calls: int, last: Delivery | None
    ) -> None:
        assert shard_id == SHARD
        assert (last is None) == (calls == 0)
        self.given_up.append(([record.sequence for record in records], condition, calls))


def test_records_come_in_their_order_in_batches_until_the_shard_ends() -> None:
    shard = Shard(5)
    lane = shard.lane(replace(MAPPING, batch_size=2))
    assert lane.run(shard.stopped)
    assert shard.batches == [[1, 2], [3, 4], [5]]
    assert (lane.done, shard.told[-1]) == (5, OK)


def test_a_lane_begins_behind_what_is_done() -> None:
    shard = Shard(5)
    assert shard.lane(after=3).run(shard.stopped)
    assert shard.batches == [[4, 5]]


@pytest.mark.parametrize(
    ("answer", "batches"),
    [
        (FAILED, [[1, 2, 3, 4], [1, 2, 3, 4]]),
        (reported(1), [[1, 2, 3, 4], [1, 2, 3, 4]]),
        (reported(3), [[1, 2, 3, 4], [3, 4]]),
        (reported(4, 2), [[1, 2, 3, 4], [2, 3, 4]]),
        (reported(99), [[1, 2, 3, 4], [1, 2, 3, 4]]),  # no record of the batch: all of it has failed
        (THROTTLED, [[1, 2, 3, 4], [1, 2, 3, 4]]),
    ],
)
def test_what_failed_is_tried_again_with_all_records_behind_it(answer: Delivery, batches: list[list[int]]) -> None:
    shard = Shard(4, [answer])
    lane = shard.lane()
    assert lane.run(shard.stopped)
    assert (shard.batches, lane.done) == (batches, 4)
    assert shard.told[-2].startswith("PROBLEM: ")
    assert shard.told[-1] == OK


@pytest.mark.parametrize(
    ("answer", "done"),
    [(TAKEN, 4), (FAILED, 0), (THROTTLED, 0), (reported(1), 0), (reported(2), 1), (reported(4, 3), 2)],
)
@pytest.mark.parametrize("bisects", [False, True])
def test_a_lane_that_is_stopped_loses_no_record(answer: Delivery, done: int, bisects: bool) -> None:
    """The mapping is switched off during a call; when it is on again, the next lane goes on where this one was."""
    shard = Shard(4, [answer], stops_after=1)
    lane = shard.lane(replace(MAPPING, bisects=bisects))
    assert not lane.run(shard.stopped)
    assert (shard.batches, lane.done, shard.given_up) == ([[1, 2, 3, 4]], done, [])
    later = shard.lane(after=lane.done)
    assert later.run(threading.Event())
    assert [number for batch in shard.batches[1:] for number in batch] == [1, 2, 3, 4][done:]


GIVEN_UP = {
    "no tries are left, and the next batch follows": (
        4, {"poison": 2}, {"batch_size": 2, "maximum_retries": 2},
        [[1, 2]] * 3 + [[3, 4]], [([1, 2], RETRIES_EXHAUSTED, 3)], 4,
    ),
    "a throttled call is not a try": (
        1, {"answers": [THROTTLED, THROTTLED, THROTTLED, FAILED]}, {"maximum_retries": 1}, [[1]] * 5, [], 1,
    ),
    "halves are cut until the poison is alone": (
        5, {"poison": 4}, {"bisects": True, "maximum_retries": 1},
        [[1, 2, 3, 4, 5], [1, 2, 3], [4, 5], [4], [4], [5]], [([4], RETRIES_EXHAUSTED, 2)], 5,
    ),
    "too old, without a call": (
        4, {"old": 2}, {"maximum_record_age_s": 60.0}, [[3, 4]], [([1, 2], TOO_OLD, 0)], 4,
    ),
    "a filter passes over records, and they count as done": (
        5, {}, {"filters": (json.dumps({"even": [True]}),)}, [[2, 4]], [], 5,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("count", "told", "changes", "batches", "given_up", "done"), GIVEN_UP.values(), ids=GIVEN_UP)
def test_what_is_delivered_and_what_is_given_up(
    count: int, told: dict[str, Any], changes: dict[str, Any], batches: Any, given_up: Any, done: int
) -> None:
    shard = Shard(count, **told)
    lane = shard.lane(replace(MAPPING, **changes))
    assert lane.run(shard.stopped)
    assert (shard.batches, shard.given_up, lane.done) == (batches, given_up, done)


def test_each_record_belongs_to_one_of_several_lanes() -> None:
    shard = Shard(20)
    for number in range(3):
        assert shard.lane(place=LanePlace(SHARD, number, 3)).run(shard.stopped)
    assert len(shard.batches) > 1
    assert sorted(number for batch in shard.batches for number in batch) == list(range(1, 21))
    assert all(batch == sorted(batch) for batch in shard.batches)
