"""The places where moto hands over event source mappings and queues: this fails when moto changes under them."""

from __future__ import annotations

from typing import Any

import pytest
from moto.awslambda import models
from moto.sqs import models as sqs

from kits import patch_kit


@pytest.mark.parametrize(
    ("owner", "attributes"),
    [
        (sqs.Message, ("id", "body", "receipt_handle", "sender_id", "sent_timestamp", "group_id", "deduplication_id",
                       "sequence_number", "visible_at", "delayed_until", "system_attributes", "message_attributes",
                       "approximate_receive_count", "approximate_first_receive_timestamp")),
        (sqs.Queue, ("_messages", "_pending_messages", "deleted_messages", "_messages_lock", "dead_letter_queue",
                     "redrive_policy", "fifo_queue", "queue_arn")),
        (models.EventSourceMapping, ("uuid", "arn", "event_source_arn", "function_arn", "function_name", "tags",
                                     "last_modified")),
        (models.LambdaBackend, ("_event_source_mappings",)),
    ],
)  # fmt: skip
def test_moto_still_keeps_what_the_patches_read(owner: Any, attributes: tuple[str, ...]) -> None:
    patch_kit.assert_keeps(owner, [f"self.{attribute}" for attribute in attributes], "sqs_queues.py")


# ---- what stock moto does wrong: when one of these fails, the patch may go

#: Without our patches: each function shows one defect, and answers True while moto has it.
STOCK = """
import threading, time
from moto.sqs import models
from moto.sqs.responses import SQSResponse

def make(name="orders", **attributes):
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

def make_fifo(**attributes):
    return make("orders.fifo", FifoQueue="true", ContentBasedDeduplication="true", **attributes)[0]

def accepted(arn, **settings):
    make_function("orders", "def handler(event, context): pass", **settings.pop("function", {}))
    lam.create_event_source_mapping(FunctionName="orders", EventSourceArn=arn, **settings)
    return True

def send(url, body):
    return sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="moon")

def receive(url, **more):
    return sqs.receive_message(QueueUrl=url, AttributeNames=["All"], **more).get("Messages", [])

def functions_are_called_inside_send():
    return "send_sqs_batch" in inspect.getsource(models.Queue.add_message)

def a_deletion_builds_a_new_list_without_a_lock():
    source = inspect.getsource(models.Queue.delete_message)
    return "self._messages = new_messages" in source and "_messages_lock" not in source

def receivers_share_no_lock():
    return "_messages_lock" not in inspect.getsource(models.SQSBackend.receive_message)

def a_group_changes_its_order_when_it_comes_back():
    url = make_fifo(VisibilityTimeout="1")
    send(url, "first"); send(url, "second")
    receive(url, MaxNumberOfMessages=2)
    backend = models.sqs_backends["123456789012"]["us-east-1"].queues["orders.fifo"]
    for message in backend._messages:
        message.visible_at = 0.0  # as after the visibility timeout
    return receive(url)[0]["Body"] == "second"

def a_receiver_gets_groups_mixed():
    url = make_fifo()
    for body, group in (("1", "moon"), ("2", "sun"), ("3", "moon")):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group)
    return [each["Body"] for each in receive(url, MaxNumberOfMessages=2)] == ["1", "2"]

def a_duplicate_is_accepted_after_a_deletion():
    url = make_fifo()
    for _ in range(2):
        send(url, "first")
        found = receive(url)
        if found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=found[0]["ReceiptHandle"])
    return bool(found)

def there_is_no_sequence_number_by_content():
    url = make_fifo()
    send(url, "first")
    return "SequenceNumber" not in receive(url)[0]["Attributes"]

def there_is_no_redrive():
    return not hasattr(SQSResponse, "start_message_move_task")

def a_message_in_a_dead_letter_queue_cannot_be_deleted_again():
    dead, arn = make("dead")
    url = make(RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}), VisibilityTimeout="0")[0]
    sqs.send_message(QueueUrl=url, MessageBody="lamp")
    handle = receive(url)[0]["ReceiptHandle"]
    time.sleep(0.002)
    receive(url)
    try:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    except ClientError:
        return "Attributes" in receive(dead)[0]

def an_empty_message_is_accepted():
    return bool(sqs.send_message(QueueUrl=make()[0], MessageBody="")["MessageId"])

def a_timeout_of_a_day_is_accepted():
    return bool(make(VisibilityTimeout="86400"))

def a_batch_loses_trace_headers():
    url, trace = make()[0], {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}}
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "a", "MessageSystemAttributes": trace}])
    return "AWSTraceHeader" not in receive(url)[0]["Attributes"]

def a_batch_lists_nothing():
    url = make()[0]
    return sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "a"}])["Failed"] == []

def an_unknown_action_breaks_it():
    return "OperationNotFoundError" not in inspect.getsource(SQSResponse.parse_parameters)

def a_short_visibility_timeout_is_accepted():
    return accepted(make(VisibilityTimeout="1")[1], function={"Timeout": 60})

def a_second_mapping_is_accepted():
    arn = make()[1]
    accepted(arn)
    lam.create_event_source_mapping(FunctionName="orders", EventSourceArn=arn)
    return True

def a_large_batch_without_a_window_is_accepted():
    return accepted(make()[1], BatchSize=11)

def any_filter_is_accepted():
    return accepted(make()[1], FilterCriteria={"Filters": [{"Pattern": "lamp"}]})

def the_answer_lacks_defaults():
    make_function("orders")
    made = lam.create_event_source_mapping(FunctionName="orders", EventSourceArn=make()[1])
    return "MaximumBatchingWindowInSeconds" not in made and made["ResponseMetadata"]["HTTPStatusCode"] == 201
"""

DEFECTS = {
    "functions_are_called_inside_send": "sqs/queues.py",
    "a_deletion_builds_a_new_list_without_a_lock": "sqs/queues.py",
    "receivers_share_no_lock": "sqs/queues.py",
    "a_group_changes_its_order_when_it_comes_back": "sqs/queues.py",
    "a_receiver_gets_groups_mixed": "sqs/queues.py",
    "a_duplicate_is_accepted_after_a_deletion": "sqs/queues.py",
    "there_is_no_sequence_number_by_content": "sqs/queues.py",
    "there_is_no_redrive": "sqs/redrive.py",
    "a_message_in_a_dead_letter_queue_cannot_be_deleted_again": "sqs/queues.py",
    "an_empty_message_is_accepted": "sqs/refusals.py",
    "a_timeout_of_a_day_is_accepted": "sqs/refusals.py",
    "a_batch_loses_trace_headers": "sqs/requests.py",
    "a_batch_lists_nothing": "sqs/answers.py",
    "an_unknown_action_breaks_it": "sqs/query.py",
    "a_short_visibility_timeout_is_accepted": "lambda_/mappings.py",
    "a_second_mapping_is_accepted": "lambda_/mappings.py",
    "a_large_batch_without_a_window_is_accepted": "lambda_/mapping_rules.py",
    "any_filter_is_accepted": "lambda_/mapping_rules.py",
    "the_answer_lacks_defaults": "lambda_/mapping_answers.py",
}


test_every_defect_is_listed, test_stock_moto_still_has_the_defect = patch_kit.tests_of(
    STOCK, DEFECTS, lam="lambda", sqs="sqs", iam="iam"
)
