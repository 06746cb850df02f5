"""The places where moto hands over buckets: this fails when moto changes under them: somebody must look."""

from __future__ import annotations

import inspect

from moto.s3 import models as s3_models

from kits import patch_kit


def test_moto_still_tells_of_all_that_the_patches_wait_for() -> None:
    """Each kind of event is sent somewhere in moto's models, by the name that the patch replaces."""
    source = inspect.getsource(s3_models)
    for name in ("PUT", "POST", "COPY", "COMPLETE_MULTIPART_UPLOAD"):
        assert f"OBJECT_CREATED_{name}_EVENT" in source
    assert source.count("notifications.send_event(") >= 10, patch_kit.LOOK.format("s3/notifications.py")
    assert "notifications.send_test_event(" in source


# ---- what stock moto does wrong: when one of these fails, the patch may go

STOCK = """
def a_queue(name="stock"):
    return sqs.create_queue(QueueName=name)["QueueUrl"], f"arn:aws:sqs:us-east-1:123456789012:{name}"

def noted(*events):
    s3.create_bucket(Bucket="hikari")
    url, arn = a_queue()
    s3.put_bucket_notification_configuration(Bucket="hikari", NotificationConfiguration={
        "QueueConfigurations": [{"QueueArn": arn, "Events": list(events)}]})
    sqs.purge_queue(QueueUrl=url)
    def read():
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(m["Body"])["Records"][0] for m in found]
    return read

def an_upload_tells_of_tags():
    read = noted("s3:ObjectTagging:*")
    s3.put_object(Bucket="hikari", Key="a", Body=b"x")
    return [r["eventName"] for r in read()] == ["ObjectTagging:Put"]

def a_multipart_upload_tells_of_a_put():
    read, there = noted("s3:ObjectCreated:*"), {"Bucket": "hikari", "Key": "a"}
    there["UploadId"] = s3.create_multipart_upload(**there)["UploadId"]
    tag = s3.upload_part(**there, PartNumber=1, Body=b"x")["ETag"]
    s3.complete_multipart_upload(**there, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    return "ObjectCreated:Put" in [r["eventName"] for r in read()]

def a_delete_marker_is_not_told():
    read = noted("s3:ObjectRemoved:*")
    s3.put_bucket_versioning(Bucket="hikari", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="hikari", Key="a", Body=b"x")
    s3.delete_object(Bucket="hikari", Key="a")
    return read() == []

def an_event_lacks_fields():
    read = noted("s3:ObjectCreated:*")
    s3.put_object(Bucket="hikari", Key="a", Body=b"x")
    return not {"userIdentity", "requestParameters", "responseElements"} & read()[0].keys()

def configurations_may_overlap_and_lead_nowhere():
    s3.create_bucket(Bucket="hikari")
    one = {"QueueArn": "arn:aws:sqs:us-east-1:123456789012:ghost", "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="hikari", NotificationConfiguration={"QueueConfigurations": [one, one]})
    return True

def a_bucket_may_have_any_letters():
    s3.create_bucket(Bucket="Hikari_Photos")
    return True

def an_empty_prefix_breaks_it():
    s3.create_bucket(Bucket="hikari")
    url, queue = a_queue()
    rule = {"Key": {"FilterRules": [{"Name": "prefix", "Value": ""}]}}
    each = {"QueueArn": queue, "Events": ["s3:ObjectCreated:*"], "Filter": rule}
    try:
        s3.put_bucket_notification_configuration(
            Bucket="hikari", NotificationConfiguration={"QueueConfigurations": [each]})
    except (AssertionError, ClientError):
        return True

def event_bridge_is_not_in_the_answer():
    s3.create_bucket(Bucket="hikari")
    s3.put_bucket_notification_configuration(
        Bucket="hikari", NotificationConfiguration={"EventBridgeConfiguration": {}})
    return "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket="hikari")
"""


@patch_kit.asks_stock_moto
def test_stock_moto_still_has_the_defects() -> None:
    patch_kit.assert_all(patch_kit.shown(STOCK, sqs="sqs", s3="s3"), 8, "s3/*.py")
