"""What other services read of SNS: tags, policies, the last use of an access key, topics by account and Region."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import serverless_cloud as cloud
from kits.push_kit import make_topic, sns, subscribe


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


def test_tags_of_topics_are_listed_among_those_of_all_services(aws: cloud.Cloud, kit: Any) -> None:
    tagging, topic = kit.client("resourcegroupstaggingapi"), make_topic("orders")
    sns().tag_resource(
        ResourceArn=topic, Tags=[{"Key": "shop", "Value": "hikari"}, {"Key": "room", "Value": "kitchen"}]
    )
    sns().untag_resource(ResourceArn=topic, TagKeys=["room"])
    (row,) = tagging.get_resources(ResourceTypeFilters=["sns:topic"])["ResourceTagMappingList"]
    assert row == {"ResourceARN": topic, "Tags": [{"Key": "shop", "Value": "hikari"}]}
    aws.reset()
    assert tagging.get_resources()["ResourceTagMappingList"] == []


def test_the_policy_of_a_topic_lets_a_user_in(enforced: cloud.Cloud, kit: Any) -> None:
    del enforced
    topic, (arn, keys) = make_topic("orders"), _user(kit, "aya")
    theirs = kit.client("sns", **keys)
    kit.refused(lambda: theirs.publish(TopicArn=topic, Message="lamp"), "AuthorizationError")
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sns:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    first = sns().get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    sns().set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    assert theirs.publish(TopicArn=topic, Message="lamp")["MessageId"]
    kit.refused(lambda: theirs.get_topic_attributes(TopicArn=topic), "AuthorizationError")
    sns().set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=first)
    kit.refused(lambda: theirs.publish(TopicArn=topic, Message="lamp"), "AuthorizationError")


def test_a_permission_is_a_statement_of_the_policy(kit: Any) -> None:
    topic, shop = make_topic("orders"), {"Label": "shop", "AWSAccountId": ["111111111111"], "ActionName": ["Publish"]}

    def statements() -> list[dict[str, Any]]:
        policy = json.loads(sns().get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
        return list(policy["Statement"])

    (first,) = statements()
    sns().add_permission(TopicArn=topic, **shop)
    assert statements() == [
        first,
        {
            "Sid": "shop",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
            "Action": "SNS:Publish",
            "Resource": topic,
        },
    ]
    for changes, words in (
        ({}, "Statement already exists"),
        ({"Label": "other", "ActionName": ["Lamp"]}, "Policy statement action out of service scope!"),
        ({"Label": "other", "AWSAccountId": []}, "AWSAccountId Reason: no value for required parameter"),
    ):
        refusal = kit.refused(lambda given=shop | changes: sns().add_permission(TopicArn=topic, **given))
        assert (refusal.code, refusal.message) == ("InvalidParameter", f"Invalid parameter: {words}")
    sns().remove_permission(TopicArn=topic, Label="shop")
    assert statements() == [first]


def test_a_subscription_tells_who_subscribed(kit: Any) -> None:
    topic, queue, (arn, keys) = make_topic("orders"), kit.make_queue("stock"), _user(kit, "aya")
    there = kit.client("sns", **keys).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    told = sns().get_subscription_attributes(SubscriptionArn=there["SubscriptionArn"])["Attributes"]
    assert told["SubscriptionPrincipal"] == arn
    used = kit.client("iam").get_access_key_last_used(AccessKeyId=keys["aws_access_key_id"])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sns", "us-east-1")


def test_regions_have_their_own_topics_and_subscriptions(kit: Any) -> None:
    there, queue = kit.client("sns", region_name="eu-central-1"), kit.make_queue("stock")
    topic = make_topic("orders")
    other = there.create_topic(Name="orders")["TopicArn"]
    assert other == topic.replace("us-east-1", "eu-central-1")
    arn = there.subscribe(TopicArn=other, Protocol="sqs", Endpoint=queue.arn)["SubscriptionArn"]
    assert sns().list_subscriptions()["Subscriptions"] == []
    assert [row["SubscriptionArn"] for row in there.list_subscriptions()["Subscriptions"]] == [arn]
    there.publish(TopicArn=other, Message="from Frankfurt")
    assert kit.records(queue)[0]["Message"] == "from Frankfurt"
    there.delete_topic(TopicArn=other)
    assert there.list_subscriptions()["Subscriptions"] == []
    assert [row["TopicArn"] for row in sns().list_topics()["Topics"]] == [topic]


def test_a_topic_that_is_created_again_remembers_nothing(kit: Any) -> None:
    del kit
    sent = {"Message": "lamp", "MessageGroupId": "shop", "MessageDeduplicationId": "1"}
    topic = make_topic("orders.fifo", FifoTopic="true")
    first = sns().publish(TopicArn=topic, **sent)["MessageId"]
    assert sns().publish(TopicArn=topic, **sent)["MessageId"] == first
    sns().delete_topic(TopicArn=topic)
    assert sns().publish(TopicArn=make_topic("orders.fifo", FifoTopic="true"), **sent)["MessageId"] != first


def test_the_names_of_topics(kit: Any) -> None:
    characters = "must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens"
    for name, attributes, words in (
        ("two words", {}, f"Topic names {characters}"),
        ("orders.fifo", {}, f"Topic names {characters}"),
        ("x" * 257, {}, f"Topic names {characters}"),
        ("orders", {"FifoTopic": "true"}, f"Fifo Topic names must end with .fifo and {characters}"),
        ("x" * 252 + ".fifo", {"FifoTopic": "true"}, f"Fifo Topic names must end with .fifo and {characters}"),
    ):
        refusal = kit.refused(lambda name=name, attributes=attributes: make_topic(name, **attributes))
        assert (refusal.code, refusal.message.partition(", and must be")[0]) == ("InvalidParameter", words)


def test_services_of_moto_find_topics(kit: Any) -> None:
    """CloudTrail looks whether a topic is there, and SES tells it that a letter came back."""
    kit.client("s3").create_bucket(Bucket="hikari-trail")
    trail = {"Name": "shop", "S3BucketName": "hikari-trail", "SnsTopicName": "letters"}
    kit.refused(lambda: kit.client("cloudtrail").create_trail(**trail), "InsufficientSnsTopicPolicyException")
    topic, queue, ses = make_topic("letters"), kit.make_queue("returned"), kit.client("ses")
    assert kit.client("cloudtrail").create_trail(**trail)["SnsTopicARN"] == topic
    subscribe(topic, queue.arn)
    ses.verify_domain_identity(Domain="hikari.example")
    ses.set_identity_notification_topic(Identity="hikari.example", NotificationType="Bounce", SnsTopic=topic)
    ses.send_email(
        Source="aoi@hikari.example",
        Destination={"ToAddresses": ["bounce@simulator.amazonses.com"]},
        Message={"Subject": {"Data": "Lamp"}, "Body": {"Text": {"Data": "Your lamp is on its way."}}},
    )
    assert "bounce" in json.loads(kit.records(queue)[0]["Message"])
    ses.create_receipt_rule_set(RuleSetName="letters")
    action = {"S3Action": {"BucketName": "hikari-trail", "TopicArn": topic}}
    rule = {"Name": "keep", "Enabled": True, "Actions": [action]}
    ses.create_receipt_rule(RuleSetName="letters", Rule=rule)
    assert ses.describe_receipt_rule_set(RuleSetName="letters")["Rules"][0]["Actions"] == [action]
