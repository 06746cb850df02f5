"""The places where moto hands over topics and buckets: this fails when moto changes under them: somebody must look."""

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
import sys
from moto.sns import models as sns_models
from moto.sns.utils import FilterPolicyMatcher
from moto.sqs import models as sqs_models
from moto.sns.models import Subscription

def passes(rule, kind, value):
    return FilterPolicyMatcher({"k": [rule]}, None).matches({"k": {"Type": kind, "Value": value}}, "")

def bodies(policy, body):
    return FilterPolicyMatcher(policy, "MessageBody").matches(None, json.dumps(body))

def refused(call):
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Message"]
    return ""

def anything_but_looks_at_the_letters_of_a_list():
    return passes({"anything-but": ["lamp"]}, "String.Array", '["lamp"]')

def equals_ignore_case_minds_the_case_of_the_policy():
    return not passes({"equals-ignore-case": "Lamp"}, "String", "lamp")

def an_address_is_never_in_its_network():
    return not passes({"cidr": "10.0.0.0/24"}, "String", "10.0.0.1")

def either_or_of_a_body_is_not_understood():
    try:
        return not bodies({"$or": [{"a": [1]}, {"b": [1]}]}, {"a": 1})
    except TypeError:
        return True

def a_prefix_does_not_look_into_lists():
    return not passes({"prefix": "la"}, "String.Array", '["lamp"]')

def topic():
    return sns.create_topic(Name="orders")["TopicArn"]

def a_queue(name="stock"):
    return sqs.create_queue(QueueName=name)["QueueUrl"], f"arn:aws:sqs:us-east-1:123456789012:{name}"

def a_refused_subscription_is_there():
    arn, (_, queue) = topic(), a_queue()
    bad = {"FilterPolicy": '{"a": [{"no": 1}]}'}
    refused(lambda: sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes=bad))
    return len(sns.list_subscriptions()["Subscriptions"]) == 1

def raw_binary_attributes_are_base64():
    arn, (url, queue) = topic(), a_queue()
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=arn, Message="x", MessageAttributes={"b": {"DataType": "Binary", "BinaryValue": b"lamp"}})
    try:
        (got,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
        return got["MessageAttributes"]["b"]["BinaryValue"] != b"lamp"
    except TypeError:  # moto's SQS wants bytes
        return True

def a_dead_letter_is_never_sent():
    arn, (url, dlq), (gone, queue) = topic(), a_queue("dead"), a_queue("gone")
    redrive = json.dumps({"deadLetterTargetArn": dlq})
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue, Attributes={"RedrivePolicy": redrive})
    sqs.delete_queue(QueueUrl=gone)
    refused(lambda: sns.publish(TopicArn=arn, Message="x"))
    return "Messages" not in sqs.receive_message(QueueUrl=url)

def a_bad_entry_of_a_batch_is_lost():
    arn = sns.create_topic(Name="o.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    entry = {"Id": "1", "Message": "x", "MessageGroupId": "g", "Subject": "x" * 101}
    answer = sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=[entry])
    return answer["Successful"] == [] and answer.get("Failed", []) == []

def the_signature_is_made_for_every_message():
    return "private_key" in inspect.getsource(Subscription.get_post_data)

def a_topic_may_have_any_attribute():
    arn = sns.create_topic(Name="any", Attributes={"Lamp": "on"})["TopicArn"]
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Lamp", AttributeValue="off")
    return True

def a_topic_comes_back_with_other_attributes():
    return topic() == sns.create_topic(Name="orders", Attributes={"DisplayName": "Orders"})["TopicArn"]

def a_token_that_is_no_number_breaks_it():
    try:
        sns.list_topics(NextToken="next")
    except ValueError:
        return True

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
    patch_kit.assert_all(patch_kit.shown(STOCK, sns="sns", sqs="sqs", s3="s3"), 21, "sns_*.py, s3_*.py")
