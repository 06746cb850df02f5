"""Changes of DynamoDB's tables, and what belongs to them: answers in AWS's words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from moto.core.exceptions import JsonRESTError

from kits import stack_kit
from kits.table_kit import BAD, PROVISIONED, READ_ONE, client, constraint, defined, index, key, refused, table
from serverless_cloud import Cloud
from serverless_cloud.services.dynamodb import table_streams


@pytest.fixture(scope="module")
def db(cloud_of_module: Cloud) -> Any:
    """DynamoDB; its tables stay until the end of the file."""
    del cloud_of_module
    return client("dynamodb")


# ---- UpdateTable


@pytest.fixture(scope="module")
def store(db: Any) -> str:
    """A provisioned table with one global and one local index."""
    db.create_table(**table(
        "store", "sk", "a", KeySchema=key("pk", "sk"), **PROVISIONED,
        GlobalSecondaryIndexes=[index(ProvisionedThroughput=READ_ONE)],
        LocalSecondaryIndexes=[index("local", ("pk", "a"))],
    ))  # fmt: skip
    return "store"


def create(name: str, *keys: str, **more: Any) -> dict[str, Any]:
    return {"Create": index(name, keys, ProvisionedThroughput=READ_ONE, **more)}


#: A request to UpdateTable, and the error.
NOT_CHANGED: dict[str, tuple[dict[str, Any], str, str]] = {
    "only definitions": (
        {"AttributeDefinitions": defined("b")}, "ValidationException", "At least one of ProvisionedThroughput, "
        "BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, "
        "MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, "
        "OnDemandThroughput, WarmThroughput or TableClass is required",
    ),
    "the same throughput": (
        {"ProvisionedThroughput": READ_ONE}, "ValidationException",
        "The provisioned throughput for the table will not change. The requested value equals the current value. "
        "Current ReadCapacityUnits provisioned for the table: 1. Requested ReadCapacityUnits: 1. Current "
        "WriteCapacityUnits provisioned for the table: 1. Requested WriteCapacityUnits: 1. Refer to the Amazon "
        "DynamoDB Developer Guide for current limits and how to request higher limits.",
    ),
    "provisioned without throughput": (
        {"BillingMode": "PROVISIONED"}, "ValidationException",
        BAD + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED",
    ),
    "a class and a protection": (
        {"TableClass": "STANDARD", "DeletionProtectionEnabled": True}, "ValidationException",
        BAD + "TableClass modification must be the only operation in the request",
    ),
    "no stream to disable": (
        {"StreamSpecification": {"StreamEnabled": False}}, "ValidationException",
        "Table has no stream to disable: TableName: store",
    ),
    "two new indexes": (
        {"GlobalSecondaryIndexUpdates": [create("by-b", "b"), create("by-c", "c")]}, "LimitExceededException",
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
    ),
    "an index twice": (
        {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by-a"}}, create("by-a", "a")]},
        "ValidationException",
        BAD + "Only one global secondary index update per index is allowed simultaneously. Index: by-a",
    ),
    "no action": (
        {"GlobalSecondaryIndexUpdates": [{}]}, "ValidationException",
        BAD + "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
        "GlobalSecondaryIndexUpdate.Delete must not be null",
    ),
    "an index that is there": (
        {"GlobalSecondaryIndexUpdates": [create("by-a", "a")]}, "ValidationException",
        "Attempting to create an index which already exists",
    ),
    "no definitions": (
        {"GlobalSecondaryIndexUpdates": [create("by-b", "b")]}, "ValidationException",
        BAD + "AttributeDefinitions is not specified for index: by-b",
    ),
    "an undefined attribute": (
        {"GlobalSecondaryIndexUpdates": [create("by-b", "b")], "AttributeDefinitions": defined("pk")},
        "ValidationException",
        BAD + "Some index key attributes are not defined in AttributeDefinitions. Keys: [b], "
        "AttributeDefinitions: [sk, a, pk]",
    ),
    "an unknown index": (
        {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "ghost"}}]}, "ResourceNotFoundException",
        "Requested resource not found: Index ghost for table store",
    ),
    "a local index": (
        {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "local"}}]}, "ValidationException",
        "Cannot delete an index that is not a GlobalSecondaryIndex: local",
    ),
    "a replica": (
        {"ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]}, "NotImplementedException",
        "The local cloud doesn't support ReplicaUpdates in UpdateTable. Leave it out. docs/fidelity.md lists what "
        "works here.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_CHANGED)
def test_a_change_is_refused(db: Any, store: str, case: str) -> None:
    request, name, message = NOT_CHANGED[case]
    assert refused(db.update_table, TableName=store, **request) == (name, message)


def test_an_index_is_added_and_taken_away(db: Any) -> None:
    db.create_table(**table("shelves"))
    db.put_item(TableName="shelves", Item={"pk": {"S": "1"}, "b": {"S": "oak"}})
    step = {"Create": index("by-b", ("b",))}
    made = db.update_table(TableName="shelves", AttributeDefinitions=defined("b"), GlobalSecondaryIndexUpdates=[step])[
        "TableDescription"
    ]
    (new,) = made["GlobalSecondaryIndexes"]
    assert (made["TableStatus"], new["IndexStatus"], new["Backfilling"]) == ("UPDATING", "CREATING", False)
    now = db.describe_table(TableName="shelves")["Table"]
    assert [part["AttributeName"] for part in now["AttributeDefinitions"]] == ["b", "pk"]
    (shown,) = now["GlobalSecondaryIndexes"]
    assert (now["TableStatus"], shown["IndexStatus"], shown["ItemCount"]) == ("ACTIVE", "ACTIVE", 1)
    query = {"KeyConditionExpression": "b = :b", "ExpressionAttributeValues": {":b": {"S": "oak"}}}
    assert db.query(TableName="shelves", IndexName="by-b", **query)["Count"] == 1
    gone = db.update_table(TableName="shelves", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-b"}}])
    assert gone["TableDescription"]["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    after = db.describe_table(TableName="shelves")["Table"]
    assert "GlobalSecondaryIndexes" not in after
    assert after["AttributeDefinitions"] == defined("pk")


def test_a_new_throughput_shows_after_the_change(db: Any) -> None:
    db.create_table(**table("desks", **PROVISIONED))
    two = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 1}
    answer = db.update_table(TableName="desks", ProvisionedThroughput=two)["TableDescription"]
    assert (answer["TableStatus"], answer["ProvisionedThroughput"]["ReadCapacityUnits"]) == ("UPDATING", 1)
    now = db.describe_table(TableName="desks")["Table"]["ProvisionedThroughput"]
    assert (now["ReadCapacityUnits"], now["NumberOfDecreasesToday"], "LastIncreaseDateTime" in now) == (2, 0, True)
    db.update_table(TableName="desks", ProvisionedThroughput=READ_ONE)
    assert db.describe_table(TableName="desks")["Table"]["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 1


def test_billing_by_request_and_back(db: Any) -> None:
    db.create_table(
        **table("stools", "a", **PROVISIONED, GlobalSecondaryIndexes=[index(ProvisionedThroughput=READ_ONE)])
    )
    now = db.update_table(TableName="stools", BillingMode="PAY_PER_REQUEST")["TableDescription"]
    assert now["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert now["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert refused(db.update_table, TableName="stools", **PROVISIONED)[1] == (
        BAD + "ProvisionedThroughput must be specified for index: by-a"
    )
    step = {"Update": {"IndexName": "by-a", "ProvisionedThroughput": READ_ONE}}
    db.update_table(TableName="stools", **PROVISIONED, GlobalSecondaryIndexUpdates=[step])
    assert db.describe_table(TableName="stools")["Table"]["BillingModeSummary"]["BillingMode"] == "PROVISIONED"


def test_a_stack_changes_a_table_in_the_calls_that_dynamodb_takes(db: Any) -> None:
    request = table("stacked", "a", GlobalSecondaryIndexes=[index()])

    def stack(**more: Any) -> dict[str, Any]:
        return {"Resources": {"Stacked": {"Type": "AWS::DynamoDB::Table", "Properties": request | more}}}

    stack_kit.create("tables", stack())
    indexes = [index(ProvisionedThroughput=READ_ONE)]
    stack_kit.update("tables", stack(
        **PROVISIONED, GlobalSecondaryIndexes=indexes, TableClass="STANDARD", DeletionProtectionEnabled=True,
    ))  # fmt: skip
    now = db.describe_table(TableName="stacked")["Table"]
    assert (now["BillingModeSummary"]["BillingMode"], now["DeletionProtectionEnabled"]) == ("PROVISIONED", True)
    two = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 2}
    stack_kit.update("tables", stack(**PROVISIONED, GlobalSecondaryIndexes=[index(ProvisionedThroughput=two)],
                                     TableClass="STANDARD", DeletionProtectionEnabled=False))  # fmt: skip
    (shown,) = db.describe_table(TableName="stacked")["Table"]["GlobalSecondaryIndexes"]
    assert shown["ProvisionedThroughput"]["ReadCapacityUnits"] == 2
    stack_kit.delete("tables")


# ---- settings, tags


def test_time_to_live(db: Any) -> None:
    db.create_table(**table("carts"))
    call = db.update_time_to_live

    def wanted(enabled: bool, name: str) -> dict[str, Any]:
        return {"TableName": "carts", "TimeToLiveSpecification": {"Enabled": enabled, "AttributeName": name}}

    assert refused(call, **wanted(False, "ends"))[1] == "TimeToLive is already disabled"
    call(**wanted(True, "ends"))
    assert refused(call, **wanted(True, "ends"))[1] == "TimeToLive is already enabled"
    other = "TimeToLive is active on a different AttributeName: current AttributeName is ends"
    assert [refused(call, **wanted(on, "until"))[1] for on in (True, False)] == [other, other]
    call(**wanted(False, "ends"))
    described = db.describe_time_to_live(TableName="carts")["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "DISABLED"}


def test_tags_are_checked_and_a_key_has_one_value(db: Any) -> None:
    arn = db.create_table(**table("tagged", Tags=[{"Key": "team", "Value": "a"}]))["TableDescription"]["TableArn"]
    db.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}])
    assert db.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "b"}]
    many = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    assert refused(db.tag_resource, ResourceArn=arn, Tags=many)[1] == (
        "Number of Tags exceed the current limit for the provided ResourceArn"
    )
    assert refused(db.tag_resource, ResourceArn=arn, Tags=[])[1] == "Atleast one Tag needs to be provided as Input."
    assert refused(db.untag_resource, ResourceArn=arn)[1] == constraint("null", "tagKeys", "not be null")
    assert refused(db.list_tags_of_resource, ResourceArn="tagged")[1] == BAD + "ARNs must start with 'arn:': tagged"
    ghost = arn.replace("tagged", "ghost")
    assert refused(db.tag_resource, ResourceArn=ghost, Tags=[{"Key": "a", "Value": "b"}]) == (
        "ResourceNotFoundException", f"Requested resource not found: ResourcArn: {ghost} not found",
    )  # fmt: skip


def test_a_restored_table_is_billed_as_before(db: Any) -> None:
    db.create_table(**table("saved"))
    made = db.create_backup(TableName="saved", BackupName="first")["BackupDetails"]
    backup = made["BackupArn"]
    details = db.describe_backup(BackupArn=backup)["BackupDescription"]["BackupDetails"]
    assert (made["BackupStatus"], details["BackupStatus"]) == ("CREATING", "AVAILABLE")
    (listed,) = db.list_backups(TableName="saved")["BackupSummaries"]
    assert listed["TableId"] == db.describe_table(TableName="saved")["Table"]["TableId"]
    restored = db.restore_table_from_backup(TargetTableName="restored", BackupArn=backup)["TableDescription"]
    assert restored["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert (restored["TableStatus"], restored["RestoreSummary"]["RestoreInProgress"]) == ("CREATING", True)
    assert restored["TableId"] != db.describe_table(TableName="saved")["Table"]["TableId"]
    assert refused(db.describe_backup, BackupArn="first") == ("ValidationException", "Invalid Backup ARN")


def test_a_restore_to_a_point_in_time_needs_the_recovery(db: Any) -> None:
    arn = db.create_table(**table("past", "a", GlobalSecondaryIndexes=[index()]))["TableDescription"]["TableArn"]
    request = {"SourceTableArn": arn, "TargetTableName": "present", "UseLatestRestorableTime": True}
    restore = db.restore_table_to_point_in_time
    assert refused(restore, **request) == (
        "PointInTimeRecoveryUnavailableException", "Point in time recovery is not enabled for table 'past'",
    )  # fmt: skip
    enabled = {"PointInTimeRecoveryEnabled": True}
    db.update_continuous_backups(TableName=arn, PointInTimeRecoverySpecification=enabled)
    assert refused(restore, **request, SourceTableName="past")[1] == (
        "Must provide exactly one of: sourceTableArn, sourceTableName"
    )
    restored = restore(
        **request, BillingModeOverride="PROVISIONED", ProvisionedThroughputOverride=READ_ONE,
        GlobalSecondaryIndexOverride=[],
    )["TableDescription"]  # fmt: skip
    assert (restored["TableStatus"], restored["ProvisionedThroughput"]["ReadCapacityUnits"]) == ("CREATING", 1)
    assert "GlobalSecondaryIndexes" not in restored


def test_what_is_not_there_is_told_and_what_cannot_be_is_refused(db: Any) -> None:
    db.create_table(**table("plain"))
    assert db.describe_contributor_insights(TableName="plain")["ContributorInsightsStatus"] == "DISABLED"
    assert db.describe_kinesis_streaming_destination(TableName="plain")["KinesisDataStreamDestinations"] == []
    assert db.list_global_tables()["GlobalTables"] == []
    insights = refused(db.update_contributor_insights, TableName="plain", ContributorInsightsAction="ENABLE")
    assert insights[0] == "NotImplementedException"
    statement = refused(db.execute_statement, Statement="SELECT * FROM plain")
    assert statement == (
        "NotImplementedException", "The local cloud doesn't support execute_statement. Call get_item, query, put_item, "
        "update_item or delete_item. docs/fidelity.md lists what works here.",
    )  # fmt: skip
    assert refused(db.list_exports) == (
        "NotImplementedException",
        "The local cloud doesn't support list_exports. Leave it out. docs/fidelity.md lists what works here.",
    )
    policy = refused(db.put_resource_policy, ResourceArn="arn:aws:dynamodb:us-east-1:123456789012:table/plain")
    assert policy == (
        "NotImplementedException", "The local cloud doesn't support put_resource_policy. Use policies of roles "
        "instead. docs/fidelity.md lists what works here.",
    )  # fmt: skip
    assert db.describe_limits()["TableMaxReadCapacityUnits"] == 40_000


def test_a_number_is_not_a_text(db: Any) -> None:
    problem = ("SerializationException", "NUMBER_VALUE cannot be converted to String")
    assert refused(db.create_backup, TableName="plain", BackupName=7) == problem


# ---- streams


@pytest.fixture(scope="module")
def streams(db: Any) -> Any:
    del db
    return client("dynamodbstreams")


def test_a_stream_is_described_until_its_end(db: Any, streams: Any) -> None:
    view = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    arn = db.create_table(**table("watched", StreamSpecification=view))["TableDescription"]["LatestStreamArn"]
    db.put_item(TableName="watched", Item={"pk": {"S": "1"}})
    described = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    (shard,) = described["Shards"]
    assert (described["StreamStatus"], described["StreamViewType"]) == ("ENABLED", "KEYS_ONLY")
    assert "EndingSequenceNumber" not in shard["SequenceNumberRange"]
    first = shard["SequenceNumberRange"]["StartingSequenceNumber"]
    where = {"StreamArn": arn, "ShardId": shard["ShardId"]}
    place = streams.get_shard_iterator(**where, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    db.update_table(TableName="watched", StreamSpecification={"StreamEnabled": False})
    ended = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert (ended["StreamStatus"], ended["StreamViewType"]) == ("DISABLED", "KEYS_ONLY")
    assert ended["Shards"][0]["SequenceNumberRange"]["EndingSequenceNumber"] == first
    read = streams.get_records(ShardIterator=place)
    assert (len(read["Records"]), "NextShardIterator" in read) == (1, False)

    too_old = refused(
        streams.get_shard_iterator, **where, ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber="1" * 21
    )
    assert too_old[0] == "TrimmedDataAccessException"
    where["ShardId"] = "shardId-00000000000000000000-00000000"
    assert refused(streams.get_shard_iterator, **where, ShardIteratorType="LATEST")[0] == "ResourceNotFoundException"
    assert refused(streams.describe_stream, StreamArn=arn + "1") == (
        "ResourceNotFoundException", f"Requested resource not found: Stream: {arn}1 not found",
    )  # fmt: skip
    assert refused(streams.get_records, ShardIterator=place, Limit=1001)[1] == constraint(
        "'1001'", "limit", "have value less than or equal to 1000"
    )


def test_an_iterator_lasts_fifteen_minutes() -> None:
    iterator: Any = SimpleNamespace(made_s=100.0)
    table_streams.check_age(iterator, 1000.0)
    with pytest.raises(JsonRESTError) as caught:
        table_streams.check_age(iterator, 1000.1)
    assert caught.value.error_type.endswith("#ExpiredIteratorException")
