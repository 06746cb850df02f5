"""Finds an owner's databases, secrets, queues, tables and buckets."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from serverless_first.cloud.account.owned import Account
from serverless_first.cloud.account.things import Thing, absent, code_of


def proxies(account: Account) -> Iterator[Thing]:
    """RDS proxies: they go before the databases behind them."""
    client = account.client("rds")
    for proxy in account.pages("rds", "describe_db_proxies", "DBProxies"):
        if account.owns(client.list_tags_for_resource(ResourceName=proxy["DBProxyArn"])["TagList"]):
            name = proxy["DBProxyName"]
            yield Thing(
                "proxy",
                name,
                partial(client.delete_db_proxy, DBProxyName=name),
                absent(partial(client.describe_db_proxies, DBProxyName=name)),
            )


def instances(account: Account) -> Iterator[Thing]:
    """RDS instances, without a last snapshot, and snapshots that were made by hand."""
    client = account.client("rds")
    for instance in account.pages("rds", "describe_db_instances", "DBInstances"):
        if account.owns(client.list_tags_for_resource(ResourceName=instance["DBInstanceArn"])["TagList"]):
            name = instance["DBInstanceIdentifier"]
            yield Thing(
                "database",
                name,
                partial(client.delete_db_instance, DBInstanceIdentifier=name, SkipFinalSnapshot=True),
                absent(partial(client.describe_db_instances, DBInstanceIdentifier=name)),
            )
    for snapshot in account.pages("rds", "describe_db_snapshots", "DBSnapshots", SnapshotType="manual"):
        if account.owns(snapshot.get("TagList")):
            name = snapshot["DBSnapshotIdentifier"]
            yield Thing("snapshot of a database", name, partial(client.delete_db_snapshot, DBSnapshotIdentifier=name))


def groups(account: Account) -> Iterator[Thing]:
    """Parameter groups and subnet groups of RDS."""
    client = account.client("rds")
    for group in account.pages("rds", "describe_db_parameter_groups", "DBParameterGroups"):
        arn, name = group["DBParameterGroupArn"], group["DBParameterGroupName"]
        if not name.startswith("default.") and account.owns(client.list_tags_for_resource(ResourceName=arn)["TagList"]):
            yield Thing("parameter group", name, partial(client.delete_db_parameter_group, DBParameterGroupName=name))
    for group in account.pages("rds", "describe_db_subnet_groups", "DBSubnetGroups"):
        if account.owns(client.list_tags_for_resource(ResourceName=group["DBSubnetGroupArn"])["TagList"]):
            name = group["DBSubnetGroupName"]
            yield Thing("subnet group", name, partial(client.delete_db_subnet_group, DBSubnetGroupName=name))


def secrets(account: Account) -> Iterator[Thing]:
    """Secrets, at once: one that waits for its deletion keeps its name."""
    client = account.client("secretsmanager")
    for secret in account.pages("secretsmanager", "list_secrets", "SecretList"):
        if account.owns(secret.get("Tags")):
            yield Thing(
                "secret",
                secret["Name"],
                partial(client.delete_secret, SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True),
            )


def parameters(account: Account) -> Iterator[Thing]:
    """Parameters of Systems Manager."""
    client = account.client("ssm")
    for parameter in account.pages("ssm", "describe_parameters", "Parameters"):
        name = parameter["Name"]
        tags = client.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
        if account.owns(tags):
            yield Thing("parameter", name, partial(client.delete_parameter, Name=name))


def topics(account: Account) -> Iterator[Thing]:
    """SNS topics with their subscriptions."""
    client = account.client("sns")
    for topic in account.pages("sns", "list_topics", "Topics"):
        arn = topic["TopicArn"]
        if account.owns(client.list_tags_for_resource(ResourceArn=arn)["Tags"]):
            yield Thing("topic", arn.split(":")[-1], partial(client.delete_topic, TopicArn=arn))


def queues(account: Account) -> Iterator[Thing]:
    """SQS queues with their messages."""
    client = account.client("sqs")
    for url in account.pages("sqs", "list_queues", "QueueUrls"):
        if account.owns(client.list_queue_tags(QueueUrl=url).get("Tags")):
            yield Thing("queue", url.rsplit("/", 1)[-1], partial(client.delete_queue, QueueUrl=url))


def tables(account: Account) -> Iterator[Thing]:
    """DynamoDB tables with their items."""
    client = account.client("dynamodb")
    for name in account.pages("dynamodb", "list_tables", "TableNames"):
        arn = client.describe_table(TableName=name)["Table"]["TableArn"]
        if account.owns(client.list_tags_of_resource(ResourceArn=arn)["Tags"]):
            yield Thing(
                "table",
                name,
                partial(client.delete_table, TableName=name),
                absent(partial(client.describe_table, TableName=name)),
            )


def streams(account: Account) -> Iterator[Thing]:
    """Kinesis streams."""
    client = account.client("kinesis")
    for name in account.pages("kinesis", "list_streams", "StreamNames"):
        if account.owns(client.list_tags_for_stream(StreamName=name)["Tags"]):
            yield Thing(
                "stream",
                name,
                partial(client.delete_stream, StreamName=name, EnforceConsumerDeletion=True),
                absent(partial(client.describe_stream_summary, StreamName=name)),
            )


def buckets(account: Account) -> Iterator[Thing]:
    """S3 buckets with all that is in them, every version of it."""
    client = account.client("s3")

    def remove(name: str) -> None:
        for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if found:
                keys = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
                answer = client.delete_objects(Bucket=name, Delete={"Objects": keys, "Quiet": True})
                if errors := answer.get("Errors"):
                    raise RuntimeError(f"{len(errors)} objects stay: {errors[0].get('Message')}")
        client.delete_bucket(Bucket=name)

    for bucket in client.list_buckets()["Buckets"]:
        from botocore.exceptions import ClientError

        try:
            tags = client.get_bucket_tagging(Bucket=bucket["Name"])["TagSet"]
        except ClientError as error:  # no tags; or somebody else's bucket, which says nothing
            if code_of(error) in ("NoSuchTagSet", "NoSuchBucket", "AccessDenied"):
                continue
            raise
        if account.owns(tags) and _region_of(client, bucket["Name"]) == account.region:
            yield Thing("bucket", bucket["Name"], partial(remove, bucket["Name"]))


def _region_of(s3: Any, bucket: str) -> str:
    """Where a bucket is: S3 lists those of all Regions. It says nothing for us-east-1, and EU for eu-west-1."""
    found = s3.get_bucket_location(Bucket=bucket).get("LocationConstraint")
    return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(found, str(found))
