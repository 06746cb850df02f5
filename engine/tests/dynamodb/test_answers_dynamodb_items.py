"""What DynamoDB's calls on items answer: values, expressions, errors and their words, as boto3's users see them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ENVELOPE = "1 validation error detected: "
Item = dict[str, Any]


@pytest.fixture(scope="module")
def db(cloud_of_module: object) -> Any:
    """A client that checks nothing itself, as most SDKs."""
    assert cloud_of_module is not None
    return boto3.client("dynamodb", config=Config(parameter_validation=False))


@pytest.fixture(scope="module")
def table(db: Any) -> Iterator[str]:
    """A table with a sort key, a local index with its keys only, and global ones with some or all attributes."""
    db.create_table(
        TableName="answers",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=schema("pk", "sk"),
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in (("pk", "S"), ("sk", "N"), ("room", "S"), ("price", "N"))
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "by-price",
                "KeySchema": schema("pk", "price"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-room",
                "KeySchema": schema("room", "price"),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["lamp"]},
            },
            {"IndexName": "all-rooms", "KeySchema": schema("room"), "Projection": {"ProjectionType": "ALL"}},
        ],
    )
    yield "answers"
    db.delete_table(TableName="answers")


def schema(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


@pytest.fixture(autouse=True)
def empty(db: Any, table: str) -> None:
    for item in db.scan(TableName=table)["Items"]:
        db.delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})


def key(pk: str = "a", sk: int | str = 1) -> Item:
    return {"pk": {"S": pk}, "sk": {"N": str(sk)}}


def given(values: Item) -> Item:
    return {f":{name}": value for name, value in values.items()}


def refusal(call: Callable[..., Any], **request: Any) -> str:
    """The words of the error that a call ends with."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Message"])


def code(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Code"])


class Stored:
    """One item of the table, and the calls that change it."""

    def __init__(self, db: Any, table: str) -> None:
        self.db, self.table = db, table

    def put(self, **attributes: Item) -> None:
        self.db.put_item(TableName=self.table, Item=key() | attributes)

    def get(self, **more: Any) -> Item:
        found: Item = self.db.get_item(TableName=self.table, Key=key(), **more).get("Item", {})
        return {name: value for name, value in found.items() if name not in ("pk", "sk")}

    def update(
        self, expression: str, names: dict[str, str] | None = None, more: Item | None = None, **values: Item
    ) -> Any:
        request: Item = {"UpdateExpression": expression} | (more or {})
        if names:
            request["ExpressionAttributeNames"] = names
        if values:
            request["ExpressionAttributeValues"] = given(values)
        return self.db.update_item(TableName=self.table, Key=key(), **request)

    def refused(self, expression: str, names: dict[str, str] | None = None, **values: Item) -> str:
        return refusal(self.update, expression=expression, names=names, **values)


@pytest.fixture
def item(db: Any, table: str) -> Stored:
    return Stored(db, table)


# ---- values


@pytest.mark.parametrize(
    ("written", "read"),
    [("1.50", "1.5"), ("1e3", "1000"), ("-0", "0"), ("007", "7"), (".5", "0.5"), ("1E-3", "0.001"), ("+2", "2"),
     ("1e125", "1" + "0" * 125), ("1" * 38, "1" * 38), ("0.0000012", "0.0000012")],
)  # fmt: skip
def test_numbers_come_back_in_one_form(item: Stored, written: str, read: str) -> None:
    item.put(n={"N": written}, inside={"L": [{"N": written}]}, of={"NS": [written]})
    assert item.get() == {"n": {"N": read}, "inside": {"L": [{"N": read}]}, "of": {"NS": [read]}}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"N": "lamp"}, "The parameter cannot be converted to a numeric value: lamp"),
        ({"N": ""}, "The parameter cannot be converted to a numeric value"),
        ({"N": "1" * 39}, "Attempting to store more than 38 significant digits in a Number"),
        ({"N": "1e126"}, "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        ({"N": "1e-131"}, "Number underflow. Attempting to store a number with magnitude smaller than supported range"),
        ({}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        ({"S": "a", "N": "1"}, "Supplied AttributeValue has more than one datatypes set, must contain exactly one of "
         "the supported datatypes"),
        ({"SS": []}, ENVELOPE + "One or more parameter values were invalid: An string set  may not be empty"),
        ({"NS": []}, ENVELOPE + "One or more parameter values were invalid: An number set  may not be empty"),
        ({"BS": []}, ENVELOPE + "One or more parameter values were invalid: Binary sets should not be empty"),
        ({"SS": ["a", "b", "a"]}, ENVELOPE + "One or more parameter values were invalid: Input collection [a, b, a] "
         "contains duplicates."),
        ({"NULL": False}, ENVELOPE + "One or more parameter values were invalid: Null attribute value types must have "
         "the value of true"),
    ],
)  # fmt: skip
def test_a_value_that_dynamodb_does_not_store_is_refused(db: Any, table: str, value: Item, words: str) -> None:
    assert refusal(db.put_item, TableName=table, Item=key() | {"x": value}) == words


def test_maps_and_lists_may_be_32_deep(item: Stored) -> None:
    deep: Item = {"S": "lamp"}
    for _ in range(31):
        deep = {"L": [deep]}
    item.put(deep={"M": {"x": deep}})
    assert "Nesting Levels have exceeded supported limits" in refusal(item.put, deep={"L": [{"M": {"x": deep}}]})


def test_empty_text_is_a_value_but_not_a_key(db: Any, table: str, item: Stored) -> None:
    item.put(empty={"S": ""}, nil={"B": b""})
    assert item.get() == {"empty": {"S": ""}, "nil": {"B": b""}}
    words = "One or more parameter values are not valid. "
    for call, given_key in ((db.put_item, "Item"), (db.get_item, "Key")):
        assert refusal(call, TableName=table, **{given_key: key("")}) == (
            f"{words}The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"
        )
    for call, part in ((db.transact_write_items, "Delete"), (db.transact_get_items, "Get")):
        with pytest.raises(db.exceptions.ClientError) as refused:
            call(TransactItems=[{part: {"TableName": table, "Key": key("")}}])
        assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert refusal(db.put_item, TableName=table, Item=key() | {"room": {"S": ""}}) == (
        f"{words}A value specified for a secondary index key is not supported. The AttributeValue for a key attribute "
        "cannot contain an empty string value. IndexName: by-room, IndexKey: room"
    )


def test_keys_fit_the_table(db: Any, table: str) -> None:
    wrong = "One or more parameter values were invalid: "
    put = {"TableName": table}
    assert refusal(db.put_item, **put, Item={"pk": {"S": "a"}}) == f"{wrong}Missing the key sk in the item"
    assert refusal(db.put_item, **put, Item=key() | {"sk": {"S": "1"}}) == (
        f"{wrong}Type mismatch for key sk expected: N actual: S"
    )
    assert refusal(db.put_item, **put, Item=key() | {"price": {"S": "1"}}) == (
        f"{wrong}Type mismatch for Index Key price Expected: N Actual: S IndexName: by-room"
    )
    assert refusal(db.put_item, **put, Item=key("x" * 2049)) == (
        f"{wrong}Size of hashkey has exceeded the maximum size limit of2048 bytes"
    )
    for bad in ({"pk": {"S": "a"}}, key() | {"more": {"S": "b"}}, {"pk": {"N": "1"}, "sk": {"N": "1"}}):
        for call in (db.get_item, db.delete_item):
            assert refusal(call, TableName=table, Key=bad) == "The provided key element does not match the schema"


def test_an_item_has_400_kilobytes_at_most(item: Stored) -> None:
    item.put(text={"S": "x" * 409_000})
    assert refusal(item.put, text={"S": "x" * 410_000}) == "Item size has exceeded the maximum allowed size"
    assert item.refused("SET longer = :longer", longer={"S": "x" * 1000}) == (
        "Item size to update has exceeded the maximum allowed size"
    )


@pytest.mark.parametrize(
    ("operation", "body", "words"),
    [
        ("GetItem", b"{", ""),
        ("GetItem", b'{"TableName": 1}', "NUMBER_VALUE cannot be converted to String"),
        ("PutItem", b'{"TableName": "answers", "Item": []}', "Start of list found where not expected"),
        (
            "PutItem",
            b'{"TableName": "answers", "Item": {"pk": {"S": 1}}}',
            "NUMBER_VALUE cannot be converted to String",
        ),
        ("BatchWriteItem", b'{"RequestItems": {"answers": [1]}}', "NUMBER_VALUE cannot be converted to Map"),
    ],
)
def test_json_of_another_type_is_refused(db: Any, operation: str, body: bytes, words: str) -> None:
    headers = {
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20261129/us-east-1/dynamodb/aws4_request, Signature=x",
    }
    request = urllib.request.Request(db.meta.endpoint_url, body, headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    answer = json.loads(refused.value.read())
    assert (refused.value.code, answer["message"]) == (400, words)
    assert answer["__type"] == "com.amazon.coral.service#SerializationException"


# ---- expressions


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("INVALID SYNTAX HERE", 'Syntax error; token: "INVALID", near: "INVALID SYNTAX"'),
        ("SET", 'Syntax error; token: "<EOF>", near: "SET"'),
        ("", "The expression can not be empty;"),
        ("SET a = a * :v", 'Syntax error; token: "*", near: "a * :v"'),
        ("ADD a 1", 'Syntax error; token: "1", near: "a 1"'),
        ("SET a = :v SET b = :v", 'The "SET" section can only be used once in an update expression;'),
        ("SET a = :v, a.b = :v", "Two document paths overlap with each other; must remove or rewrite one of these "
         "paths; path one: [a], path two: [a, b]"),
        ("SET a.b = :v, a[0] = :v", "Two document paths conflict with each other; must remove or rewrite one of these "
         "paths; path one: [a, b], path two: [a, [0]]"),
        ("SET a = contains(b, :v)", "The function is not allowed in an update expression; function: contains"),
        ("SET a = lamp(b)", "Invalid function name; function: lamp"),
        ("SET a = list_append(b)", "Incorrect number of operands for operator or function; operator or function: "
         "list_append, number of operands: 1"),
        ("SET a = a + :v", "Incorrect operand type for operator or function; operator or function: +, operand type: S"),
        ("ADD a :v", "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: "
         "ALLOWED_FOR_ADD_OPERAND"),
        ("SET comment = :v", "Attribute name is a reserved keyword; reserved keyword: comment"),
        ("SET a = :w", "An expression attribute value used in expression is not defined; attribute value: :w"),
        ("SET #a = :v", "An expression attribute name used in the document path is not defined; attribute name: #a"),
    ],
)  # fmt: skip
def test_a_malformed_update_says_what_is_wrong(item: Stored, expression: str, words: str) -> None:
    assert item.refused(expression, v={"S": "x"}) == f"{ENVELOPE}Invalid UpdateExpression: {words}"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("a", 'Syntax error; token: "<EOF>", near: "a"'),
        ("a = :v AND", 'Syntax error; token: "<EOF>", near: "AND"'),
        ("((a = :v))", "The expression has redundant parentheses;"),
        ("size(a)", "The function is not allowed to be used this way in an expression; function: size"),
        ("if_not_exists(a, :v) = :v", "The function is not allowed in a condition expression; function: if_not_exists"),
        ("attribute_exists(:v)", "Operator or function requires a document path; operator or function: "
         "attribute_exists"),
        ("contains(a, a)", "The first operand must be distinct from the remaining operands for this operator or "
         "function; operator: contains, first operand: [a]"),
        ("a BETWEEN :v AND :low", "The BETWEEN operator requires upper bound to be greater than or equal to lower "
         "bound; lower bound operand: AttributeValue: {S:x}, upper bound operand: AttributeValue: {S:a}"),
        ("a < :flag", "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"),
        ("begins_with(a, :n)", "Incorrect operand type for operator or function; operator or function: begins_with, "
         "operand type: N"),
        ("a IN (" + "b, " * 100 + "c)", "The IN operator is provided with too many operands; number of operands: 101"),
        (" OR ".join(["a = b"] * 151), "The expression contains too many operators; operator count: 301"),
        (".".join("a" * 33) + " = :v", "The document path has too many nesting levels; nesting levels: 33"),
        ("attribute_type(a, :v)", "Invalid attribute type name found; type: x, valid types: "
         "{S,SS,N,NS,B,BS,BOOL,NULL,L,M}"),
    ],
)  # fmt: skip
def test_a_malformed_condition_says_what_is_wrong(db: Any, table: str, expression: str, words: str) -> None:
    values = given({"v": {"S": "x"}, "low": {"S": "a"}, "flag": {"BOOL": True}, "n": {"N": "1"}})
    used = {name: value for name, value in values.items() if name in expression}
    request: Item = {"TableName": table, "ConditionExpression": expression}
    if used:
        request["ExpressionAttributeValues"] = used
    assert refusal(db.put_item, Item=key(), **request) == f"{ENVELOPE}Invalid ConditionExpression: {words}"
    assert refusal(db.delete_item, Key=key(), **request) == f"{ENVELOPE}Invalid ConditionExpression: {words}"


def test_names_and_values_must_be_used(db: Any, table: str, item: Stored) -> None:
    unused = "unused in expressions: keys:"
    assert item.refused("SET a = :v", v={"S": "x"}, w={"S": "y"}) == (
        f"{ENVELOPE}Value provided in ExpressionAttributeValues {unused} {{:w}}"
    )
    assert item.refused("SET a = :v", {"#b": "b"}, v={"S": "x"}) == (
        f"{ENVELOPE}Value provided in ExpressionAttributeNames {unused} {{#b}}"
    )
    get = {"TableName": table, "Key": key()}
    assert refusal(db.get_item, **get, ExpressionAttributeNames={"#b": "b"}) == (
        "ExpressionAttributeNames can only be specified when using expressions"
    )
    assert refusal(db.get_item, **get, ProjectionExpression="a", ExpressionAttributeNames={}) == (
        "ExpressionAttributeNames must not be empty"
    )
    assert refusal(
        db.scan, TableName=table, FilterExpression="a = :v", ExpressionAttributeValues={"v": {"S": "x"}}
    ) == ('ExpressionAttributeValues contains invalid key: Syntax error; key: "v"')
    assert item.refused("SET a = :v", v={"SS": ["a", "a"]}) == (
        f"{ENVELOPE}ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: Input "
        "collection [a, a] contains duplicates. for key :v"
    )


@pytest.mark.parametrize(
    ("expression", "values", "expected"),
    [
        ("SET a = a + :n", {"n": {"N": "0.10"}}, {"a": {"N": "1.1"}}),
        ("SET a = :n - a", {"n": {"N": "3"}}, {"a": {"N": "2"}}),
        ("SET b = if_not_exists(b, :n) + :n", {"n": {"N": "3"}}, {"b": {"N": "6"}}),
        ("SET l = list_append(:l, l)", {"l": {"L": [{"S": "0"}]}}, {"l": {"L": [{"S": n} for n in "0123"]}}),
        ("SET l[9] = :s", {"s": {"S": "end"}}, {"l": {"L": [{"S": n} for n in ("1", "2", "3", "end")]}}),
        ("REMOVE l[0], l[1]", {}, {"l": {"L": [{"S": "3"}]}}),
        ("SET m.x = m.y, a = m.y", {}, {"m": {"M": {"x": {"S": "y"}, "y": {"S": "y"}}}, "a": {"S": "y"}}),
        ("ADD tags :t", {"t": {"SS": ["b", "c"]}}, {"tags": {"SS": ["a", "b", "c"]}}),
        ("DELETE tags :t", {"t": {"SS": ["a", "b"]}}, {"tags": None}),
        ("ADD fresh :n", {"n": {"N": "2"}}, {"fresh": {"N": "2"}}),
        ("REMOVE a SET b = a", {}, {"a": None, "b": {"N": "1"}}),
    ],
)  # fmt: skip
def test_an_update_changes_what_it_says(item: Stored, expression: str, values: Item, expected: Item) -> None:
    before: Item = {
        "a": {"N": "1"}, "l": {"L": [{"S": n} for n in "123"]}, "m": {"M": {"y": {"S": "y"}}},
        "tags": {"SS": ["a", "b"]},
    }  # fmt: skip
    item.put(**before)
    item.update(expression, **values)
    after = {name: value for name, value in (before | expected).items() if value is not None}
    assert item.get() == after


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("SET a = nil", "The provided expression refers to an attribute that does not exist in the item"),
        ("SET nil.b = :n", "The document path provided in the update expression is invalid for update"),
        ("SET s.b = :n", "The document path provided in the update expression is invalid for update"),
        ("SET a = s + :n", "An operand in the update expression has an incorrect data type"),
        ("ADD s :n", "An operand in the update expression has an incorrect data type"),
        ("SET pk = :n", "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part "
         "of the key"),
        ("SET room = :n", "One or more parameter values were invalid: Type mismatch for Index Key room Expected: S "
         "Actual: N IndexName: by-room"),
    ],
)  # fmt: skip
def test_an_update_that_does_not_fit_the_item_changes_nothing(item: Stored, expression: str, words: str) -> None:
    item.put(s={"S": "text"})
    values = {"n": {"N": "1"}} if ":n" in expression else {}
    assert item.refused(expression, **values) == words
    assert item.get() == {"s": {"S": "text"}}


@pytest.mark.parametrize(
    ("expression", "met"),
    [
        ("n = :one", True), ("n <> :one", False), ("nil <> :one", True), ("n IN (:s, :one)", True),
        ("n BETWEEN :one AND :one", True), ("s > :one", False), ("size(b) = :three", True), ("size(tags) = :one", True),
        ("contains(tags, :s)", True), ("contains(s, :s)", True), ("begins_with(s, :s)", True),
        ("contains(l, :one)", True), ("attribute_type(m, :map)", True), ("NOT (n = :one OR s = :s)", False),
        ("n = :one AND NOT s = :one", True), ("m.deep[0] = :one", True), ("m.deep[1] = :one", False),
        ("nums = :nums", True), ("attribute_not_exists(m.nil)", True), ("(n) = :one", True),
    ],
)  # fmt: skip
def test_conditions(db: Any, table: str, item: Stored, expression: str, met: bool) -> None:
    item.put(
        n={"N": "1.0"}, s={"S": "lamp"}, b={"B": b"abc"}, tags={"SS": ["lamp"]}, l={"L": [{"N": "1"}]},
        m={"M": {"deep": {"L": [{"N": "1"}]}}}, nums={"NS": ["1", "2"]},
    )  # fmt: skip
    values = given(
        {"one": {"N": "1"}, "three": {"N": "3"}, "s": {"S": "lamp"}, "map": {"S": "M"}, "nums": {"NS": ["2", "1"]}}
    )
    used = {name: value for name, value in values.items() if name in expression}
    more = {"ExpressionAttributeValues": used} if used else {}
    found = db.scan(TableName=table, FilterExpression=expression, **more)
    assert (found["Count"], found["ScannedCount"]) == (int(met), 1)


def test_a_projection_takes_parts_of_documents(item: Stored) -> None:
    item.put(
        l={"L": [{"S": "0"}, {"M": {"x": {"S": "1"}, "y": {"S": "y"}}}, {"S": "2"}]},
        m={"M": {"a": {"S": "a"}}},
        z={"N": "1"},
    )
    names = {"#l": "l"}
    assert item.get(ProjectionExpression="#l[2], #l[1].x, m.a, m.nil", ExpressionAttributeNames=names) == {
        "l": {"L": [{"M": {"x": {"S": "1"}}}, {"S": "2"}]},
        "m": {"M": {"a": {"S": "a"}}},
    }
    assert item.get(ProjectionExpression="#l[0]", ExpressionAttributeNames=names) == {"l": {"L": [{"S": "0"}]}}
