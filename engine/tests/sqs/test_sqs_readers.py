"""What other services read of SQS: tags, policies, the last use of an access key, queues by account and Region."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import serverless_cloud as cloud
from kits import mapping_kit


def _tagged(kit: Any, **wanted: Any) -> dict[str, dict[str, str]]:
    """The tags of the resources that the tagging API lists, by ARN."""
    rows = kit.client("resourcegroupstaggingapi").get_resources(**wanted)["ResourceTagMappingList"]
    return {row["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in row["Tags"]} for row in rows}


def _user(kit: Any, name: str) -> tuple[str, dict[str, str]]:
    """A new user without permissions: its ARN, and its keys as arguments of a client."""
    iam = kit.client("iam")
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return arn, {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


@pytest.fixture
def enforced(aws: cloud.Cloud) -> Iterator[cloud.Cloud]:
    """The local cloud while it enforces permissions."""
    cloud.start(enforce_iam=True)
    yield aws
    cloud.start(enforce_iam=False)


def test_tags_of_queues_are_listed_among_those_of_all_services(aws: cloud.Cloud, kit: Any) -> None:
    orders, _ = kit.make_queue("orders"), kit.make_queue("untagged")
    kit.client("sqs").tag_queue(QueueUrl=orders.url, Tags={"shop": "hikari", "room": "kitchen"})
    topic = kit.client("sns").create_topic(Name="news", Tags=[{"Key": "shop", "Value": "hikari"}])["TopicArn"]
    by_shop = _tagged(kit, TagFilters=[{"Key": "shop", "Values": ["hikari"]}])
    assert by_shop == {orders.arn: {"shop": "hikari", "room": "kitchen"}, topic: {"shop": "hikari"}}
    kit.client("sqs").untag_queue(QueueUrl=orders.url, TagKeys=["room"])
    assert _tagged(kit, ResourceTypeFilters=["sqs:queue"])[orders.arn] == {"shop": "hikari"}
    aws.reset()
    assert _tagged(kit) == {}


def test_the_policy_of_a_queue_lets_a_user_in(enforced: cloud.Cloud, kit: Any) -> None:
    del enforced
    queue = kit.make_queue("orders")
    arn, keys = _user(kit, "aya")
    theirs = kit.client("sqs", **keys)
    refusal = kit.refused(lambda: theirs.send_message(QueueUrl=queue.url, MessageBody="lamp"))
    assert refusal.code == "AccessDenied"
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sqs:SendMessage", "Resource": queue.arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kit.client("sqs").set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy})
    theirs.send_message(QueueUrl=queue.url, MessageBody="lamp")
    assert kit.refused(lambda: theirs.receive_message(QueueUrl=queue.url)).code == "AccessDenied"
    assert mapping_kit.visible(queue) == 1
    kit.client("sqs").set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": ""})
    assert kit.refused(lambda: theirs.send_message(QueueUrl=queue.url, MessageBody="lamp")).code == "AccessDenied"


def test_a_call_to_sqs_is_the_last_use_of_its_access_key(kit: Any) -> None:
    _, keys = _user(kit, "aya")
    kit.client("sqs", **keys).list_queues()
    used = kit.client("iam").get_access_key_last_used(AccessKeyId=keys["aws_access_key_id"])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sqs", "us-east-1")


def test_regions_have_their_own_queues(aws: cloud.Cloud, kit: Any) -> None:
    here, there = kit.client("sqs"), kit.client("sqs", region_name="eu-central-1")
    here.create_queue(QueueName="orders", Attributes={"DelaySeconds": "9"})
    url = there.create_queue(QueueName="orders", Attributes={"DelaySeconds": "0"})["QueueUrl"]
    there.send_message(QueueUrl=url, MessageBody="lamp")
    told = there.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (told["QueueArn"], told["ApproximateNumberOfMessages"]) == (
        "arn:aws:sqs:eu-central-1:123456789012:orders",
        "1",
    )
    assert "Messages" not in here.receive_message(QueueUrl=url)
    assert aws.now()["queues"] == [{"name": "orders", "visible": 0, "in_flight": 0, "delayed": 0}]


def test_pages_of_queues(kit: Any) -> None:
    for number in range(5):
        kit.make_queue(f"orders-{number}")
    dead = kit.make_queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3})
    for number in range(3):
        kit.make_queue(f"source-{number}", RedrivePolicy=redrive)
    sqs = kit.client("sqs")
    first = sqs.list_queues(QueueNamePrefix="orders", MaxResults=2)
    assert len(first["QueueUrls"]) == 2
    pages = list(sqs.get_paginator("list_queues").paginate(QueueNamePrefix="orders", PaginationConfig={"PageSize": 2}))
    names = [url.rpartition("/")[2] for page in pages for url in page["QueueUrls"]]
    assert names == [f"orders-{number}" for number in range(5)]
    assert "NextToken" not in sqs.list_queues(QueueNamePrefix="orders")
    sources = sqs.list_dead_letter_source_queues(QueueUrl=dead.url)["queueUrls"]
    assert [url.rpartition("/")[2] for url in sources] == [f"source-{number}" for number in range(3)]


def test_a_queue_is_purged_once_in_a_minute(kit: Any) -> None:
    sqs, queue, other = kit.client("sqs"), kit.make_queue("orders"), kit.make_queue("other")
    sqs.purge_queue(QueueUrl=queue.url)
    mapping_kit.send(queue, ["lamp"])
    refusal = kit.refused(lambda: sqs.purge_queue(QueueUrl=queue.url))
    assert refusal.code == "AWS.SimpleQueueService.PurgeQueueInProgress"
    assert refusal.message == "Only one PurgeQueue operation on orders is allowed every 60 seconds."
    assert mapping_kit.visible(queue) == 1
    sqs.purge_queue(QueueUrl=other.url)


def test_the_form_of_answers(aws: cloud.Cloud, kit: Any) -> None:
    """Status, headers and body of an answer and of an error in JSON."""

    def ask(operation: str, body: dict[str, Any]) -> tuple[int, Any]:
        headers = {
            "X-Amz-Target": f"AmazonSQS.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/20261203/us-east-1/sqs/aws4_request, SignedHeaders=h",
        }
        status, answer = kit.raw(aws.endpoint_url, "POST", "/", json.dumps(body).encode(), **headers)
        return int(status), answer

    status, answer = ask("CreateQueue", {"QueueName": "orders"})
    assert (status, answer["QueueUrl"].rpartition("/")[2]) == (200, "orders")
    status, answer = ask("GetQueueUrl", {"QueueName": "none"})
    assert (status, answer["__type"]) == (400, "com.amazonaws.sqs#QueueDoesNotExist")
    status, answer = ask("SendMessage", {"QueueUrl": "orders", "MessageBody": 3})
    assert (status, answer["__type"].rpartition("#")[2]) == (400, "SerializationException")
    status, answer = ask("SendMessage", {"QueueUrl": "orders"})
    assert (status, answer["Message"].rstrip(".")) == (400, "The request must contain the parameter MessageBody")
    status, answer = ask("Lamp", {})
    assert (status, answer["__type"].rpartition("#")[2]) == (400, "UnknownOperationException")
