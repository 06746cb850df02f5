"""Tables of DynamoDB: which are made, and how they are described, in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest

from kits import patch_kit
from kits.table_kit import BAD, LONG, PROVISIONED, READ_ONE, client, constraint, index, key, refused, table
from serverless_cloud import Cloud


@pytest.fixture(scope="module")
def db(cloud_of_module: Cloud) -> Any:
    """DynamoDB; its tables stay until the end of the file."""
    del cloud_of_module
    return client("dynamodb")


#: What is asked of CreateTable, and the message of the ValidationException.
NOT_MADE: dict[str, tuple[dict[str, Any], str]] = {
    "a short name": (table("ab"), constraint("'ab'", "tableName", "have length greater than or equal to 3")),
    "a long name": (table(LONG), constraint(f"'{LONG}'", "tableName", "have length less than or equal to 255")),
    "another character": (
        table("abc;"), constraint("'abc;'", "tableName", "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
    ),
    "two errors": (
        table("ab", BillingMode="FREE"),
        "2 validation errors detected: Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length "
        "greater than or equal to 3; Value 'FREE' at 'billingMode' failed to satisfy constraint: Member must satisfy "
        "enum value set: [PROVISIONED, PAY_PER_REQUEST]",
    ),
    "an attribute type": (
        table(AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "BOOL"}]),
        constraint("'BOOL'", "attributeDefinitions.1.member.attributeType", "satisfy enum value set: [B, N, S]"),
    ),
    "three key attributes": (
        table(KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}] * 3),
        constraint(f"'[{', '.join(['KeySchemaElement(attributeName=a, keyType=HASH)'] * 3)}]'", "keySchema",
                   "have length less than or equal to 2"),
    ),
    "no key": (table(KeySchema=[]), constraint("'[]'", "keySchema", "have length greater than or equal to 1")),
    "no capacity": (
        table(BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 0, "WriteCapacityUnits": 1}),
        constraint("'0'", "provisionedThroughput.readCapacityUnits", "have value greater than or equal to 1"),
    ),
    "no throughput": (
        table(BillingMode="PROVISIONED"),
        BAD + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    ),
    "throughput on demand": (
        table(ProvisionedThroughput=READ_ONE),
        BAD + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    ),
    "an attribute twice": (table("orders", "pk"), "Attribute Name is duplicated: pk"),
    "an unused attribute": (
        table("orders", "a"),
        BAD + "Number of attributes in KeySchema does not exactly match number of attributes defined in "
        "AttributeDefinitions",
    ),
    "an unused attribute beside an index": (
        table("orders", "sk", "a", "b", "c", KeySchema=key("pk", "sk"), GlobalSecondaryIndexes=[index()]),
        BAD + "Some AttributeDefinitions are not used. AttributeDefinitions: [sk, a, b, pk, c], keys used: [a, sk, pk]",
    ),
    "an undefined attribute": (
        table(KeySchema=key("id")),
        BAD + "Some index key attributes are not defined in AttributeDefinitions. Keys: [id], "
        "AttributeDefinitions: [pk]",
    ),
    "too few definitions": (
        table(KeySchema=key("pk", "sk")), "Invalid KeySchema: Some index key attribute have no definition",
    ),
    "one attribute as both keys": (
        table("orders", "sk", KeySchema=key("pk", "pk")),
        "Both the Hash Key and the Range Key element in the KeySchema have the same name",
    ),
    "the range key first": (
        table("orders", "sk", KeySchema=key("pk", "sk")[::-1]),
        "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
    ),
    "an empty list": (table(GlobalSecondaryIndexes=[]), BAD + "List of GlobalSecondaryIndexes is empty"),
    "a local index without a range key": (
        table("orders", "a", LocalSecondaryIndexes=[index("by-a", ("pk", "a"))]),
        BAD + "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
    ),
    "a local index with another hash key": (
        table("orders", "sk", "a", KeySchema=key("pk", "sk"), LocalSecondaryIndexes=[index("by-a", ("a", "sk"))]),
        BAD + "Index KeySchema does not have the same leading hash key as table KeySchema for index: by-a. "
        "index hash key: a, table hash key: pk",
    ),
    "six local indexes": (
        table("orders", "sk", KeySchema=key("pk", "sk"),
              LocalSecondaryIndexes=[index(f"by-{n}", ("pk", "sk")) for n in range(6)]),
        BAD + "Number of LocalSecondaryIndexes exceeds per-table limit of 5",
    ),
    "21 global indexes": (
        table("orders", "a", GlobalSecondaryIndexes=[index(f"by-{n}") for n in range(21)]),
        BAD + "GlobalSecondaryIndex count exceeds the per-table limit of 20",
    ),
    "an index twice": (
        table("orders", "a", GlobalSecondaryIndexes=[index(), index()]), BAD + "Duplicate index name: by-a",
    ),
    "no projection type": (
        table("orders", "a", GlobalSecondaryIndexes=[index(Projection={})]), BAD + "Unknown ProjectionType: null",
    ),
    "nothing to include": (
        table("orders", "a", GlobalSecondaryIndexes=[index(Projection={"ProjectionType": "INCLUDE"})]),
        BAD + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
    ),
    "more than keys": (
        table("orders", "a", GlobalSecondaryIndexes=[
            index(Projection={"ProjectionType": "KEYS_ONLY", "NonKeyAttributes": ["x"]})]),
        BAD + "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified",
    ),
    "an index without throughput": (
        table("orders", "a", **PROVISIONED, GlobalSecondaryIndexes=[index()]),
        BAD + "ProvisionedThroughput is not specified for index: by-a",
    ),
    "an index with throughput": (
        table("orders", "a", GlobalSecondaryIndexes=[index(ProvisionedThroughput=READ_ONE)]),
        BAD + "ProvisionedThroughput should not be specified for index: by-a when BillingMode is PAY_PER_REQUEST",
    ),
    "a stream without a view": (
        table(StreamSpecification={"StreamEnabled": True}),
        BAD + "Table is being created with a stream enabled, UpdateViewType is required",
    ),
    "a class": (
        table(TableClass="FROZEN"),
        "Invalid table-class parameter provided. Please try again with a valid table-class value: "
        "[STANDARD, STANDARD_INFREQUENT_ACCESS].",
    ),
    "a key without encryption": (
        table(SSESpecification={"Enabled": False, "SSEType": "KMS"}),
        BAD + "SSEType can not be specified if Enabled is false",
    ),
    "limits of on-demand": (
        table(OnDemandThroughput={"MaxReadRequestUnits": 0}),
        BAD + "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range",
    ),
    "a tag of AWS": (
        table(Tags=[{"Key": "aws:team", "Value": "lamps"}]), "Tag Key cannot be prefixed with aws:, Key: aws:team",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_MADE)
def test_a_table_is_refused(db: Any, case: str) -> None:
    request, message = NOT_MADE[case]
    assert refused(db.create_table, **request) == ("ValidationException", message)
    assert request["TableName"] not in db.list_tables()["TableNames"]


def test_a_table_is_described_as_on_aws(db: Any) -> None:
    world = [index(OnDemandThroughput={"MaxReadRequestUnits": 5})]
    made = db.create_table(**table("lamps", "a", GlobalSecondaryIndexes=world, TableClass="STANDARD"))
    made = made["TableDescription"]
    assert (made["TableStatus"], made["GlobalSecondaryIndexes"][0]["IndexStatus"]) == ("CREATING", "CREATING")
    assert "LocalSecondaryIndexes" not in made
    now = db.describe_table(TableName=made["TableArn"])["Table"]
    assert (now["TableStatus"], now["TableId"], len(now["TableId"])) == ("ACTIVE", made["TableId"], 36)
    assert [part["AttributeName"] for part in now["AttributeDefinitions"]] == ["a", "pk"]
    assert now["TableClassSummary"] == {"TableClass": "STANDARD"}
    assert now["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"] == now["CreationDateTime"]
    (shown,) = now["GlobalSecondaryIndexes"]
    assert shown["IndexArn"] == f"{now['TableArn']}/index/by-a"
    assert (shown["IndexStatus"], shown["ItemCount"], shown["IndexSizeBytes"]) == ("ACTIVE", 0, 0)
    assert shown["OnDemandThroughput"] == {"MaxReadRequestUnits": 5}
    again = db.create_table
    assert refused(again, **table("lamps")) == ("ResourceInUseException", "Table already exists: lamps")


def test_a_provisioned_table_has_no_billing_mode(db: Any) -> None:
    request = table("chairs", **PROVISIONED)
    assert "BillingModeSummary" not in db.create_table(**request)["TableDescription"]


def test_a_missing_table_has_the_same_words_everywhere(db: Any) -> None:
    missing = ("ResourceNotFoundException", "Requested resource not found: Table: nobody not found")
    calls = (db.describe_table, db.delete_table, db.describe_time_to_live, db.describe_contributor_insights)
    assert [refused(call, TableName="nobody") for call in calls] == [missing] * len(calls)
    assert refused(db.update_table, TableName="nobody", DeletionProtectionEnabled=True) == missing


def test_a_table_needs_a_name(db: Any) -> None:
    message = "The parameter 'TableName' is required but was not present in the request"
    calls = (db.create_table, db.describe_table, db.update_table, db.delete_table, db.describe_time_to_live)
    assert {refused(call) for call in calls} == {("ValidationException", message)}
    assert refused(db.create_table, TableName="unnamed")[1] == (
        "2 validation errors detected: Value null at 'attributeDefinitions' failed to satisfy constraint: Member must "
        "not be null; Value null at 'keySchema' failed to satisfy constraint: Member must not be null"
    )


def test_a_protected_table_stays(db: Any) -> None:
    db.create_table(**table("vault", DeletionProtectionEnabled=True))
    assert refused(db.delete_table, TableName="vault") == (
        "ValidationException",
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
    )
    db.update_table(TableName="vault", DeletionProtectionEnabled=False)
    assert db.delete_table(TableName="vault")["TableDescription"]["TableStatus"] == "DELETING"


def test_tables_are_listed_by_name_in_pages(db: Any) -> None:
    for name in ("page-c", "page-a", "page-b"):
        db.create_table(**table(name))
    page = db.list_tables(ExclusiveStartTableName="page", Limit=2)
    assert page["TableNames"] == ["page-a", "page-b"]
    assert page["LastEvaluatedTableName"] == "page-b"
    rest = db.list_tables(ExclusiveStartTableName="page-b", Limit=1)
    assert (rest["TableNames"], rest.get("LastEvaluatedTableName") in (None, "page-c")) == (["page-c"], True)
    for limit, rule in ((0, "greater than or equal to 1"), (101, "less than or equal to 100")):
        assert refused(db.list_tables, Limit=limit)[1] == constraint(f"'{limit}'", "limit", f"have value {rule}")


# ---- what stock moto does wrong: when one of these fails, a patch may lose a part

STOCK = """
from moto.dynamodbstreams.models import dynamodbstreams_backends

TABLE = dict(TableName="orders", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
             AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
STREAM = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}

def table(**more):
    return db.create_table(**TABLE | more)["TableDescription"]

def a_table_has_no_id():
    return "TableId" not in table()

def the_class_of_a_table_is_lost():
    return "TableClassSummary" not in table(TableClass="STANDARD_INFREQUENT_ACCESS")

def any_name_will_do():
    return table(TableName="a;")["TableStatus"] == "ACTIVE"

def an_unknown_index_breaks_it():
    table()
    try:
        db.update_table(TableName="orders", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "ghost"}}])
    except ValueError:
        return True

def tables_are_not_sorted():
    table(TableName="zzz")
    table(TableName="aaa")
    return db.list_tables()["TableNames"] == ["zzz", "aaa"]

def the_same_is_enabled_twice():
    table()
    wanted = dict(TableName="orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ends"})
    db.update_time_to_live(**wanted)
    return db.update_time_to_live(**wanted)["TimeToLiveSpecification"]["Enabled"]

def a_tag_has_two_values():
    arn = table(Tags=[{"Key": "team", "Value": "a"}])["TableArn"]
    db.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}])
    return len(db.list_tags_of_resource(ResourceArn=arn)["Tags"]) == 2

def a_restored_table_has_no_billing_mode():
    table()
    backup = db.create_backup(TableName="orders", BackupName="first")["BackupDetails"]["BackupArn"]
    made = db.restore_table_from_backup(TargetTableName="again", BackupArn=backup)["TableDescription"]
    return "BillingMode" not in made["BillingModeSummary"]

def the_quotas_are_old_ones():
    return db.describe_limits()["TableMaxReadCapacityUnits"] == 10_000

def insights_are_not_there():
    table()
    try:
        db.describe_contributor_insights(TableName="orders")
    except NotImplementedError:
        return True

def a_disabled_stream_breaks_it():
    arn = table(StreamSpecification=STREAM)["LatestStreamArn"]
    db.update_table(TableName="orders", StreamSpecification={"StreamEnabled": False})
    try:
        dynamodbstreams_backends["123456789012"]["us-east-1"].describe_stream(arn)
    except KeyError:
        return True
"""


@patch_kit.asks_stock_moto
def test_stock_moto_still_has_the_defects() -> None:
    found = patch_kit.shown(STOCK, db="dynamodb")
    patch_kit.assert_all(found, STOCK.count("\ndef ") - 1, "dynamodb/table*.py")
