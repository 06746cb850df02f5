"""DynamoDB streams and Kinesis to Lambda: what arrives, from where on, in which batches."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kits import fixtures, stream_kit
from kits.stream_kit import (
    last_result,
    make_ledger,
    make_stream,
    make_table,
    map_stream,
    put_item,
    put_record,
    put_records,
)
from serverless_cloud import Cloud

#: Kinesis is polled a hundred times a second here.
cloud_of_module = fixtures.cloud_of(time_scale=100)

# ---- events


def test_a_change_of_an_item_carries_every_field(kit: Any, tmp_path: Path) -> None:
    arn = make_table()
    ledger = make_ledger("shipping", tmp_path)
    uuid = map_stream(arn, ledger, StartingPosition="LATEST")
    dynamodb, key = kit.client("dynamodb"), {"n": {"N": "101"}}
    put_item(101, Message={"S": "New item!"}, picture={"B": b"lamp"})
    dynamodb.update_item(
        TableName="orders",
        Key=key,
        UpdateExpression="SET paid = :yes, parts = :parts",
        ExpressionAttributeValues={":yes": {"BOOL": True}, ":parts": {"L": [{"M": {"codes": {"BS": [b"1", b"2"]}}}]}},
    )
    dynamodb.delete_item(TableName="orders", Key=key)
    inserted, modified, removed = ledger.await_records(3)

    assert set(inserted) == {
        "eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb", "eventSourceARN",
    }  # fmt: skip
    assert [r["eventName"] for r in (inserted, modified, removed)] == ["INSERT", "MODIFY", "REMOVE"]
    assert {(r["eventVersion"], r["eventSource"], r["awsRegion"], r["eventSourceARN"]) for r in ledger.records()} == {
        ("1.1", "aws:dynamodb", "us-east-1", arn)
    }
    assert len({r["eventID"] for r in ledger.records()}) == 3
    change = inserted["dynamodb"]
    created_s = change.pop("ApproximateCreationDateTime")
    assert created_s == int(created_s)
    assert abs(created_s - datetime.now(UTC).timestamp()) < 60
    number = int(change.pop("SequenceNumber"))
    image = {"n": {"N": "101"}, "Message": {"S": "New item!"}, "picture": {"B": base64.b64encode(b"lamp").decode()}}
    assert change == {
        "Keys": key,
        "NewImage": image,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        "SizeBytes": 4 + 4 + len("MessageNew item!") + len("picturelamp"),
    }
    assert modified["dynamodb"]["OldImage"] == image
    assert modified["dynamodb"]["NewImage"]["parts"] == {"L": [{"M": {"codes": {"BS": ["MQ==", "Mg=="]}}}]}
    assert "NewImage" not in removed["dynamodb"]
    assert number < int(modified["dynamodb"]["SequenceNumber"]) < int(removed["dynamodb"]["SequenceNumber"])
    assert kit.eventually(lambda: last_result(uuid) == "OK", "the batch is done")


def test_every_way_to_write_is_a_change_and_what_changes_nothing_is_none(kit: Any, tmp_path: Path) -> None:
    dynamodb, number = kit.client("dynamodb"), iter(range(2, 9))
    ledger = make_ledger("shipping", tmp_path)
    map_stream(make_table(), ledger)

    def put(n: int, **more: Any) -> dict[str, Any]:
        return {"TableName": "orders", "Item": {"n": {"N": str(n)}, **more}}

    update = {
        "TableName": "orders",
        "Key": {"n": {"N": "1"}},
        "UpdateExpression": "SET lamp = :lamp",
        "ExpressionAttributeValues": {":lamp": {"S": "red"}},
    }
    dynamodb.update_item(**update)  # makes the item: one change
    dynamodb.update_item(**update)  # changes nothing
    dynamodb.put_item(**put(1, lamp={"S": "red"}))  # changes nothing
    dynamodb.delete_item(TableName="orders", Key={"n": {"N": "99"}})  # there is no such item
    dynamodb.batch_write_item(
        RequestItems={"orders": [{"PutRequest": {"Item": {"n": {"N": str(next(number))}}}} for _ in range(2)]}
    )
    dynamodb.transact_write_items(TransactItems=[{"Put": put(next(number))}, {"Put": put(next(number))}])
    refused = kit.refused(
        lambda: dynamodb.transact_write_items(
            TransactItems=[{"Put": put(50)}, {"Put": put(1) | {"ConditionExpression": "attribute_not_exists(n)"}}]
        )
    )
    assert refused.code == "TransactionCanceledException"
    put_item(next(number))  # after the transaction that failed
    seen = [
        (stream_kit.number_of(r), r["eventName"], "lamp" in r["dynamodb"]["NewImage"]) for r in ledger.await_records(6)
    ]
    assert seen == [
        (1, "INSERT", True), (2, "INSERT", False), (3, "INSERT", False), (4, "INSERT", False), (5, "INSERT", False),
        (6, "INSERT", False),
    ]  # fmt: skip
    assert len(ledger.records()) == 6


def test_the_view_type_says_which_images_there_are(kit: Any, tmp_path: Path) -> None:
    ledger = make_ledger("shipping", tmp_path)
    views = {"KEYS_ONLY": set(), "NEW_IMAGE": {"NewImage"}, "OLD_IMAGE": {"OldImage"}}
    for view in views:
        map_stream(make_table(view, view), ledger)
        put_item(1, view)
        put_item(1, view, lamp={"S": "red"})

    def images(view: str) -> list[set[str]]:
        changes = [r["dynamodb"] for r in ledger.records() if r["dynamodb"]["StreamViewType"] == view]
        return [set(change) & {"NewImage", "OldImage"} for change in changes]

    for view, wanted in views.items():
        kit.eventually(lambda view=view: len(images(view)) == 2, f"both changes of {view}")
        assert images(view)[1] == wanted


#: A local cloud in this process whose threads take turns often: one counter, and items of which the first one counts.
COUNTER = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
import boto3
from kits import cloud_kit
from serverless_cloud.server import CloudServer

server = CloudServer()
serving = threading.Thread(target=server.serve)
serving.start()
dynamodb = boto3.client("dynamodb", "us-east-1", endpoint_url=server.endpoint_url, aws_access_key_id="local",
                        aws_secret_access_key="local")
key = {"n": {"N": "1"}}
dynamodb.create_table(TableName="orders", BillingMode="PAY_PER_REQUEST",
                      KeySchema=[{"AttributeName": "n", "KeyType": "HASH"}],
                      AttributeDefinitions=[{"AttributeName": "n", "AttributeType": "N"}],
                      StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
arn = dynamodb.describe_table(TableName="orders")["Table"]["LatestStreamArn"]

def add(_):
    answer = dynamodb.update_item(TableName="orders", Key=key, UpdateExpression="ADD sold :one",
                                  ExpressionAttributeValues={":one": {"N": "1"}}, ReturnValues="UPDATED_NEW")
    return int(answer["Attributes"]["sold"]["N"])

def is_first(n):
    try:
        dynamodb.put_item(TableName="orders", Item={"n": {"N": str(n)}}, ConditionExpression="attribute_not_exists(n)")
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True

dynamodb.exceptions  # botocore makes its classes at the first use, and each thread would make its own
sys.setswitchinterval(1e-6)
with ThreadPoolExecutor(6) as pool:
    answers = sorted(pool.map(add, range(100)))
    first = list(pool.map(is_first, [10 + number // 6 for number in range(120)]))
sys.setswitchinterval(0.005)
streams = boto3.client("dynamodbstreams", "us-east-1", endpoint_url=server.endpoint_url, aws_access_key_id="local",
                       aws_secret_access_key="local")
(shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
place = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
found = streams.get_records(ShardIterator=place["ShardIterator"])["Records"]
images = [record["dynamodb"]["NewImage"] for record in found]
cloud_kit.say(answers=answers, stream=[int(i["sold"]["N"]) for i in images if "sold" in i],
              first=first.count(True), new=len([i for i in images if "sold" not in i]))
server.stop_soon()
serving.join()
"""


def test_conditions_and_counters_of_many_writers_are_exact_and_their_changes_in_order(program: Any) -> None:
    counting = program(COUNTER)
    said = counting.hear()
    counting.end()
    assert said["answers"] == list(range(1, 101))
    assert said["stream"] == list(range(1, 101))
    assert (said["first"], said["new"]) == (20, 20)


def test_a_kinesis_record_carries_every_field(kit: Any, tmp_path: Path) -> None:
    arn = make_stream()
    ledger = make_ledger("bookkeeping", tmp_path)
    map_stream(arn, ledger)
    numbers = put_records(1, 2)
    record, second = ledger.await_records(2)
    arrived_s = record["kinesis"].pop("approximateArrivalTimestamp")
    assert abs(arrived_s - datetime.now(UTC).timestamp()) < 60
    data = base64.b64encode(json.dumps({"n": 1, "poison": False}).encode()).decode()
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0", "partitionKey": "k", "sequenceNumber": numbers[0], "data": data,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{numbers[0]}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": kit.make_role(),
        "awsRegion": "us-east-1",
        "eventSourceARN": arn,
    }  # fmt: skip
    assert second["kinesis"]["sequenceNumber"] == numbers[1]
    assert len(numbers[0]) == len(numbers[1]) == 56
    assert numbers[0] < numbers[1]


def test_writes_return_while_the_function_still_runs(kit: Any, tmp_path: Path) -> None:
    first, second = make_ledger("shipping", tmp_path, holds=True), make_ledger("bookkeeping", tmp_path, holds=True)
    map_stream(make_table(), first)
    map_stream(make_stream(), second)
    put_item(1)
    put_record(1)
    first.await_numbers(1)
    second.await_numbers(1)
    put_item(2)  # the function is still in its first call
    put_record(2)
    assert (first.numbers(), second.numbers()) == ([1], [1])
    first.leave.touch()
    second.leave.touch()
    first.await_numbers(2)
    second.await_numbers(2)
    assert (first.numbers(), second.numbers()) == ([1, 2], [1, 2])
    del kit


# ---- from where on


def test_starting_positions(kit: Any, tmp_path: Path) -> None:
    arn, names = make_stream(), ("all", "since", "new")
    everything, since, new = (make_ledger(name, tmp_path) for name in names)
    put_record(1)
    moment = datetime.now(UTC)
    kit.eventually(lambda: (datetime.now(UTC) - moment).total_seconds() > 0.002, "the clock goes on")
    put_record(2)
    map_stream(arn, everything)
    map_stream(arn, since, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=moment)
    map_stream(arn, new, StartingPosition="LATEST")
    put_record(3)
    for ledger in (everything, since, new):
        ledger.await_numbers(3)
    assert (everything.numbers(), since.numbers(), new.numbers()) == ([1, 2, 3], [2, 3], [3])


def test_a_mapping_that_was_changed_or_disabled_goes_on_where_it_was(kit: Any, tmp_path: Path) -> None:
    ledger, api = make_ledger("shipping", tmp_path), kit.client("lambda")
    uuid = map_stream(make_table(), ledger, StartingPosition="LATEST")
    put_item(1)
    ledger.await_numbers(1)
    api.update_event_source_mapping(UUID=uuid, BatchSize=1)
    put_item(2)
    ledger.await_numbers(2)
    api.update_event_source_mapping(UUID=uuid, Enabled=False)
    put_item(3)
    put_item(4)
    api.update_event_source_mapping(UUID=uuid, Enabled=True)
    ledger.await_numbers(4)
    assert ledger.batches() == [[1], [2], [3], [4]]
    api.delete_event_source_mapping(UUID=uuid)
    put_item(5)
    again = map_stream(make_table("other"), ledger)
    put_item(6, "other")
    ledger.await_numbers(6)
    assert 5 not in ledger.numbers()
    assert again != uuid


def test_a_stream_can_be_switched_off_and_another_one_on(kit: Any, tmp_path: Path) -> None:
    dynamodb, ledger = kit.client("dynamodb"), make_ledger("shipping", tmp_path)
    old = make_table()
    uuid = map_stream(old, ledger)
    put_item(1)
    dynamodb.update_table(TableName="orders", StreamSpecification={"StreamEnabled": False})
    put_item(2)
    ledger.await_numbers(1)
    wanted = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    table = dynamodb.update_table(TableName="orders", StreamSpecification=wanted)["TableDescription"]
    assert table["LatestStreamArn"] != old
    refused = kit.refused(lambda: dynamodb.update_table(TableName="orders", StreamSpecification=wanted))
    assert refused.message == "Table already has an enabled stream: TableName: orders"
    kit.eventually(lambda: last_result(uuid).startswith("PROBLEM"), "the old mapping says that its stream is gone")
    map_stream(table["LatestStreamArn"], make_ledger("packing", tmp_path))
    put_item(3)
    packing = stream_kit.Ledger("packing", tmp_path / "packing.notes", tmp_path / "-", tmp_path / "-")
    packing.await_numbers(3)
    assert (ledger.numbers(), packing.numbers()) == ([1], [3])


# ---- which records, in which batches


def test_filters_pass_over_what_they_do_not_ask_for(kit: Any, tmp_path: Path) -> None:
    shipping, bookkeeping = make_ledger("shipping", tmp_path), make_ledger("bookkeeping", tmp_path)
    bookkeeping.healed.touch()

    def filters(*patterns: dict[str, Any]) -> dict[str, Any]:
        return {"FilterCriteria": {"Filters": [{"Pattern": json.dumps(pattern)} for pattern in patterns]}}

    paid = {"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"paid": {"BOOL": [True]}}}}
    map_stream(make_table(), shipping, **filters(paid))
    map_stream(
        make_stream(), bookkeeping, **filters({"data": {"n": [{"numeric": [">", 4]}]}}, {"data": {"poison": [True]}})
    )
    for number in (1, 2):
        put_item(number, paid={"BOOL": True})
        put_item(number, paid={"BOOL": number == 2}, sent={"BOOL": False})
    kinesis = kit.client("kinesis")
    kinesis.put_record(StreamName="payments", PartitionKey="plain", Data=b"no JSON")
    kinesis.put_record(StreamName="payments", PartitionKey="bytes", Data=b"\xff\xfe")
    put_records(1, 4, 5)
    put_record(2, poison=True)
    put_record(9)
    shipping.await_numbers(2)
    bookkeeping.await_numbers(9)
    assert (shipping.numbers(), bookkeeping.numbers()) == ([2], [5, 2, 9])


def test_batches_are_filled_within_the_window_and_cut_at_their_size(kit: Any, tmp_path: Path) -> None:
    arn = make_stream()
    slow, fast, small = (make_ledger(name, tmp_path) for name in ("slow", "fast", "small"))
    map_stream(arn, slow, MaximumBatchingWindowInSeconds=1)
    map_stream(arn, fast)
    for number in range(1, 6):
        put_record(number)
        fast.await_numbers(number)
    map_stream(arn, small, BatchSize=2)
    slow.await_numbers(5)
    small.await_numbers(5)
    assert fast.batches() == [[1], [2], [3], [4], [5]]
    assert slow.batches() == [[1, 2, 3, 4, 5]]
    assert small.batches() == [[1, 2], [3, 4], [5]]
    del kit


def test_a_batch_is_no_larger_than_six_megabytes(kit: Any, tmp_path: Path) -> None:
    arn = make_stream()
    ledger = make_ledger("bookkeeping", tmp_path)
    for number in range(1, 7):
        data = json.dumps({"n": number, "receipt": "x" * 1_000_000}).encode()
        kit.client("kinesis").put_record(StreamName="payments", PartitionKey="k", Data=data)
    map_stream(arn, ledger)
    ledger.await_numbers(6)
    assert ledger.batches() == [[1, 2, 3, 4], [5, 6]]


def test_after_a_reset_nothing_old_arrives(aws: Cloud, kit: Any, tmp_path: Path) -> None:
    arn = make_stream()
    ledger = make_ledger("bookkeeping", tmp_path)
    map_stream(arn, ledger)
    put_record(1, poison=True)
    ledger.await_numbers(1)
    aws.reset()
    count = len(ledger.events())
    assert make_stream() == arn
    again = make_ledger("bookkeeping", tmp_path)
    map_stream(arn, again)
    put_record(2)
    again.await_numbers(2)
    assert again.batches()[count:] == [[2]]
    assert kit.client("lambda").list_event_source_mappings()["EventSourceMappings"][0]["EventSourceArn"] == arn
