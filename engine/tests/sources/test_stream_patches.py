"""Where moto hands over DynamoDB streams and Kinesis: this fails when moto changes under the patches."""

from __future__ import annotations

from moto.dynamodb.models import table
from moto.kinesis import models

from kits import patch_kit


def test_moto_still_has_what_the_patches_read() -> None:
    for owner, parts, patch in (
        (models.Shard, ("self._shard_id", "self.records", "self.is_open", "self.parent", "self.adjacent_parent",
                        "self.starting_hash", "self.ending_hash"), "kinesis/streams.py"),
        (models.Record, ("self.data", "self.sequence_number", "self.created_at"), "kinesis/streams.py"),
        (table.StreamShard, ("self.items", "self.starting_sequence_number", "self.table", "self.id"),
         "dynamodb/streams.py"),
        (table.Table, ("self.stream_shard", "self.latest_stream_label", "self.stream_specification"),
         "dynamodb/streams.py"),
        (table.Table, ("self.items = defaultdict(dict)", "self.hash_key_attr", "self.range_key_attr", "self.attr =",
                       "self.indexes", "self.global_indexes", "stream_shard.add(item, None)"), "dynamodb/stored.py"),
        (table.SecondaryIndex, ("self.name", "self.schema", "self.projection"), "dynamodb/stored.py"),
        (table.StreamRecord, ("self.record", '"ApproximateCreationDateTime": utcnow()'), "dynamodb/streams.py"),
    ):  # fmt: skip
        patch_kit.assert_keeps(owner, parts, patch)


# ---- what stock moto does wrong: when one of these fails, the patch may lose a part

STOCK = """
import sys
from concurrent.futures import ThreadPoolExecutor
from moto.dynamodb.models import dynamodb_backends
from moto.kinesis.models import kinesis_backends

TABLE = dict(TableName="t", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
             AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
             StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
ITEM = {"id": {"S": "1"}}

def table():
    db.create_table(**TABLE)
    return dynamodb_backends["123456789012"]["eu-west-1"].tables["t"]

def changes(t):
    return [item.record for item in t.stream_shard.items]

def a_new_item_by_update_is_two_changes():
    t = table()
    db.update_item(TableName="t", Key=ITEM, UpdateExpression="SET a = :a", ExpressionAttributeValues={":a": {"S": "b"}})
    return [c["eventName"] for c in changes(t)] == ["INSERT", "INSERT"]

def a_write_without_a_change_is_a_change():
    t = table()
    for _ in range(2):
        db.put_item(TableName="t", Item=ITEM)
    return len(changes(t)) == 2

def version_region_and_size_are_not_those_of_aws():
    t = table()
    db.put_item(TableName="t", Item=ITEM)
    (c,) = changes(t)
    return (c["eventVersion"], c["awsRegion"]) == ("1.0", "us-east-1") and c["dynamodb"]["SizeBytes"] > 6

def a_transaction_copies_the_stream():
    t = table()
    shard = t.stream_shard
    try:
        db.transact_write_items(TransactItems=[{"Put": {"TableName": "t", "Item": ITEM,
            "ConditionExpression": "attribute_exists(id)"}}])
    except Exception:
        pass
    return dynamodb_backends["123456789012"]["eu-west-1"].tables["t"].stream_shard is not shard

def a_second_stream_is_refused():
    table()
    db.update_table(TableName="t", StreamSpecification={"StreamEnabled": False})
    try:
        db.update_table(TableName="t", StreamSpecification=TABLE["StreamSpecification"])
    except Exception as error:
        return "Cannot enable stream" in str(error)

def nothing_can_be_written_without_the_stream():
    table()
    db.update_table(TableName="t", StreamSpecification={"StreamEnabled": False})
    try:
        db.put_item(TableName="t", Item=ITEM)
    except KeyError:
        return True

def the_label_has_microseconds():
    return len(table().latest_stream_label.partition(".")[2]) == 6

def two_writers_lose_additions():
    table()
    backend = dynamodb_backends["123456789012"]["eu-west-1"]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns often
    try:
        for count in range(50, 1500, 50):
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda _: backend.update_item("t", ITEM, "ADD n :n", {}, {":n": {"N": "1"}}), range(50)))
            if int(backend.get_item("t", ITEM).to_json()["Attributes"]["n"]["N"]) < count:
                return True
    finally:
        sys.setswitchinterval(before)

def stream(shards=1):
    kinesis.create_stream(StreamName="s", ShardCount=shards)
    return kinesis_backends["123456789012"]["eu-west-1"].streams["s"]

def put(**more):
    return kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k", **more)

def sequence_numbers_are_small():
    stream()
    return put()["SequenceNumber"] == "1"

def the_last_key_has_no_shard():
    s = stream()
    return s.get_shard_for_key("k", str(2**128 - 1)) is None

def an_iterator_by_arn_leads_nowhere():
    place = kinesis.get_shard_iterator(StreamARN=stream().arn, ShardId="shardId-000000000000",
                                       ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    try:
        kinesis.get_records(ShardIterator=place)
    except Exception as error:
        return "Stream None" in str(error)

def an_iterator_of_nobody_breaks_it():
    try:
        kinesis.get_records(ShardIterator="lamp")
    except Exception as error:
        return isinstance(error, ValueError)  # of Python, not of AWS

def tags_of_a_new_stream_are_lost():
    kinesis.create_stream(StreamName="s", ShardCount=1, Tags={"team": "stock"})
    return kinesis.list_tags_for_stream(StreamName="s")["Tags"] == []

def a_record_has_any_size():
    stream()
    return "ShardId" in kinesis.put_record(StreamName="s", Data=b"x" * 2_000_000, PartitionKey="k")

def functions_are_called_within_the_write():
    from moto.dynamodb.models.table import StreamShard
    from moto.kinesis.models import Stream
    return ("send_dynamodb_items" in inspect.getsource(StreamShard.add)
            and "send_kinesis_message" in inspect.getsource(Stream.put_record))
"""


@patch_kit.asks_stock_moto
def test_stock_moto_still_has_the_defects() -> None:
    patch_kit.assert_all(
        patch_kit.shown(STOCK, region="eu-west-1", db="dynamodb", kinesis="kinesis"),
        STOCK.count("\ndef ") - 4,
        "*_streams.py",
    )
