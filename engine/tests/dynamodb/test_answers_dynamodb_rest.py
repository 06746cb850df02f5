"""What DynamoDB answers about paths into keys, fetches, and backups."""

from __future__ import annotations

import datetime
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from kits.table_kit import client, index, key, refused, table
from serverless_cloud import Cloud

LAMPS = "lamps-of-kyoto"
SCALARS = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
Item = dict[str, Any]


@pytest.fixture(scope="module")
def db(cloud_of_module: Cloud) -> Any:
    """DynamoDB with a table of two lamps in Kyoto, which no test changes."""
    del cloud_of_module
    made = client("dynamodb")
    keys_only = {"ProjectionType": "KEYS_ONLY"}
    made.create_table(
        **table(
            LAMPS, "sk", "a", "b", KeySchema=key("pk", "sk"),
            LocalSecondaryIndexes=[index("by-b", ("pk", "b"), Projection=keys_only)], GlobalSecondaryIndexes=[index()],
        )
    )  # fmt: skip
    for number in ("1", "2"):
        made.put_item(TableName=LAMPS, Item=lamp(number) | {"b": {"S": number}, "text": {"S": "x" * 5000}})
    return made


def lamp(number: str) -> Item:
    return {"pk": {"S": "kyoto"}, "sk": {"S": number}}


# ---- items


@pytest.mark.parametrize(
    ("call", "request_", "place"),
    [
        ("get_item", {"Key": lamp("1"), "ProjectionExpression": "pk.a"}, "Key: pk"),
        ("get_item", {"Key": lamp("1"), "ProjectionExpression": "a[0]"}, "IndexKey: a"),
        ("put_item", {"Item": lamp("1"), "ConditionExpression": "attribute_exists(sk.a)"}, "Key: sk"),
        ("delete_item", {"Key": lamp("1"), "ConditionExpression": "attribute_exists(b[1])"}, "IndexKey: b"),
        ("scan", {"FilterExpression": "size(pk[0]) = a"}, "Key: pk"),
        ("update_item", {"Key": lamp("1"), "UpdateExpression": "REMOVE a.x"}, "IndexKey: a"),
        ("update_item", {"Key": lamp("1"), "UpdateExpression": "SET c = sk.x"}, "Key: sk"),
    ],
)
def test_a_path_does_not_lead_into_a_key(db: Any, call: str, request_: Item, place: str) -> None:
    assert refused(getattr(db, call), TableName=LAMPS, **request_) == ("ValidationException", SCALARS + place)


@pytest.mark.parametrize(
    ("wish", "units"),
    [
        ({}, {"CapacityUnits": 0.5, "Table": {"CapacityUnits": 0.0}}),
        ({"ProjectionExpression": "sk, b"}, {"CapacityUnits": 0.5, "Table": {"CapacityUnits": 0.0}}),
        ({"ProjectionExpression": "#t", "ExpressionAttributeNames": {"#t": "text"}},
         {"CapacityUnits": 2.5, "Table": {"CapacityUnits": 2.0}}),
        ({"Select": "ALL_ATTRIBUTES", "ConsistentRead": True},
         {"CapacityUnits": 5.0, "Table": {"CapacityUnits": 4.0}}),
    ],
)  # fmt: skip
def test_a_local_index_counts_what_it_reads_from_the_table(db: Any, wish: Item, units: Item) -> None:
    found = db.query(
        TableName=LAMPS, IndexName="by-b", ReturnConsumedCapacity="INDEXES", KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "kyoto"}}, **wish,
    )  # fmt: skip
    consumed = found["ConsumedCapacity"]
    own = consumed.pop("LocalSecondaryIndexes")["by-b"]["CapacityUnits"]
    assert own + units["Table"]["CapacityUnits"] == units["CapacityUnits"]
    assert consumed == {"TableName": LAMPS} | units


def test_an_index_may_have_a_key_of_several_attributes(db: Any) -> None:
    several = [*key("room", "shelf"), {"AttributeName": "lamp", "KeyType": "RANGE"}]
    places = index("by-place", KeySchema=several)
    db.create_table(**table("places", "room", "shelf", "lamp", GlobalSecondaryIndexes=[places]))
    for number in "012":
        item = {"pk": number, "room": "hall", "shelf": "a", "lamp": number}
        db.put_item(TableName="places", Item={name: {"S": value} for name, value in item.items()})

    def by_place(condition: str) -> Item:
        values = {":room": {"S": "hall"}, ":shelf": {"S": "a"}, ":lamp": {"S": "0"}}
        used = {name: value for name, value in values.items() if name in condition}
        return {
            "TableName": "places", "IndexName": "by-place", "KeyConditionExpression": condition,
            "ExpressionAttributeValues": used,
        }  # fmt: skip

    found = db.query(**by_place("room = :room AND shelf = :shelf AND lamp > :lamp"))["Items"]
    assert [item["lamp"]["S"] for item in found] == ["1", "2"]
    for wrong in ("room = :room AND shelf >= :shelf AND lamp > :lamp", "room = :room AND lamp > :lamp"):
        assert refused(db.query, **by_place(wrong)) == (
            "ValidationException",
            "RANGE key attributes shelf must have equality conditions specified in the query because a condition is "
            "present on key attribute lamp",
        )


# ---- backups


def test_a_backup_tells_of_its_table(db: Any) -> None:
    db.create_table(
        **table("small-lamps", "a", GlobalSecondaryIndexes=[index()], StreamSpecification={"StreamEnabled": True,
                "StreamViewType": "KEYS_ONLY"})
    )  # fmt: skip
    db.update_time_to_live(TableName="small-lamps", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    db.put_item(TableName="small-lamps", Item={"pk": {"S": "12345678"}})
    made = db.create_backup(TableName="small-lamps", BackupName="small")["BackupDetails"]
    assert made["BackupSizeBytes"] == 10
    described = db.describe_backup(BackupArn=made["BackupArn"])["BackupDescription"]
    source, features = described["SourceTableDetails"], described["SourceTableFeatureDetails"]
    assert (source["BillingMode"], source["TableSizeBytes"]) == ("PAY_PER_REQUEST", 10)
    assert features["StreamDescription"] == {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    assert features["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}
    assert [each["IndexName"] for each in features["GlobalSecondaryIndexes"]] == ["by-a"]
    assert db.describe_table(TableName="small-lamps")["Table"]["TableSizeBytes"] == 10
    day, now = datetime.timedelta(days=1), made["BackupCreationDateTime"]
    for wish, count in (
        ({"TimeRangeLowerBound": now - day, "TimeRangeUpperBound": now + day}, 1),
        ({"TimeRangeLowerBound": now + day}, 0),
        ({"TimeRangeUpperBound": now - day}, 0),
    ):
        assert len(db.list_backups(TableName="small-lamps", **wish)["BackupSummaries"]) == count
    db.create_table(**table("plain-lamps"))
    plain = db.create_backup(TableName="plain-lamps", BackupName="plain")["BackupDetails"]
    assert db.describe_backup(BackupArn=plain["BackupArn"])["BackupDescription"]["SourceTableFeatureDetails"] == {}


def test_a_table_tells_when_its_class_changed(db: Any) -> None:
    rare = "STANDARD_INFREQUENT_ACCESS"
    made = db.create_table(**table("rare-lamps", TableClass=rare))["TableDescription"]
    assert made["TableClassSummary"] == {"TableClass": rare}
    db.update_table(TableName="rare-lamps", TableClass="STANDARD")
    changed = db.describe_table(TableName="rare-lamps")["Table"]["TableClassSummary"]
    assert changed["TableClass"] == "STANDARD"
    assert changed["LastUpdateDateTime"] >= made["CreationDateTime"]


# ---- requests


def test_a_call_about_a_table_that_is_no_json_is_refused(db: Any) -> None:
    headers = {
        "X-Amz-Target": "DynamoDB_20120810.DescribeTable",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20261129/us-east-1/dynamodb/aws4_request, Signature=x",
    }
    request = urllib.request.Request(db.meta.endpoint_url, b"{", headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400
    assert "SerializationException" in json.loads(caught.value.read())["__type"]
