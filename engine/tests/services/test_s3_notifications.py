"""Buckets: what happens to objects reaches queues, functions, topics and EventBridge."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kits import events_kit
from kits.push_kit import make_topic, noted, recorder, subscribe

BUCKET = "hikari-photos"
EMPTY = "d41d8cd98f00b204e9800998ecf8427e"  # MD5 of nothing


@pytest.fixture
def s3(kit: Any) -> Any:
    """An S3 client; the bucket is there."""
    client = kit.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def notify(s3: Any, **configuration: Any) -> None:
    """put_bucket_notification_configuration."""
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=configuration)


def for_queue(arn: str, *events: str, **rules: str) -> dict[str, Any]:
    """A configuration for a queue: events without "s3:", filter rules by name."""
    found: dict[str, Any] = {"QueueArn": arn, "Events": [f"s3:{event}" for event in events]}
    if rules:
        found["Filter"] = {"Key": {"FilterRules": [{"Name": n, "Value": v} for n, v in rules.items()]}}
    return found


def test_an_event_has_every_field(kit: Any, s3: Any) -> None:
    queue, bus = kit.make_queue("photos"), kit.make_queue("bus")
    asked = for_queue(queue.arn, "ObjectCreated:*") | {"Id": "photos"}
    notify(s3, QueueConfigurations=[asked], EventBridgeConfiguration={})
    (test,) = kit.records(queue)
    assert (test["Service"], test["Event"], test["Bucket"]) == ("Amazon S3", "s3:TestEvent", BUCKET)
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [BUCKET]}}}
    events_kit.make_rule("photos", pattern, bus)

    put = s3.put_object(Bucket=BUCKET, Key="in/red flöwer+1.jpg", Body=b"lamp", Tagging="kind=lamp")
    told = put["ResponseMetadata"]["HTTPHeaders"]
    (event,) = kit.records(queue)
    (record,) = event["Records"]
    moment, sequencer = record.pop("eventTime"), record["s3"]["object"].pop("sequencer")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
    assert re.fullmatch(r"[0-9A-F]{16,}", sequencer)
    etag = put["ETag"].strip('"')
    assert record == {
        "eventVersion": "2.5",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:123456789012"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": told["x-amz-request-id"], "x-amz-id-2": told["x-amz-id-2"]},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "photos",
            "bucket": {
                "name": BUCKET,
                "ownerIdentity": {"principalId": "A0123456789012"},
                "arn": f"arn:aws:s3:::{BUCKET}",
            },
            "object": {"key": "in/red+fl%C3%B6wer%2B1.jpg", "size": 4, "eTag": etag},
        },
    }
    (whole,) = kit.records(bus)
    assert re.fullmatch(r"[0-9a-f-]{36}", whole.pop("id"))
    assert whole == {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": moment.split(".")[0] + "Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{BUCKET}"],
        "detail": {
            "version": "0",
            "event-version": "1.0",
            "bucket": {"name": BUCKET},
            "object": {"key": "in/red flöwer+1.jpg", "size": 4, "etag": etag, "sequencer": sequencer},
            "request-id": told["x-amz-request-id"],
            "requester": "123456789012",
            "source-ip-address": "127.0.0.1",
            "reason": "PutObject",
        },
    }


def test_each_request_is_told_once(kit: Any, s3: Any) -> None:
    queue, bus = kit.make_queue("photos"), kit.make_queue("bus")
    kinds = ("ObjectCreated:*", "ObjectRemoved:*", "ObjectTagging:*", "ObjectAcl:Put")
    notify(s3, QueueConfigurations=[for_queue(queue.arn, *kinds)], EventBridgeConfiguration={})
    kit.received(queue)
    events_kit.make_rule("photos", {"source": ["aws.s3"]}, bus)

    def there(key: str) -> dict[str, str]:
        return {"Bucket": BUCKET, "Key": key}

    s3.put_object(**there("a"), Body=b"lamp", Tagging="kind=lamp")
    s3.put_object_tagging(**there("a"), Tagging={"TagSet": [{"Key": "kind", "Value": "shade"}]})
    s3.delete_object_tagging(**there("a"))
    s3.put_object_acl(**there("a"), ACL="private")
    s3.copy_object(**there("b"), CopySource=f"{BUCKET}/a", TaggingDirective="REPLACE", Tagging="kind=lamp")
    upload = {**there("c"), "UploadId": s3.create_multipart_upload(**there("c"))["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"lampshade")
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    form = s3.generate_presigned_post(BUCKET, "d")
    _post(form["url"], form["fields"], b"four")
    s3.delete_object(**there("a"))
    s3.delete_object(**there("never there"))
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "b"}, {"Key": "c"}]})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    first, second = (s3.put_object(**there("v"), Body=b"x")["VersionId"] for _ in range(2))
    marker = s3.delete_object(**there("v"))["VersionId"]
    s3.delete_object(**there("v"), VersionId=first)

    expected: list[tuple[str, str, dict[str, Any]]] = [
        ("ObjectCreated:Put", "a", {"size": 4}),
        ("ObjectTagging:Put", "a", {}),
        ("ObjectTagging:Delete", "a", {}),
        ("ObjectAcl:Put", "a", {}),
        ("ObjectCreated:Copy", "b", {"size": 4}),
        ("ObjectCreated:CompleteMultipartUpload", "c", {"size": 9}),
        ("ObjectCreated:Post", "d", {"size": 4}),
        ("ObjectRemoved:Delete", "a", {}),
        ("ObjectRemoved:Delete", "b", {}),
        ("ObjectRemoved:Delete", "c", {}),
        ("ObjectCreated:Put", "v", {"size": 1, "versionId": first}),
        ("ObjectCreated:Put", "v", {"size": 1, "versionId": second}),
        ("ObjectRemoved:DeleteMarkerCreated", "v", {"versionId": marker, "eTag": EMPTY}),
        ("ObjectRemoved:Delete", "v", {"versionId": first}),
    ]
    records = [body["Records"][0] for body in kit.records(queue, len(expected))]
    by_kind = sorted(records, key=lambda r: (r["eventTime"], r["s3"]["object"].get("sequencer", "")))
    found = {(r["eventName"], r["s3"]["object"]["key"], r["s3"]["object"].get("versionId")): r for r in by_kind}
    assert sorted(found, key=str) == sorted(
        ((name, key, more.get("versionId")) for name, key, more in expected), key=str
    )
    numbers = {}
    for name, key, more in expected:
        thing = dict(found[name, key, more.get("versionId")]["s3"]["object"])
        numbers[name, key, more.get("versionId")] = thing.pop("sequencer", None)
        if not name.startswith("ObjectRemoved"):
            assert re.fullmatch(r"[0-9a-f]{32}(-1)?", thing.pop("eTag"))
        assert thing == {"key": key} | more, name
    made = [
        numbers[name, key, more.get("versionId")]
        for name, key, more in expected
        if "Tag" not in name and "Acl" not in name
    ]
    assert made == sorted(made)  # what is later has the greater sequencer
    assert {numbers["ObjectTagging:Put", "a", None], numbers["ObjectAcl:Put", "a", None]} == {None}

    whole = kit.records(bus, len(expected))
    counts: dict[str, int] = {}
    for each in whole:
        counts[each["detail-type"]] = counts.get(each["detail-type"], 0) + 1
    assert counts == {
        "Object Created": 6,
        "Object Deleted": 5,
        "Object Tags Added": 1,
        "Object Tags Deleted": 1,
        "Object ACL Updated": 1,
    }
    reasons = {each["detail"]["reason"] for each in whole if each["detail-type"] == "Object Created"}
    assert reasons == {"PutObject", "CopyObject", "CompleteMultipartUpload", "POST Object"}
    deletions = sorted(
        each["detail"].get("deletion-type", "") for each in whole if each["detail-type"] == "Object Deleted"
    )
    assert deletions == ["Delete Marker Created", *["Permanently Deleted"] * 4]


def _post(url: str, fields: dict[str, str], content: bytes) -> None:
    """What a browser sends for a form with a file."""
    import urllib.request

    parts = [f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()]
    file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="d"\r\n\r\n' + content + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    request = urllib.request.Request(url, b"".join(parts) + file, headers)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 204


def test_each_key_to_its_target(kit: Any, s3: Any, tmp_path: Path) -> None:
    place = tmp_path / "events"
    function, topic, queue = recorder("thumbnail", place), make_topic("photos"), kit.make_queue("photos")
    texts = kit.make_queue("texts")
    subscribe(topic, queue.arn)

    def rule(*pairs: tuple[str, str]) -> dict[str, Any]:
        return {"Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in pairs]}}

    created = ["s3:ObjectCreated:*"]
    images, hot = rule(("prefix", "in/"), ("suffix", ".jpg")), rule(("Prefix", "hot/"))
    notify(
        s3,
        LambdaFunctionConfigurations=[{"LambdaFunctionArn": function, "Events": created, "Filter": images}],
        TopicConfigurations=[{"TopicArn": topic, "Events": created, "Filter": hot}],
        QueueConfigurations=[for_queue(texts.arn, "ObjectCreated:Put", suffix=".txt", prefix="in/")],
    )
    kit.received(texts)
    assert json.loads(kit.records(queue)[0]["Message"])["Event"] == "s3:TestEvent"
    for key in ("in/lamp.jpg", "out/lamp.jpg", "in/lamp.png", "hot/lamp.png", "in/lamp.txt"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    (event,) = noted(place)
    assert event["Records"][0]["s3"]["object"]["key"] == "in/lamp.jpg"
    (sent,) = kit.records(queue)
    assert sent["Subject"] == "Amazon S3 Notification"
    assert json.loads(sent["Message"])["Records"][0]["s3"]["object"]["key"] == "hot/lamp.png"
    assert kit.records(texts)[0]["Records"][0]["s3"]["object"]["key"] == "in/lamp.txt"

    found = s3.get_bucket_notification_configuration(Bucket=BUCKET)
    (kept,) = found["LambdaFunctionConfigurations"]
    assert (kept["LambdaFunctionArn"], kept["Events"]) == (function, created)
    assert kept["Filter"] == rule(("Prefix", "in/"), ("Suffix", ".jpg"))
    assert "EventBridgeConfiguration" not in found
    # A target that has gone since is dropped; the upload does not mind.
    kit.client("lambda").delete_function(FunctionName="thumbnail")
    s3.put_object(Bucket=BUCKET, Key="in/late.jpg", Body=b"x")
    notify(s3, EventBridgeConfiguration={})
    assert s3.get_bucket_notification_configuration(Bucket=BUCKET)["EventBridgeConfiguration"] == {}
    notify(s3)
    assert set(s3.get_bucket_notification_configuration(Bucket=BUCKET)) == {"ResponseMetadata"}


def test_a_bucket_of_a_stack(kit: Any) -> None:
    queue = kit.make_queue("photos")
    asked = {"Queue": queue.arn, "Event": "s3:ObjectCreated:*"}
    asked["Filter"] = {"S3Key": {"Rules": [{"Name": "suffix", "Value": ".jpg"}]}}
    wanted = {"QueueConfigurations": [asked], "EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    photos = {"Type": "AWS::S3::Bucket", "Properties": {"NotificationConfiguration": wanted}}
    template = json.dumps({"Resources": {"Photos": photos}})
    stacks = kit.client("cloudformation")
    stacks.create_stack(StackName="Hikari", TemplateBody=template)
    (made,) = stacks.describe_stack_resources(StackName="Hikari")["StackResources"]
    s3, bucket = kit.client("s3"), made["PhysicalResourceId"]
    assert kit.records(queue)[0]["Event"] == "s3:TestEvent"
    for key in ("lamp.png", "lamp.jpg"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert kit.records(queue)[0]["Records"][0]["s3"]["object"]["key"] == "lamp.jpg"
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["EventBridgeConfiguration"] == {}
    photos["Properties"] = {"Tags": [{"Key": "team", "Value": "stock"}]}
    stacks.update_stack(StackName="Hikari", TemplateBody=json.dumps({"Resources": {"Photos": photos}}))
    assert set(s3.get_bucket_notification_configuration(Bucket=bucket)) == {"ResponseMetadata"}


def test_an_empty_prefix_is_any(kit: Any, s3: Any) -> None:
    queue = kit.make_queue("photos")
    notify(s3, QueueConfigurations=[for_queue(queue.arn, "ObjectCreated:*", prefix="", suffix=".jpg")])
    assert kit.records(queue)[0]["Event"] == "s3:TestEvent"
    (kept,) = s3.get_bucket_notification_configuration(Bucket=BUCKET)["QueueConfigurations"]
    rules = [{"Name": "Prefix", "Value": ""}, {"Name": "Suffix", "Value": ".jpg"}]
    assert kept["Filter"]["Key"]["FilterRules"] == rules
    for key in ("lamp.png", "lamp.jpg"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    assert kit.records(queue)[0]["Records"][0]["s3"]["object"]["key"] == "lamp.jpg"


def test_what_aws_refuses_is_refused(kit: Any, s3: Any) -> None:
    queue, other, fifo = (
        kit.make_queue("photos"),
        kit.make_queue("other"),
        kit.make_queue("photos.fifo", FifoQueue="true"),
    )
    notify(s3, QueueConfigurations=[for_queue(queue.arn, "ObjectCreated:Put") | {"Id": "kept"}])
    kit.received(queue)

    def refused(*queues: dict[str, Any], **more: Any) -> dict[str, Any]:
        return dict(kit.refused(lambda: notify(s3, QueueConfigurations=list(queues), **more)).answer["Error"])

    everything = for_queue(queue.arn, "ObjectCreated:*")
    text = "Unable to validate the following destination configurations"
    ghost = {
        "LambdaFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:ghost",
        "Events": ["s3:ObjectCreated:*"],
    }
    error = refused(for_queue(queue.arn + "x", "ObjectRemoved:*"), LambdaFunctionConfigurations=[ghost])
    assert (error["Code"], error["Message"]) == ("InvalidArgument", text)
    assert (error["ArgumentName1"], error["ArgumentValue1"]) == (
        queue.arn + "x",
        "The destination queue does not exist",
    )
    assert error["ArgumentValue2"] == f"Not authorized to invoke function [{ghost['LambdaFunctionArn']}]"
    assert refused(for_queue(fifo.arn, "ObjectCreated:*"))["Message"] == text
    assert refused(for_queue("photos", "ObjectCreated:*"))["Message"] == "The ARN could not be parsed"
    assert refused(for_queue(queue.arn, "Lamp"))["Message"].startswith("The event 's3:Lamp' is not supported")
    assert refused(for_queue(queue.arn, "ObjectCreated:*", middle="x"))["Message"].startswith(
        "filter rule name must be"
    )
    assert refused(everything, for_queue(other.arn, "ObjectCreated:Copy"))["Message"] == (
        "Configurations overlap. Configurations on the same bucket cannot share a common event type."
    )
    two = for_queue(queue.arn, "ObjectCreated:*")
    two["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": value} for value in ("in/", "out/")]}}
    assert refused(two)["Message"] == "Cannot specify more than one prefix rule in a filter."
    named = [for_queue(queue.arn, event) | {"Id": "same"} for event in ("ObjectCreated:*", "ObjectRemoved:*")]
    assert refused(*named)["Message"].startswith("Same ID used for multiple configurations")
    images = for_queue(queue.arn, "ObjectCreated:*", prefix="in/", suffix=".jpg")
    for clash in ({"suffix": "jpg"}, {"prefix": "in/big/"}, {"prefix": "i", "suffix": ".lamp.jpg"}):
        message = refused(images, for_queue(other.arn, "ObjectCreated:Put", **clash))["Message"]
        assert message.startswith("Configuration is ambiguously defined."), clash
    for peace in ({"suffix": ".png"}, {"prefix": "out/", "suffix": ".jpg"}):
        notify(s3, QueueConfigurations=[images, for_queue(other.arn, "ObjectCreated:Put", **peace)])
    notify(s3, QueueConfigurations=[images, for_queue(other.arn, "ObjectRemoved:*")])
    refused(everything, everything)
    assert len(s3.get_bucket_notification_configuration(Bucket=BUCKET)["QueueConfigurations"]) == 2  # as it was
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={"QueueConfigurations": [for_queue(queue.arn + "x", "ObjectCreated:*")]},
        SkipDestinationValidation=True,
    )
    far = "arn:aws:sqs:eu-west-1:123456789012:photos"
    assert "region is not valid" in refused(for_queue(far, "ObjectCreated:*"))["Message"]
    for name in ("hi", "Hikari", "hikari_photos", "hikari-", "hikari..photos", "192.168.0.1", "xn--hikari"):
        assert kit.refused(lambda name=name: s3.create_bucket(Bucket=name)).code == "InvalidBucketName", name
    s3.create_bucket(Bucket="hikari.photos-2")
