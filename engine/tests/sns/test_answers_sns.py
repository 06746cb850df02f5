"""Answers of SNS as AWS gives them: topics, subscriptions, batches, telephones and mobile platforms."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kits.push_kit import make_topic, sns, subscribe

TEXT = {"DataType": "String", "StringValue": "lamp"}
#: Of topics for which nothing was set, as AWS tells it.
HTTP_POLICY: dict[str, Any] = {
    "defaultHealthyRetryPolicy": {
        "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0, "numNoDelayRetries": 0,
        "numMinDelayRetries": 0, "backoffFunction": "linear",
    },
    "disableSubscriptionOverrides": False,
    "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
}  # fmt: skip


def _error(call: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call()
    return dict(caught.value.response["Error"])


def _wrong(call: Any) -> str:
    """The message of an InvalidParameter; there is no other field with it."""
    error = _error(call)
    assert set(error) == {"Type", "Code", "Message"}
    assert (error["Type"], error["Code"]) == ("Sender", "InvalidParameter"), error
    return str(error["Message"]).removeprefix("Invalid parameter: ")


def _told(topic: str) -> dict[str, str]:
    return dict(sns().get_topic_attributes(TopicArn=topic)["Attributes"])


# ---- topics


def test_what_a_topic_tells(kit: Any) -> None:
    del kit
    topic = make_topic("orders", SignatureVersion="2")
    told = _told(topic)
    assert json.loads(told["EffectiveDeliveryPolicy"]) == {"http": HTTP_POLICY}
    assert ("DeliveryPolicy" in told, told["SignatureVersion"]) == (False, "2")
    policy = json.dumps(
        {"http": {"defaultHealthyRetryPolicy": {"numRetries": 5}, "disableSubscriptionOverrides": True}}
    )
    sns().set_topic_attributes(TopicArn=topic, AttributeName="DeliveryPolicy", AttributeValue=policy)
    effective = json.loads(_told(topic)["EffectiveDeliveryPolicy"])["http"]
    assert effective["defaultHealthyRetryPolicy"] == HTTP_POLICY["defaultHealthyRetryPolicy"] | {"numRetries": 5}
    assert (effective["disableSubscriptionOverrides"], _told(topic)["DeliveryPolicy"]) == (True, policy)


def test_a_topic_that_is_already_there(kit: Any) -> None:
    del kit
    client, topic = sns(), make_topic("orders", DisplayName="Orders")
    tags = [{"Key": "team", "Value": "moon"}]
    assert make_topic("orders") == make_topic("orders", DisplayName="Orders", SignatureVersion="1") == topic
    assert _wrong(lambda: make_topic("orders", DisplayName="Other")) == (
        "Attributes Reason: Topic already exists with different attributes"
    )
    assert _wrong(lambda: client.create_topic(Name="orders", Tags=tags)) == (
        "Tags Reason: Topic already exists with different tags"
    )
    client.tag_resource(ResourceArn=topic, Tags=tags)
    assert client.create_topic(Name="orders", Tags=tags)["TopicArn"] == topic
    assert _wrong(lambda: client.tag_resource(ResourceArn=topic, Tags=tags * 2)) == "Duplicated keys are not allowed."


def test_what_no_topic_may_have(kit: Any) -> None:
    topic = make_topic("orders")

    def change(name: str, value: str) -> str:
        return _wrong(lambda: sns().set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value))

    only_fifo = "Content-based deduplication can only be set for FIFO topics"
    assert _wrong(lambda: make_topic("a", FifoTopic="false")) == "Attributes Reason: Unknown attribute FifoTopic"
    assert _wrong(lambda: make_topic("a", ContentBasedDeduplication="true")) == only_fifo
    assert change("ContentBasedDeduplication", "true") == only_fifo
    assert change("FifoTopic", "true") == "AttributeName"
    assert change("SignatureVersion", "3") == "SignatureVersion"
    elsewhere = kit.client("sns", region_name="eu-west-1")
    for call in (elsewhere.delete_topic, elsewhere.get_topic_attributes, elsewhere.list_subscriptions_by_topic):
        assert _wrong(lambda call=call: call(TopicArn=topic)) == "TopicArn"
    for parameter in ("TopicArn", "TargetArn"):
        assert _wrong(lambda p=parameter: elsewhere.publish(Message="lamp", **{p: topic})) == parameter
    assert _wrong(lambda: sns().list_topics(NextToken="next")) == "NextToken"


# ---- subscriptions and messages


def test_subscriptions(kit: Any) -> None:
    client, topic, queue = sns(), make_topic("orders"), kit.make_queue("stock")
    told = client.get_subscription_attributes(SubscriptionArn=subscribe(topic, queue.arn))["Attributes"]
    assert told["SubscriptionPrincipal"] == f"arn:aws:iam::{told['Owner']}:user/moto"
    asked = {"TopicArn": topic, "Protocol": "email", "Endpoint": "aoi@example.com"}
    assert client.subscribe(**asked)["SubscriptionArn"] == "pending confirmation"
    pending = client.subscribe(**asked, ReturnSubscriptionArn=True)["SubscriptionArn"]
    told = client.get_subscription_attributes(SubscriptionArn=pending)["Attributes"]
    assert (told["PendingConfirmation"], told["ConfirmationWasAuthenticated"]) == ("true", "false")
    assert (_told(topic)["SubscriptionsPending"], _told(topic)["SubscriptionsConfirmed"]) == ("1", "1")
    for rows in (client.list_subscriptions(), client.list_subscriptions_by_topic(TopicArn=topic)):
        (waiting,) = (row for row in rows["Subscriptions"] if row["Protocol"] == "email")
        assert waiting == asked | {"SubscriptionArn": "PendingConfirmation", "Owner": told["Owner"]}
    for protocol, endpoint, message in (
        ("email", "aoi", "Email address"),
        ("http", "https://example.com", "Endpoint must match the specified protocol"),
    ):
        asked = {"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint}
        assert _wrong(lambda asked=asked: client.subscribe(**asked)) == message
    assert _wrong(lambda: client.unsubscribe(SubscriptionArn=topic)) == "SubscriptionId"
    for policy, words, column in (
        ("{lamp}", "Unexpected character ('l' (code 108)): was expecting double-quote to start field name", 3),
        ("lamp", "Unrecognized token 'lamp': was expecting (JSON String, Number, Array, Object or token 'null', "
         "'true' or 'false')", 5),
        ('{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value", 7),
    ):  # fmt: skip
        for name in ("FilterPolicy", "RedrivePolicy"):
            change = {"SubscriptionArn": pending, "AttributeName": name, "AttributeValue": policy}
            assert _wrong(lambda change=change: client.set_subscription_attributes(**change)) == (
                f'{name}: failed to parse JSON. {words}\n at [Source: (String)"{policy}"; line: 1, column: {column}]'
            )
    error = _error(lambda: client.get_subscription_attributes(SubscriptionArn=f"{topic}:gone"))
    assert error == {"Type": "Sender", "Code": "NotFound", "Message": "Subscription does not exist"}


def test_the_last_page_has_no_token(kit: Any) -> None:
    del kit
    client = sns()
    topics = {make_topic(f"orders-{number}") for number in range(100)}
    page = client.list_topics()
    assert ({row["TopicArn"] for row in page["Topics"]}, "NextToken" in page) == (topics, False)
    make_topic("one-more")
    page = client.list_topics(NextToken=client.list_topics()["NextToken"])
    assert (len(page["Topics"]), "NextToken" in page) == (1, False)


def test_what_cannot_be_published(kit: Any) -> None:
    del kit
    client, topic = sns(), make_topic("orders")
    for given, message in (
        ({}, "TopicArn or TargetArn Reason: no value for required parameter"),
        ({"TargetArn": "lamp"}, "TargetArn Reason: An ARN must have at least 6 elements, not 1"),
    ):
        assert _wrong(lambda given=given: client.publish(Message="lamp", **given)) == message
    for name, attribute, message in (
        ("aws.lamp", TEXT, "Message attribute names starting with 'AWS.' or 'Amazon.' are reserved for use by Amazon."),
        ("kind", TEXT | {"DataType": "String."}, "The message attribute 'kind' has an invalid message attribute type, "
         "the set of supported type prefixes is Binary, Number, and String."),
    ):  # fmt: skip
        error = _error(
            lambda name=name, given=attribute: client.publish(
                TopicArn=topic, Message="lamp", MessageAttributes={name: given}
            )
        )
        assert (error["Code"], error["Message"]) == ("ParameterValueInvalid", message)
    client.publish(TopicArn=topic, Message="lamp", MessageAttributes={"AWS.SNS.SMS.SMSType": TEXT})


def test_batches_that_are_refused_as_a_whole(kit: Any) -> None:
    del kit
    fifo, topic = make_topic("orders.fifo", FifoTopic="true"), make_topic("orders")

    def publish(to: str, **given: str) -> str:
        entry = {"Id": "1", "Message": '{"sqs": "lamp"}'} | given
        return _wrong(lambda: sns().publish_batch(TopicArn=to, PublishBatchRequestEntries=[entry]))

    assert publish(fifo) == "The MessageGroupId parameter is required for FIFO topics"
    assert publish(fifo, MessageGroupId="a") == (
        "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
    )
    assert publish(topic, MessageStructure="json") == "Message Structure - No default entry in JSON message body"


# ---- telephones and mobile platforms


def test_text_messages_and_mobile_push_are_refused_by_name(kit: Any) -> None:
    client, topic = kit.client("sns"), make_topic("orders")
    device = f"{topic.rpartition(':')[0]}:endpoint/GCM/app/1"
    settings = {"attributes": {"DefaultSMSType": "Transactional"}}
    application = {"Name": "shop", "Platform": "GCM", "Attributes": {"PlatformCredential": "secret"}}
    for call, words in (
        (lambda: client.publish(PhoneNumber="+15551234567", Message="lamp"), "PhoneNumber in publish"),
        (lambda: client.publish(TargetArn=device, Message="lamp"), "publish to a mobile device"),
        (lambda: client.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+15551234567"), "the protocol sms"),
        (lambda: client.subscribe(TopicArn=topic, Protocol="application", Endpoint=device), "the protocol application"),
        (lambda: client.set_sms_attributes(**settings), "set_sms_attributes"),
        (lambda: client.create_platform_application(**application), "create_platform_application"),
        (lambda: client.delete_endpoint(EndpointArn=device), "delete_endpoint"),
        (lambda: client.check_if_phone_number_is_opted_out(phoneNumber="+15551234567"), "is_opted_out"),
    ):
        kit.refused(call, "NotImplementedException", f"{words}.", "docs/fidelity.md", status=400)
