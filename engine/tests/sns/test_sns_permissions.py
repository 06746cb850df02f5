"""Permissions are enforced: a queue, a topic and a function must let SNS and S3 in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import urllib3

from kits import fixtures
from kits.events_kit import allow
from kits.push_kit import make_topic, noted, recorder, sns, subscribe

BUCKET = "hikari-photos"

cloud_of_module = fixtures.cloud_of(enforce_iam=True)


def test_a_topic_needs_the_leave_of_its_subscribers(kit: Any, tmp_path: Path) -> None:
    topic, other = make_topic("orders"), make_topic("other")
    dlq, stock, place = kit.make_queue("dead"), kit.make_queue("stock"), tmp_path / "events"
    allow(dlq, topic, "sns")
    redrive = {"deadLetterTargetArn": dlq.arn}
    function = recorder("mail", place)
    subscribe(topic, stock.arn, RedrivePolicy=redrive)
    subscribe(topic, function, RedrivePolicy=redrive)
    sns().publish(TopicArn=topic, Message="locked out")
    assert [m["Message"] for m in kit.records(dlq, 2)] == ["locked out"] * 2

    allow(stock, other, "sns")  # another topic's leave is none
    sns().publish(TopicArn=topic, Message="still locked out")
    assert len(kit.records(dlq, 2)) == 2
    allow(stock, topic, "sns")
    kit.permit("mail", "sns", SourceArn=topic)
    sns().publish(TopicArn=topic, Message="let in")
    assert kit.records(stock)[0]["Message"] == "let in"
    assert noted(place)[0]["Records"][0]["Sns"]["Message"] == "let in"


def test_a_query_without_a_signature_is_refused(kit: Any) -> None:
    queue = kit.make_queue("stock")
    answer = urllib3.request("GET", f"{queue.url}?Action=ReceiveMessage", retries=False)
    assert (answer.status, b"<Code>AccessDenied</Code>" in answer.data) == (403, True)


def test_a_bucket_needs_the_leave_of_its_targets(kit: Any, tmp_path: Path) -> None:
    s3, queue, topic, place = kit.client("s3"), kit.make_queue("photos"), make_topic("photos"), tmp_path / "events"
    s3.create_bucket(Bucket=BUCKET)
    function, source = recorder("thumbnail", place), f"arn:aws:s3:::{BUCKET}"
    created = ["s3:ObjectCreated:*"]

    def notify() -> Any:
        wanted = {
            "QueueConfigurations": [{"QueueArn": queue.arn, "Events": ["s3:ObjectRemoved:*"]}],
            "TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectTagging:*"]}],
            "LambdaFunctionConfigurations": [{"LambdaFunctionArn": function, "Events": created}],
        }
        return s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=wanted)

    error = kit.refused(notify).answer["Error"]
    assert error["Message"] == "Unable to validate the following destination configurations"
    reasons = {error[f"ArgumentName{n}"]: error[f"ArgumentValue{n}"] for n in (1, 2, 3)}
    words = "Permissions on the destination {} do not allow S3 to publish notifications from this bucket"
    assert reasons == {
        queue.arn: words.format("queue"),
        topic: words.format("topic"),
        f"{function}, null": f"Not authorized to invoke function [{function}]",
    }
    allow(queue, source, "s3")
    statement = {
        "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic,
        "Condition": {"ArnLike": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": "123456789012"}},
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns().set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    kit.permit("thumbnail", "s3", SourceArn=source)
    notify()
    s3.put_object(Bucket=BUCKET, Key="lamp.jpg", Body=b"x")
    assert noted(place)[0]["Records"][0]["s3"]["object"]["key"] == "lamp.jpg"
    assert kit.records(queue)[0]["Event"] == "s3:TestEvent"
