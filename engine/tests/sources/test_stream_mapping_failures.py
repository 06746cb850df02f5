"""Streams to Lambda when the function fails: blocked shards, retries, halves, failure destinations."""

from __future__ import annotations

import json
import random
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from kits import fixtures
from kits.stream_kit import (
    last_result,
    make_ledger,
    make_stream,
    make_table,
    map_stream,
    number_of,
    put_item,
    put_record,
    put_records,
)

#: Kinesis is polled a hundred times a second here, and the waits between tries begin with five milliseconds.
cloud_of_module = fixtures.cloud_of(time_scale=100)


def test_a_failed_batch_blocks_its_shard_alone_until_it_succeeds(kit: Any, tmp_path: Path) -> None:
    arn = make_stream(shards=2)
    ledger = make_ledger("bookkeeping", tmp_path)
    uuid = map_stream(arn, ledger, BatchSize=1)
    put_record(1, shard=0, of=2, poison=True)
    put_record(2, shard=0, of=2)
    put_record(3, shard=1, of=2)
    ledger.await_numbers(3)
    kit.eventually(lambda: ledger.numbers().count(1) >= 4, "the failed batch is tried again and again")
    assert 2 not in ledger.numbers()
    kit.eventually(lambda: last_result(uuid) == "PROBLEM: Function call failed", "the mapping says so")
    ledger.healed.touch()
    ledger.await_numbers(2)
    assert ledger.numbers()[-1] == 2
    assert ledger.numbers().count(3) == 1
    kit.eventually(lambda: last_result(uuid) == "OK", "the mapping says so")


def test_retries_end_at_the_queue_with_the_place_of_the_batch_and_the_shard_goes_on(kit: Any, tmp_path: Path) -> None:
    arn, lost = make_stream(), kit.make_queue("lost")
    ledger = make_ledger("bookkeeping", tmp_path)
    numbers = put_records(1, 2, poison=(2,))
    map_stream(arn, ledger, MaximumRetryAttempts=2, on_failure=lost.arn)
    (record,) = kit.records(lost)
    assert ledger.batches() == [[1, 2]] * 3
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("timestamp"))
    batch = record["KinesisBatchInfo"]
    for end in ("First", "Last"):
        moment = batch.pop(f"approximateArrivalOf{end}Record")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
    assert record == {
        "requestContext": {
            "requestId": ledger.events()[-1]["request"],
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:bookkeeping",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000000",
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[1],
            "batchSize": 2,
            "streamArn": arn,
        },
    }
    # What was given up can be read where the record says.
    kinesis = kit.client("kinesis")
    place = kinesis.get_shard_iterator(
        StreamARN=batch["streamArn"],
        ShardId=batch["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        StartingSequenceNumber=batch["startSequenceNumber"],
    )["ShardIterator"]
    found = kinesis.get_records(ShardIterator=place, Limit=batch["batchSize"])["Records"]
    assert [json.loads(each["Data"])["n"] for each in found] == [1, 2]
    put_record(3)
    ledger.await_numbers(3)


def test_a_bucket_gets_the_batch_itself_too(kit: Any, tmp_path: Path) -> None:
    s3, topic = kit.client("s3"), kit.client("sns").create_topic(Name="alarms")["TopicArn"]
    heard = kit.make_queue("heard")
    kit.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard.arn)
    s3.create_bucket(Bucket="hikari-lost")
    arn, ledger, other = make_table(), make_ledger("shipping", tmp_path), make_ledger("packing", tmp_path)
    put_item(1, poison={"BOOL": True})
    uuid = map_stream(arn, ledger, MaximumRetryAttempts=0, on_failure="arn:aws:s3:::hikari-lost")
    map_stream(arn, other, MaximumRetryAttempts=0, on_failure=topic)
    (entry,) = kit.eventually(lambda: s3.list_objects_v2(Bucket="hikari-lost").get("Contents"), "an object")
    assert re.fullmatch(
        rf"aws/lambda/{uuid}/shardId-[\w-]+/(\d{{4}}/\d\d/\d\d)/\d{{4}}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[0-9a-f-]{{36}}",
        entry["Key"],
    )
    record = json.loads(s3.get_object(Bucket="hikari-lost", Key=entry["Key"])["Body"].read())
    (event,) = ledger.events()
    assert json.loads(record["payload"]) == {"Records": event["Records"]}
    batch = record["DDBStreamBatchInfo"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", batch["approximateArrivalOfFirstRecord"])
    assert (batch["streamArn"], batch["batchSize"]) == (arn, 1)
    assert batch["startSequenceNumber"] == event["Records"][0]["dynamodb"]["SequenceNumber"]
    (envelope,) = kit.records(heard)
    assert json.loads(envelope["Message"])["requestContext"]["condition"] == "RetryAttemptsExhausted"


def test_halves_until_the_poison_is_alone(kit: Any, tmp_path: Path) -> None:
    arn, lost = make_stream(), kit.make_queue("lost")
    ledger = make_ledger("bookkeeping", tmp_path)
    numbers = put_records(*range(1, 9), poison=(6,))
    map_stream(arn, ledger, BisectBatchOnFunctionError=True, MaximumRetryAttempts=1, on_failure=lost.arn)
    (record,) = kit.records(lost)
    assert record["KinesisBatchInfo"]["startSequenceNumber"] == numbers[5]
    assert record["KinesisBatchInfo"]["endSequenceNumber"] == numbers[5]
    assert record["requestContext"]["approximateInvokeCount"] == 2  # cutting cost no try
    kit.eventually(lambda: len(ledger.batches()) >= 8, "the halves and the halves of halves")
    assert ledger.batches() == [
        [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4], [5, 6, 7, 8], [5, 6], [5], [6], [6], [7, 8],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("bisects", "calls", "given_up"),
    [
        (False, [[1, 2, 3, 4, 5], [3, 4, 5], [3, 4, 5]], [[3, 4, 5]]),
        (True, [[1, 2, 3, 4, 5], [3, 4, 5], [3, 4], [3], [3], [3], [4], [5], [5], [5]], [[3], [5]]),
    ],
)
def test_what_stands_before_the_first_reported_record_is_done(
    kit: Any, tmp_path: Path, bisects: bool, calls: list[list[int]], given_up: list[list[int]]
) -> None:
    lost, ledger = kit.make_queue("lost"), make_ledger("shipping", tmp_path, reports=True)
    arn = make_table()
    for number in range(1, 6):
        poison: dict[str, Any] = {"poison": {"BOOL": True}} if number in (3, 5) else {}
        put_item(number, **poison)
    map_stream(
        arn,
        ledger,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=bisects,
        MaximumRetryAttempts=2,
        on_failure=lost.arn,
    )
    found = kit.records(lost, len(given_up))
    put_item(6)
    ledger.await_numbers(6)
    assert ledger.batches() == [*calls, [6]]
    sequence = {number_of(r): r["dynamodb"]["SequenceNumber"] for r in ledger.records()}
    places = [(sequence[batch[0]], sequence[batch[-1]], len(batch)) for batch in given_up]
    info = sorted((record["DDBStreamBatchInfo"] for record in found), key=lambda each: each["startSequenceNumber"])
    assert [(each["startSequenceNumber"], each["endSequenceNumber"], each["batchSize"]) for each in info] == places
    assert all(record["responseContext"]["functionError"] is None for record in found)


def test_being_throttled_is_no_try(kit: Any, tmp_path: Path) -> None:
    lost, ledger, api = kit.make_queue("lost"), make_ledger("shipping", tmp_path), kit.client("lambda")
    api.put_function_concurrency(FunctionName="shipping", ReservedConcurrentExecutions=0)
    uuid = map_stream(make_table(), ledger, MaximumRetryAttempts=0, on_failure=lost.arn)
    put_item(1)
    kit.eventually(lambda: "throttled" in last_result(uuid), "the mapping says so")
    api.delete_function_concurrency(FunctionName="shipping")
    ledger.await_numbers(1)
    kit.eventually(lambda: last_result(uuid) == "OK", "the batch is done")
    assert "Messages" not in kit.client("sqs").receive_message(QueueUrl=lost.url)


#: Notes what it has done; fails three calls of ten before it has done anything.
RANDOM = """
import json, os, random
def handler(event, context):
    fails = random.random() < 0.3
    place = os.open(os.environ["HEALED"] if fails else os.environ["NOTES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(place, (json.dumps(event) + "\\n").encode())
    os.close(place)
    if fails:
        raise ValueError("not today")
"""


def test_a_function_that_fails_at_random_does_every_record_once_in_the_order_of_its_key(
    kit: Any, tmp_path: Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    arn, ledger = make_stream(shards=2), make_ledger("bookkeeping", tmp_path, source=RANDOM)
    map_stream(arn, ledger, BatchSize=3, ParallelizationFactor=3, BisectBatchOnFunctionError=True)
    sent: dict[str, list[int]] = {}
    for number in range(90):
        key = f"customer-{chance.randrange(6)}"
        sent.setdefault(key, []).append(number)
        put_record(number, key=key)
    ledger.await_numbers(*range(90))
    for key, numbers in sent.items():
        done = [number_of(r) for r in ledger.records() if r["kinesis"]["partitionKey"] == key]
        assert done == numbers, f"{key}, seed {seed}"
    assert ledger.healed.read_bytes().count(b"\n") > 0, f"no call failed, seed {seed}"
    del kit


def test_a_parallelization_factor_runs_batches_of_one_shard_at_the_same_moment(kit: Any, tmp_path: Path) -> None:
    keys = ["a"]
    while len(keys) < 3:  # keys of three lanes
        keys += [k for k in (f"k{i}" for i in range(99)) if zlib.crc32(k.encode()) % 3 not in
                 {zlib.crc32(known.encode()) % 3 for known in keys}][:1]  # fmt: skip
    ledger = make_ledger("bookkeeping", tmp_path, holds=True)
    map_stream(make_stream(), ledger, ParallelizationFactor=3)
    for round_ in range(2):
        for index, key in enumerate(keys):
            put_record(10 * round_ + index, key=key)
    kit.eventually(lambda: len(ledger.events()) == 3, "a batch of each lane is in the function")
    ledger.leave.touch()
    ledger.await_numbers(0, 1, 2, 10, 11, 12)
    for index, key in enumerate(keys):
        got = [number_of(r) for r in ledger.records() if r["kinesis"]["partitionKey"] == key]
        assert got == [index, 10 + index]
