"""What DynamoDB's calls on many items answer: pages, indexes, batches, transactions, statements and capacity units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ENVELOPE = "1 validation error detected: "
INVALID = "One or more parameter values were invalid: "
Item = dict[str, Any]


@pytest.fixture(scope="module")
def db(cloud_of_module: object) -> Any:
    """A client that checks nothing itself, as most SDKs."""
    assert cloud_of_module is not None
    return boto3.client("dynamodb", config=Config(parameter_validation=False))


def schema(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def index(name: str, projection: Item, *keys: str) -> Item:
    return {"IndexName": name, "KeySchema": schema(*keys), "Projection": projection}


@pytest.fixture(scope="module")
def table(db: Any) -> Iterator[str]:
    keys_only = {"ProjectionType": "KEYS_ONLY"}
    db.create_table(
        TableName="lamps",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=schema("shop", "number"),
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in (("shop", "S"), ("number", "N"), ("room", "S"), ("price", "N"))
        ],
        LocalSecondaryIndexes=[index("by-price", keys_only, "shop", "price")],
        GlobalSecondaryIndexes=[
            index("by-room", {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["lamp"]}, "room", "price"),
            index("all-rooms", {"ProjectionType": "ALL"}, "room"),
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    yield "lamps"
    db.delete_table(TableName="lamps")


@pytest.fixture(autouse=True)
def ten_lamps(db: Any, table: str) -> None:
    """Ten lamps in two shops; every other one stands in a room."""
    keys = {"ProjectionExpression": "shop, #n", "ExpressionAttributeNames": {"#n": "number"}}
    for page in db.get_paginator("scan").paginate(TableName=table, **keys):
        for item in page["Items"]:
            db.delete_item(TableName=table, Key=item)
    puts = []
    for number in range(10):
        room = {"room": {"S": "hall"}} if number % 2 else {}
        item = key(number) | {"price": {"N": str(100 - number)}, "lamp": {"S": f"lamp {number}"}, "x": {"S": "x"}}
        puts.append({"PutRequest": {"Item": item | room}})
    db.batch_write_item(RequestItems={table: puts})


def key(number: int) -> Item:
    return {"shop": {"S": "kyoto" if number < 6 else "osaka"}, "number": {"N": str(number)}}


def refusal(call: Callable[..., Any], **request: Any) -> str:
    """The words of the error that a call ends with."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Message"])


def numbers(found: Item) -> list[int]:
    return [int(item["number"]["N"]) for item in found["Items"]]


def in_kyoto(condition: str = "", **more: Any) -> Item:
    """A query of the shop in Kyoto. Args: condition: on the sort key; its value :n comes from `n`."""
    values = {":s": {"S": "kyoto"}} | ({":n": {"N": str(more.pop("n"))}} if "n" in more else {})
    names = {"#s": "shop"} | ({"#n": "number"} if "#n" in condition else {})
    return {
        "TableName": "lamps",
        "KeyConditionExpression": f"#s = :s{condition}",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    } | more


# ---- queries and scans


def test_a_query_reads_a_part_of_a_partition_in_order(db: Any) -> None:
    assert numbers(db.query(**in_kyoto())) == [0, 1, 2, 3, 4, 5]
    assert numbers(db.query(**in_kyoto(" AND #n >= :n", n=4))) == [4, 5]
    assert numbers(db.query(**in_kyoto(" AND :n > #n", n=2), ScanIndexForward=False)) == [1, 0]
    assert numbers(db.query(**in_kyoto(IndexName="by-price"))) == [5, 4, 3, 2, 1, 0]


def test_pages_end_at_the_limit_and_continue_behind_a_deleted_item(db: Any, table: str) -> None:
    first = db.query(**in_kyoto(), Limit=2)
    assert (numbers(first), first["LastEvaluatedKey"]) == ([0, 1], key(1))
    db.delete_item(TableName=table, Key=key(1))
    assert numbers(db.query(**in_kyoto(), ExclusiveStartKey=key(1))) == [2, 3, 4, 5]
    backward = db.query(**in_kyoto(), ScanIndexForward=False, ExclusiveStartKey=key(3))
    assert numbers(backward) == [2, 0]
    assert "LastEvaluatedKey" in db.query(**in_kyoto(), Limit=5)
    pages = db.get_paginator("scan").paginate(TableName=table, PaginationConfig={"PageSize": 2})
    assert sorted(number for page in pages for number in numbers(page)) == [0, 2, 3, 4, 5, 6, 7, 8, 9]
    assert refusal(db.query, **in_kyoto(), ExclusiveStartKey=key(9)) == (
        "The provided starting key is outside query boundaries based on provided conditions"
    )
    assert refusal(db.scan, TableName=table, ExclusiveStartKey={"shop": {"S": "a"}}) == (
        "The provided starting key is invalid: The provided key element does not match the schema"
    )


def test_a_page_ends_at_a_megabyte(db: Any, table: str) -> None:
    for number in range(3):
        db.put_item(TableName=table, Item=key(number) | {"text": {"S": "x" * 400_000}})
    page = db.query(**in_kyoto(), ReturnConsumedCapacity="TOTAL")
    assert (numbers(page), page["LastEvaluatedKey"]) == ([0, 1], key(1))
    assert page["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": 98.0}


def test_an_index_has_what_it_projects(db: Any, table: str) -> None:
    in_hall = {
        "TableName": table,
        "KeyConditionExpression": "room = :r",
        "ExpressionAttributeValues": {":r": {"S": "hall"}},
    }
    some = db.query(**in_hall, IndexName="by-room")
    assert numbers(some) == [9, 7, 5, 3, 1]
    assert some["Items"][0].keys() == {"shop", "number", "room", "price", "lamp"}
    assert db.query(**in_hall, IndexName="all-rooms")["Items"][0].keys() == {*some["Items"][0], "x"}
    assert db.scan(TableName=table, IndexName="by-room")["Count"] == 5
    assert db.query(**in_kyoto(IndexName="by-price"))["Items"][0].keys() == {"shop", "number", "price"}
    whole = db.query(**in_kyoto(IndexName="by-price", Select="ALL_ATTRIBUTES"))["Items"][0]
    assert whole.keys() == {"shop", "number", "room", "price", "lamp", "x"}
    last = db.query(**in_hall, IndexName="by-room", Limit=1)["LastEvaluatedKey"]
    assert last == key(9) | {"room": {"S": "hall"}, "price": {"N": "91"}}
    assert numbers(db.query(**in_hall, IndexName="by-room", ExclusiveStartKey=last)) == [7, 5, 3, 1]
    assert refusal(db.query, **in_hall, IndexName="by-room", ConsistentRead=True) == (
        "Consistent reads are not supported on global secondary indexes"
    )
    assert refusal(db.query, **in_hall, IndexName="by-room", ProjectionExpression="x") == (
        f"{INVALID}Global secondary index by-room does not project [x]"
    )
    assert refusal(db.query, **in_hall, IndexName="by-room", Select="ALL_ATTRIBUTES") == (
        f"{INVALID}Select type ALL_ATTRIBUTES is not supported for global secondary index by-room because its "
        "projection type is not ALL"
    )
    assert refusal(db.scan, TableName=table, IndexName="by-lamp") == (
        "The table does not have the specified index: by-lamp"
    )


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("price = :s", "Query condition missed key schema element: shop"),
        ("shop = :s AND price = :n", "Query condition missed key schema element: number"),
        ("shop > :s", "Query key condition not supported"),
        ("shop = :s OR price = :n", "Invalid operator used in KeyConditionExpression: "
         "OR"),
        ("shop = :n", f"{INVALID}Condition parameter type does not match schema type"),
        ("shop = :s AND shop = :s", "KeyConditionExpressions must only contain one "
         "condition per key"),
        ("shop = :s AND begins_with(:n, price)", "Invalid condition in "
         "KeyConditionExpression: begins_with operator must have the key attribute as its first operand"),
        ("shop.a = :s", "KeyConditionExpressions cannot have conditions on nested "
         "attributes"),
        ("shop", 'Invalid KeyConditionExpression: Syntax error; token: "<EOF>", near: "shop"'),
    ],
)  # fmt: skip
def test_key_conditions_that_dynamodb_refuses(db: Any, table: str, condition: str, words: str) -> None:
    values = {name: value for name, value in ((":s", {"S": "kyoto"}), (":n", {"N": "1"})) if name in condition}
    more = {"ExpressionAttributeValues": values} if values else {}
    if "begins_with" in condition:
        values[":n"] = {"S": "1"}
    assert refusal(db.query, TableName=table, KeyConditionExpression=condition, **more) == words


def test_what_a_query_or_a_scan_shows(db: Any, table: str) -> None:
    assert "Items" not in db.query(**in_kyoto(), Select="COUNT")
    missing = "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
    assert refusal(db.query, **in_kyoto(), Select="SPECIFIC_ATTRIBUTES") == ENVELOPE + missing
    assert refusal(db.scan, TableName=table, Select="SPECIFIC_ATTRIBUTES") == ENVELOPE + missing
    both = refusal(db.scan, TableName=table, Select="COUNT", ProjectionExpression="lamp")
    assert both == f"{ENVELOPE}Cannot specify the ProjectionExpression when choosing to get only the Count"
    assert refusal(db.query, **in_kyoto(FilterExpression="#s = :s")) == (
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: shop"
    )
    assert refusal(db.query, TableName=table) == (
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
    )


def test_segments_share_the_items(db: Any, table: str) -> None:
    parts = [db.scan(TableName=table, Segment=number, TotalSegments=3) for number in range(3)]
    assert sorted(number for part in parts for number in numbers(part)) == list(range(10))
    assert refusal(db.scan, TableName=table, Segment=3, TotalSegments=3) == (
        "The Segment parameter is zero-based and must be less than parameter TotalSegments"
    )
    assert refusal(db.scan, TableName=table, Segment=0).startswith("The TotalSegments parameter is required")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"TableName": ""}, "Value '' at 'tableName' failed to satisfy constraint: Member must have length greater "
         "than or equal to 1"),
        ({"TableName": "a b c"}, "Value 'a b c' at 'tableName' failed to satisfy constraint: Member must satisfy "
         "regular expression pattern: [a-zA-Z0-9_.-]+"),
        ({}, "Value null at 'tableName' failed to satisfy constraint: Member must not be null"),
        ({"TableName": "lamps", "Limit": 0}, "Value '0' at 'limit' failed to satisfy constraint: Member must have "
         "value greater than or equal to 1"),
        ({"TableName": "lamps", "Select": "ALL"}, "Value 'ALL' at 'select' failed to satisfy constraint: Member must "
         "satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"),
    ],
)  # fmt: skip
def test_requests_that_the_api_does_not_allow(db: Any, request_: Item, words: str) -> None:
    assert refusal(db.scan, **request_) == ENVELOPE + words


def test_a_table_that_is_not_there(db: Any) -> None:
    for call, request in (
        (db.get_item, {"Key": key(1)}),
        (db.scan, {}),
        (db.update_item, {"Key": key(1), "UpdateExpression": "REMOVE lamp"}),
    ):
        assert refusal(call, TableName="no-lamps", **request) == "Requested resource not found"


def test_a_table_has_an_arn(db: Any, table: str) -> None:
    arn = db.describe_table(TableName=table)["Table"]["TableArn"]
    assert db.get_item(TableName=arn, Key=key(1))["Item"]["lamp"] == {"S": "lamp 1"}


# ---- parameters that expressions have replaced


OLD: dict[str, tuple[str, Item]] = {
    "AttributesToGet": ("get_item", {"Key": key(1), "AttributesToGet": ["lamp"]}),
    "ScanFilter": ("scan", {"ScanFilter": {"room": {"ComparisonOperator": "NULL"}}}),
    "KeyConditions": ("query", {"KeyConditions": {"shop": {"ComparisonOperator": "NOT_NULL"}}}),
    "AttributeUpdates": ("update_item", {"Key": key(1), "AttributeUpdates": {"lamp": {"Action": "DELETE"}}}),
    "Expected": ("delete_item", {"Key": key(1), "Expected": {"x": {"Exists": False}}}),
}


@pytest.mark.parametrize("name", OLD)
def test_a_parameter_that_an_expression_has_replaced_is_refused(db: Any, table: str, name: str) -> None:
    call, request = OLD[name]
    refused = f"The local cloud doesn't support {name}. Use an expression. docs/fidelity.md lists what works here."
    assert refusal(getattr(db, call), TableName=table, **request) == refused
    of_tables = {"RequestItems": {table: {"Keys": [key(1)], "AttributesToGet": ["lamp"]}}}
    assert refusal(db.batch_get_item, **of_tables) == refused.replace(name, "AttributesToGet")
    assert "lamp" in db.get_item(TableName=table, Key=key(1))["Item"]


# ---- what writes return


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("NONE", None),
        ("UPDATED_NEW", {"m": {"M": {"a": {"N": "2"}}}, "fresh": {"S": "f"}}),
        ("UPDATED_OLD", {"m": {"M": {"a": {"N": "1"}}}, "x": {"S": "x"}}),
    ],
)
def test_an_update_returns_what_the_request_wants(db: Any, table: str, wish: str, expected: Item | None) -> None:
    db.put_item(TableName=table, Item=key(1) | {"m": {"M": {"a": {"N": "1"}, "b": {"N": "9"}}}, "x": {"S": "x"}})
    answer = db.update_item(
        TableName=table,
        Key=key(1),
        UpdateExpression="SET m.a = m.a + :n, fresh = :f REMOVE x",
        ExpressionAttributeValues={":n": {"N": "1"}, ":f": {"S": "f"}},
        ReturnValues=wish,
    )
    assert answer.get("Attributes") == expected


def test_a_failed_condition_shows_the_item_on_demand(db: Any, table: str) -> None:
    request = {
        "TableName": table,
        "Key": key(1),
        "ConditionExpression": "attribute_not_exists(shop)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with pytest.raises(db.exceptions.ConditionalCheckFailedException) as failed:
        db.delete_item(**request)
    assert failed.value.response["Item"]["lamp"] == {"S": "lamp 1"}
    assert refusal(db.put_item, TableName=table, Item=key(1), ReturnValues="ALL_NEW") == (
        f"{ENVELOPE}ReturnValues can only be ALL_OLD or NONE"
    )


@pytest.mark.parametrize(
    ("call", "request_", "units"),
    [
        ("get_item", {"Key": key(1)}, 0.5),
        ("get_item", {"Key": key(1), "ConsistentRead": True}, 1.0),
        ("get_item", {"Key": key(99)}, 0.5),
        ("delete_item", {"Key": key(99)}, 1.0),
        ("put_item", {"Item": key(98) | {"text": {"S": "x" * 2000}}}, 2.0),
        ("put_item", {"Item": key(98) | {"room": {"S": "hall"}}}, 2.0),  # the table and one of the indexes
        ("delete_item", {"Key": key(1)}, 4.0),  # the table and all three
    ],
)
def test_capacity_units(db: Any, table: str, call: str, request_: Item, units: float) -> None:
    answer = getattr(db, call)(TableName=table, ReturnConsumedCapacity="TOTAL", **request_)
    assert answer["ConsumedCapacity"] == {"TableName": table, "CapacityUnits": units}


def test_capacity_units_of_indexes_and_the_size_of_a_collection(db: Any, table: str) -> None:
    answer = db.put_item(
        TableName=table,
        Item=key(98) | {"room": {"S": "hall"}, "price": {"N": "1"}},
        ReturnConsumedCapacity="INDEXES",
        ReturnItemCollectionMetrics="SIZE",
    )
    assert answer["ConsumedCapacity"] == {
        "TableName": table,
        "CapacityUnits": 4.0,
        "Table": {"CapacityUnits": 1.0},
        "LocalSecondaryIndexes": {"by-price": {"CapacityUnits": 1.0}},
        "GlobalSecondaryIndexes": {"by-room": {"CapacityUnits": 1.0}, "all-rooms": {"CapacityUnits": 1.0}},
    }
    assert answer["ItemCollectionMetrics"]["ItemCollectionKey"] == {"shop": {"S": "osaka"}}


# ---- batches


def test_batches_have_limits(db: Any, table: str) -> None:
    put = {"PutRequest": {"Item": key(50)}}
    many = [{"PutRequest": {"Item": key(number)}} for number in range(26)]
    words = refusal(db.batch_write_item, RequestItems={table: many})
    assert words.startswith(f"{ENVELOPE}Value '{{{table}=[{{PutRequest={{Item={{shop=")
    assert words.endswith(
        "]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have "
        "length less than or equal to 25, Member must have length greater than or equal to 1]"
    )
    twice = refusal(db.batch_write_item, RequestItems={table: [put, {"DeleteRequest": {"Key": key(50)}}]})
    assert twice == "Provided list of item keys contains duplicates"
    assert refusal(db.batch_get_item, RequestItems={table: {"Keys": [key(1), key(1)]}}) == twice
    assert refusal(db.batch_get_item, RequestItems={table: {"Keys": [key(n) for n in range(101)]}}) == (
        f"{ENVELOPE}Value at 'RequestItems.{table}.member.Keys' failed to satisfy constraint: Member must have length "
        "less than or equal to 100"
    )
    assert refusal(db.batch_write_item, RequestItems={table: [{"PutRequest": {"Item": {"shop": {"S": "a"}}}}]}) == (
        "The provided key element does not match the schema"
    )


def test_batches_write_and_read(db: Any, table: str) -> None:
    writes = [{"PutRequest": {"Item": key(50)}}, {"DeleteRequest": {"Key": key(1)}}]
    assert db.batch_write_item(RequestItems={table: writes})["UnprocessedItems"] == {}
    wish = {
        "Keys": [key(50), key(1), key(2)],
        "ProjectionExpression": "#n",
        "ExpressionAttributeNames": {"#n": "number"},
    }
    answer = db.batch_get_item(RequestItems={table: wish}, ReturnConsumedCapacity="TOTAL")
    assert numbers({"Items": answer["Responses"][table]}) == [50, 2]
    assert answer["UnprocessedKeys"] == {}
    assert answer["ConsumedCapacity"] == [{"TableName": table, "CapacityUnits": 1.5}]


def test_a_batch_reads_16_megabytes_at_most(db: Any, table: str) -> None:
    for number in range(100, 142):
        db.put_item(TableName=table, Item=key(number) | {"text": {"S": "x" * 400_000}})
    answer = db.batch_get_item(RequestItems={table: {"Keys": [key(number) for number in range(100, 142)]}})
    assert len(answer["Responses"][table]) == 41
    assert answer["UnprocessedKeys"] == {table: {"Keys": [key(141)]}}


# ---- transactions


def test_a_transaction_does_all_or_nothing_and_says_why(db: Any, table: str) -> None:
    on_x = {"TableName": table, "ConditionExpression": "x = :y", "ExpressionAttributeValues": {":y": {"S": "y"}}}
    with pytest.raises(db.exceptions.TransactionCanceledException) as canceled:
        db.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": key(60)}},
                {"Delete": on_x | {"Key": key(1), "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}},
                {"Update": {"TableName": table, "Key": key(2), "UpdateExpression": "SET a = nil"}},
            ]
        )
    response = canceled.value.response
    assert response["Error"]["Message"] == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, "
        "ValidationError]"
    )
    nothing, failed, invalid = response["CancellationReasons"]
    assert nothing == {"Code": "None"}
    assert (failed["Message"], failed["Item"]["lamp"]) == ("The conditional request failed", {"S": "lamp 1"})
    assert invalid["Message"] == "The provided expression refers to an attribute that does not exist in the item"
    assert "Item" not in db.get_item(TableName=table, Key=key(60))


def test_a_transaction_with_a_token_is_done_once(db: Any, table: str) -> None:
    add = {"TableName": table, "Key": key(1), "UpdateExpression": "ADD n :one"}
    items = [{"Update": add | {"ExpressionAttributeValues": {":one": {"N": "1"}}}}]
    request = {"TransactItems": items, "ClientRequestToken": "once", "ReturnConsumedCapacity": "TOTAL"}
    used = [db.transact_write_items(**request)["ConsumedCapacity"][0] for _ in range(2)]
    assert [each.keys() - {"TableName", "CapacityUnits"} for each in used] == [
        {"WriteCapacityUnits"}, {"ReadCapacityUnits"}
    ]  # fmt: skip
    assert db.get_item(TableName=table, Key=key(1))["Item"]["n"] == {"N": "1"}
    with pytest.raises(db.exceptions.IdempotentParameterMismatchException):
        db.transact_write_items(
            TransactItems=[{"Delete": {"TableName": table, "Key": key(1)}}], ClientRequestToken="once"
        )


def test_transactions_have_limits(db: Any, table: str) -> None:
    get, delete = {"Get": {"TableName": table, "Key": key(1)}}, {"Delete": {"TableName": table, "Key": key(1)}}
    once = "Transaction request cannot include multiple operations on one item"
    assert refusal(db.transact_write_items, TransactItems=[delete, delete]) == once
    assert refusal(db.transact_get_items, TransactItems=[get, get]) == once
    assert refusal(db.transact_write_items, TransactItems=[delete | {"Put": {"TableName": table, "Item": key(2)}}]) == (
        "TransactItems can only contain one of Check, Put, Update or Delete"
    )
    for call, part in ((db.transact_write_items, delete), (db.transact_get_items, get)):
        assert refusal(call, TransactItems=[part] * 101).endswith("Member must have length less than or equal to 100")
    reads = [{"Get": {"TableName": table, "Key": key(number)}} for number in range(100)]
    answer = db.transact_get_items(TransactItems=reads, ReturnConsumedCapacity="TOTAL")
    assert [bool(each) for each in answer["Responses"]] == [True] * 10 + [False] * 90
    assert answer["ConsumedCapacity"] == [{"TableName": table, "CapacityUnits": 200.0, "ReadCapacityUnits": 200.0}]


# ---- the rest of the service


def test_a_backup_has_the_items_of_its_moment(db: Any, table: str) -> None:
    backup = db.create_backup(TableName=table, BackupName="ten-lamps")["BackupDetails"]["BackupArn"]
    db.delete_item(TableName=table, Key=key(1))
    db.restore_table_from_backup(TargetTableName="old-lamps", BackupArn=backup)
    try:
        assert db.get_item(TableName="old-lamps", Key=key(1))["Item"]["lamp"] == {"S": "lamp 1"}
        db.put_item(TableName="old-lamps", Item=key(11))
        counts = [db.describe_table(TableName=name)["Table"]["ItemCount"] for name in (table, "old-lamps")]
        assert counts == [9, 11]
    finally:
        db.delete_table(TableName="old-lamps")


def test_a_stream_tells_of_every_write_and_of_nothing_else(db: Any, table: str) -> None:
    streams = boto3.client("dynamodbstreams")
    arn = db.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
    binary = {"b": {"B": b"\x00\xff"}, "deep": {"L": [{"B": b"x"}]}, "bs": {"BS": [b"y"]}}
    db.put_item(TableName=table, Item=key(80) | binary)
    db.put_item(TableName=table, Item=key(80) | binary)  # changes nothing
    db.update_item(TableName=table, Key=key(80), UpdateExpression="REMOVE deep")
    db.transact_write_items(TransactItems=[{"Delete": {"TableName": table, "Key": key(80)}}])
    records = streams.get_records(ShardIterator=start)["Records"]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert records[0]["dynamodb"]["NewImage"] == key(80) | binary
