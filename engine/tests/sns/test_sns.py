"""Topics: what is published reaches queues and functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kits.push_kit import make_topic, noted, recorder, sns, subscribe

ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
KIND = {"kind": {"DataType": "String", "StringValue": "lamp"}}


def test_one_message_to_all_who_want_it(kit: Any, tmp_path: Path) -> None:
    import re

    topic, place = make_topic("orders"), tmp_path / "events"
    stock, raw, lamps, dear, both = (kit.make_queue(name) for name in ("stock", "raw", "lamps", "dear", "both"))
    function = recorder("mail", place)
    to_stock = subscribe(topic, stock.arn)
    subscribe(topic, raw.arn, RawMessageDelivery="true")
    to_mail = subscribe(topic, function)
    subscribe(topic, lamps.arn, FilterPolicy={"kind": ["lamp"]})
    subscribe(
        topic, dear.arn, FilterPolicy={"order": {"price": [{"numeric": [">", 100]}]}}, FilterPolicyScope="MessageBody"
    )
    picture = {"DataType": "Binary", "BinaryValue": b"\x01\x02"}
    order = json.dumps({"order": {"price": 120}})
    first = sns().publish(TopicArn=topic, Message=order, Subject="Order", MessageAttributes=KIND | {"picture": picture})

    message = kit.records(stock)[0]
    assert list(message) == [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature",
        "SigningCertURL", "UnsubscribeURL", "MessageAttributes",
    ]  # fmt: skip
    attributes = {"kind": {"Type": "String", "Value": "lamp"}, "picture": {"Type": "Binary", "Value": "AQI="}}
    told = {
        "Type": "Notification",
        "MessageId": first["MessageId"],
        "TopicArn": topic,
        "Subject": "Order",
        "Message": order,
    }
    assert message | told | {"MessageAttributes": attributes} == message
    assert re.fullmatch(ISO, message["Timestamp"])
    assert message["UnsubscribeURL"].endswith(f"Action=Unsubscribe&SubscriptionArn={to_stock}")
    (bare,) = kit.received(raw)
    assert bare["Body"] == order
    assert bare["MessageAttributes"]["kind"]["StringValue"] == "lamp"
    assert bare["MessageAttributes"]["picture"]["BinaryValue"] == b"\x01\x02"
    (record,) = noted(place)[0]["Records"]
    assert list(record) == ["EventSource", "EventVersion", "EventSubscriptionArn", "Sns"]
    assert (record["EventSource"], record["EventVersion"], record["EventSubscriptionArn"]) == (
        "aws:sns",
        "1.0",
        to_mail,
    )
    assert list(record["Sns"]) == [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature",
        "SigningCertUrl", "UnsubscribeUrl", "MessageAttributes",
    ]  # fmt: skip
    assert record["Sns"] | told | {"MessageAttributes": attributes} == record["Sns"]
    assert kit.records(lamps)[0]["MessageId"] == kit.records(dear)[0]["MessageId"] == first["MessageId"]

    # A second one: cheaper, no lamp, no subject, with a text for each protocol.
    subscribe(topic, both.arn)
    texts = json.dumps({"default": "{}", "lambda": "for functions"})
    sns().publish(TopicArn=topic, Message=texts, MessageStructure="json")
    assert kit.records(stock)[0]["Message"] == kit.records(both)[0]["Message"] == "{}"
    second = noted(place, 2)[1]["Records"][0]["Sns"]
    assert (second["Message"], second["Subject"], second["MessageAttributes"]) == ("for functions", None, {})

    # A batch, one entry of which is wrong. What the filters have dropped would have come before.
    entries = [
        {"Id": "good", "Message": json.dumps({"order": {"price": 101}}), "MessageAttributes": KIND},
        {"Id": "bad", "Message": "{}", "Subject": "two\nlines"},
    ]
    answer = sns().publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [row["Id"] for row in answer["Successful"]] == ["good"]
    (failed,) = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "InvalidParameter", True)
    batch_id = answer["Successful"][0]["MessageId"]
    assert kit.records(lamps)[0]["MessageId"] == kit.records(dear)[0]["MessageId"] == batch_id


def test_a_fifo_topic_keeps_order_and_drops_duplicates(kit: Any) -> None:
    topic = make_topic("orders.fifo", FifoTopic="true", ContentBasedDeduplication="true")
    queue, standard = kit.make_queue("orders.fifo", FifoQueue="true"), kit.make_queue("copies")
    subscribe(topic, queue.arn)
    subscribe(topic, standard.arn, RawMessageDelivery="true")
    published = [
        sns().publish(TopicArn=topic, Message=f"{n}", MessageGroupId=f"shop-{n % 2}") for n in (*range(8), *range(3))
    ]
    assert [p["MessageId"] for p in published[8:]] == [p["MessageId"] for p in published[:3]]
    numbers = [p["SequenceNumber"] for p in published[:8]]
    assert numbers == sorted(set(numbers))
    got: list[dict[str, Any]] = []
    sqs = kit.client("sqs")
    while len(got) < 8:  # a group gives its next messages when the ones before are deleted
        found = sqs.receive_message(
            QueueUrl=queue.url, MaxNumberOfMessages=10, WaitTimeSeconds=5, AttributeNames=["All"]
        )
        for message in found["Messages"]:
            got.append(message)
            sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
    for group in ("shop-0", "shop-1"):
        mine = [m for m in got if m["Attributes"]["MessageGroupId"] == group]
        assert [json.loads(m["Body"])["Message"] for m in mine] == [str(n) for n in range(int(group[-1]), 8, 2)]
    import hashlib

    one = next(m for m in got if json.loads(m["Body"])["Message"] == "3")
    assert one["Attributes"]["MessageDeduplicationId"] == hashlib.sha256(b"3").hexdigest()
    body = json.loads(one["Body"])
    assert body["SequenceNumber"] == numbers[3]
    assert "Signature" not in body
    assert [m["Body"] for m in kit.received(standard, 8)] == [str(n) for n in range(8)]
    entry = {"Id": "1", "Message": "batch", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    batch = sns().publish_batch(TopicArn=topic, PublishBatchRequestEntries=[entry])["Successful"][0]
    assert batch["SequenceNumber"] > numbers[-1]

    def words(**given: Any) -> str:
        return str(kit.refused(lambda: sns().publish(TopicArn=topic, Message="x", **given)).message)

    assert words() == "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
    other = make_topic("strict.fifo", FifoTopic="true")
    late = kit.refused(lambda: sns().publish(TopicArn=other, Message="x", MessageGroupId="g")).message
    assert late.endswith("ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
    dead = {"deadLetterTargetArn": standard.arn}
    refusal = kit.refused(lambda: subscribe(other, queue.arn, RedrivePolicy=dead))
    assert refusal.message.endswith("must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")


def test_what_cannot_be_delivered_is_a_dead_letter(kit: Any, tmp_path: Path) -> None:
    topic, dlq = make_topic("orders"), kit.make_queue("dead")
    redrive = {"deadLetterTargetArn": dlq.arn}
    gone, few, function = kit.make_queue("gone"), kit.make_queue("few"), recorder("mail", tmp_path / "events")
    only = {"FilterPolicy": {"to": ["gone"]}, "RedrivePolicy": redrive}
    subscribe(topic, gone.arn, RawMessageDelivery="true", **only)
    kit.client("sqs").delete_queue(QueueUrl=gone.url)
    to_mail = subscribe(topic, function, FilterPolicy={"to": ["mail"]}, RedrivePolicy=redrive)
    kit.client("lambda").delete_function(FunctionName="mail")
    subscribe(topic, few.arn, RawMessageDelivery="true", FilterPolicy={"to": ["few"]}, RedrivePolicy=redrive)

    def publish(to: str, more: int = 0) -> None:
        given = {"to": {"DataType": "String", "StringValue": to}}
        given |= {f"a{n}": {"DataType": "Number", "StringValue": str(n)} for n in range(more)}
        sns().publish(TopicArn=topic, Message="lamp", MessageAttributes=given)

    publish("gone", 1)
    (raw,) = kit.received(dlq)
    assert raw["Body"] == "lamp"
    assert raw["MessageAttributes"]["a0"] == {"DataType": "Number", "StringValue": "0"}
    publish("mail")
    (envelope,) = kit.records(dlq)
    assert envelope["Message"] == "lamp"
    assert envelope["UnsubscribeURL"].endswith(to_mail)
    publish("few", 10)  # eleven attributes: SQS takes ten
    assert len(kit.records(dlq)[0]["MessageAttributes"]) == 11
    publish("few", 9)
    assert len(kit.received(few)[0]["MessageAttributes"]) == 10
    found = sns().get_subscription_attributes(SubscriptionArn=to_mail)["Attributes"]
    assert json.loads(found["RedrivePolicy"]) == redrive


def test_http_subscriptions_are_refused_by_name(kit: Any) -> None:
    topic = make_topic("orders")
    for url in ("http://127.0.0.1:9/orders", "https://example.com/orders"):
        refusal = kit.refused(lambda url=url: subscribe(topic, url))
        assert refusal.code == "NotImplementedException"
        assert f"subscriptions with the protocol {url.split(':')[0]}." in refusal.message
    refusal = kit.refused(lambda: sns().confirm_subscription(TopicArn=topic, Token="x"))
    assert refusal.message == "Invalid parameter: Token"
    assert sns().list_subscriptions()["Subscriptions"] == []


def test_what_aws_refuses_is_refused(kit: Any) -> None:
    topic, queue = make_topic("orders"), kit.make_queue("stock")

    def subscribing(endpoint: str = queue.arn, **attributes: Any) -> tuple[str, str]:
        refusal = kit.refused(lambda: subscribe(topic, endpoint, **attributes))
        return refusal.code, refusal.message

    wrong, reason = "InvalidParameter", "Invalid parameter: Attributes Reason: "
    assert subscribing(RawMessageDelivery="perhaps") == (
        wrong, f"{reason}RawMessageDelivery: Invalid value [perhaps]. Must be true or false.",
    )  # fmt: skip
    assert subscribing(FilterPolicy={"kind": [{"suffix": 1}]}) == (
        wrong, f"{reason}FilterPolicy: suffix match pattern must be a string",
    )  # fmt: skip
    assert subscribing(FilterPolicyScope="Header")[1].endswith(
        "FilterPolicyScope: Invalid value [Header]. Please use either MessageBody or MessageAttributes"
    )
    assert subscribing(RedrivePolicy={"deadLetterTargetArn": "x"})[1].endswith("deadLetterTargetArn is an invalid arn")
    assert subscribing("ftp://stock")[1] == "Invalid parameter: Amazon SNS does not support this protocol string: ftp"
    assert subscribing(DeliveryPolicy={})[1].endswith("Delivery protocol [sqs] does not support delivery policies.")
    function = "arn:aws:lambda:us-east-1:123456789012:function:mail"
    raw = subscribing(function, RawMessageDelivery="true")[1]
    assert raw == f"{reason}Delivery protocol [lambda] does not support raw message delivery."
    assert subscribing(ReplayPolicy={})[0] == "NotImplementedException"
    assert sns().list_subscriptions()["Subscriptions"] == []  # a refused one is not there

    arn = subscribe(topic, queue.arn, FilterPolicy={"kind": ["lamp"]})
    assert subscribe(topic, queue.arn, FilterPolicyScope="MessageAttributes") == arn  # the usual scope
    assert subscribing(FilterPolicyScope="MessageBody")[1].endswith("already exists with different attributes")
    assert subscribing(FilterPolicy={"kind": ["shade"]})[1].endswith("already exists with different attributes")
    setting = {"SubscriptionArn": arn, "AttributeName": "FilterPolicy"}
    bad = kit.refused(lambda: sns().set_subscription_attributes(**setting, AttributeValue='{"a": {"b": ["c"]}}'))
    assert (
        bad.message == "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy"
    )
    sns().publish(TopicArn=topic, Message="for nobody")
    sns().set_subscription_attributes(**setting, AttributeValue="{}")
    assert "FilterPolicy" not in sns().get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    sns().publish(TopicArn=topic, Message="for all")
    assert kit.records(queue)[0]["Message"] == "for all"

    def publishing(message: str = "lamp", **given: Any) -> tuple[str, str]:
        refusal = kit.refused(lambda: sns().publish(TopicArn=topic, Message=message, **given))
        return refusal.code, refusal.message

    assert publishing("x" * 262_145) == (wrong, "Invalid parameter: Message too long")
    assert publishing("é" * 131_073)[1] == "Invalid parameter: Message too long"
    assert publishing(Subject="x" * 101) == publishing(Subject="two\nlines") == (wrong, "Invalid parameter: Subject")
    assert publishing("no", MessageStructure="json")[1].endswith("JSON message body failed to parse")
    assert publishing(MessageDeduplicationId="d")[1].startswith("Invalid parameter: MessageDeduplicationId Reason:")
    for name, attribute, words in (
        (
            "kind",
            {"DataType": "Colour", "StringValue": "x"},
            "The message attribute 'kind' has an invalid message attribute",
        ),
        (
            "kind",
            {"DataType": "Binary", "StringValue": "x"},
            "The message attribute 'kind' with type 'Binary' must use field",
        ),
        (
            ".kind",
            {"DataType": "String", "StringValue": "x"},
            "Invalid message attribute name starting with character '.'",
        ),
    ):
        code, message = publishing(MessageAttributes={name: attribute})
        assert code == "ParameterValueInvalid"
        assert message.startswith(words)
    kit.refused(lambda: sns().publish(TopicArn=topic + "x", Message="lamp"), "NotFound", message="Topic does not exist")
    for parameter, call in (
        ("TopicArn", lambda arn: sns().publish(TopicArn=arn, Message="lamp")),
        ("TopicArn", lambda arn: sns().subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue.arn)),
        ("TopicArn", lambda arn: sns().list_subscriptions_by_topic(TopicArn=arn)),
        ("SubscriptionArn", lambda arn: sns().unsubscribe(SubscriptionArn=arn)),
        ("SubscriptionArn", lambda arn: sns().get_subscription_attributes(SubscriptionArn=arn)),
    ):
        no_arn = kit.refused(lambda call=call: call("pending confirmation"))
        words = f"Invalid parameter: {parameter} Reason: An ARN must have at least 6 elements, not 1"
        assert (no_arn.code, no_arn.message) == (wrong, words)
    sns().unsubscribe(SubscriptionArn=f"{topic}:gone")  # as often as you like
    eleven = [{"Id": str(n), "Message": "x"} for n in range(11)]
    batch = kit.refused(lambda: sns().publish_batch(TopicArn=topic, PublishBatchRequestEntries=eleven))
    assert batch.code.endswith("TooManyEntriesInBatchRequest")
    archive = {"FifoTopic": "true", "ArchivePolicy": '{"MessageRetentionPeriod": "30"}'}
    assert kit.refused(lambda: make_topic("archive.fifo", **archive)).code == "NotImplementedException"


def test_attributes_of_topics_and_large_messages(kit: Any) -> None:
    client, queue = sns(), kit.make_queue("photos")
    large = make_topic("photos", MaximumMessageSize="1048576")
    small = make_topic("orders", MaximumMessageSize="1024")
    assert client.get_topic_attributes(TopicArn=large)["Attributes"]["MaximumMessageSize"] == "1048576"
    subscribe(large, queue.arn, RawMessageDelivery="true")
    client.publish(TopicArn=large, Message="x" * 600_000)
    assert len(kit.received(queue)[0]["Body"]) == 600_000
    number = {"watts": {"DataType": "Number", "StringValue": "many"}}
    for call, words in [
        (lambda: client.publish(TopicArn=small, Message="x" * 1_025), "Message too long"),
        (lambda: subscribe(large, "email:aoi@example.com"), "not email"),
        (lambda: make_topic("bad", Lamp="on"), "Attributes Reason: Unknown attribute Lamp"),
        (lambda: make_topic("bad", MaximumMessageSize="12"), "from 1024 to 1048576"),
        (lambda: make_topic("bad", Policy="{"), "Policy Error: null"),
        (lambda: client.set_topic_attributes(TopicArn=small, AttributeName="Lamp", AttributeValue=""), "AttributeName"),
        (lambda: client.publish(TopicArn=small, Message="x", MessageAttributes=number), "Could not cast"),
    ]:
        assert words in kit.refused(call).message
    assert len(client.list_topics()["Topics"]) == 2
