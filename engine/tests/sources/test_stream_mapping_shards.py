"""What streams refuse, and one lane of a shard, with records that are too old."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from kits import fixtures, stack_kit
from kits.stream_kit import make_stream
from serverless_cloud.lambda_.event_source_mapping import Delivery, Mapping
from serverless_cloud.sources.stream_lane import Lane, LanePlace, LaneWork
from serverless_cloud.sources.stream_source import Read, StreamRecord

#: Kinesis is polled a hundred times a second here.
cloud_of_module = fixtures.cloud_of(time_scale=100)


def test_the_shards_of_a_stream_stay_as_they_are(kit: Any) -> None:
    make_stream()
    call = kit.client("kinesis").split_shard
    split = {"StreamName": "payments", "ShardToSplit": "shardId-000000000000", "NewStartingHashKey": str(2**127)}
    kit.refused(lambda: call(**split), "NotImplementedException", "doesn't support split_shard.")

    def stack(count: int) -> dict[str, Any]:
        return {"Resources": {"Clicks": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": count}}}}

    stack_kit.create("shop", stack(1))
    reason = stack_kit.why_not_changed("shop", stack(2))
    assert "doesn't support a change of ShardCount of AWS::Kinesis::Stream" in reason


def test_what_only_one_who_reads_alone_would_get_is_refused(kit: Any) -> None:
    arn = make_stream()
    refused = kit.refused(lambda: kit.client("kinesis").register_stream_consumer(StreamARN=arn, ConsumerName="fast"))
    assert refused.code == "NotImplementedException"
    assert "enhanced fan-out" in refused.message


def test_streams_refuse_what_aws_refuses(kit: Any) -> None:
    kinesis, stream = kit.client("kinesis"), make_stream()
    name = stream.rsplit("/", 1)[1]
    taken = kit.refused(lambda: kinesis.create_stream(StreamName=name, ShardCount=1))
    assert taken.code == "ResourceInUseException"
    assert taken.message == f"Stream {name} under account 123456789012 already exists."
    refusal = kit.refused(lambda: kinesis.create_stream(StreamName="large", ShardCount=1, MaxRecordSizeInKiB=2048))
    assert refusal.code == "NotImplementedException"
    assert "MaxRecordSizeInKiB" in refusal.message
    dry = {"StreamName": name, "Data": b"lamp", "PartitionKey": "lamp", "DryRun": True}
    assert kit.refused(lambda: kinesis.put_record(**dry)).code == "NotImplementedException"
    kinesis.create_stream(StreamName="tagged", ShardCount=1, Tags={"team": "stock"})
    assert kinesis.list_tags_for_stream(StreamName="tagged")["Tags"] == [{"Key": "team", "Value": "stock"}]
    largest = 1_048_576 - len("lamp")
    kinesis.put_record(StreamName=name, Data=b"x" * largest, PartitionKey="lamp")
    too_large = kit.refused(lambda: kinesis.put_record(StreamName=name, Data=b"x" * (largest + 1), PartitionKey="lamp"))
    assert too_large.code == "ValidationException"
    assert "less than or equal to 1048576" in too_large.message
    for iterator in ("lamp", "bGFtcA=="):
        kit.refused(lambda iterator=iterator: kinesis.get_records(ShardIterator=iterator), "InvalidArgumentException")
    refusal = kit.refused(lambda: kit.client("dynamodbstreams").get_records(ShardIterator="lamp"))
    assert (refusal.code, refusal.message) == ("ValidationException", "Invalid ShardIterator")


# ---- one lane


class _Log:
    """A lane's surroundings: a shard of records, a function that answers by a plan, and what was given up."""

    def __init__(self, records: list[StreamRecord], answers: dict[int, str]) -> None:
        self.calls: list[list[int]] = []
        self.given_up: list[tuple[list[int], str, int, bool]] = []
        self._records, self._answers = records, answers
        self.work = LaneWork(self._read, self._deliver, self._give_up, lambda: 0.001, lambda: 1e6, lambda _: None)

    def _read(self, _: str, after: int, limit: int) -> Read:
        return Read([r for r in self._records if r.sequence > after][:limit], ended=True)

    def _deliver(self, events: list[dict[str, Any]]) -> Delivery:
        self.calls.append([int(event["n"]) for event in events])
        bad = [self._answers[n] for n in self.calls[-1] if n in self._answers]
        return Delivery(error=bad[0] if bad else None)

    def _give_up(self, _: str, records: list[StreamRecord], condition: str, calls: int, last: Delivery | None) -> None:
        self.given_up.append(([r.sequence for r in records], condition, calls, last is not None))


def _run(log: _Log, **settings: Any) -> int:
    given: dict[str, Any] = {"uuid": "u", "arn": "a", "source_arn": "s", "function_arn": "f", "role_arn": "r"}
    lane = Lane(Mapping(**(given | {"batch_size": 10} | settings)), LanePlace("shard"), 0, log.work)
    assert lane.run(threading.Event())
    return lane.done


def _records(*ages_s: float) -> list[StreamRecord]:
    now_s = time.time()
    return [StreamRecord(n, "k", now_s - age_s, {"n": n}, {}) for n, age_s in enumerate(ages_s, 1)]


def test_records_that_are_too_old_are_given_up_before_a_call() -> None:
    log = _Log(_records(90, 61, 59, 1), {})
    assert _run(log, maximum_record_age_s=60.0) == 4
    assert log.given_up == [([1, 2], "RecordAgeExceeded", 0, False)]
    assert log.calls == [[3, 4]]


def test_records_that_grow_too_old_between_tries_are_given_up_alone() -> None:
    log = _Log(_records(59.9, 0), {1: "Function call failed"})
    assert _run(log, maximum_record_age_s=60.0) == 2
    ((records, condition, calls, was_called),) = log.given_up
    assert (records, condition, was_called) == ([1], "RecordAgeExceeded", True)
    assert calls == log.calls.count([1, 2]) > 1
    assert log.calls[-1] == [2]


def test_a_function_that_cannot_be_called_at_all_does_not_end_the_lane(capfd: pytest.CaptureFixture[str]) -> None:
    log = _Log(_records(0), {})
    deliver = log.work.deliver
    answers: Iterator[Exception | None] = iter([RuntimeError("no way to it"), None])

    def first_fails(events: list[dict[str, Any]]) -> Delivery:
        if error := next(answers):
            raise error
        return deliver(events)

    log.work = LaneWork(**(vars(log.work) | {"deliver": first_fails}))
    assert _run(log) == 1
    assert log.calls == [[1]]
    assert "no way to it" in capfd.readouterr().err
