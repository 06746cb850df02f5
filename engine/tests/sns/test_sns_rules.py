"""What SNS takes and what it refuses: attributes of subscriptions and topics, messages, batches; no cloud."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from serverless_cloud.core.refusals import NotHonoured
from serverless_cloud.core.service import ServiceError
from serverless_cloud.sns import validation

TOPIC, FIFO = (f"arn:aws:sns:us-east-1:123456789012:{name}" for name in ("orders", "orders.fifo"))
QUEUE, FIFO_QUEUE = (f"arn:aws:sqs:us-east-1:123456789012:{name}" for name in ("lamps", "lamps.fifo"))
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:ship"


def redrive(queue: str) -> str:
    return json.dumps({"deadLetterTargetArn": queue})


@contextlib.contextmanager
def taken_or_refused(words: str, code: str = "") -> Iterator[None]:
    """Fails unless the block is refused with this pattern of words and this code; without both it must not be."""
    if not words and not code:
        yield
        return
    with pytest.raises(ServiceError, match=words or None) as refused:
        yield
    assert code in ("", refused.value.code)


def check(name: str, value: str, protocol: str = "sqs", topic: str = TOPIC) -> None:
    endpoint = FUNCTION if protocol == "lambda" else FIFO_QUEUE if topic == FIFO else QUEUE
    validation.check_attribute(name, value, protocol, endpoint, topic, "MessageAttributes")


@pytest.mark.parametrize(
    ("name", "value", "protocol", "topic"),
    [
        *(("RawMessageDelivery", value, "sqs", TOPIC) for value in ("true", "false", "True", "False", "TRUE")),
        ("RawMessageDelivery", "true", "firehose", TOPIC),
        ("RawMessageDelivery", "False", "lambda", TOPIC),
        ("FilterPolicyScope", "MessageAttributes", "sqs", TOPIC),
        ("FilterPolicyScope", "MessageBody", "sqs", TOPIC),
        ("FilterPolicy", '{"lamp": ["andon"]}', "sqs", TOPIC),
        ("FilterPolicy", "", "sqs", TOPIC),
        ("RedrivePolicy", redrive(QUEUE), "lambda", TOPIC),
        ("RedrivePolicy", redrive(FIFO_QUEUE), "sqs", FIFO),
        ("RedrivePolicy", "", "sqs", TOPIC),
        ("DeliveryPolicy", "", "sqs", TOPIC),
    ],
)
def test_an_attribute_of_a_subscription_is_taken(name: str, value: str, protocol: str, topic: str) -> None:
    check(name, value, protocol, topic)


@pytest.mark.parametrize(
    ("name", "value", "protocol", "topic", "words"),
    [
        ("RawMessageDelivery", "yes", "sqs", TOPIC, "Invalid value [yes]. Must be true or false."),
        ("RawMessageDelivery", "", "sqs", TOPIC, "Must be true or false."),
        ("RawMessageDelivery", "true", "lambda", TOPIC, "[lambda] does not support raw message delivery"),
        ("RawMessageDelivery", "True", "lambda", TOPIC, "[lambda] does not support raw message delivery"),
        ("FilterPolicyScope", "messagebody", "sqs", TOPIC, "Please use either MessageBody or MessageAttributes"),
        ("FilterPolicy", "lamp", "sqs", TOPIC, "FilterPolicy"),
        ("RedrivePolicy", "lamp", "sqs", TOPIC, "RedrivePolicy: failed to parse JSON"),
        ("RedrivePolicy", "[]", "sqs", TOPIC, "It must be an object"),
        ("RedrivePolicy", redrive(TOPIC), "sqs", TOPIC, "deadLetterTargetArn is an invalid arn"),
        ("RedrivePolicy", redrive(QUEUE), "sqs", FIFO, "must use a FIFO queue as DLQ"),
        ("DeliveryPolicy", "{}", "sqs", TOPIC, "does not support delivery policies"),
        ("Lamp", "on", "sqs", TOPIC, "AttributeName"),
    ],
)
def test_an_attribute_of_a_subscription_is_refused(
    name: str, value: str, protocol: str, topic: str, words: str
) -> None:
    with pytest.raises(ServiceError) as refused:
        check(name, value, protocol, topic)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("topic", "protocol", "endpoint", "words"),
    [
        (TOPIC, "sqs", QUEUE, ""),
        (FIFO, "sqs", FIFO_QUEUE, ""),
        (TOPIC, "lambda", FUNCTION, ""),
        (TOPIC, "lambda", FUNCTION + ":live", ""),
        (TOPIC, "pigeon", QUEUE, "does not support this protocol string: pigeon"),
        (FIFO, "lambda", FUNCTION, "Invalid protocol type: lambda"),
        (TOPIC, "sqs", FIFO_QUEUE, "FIFO SQS Queues can not be subscribed to standard SNS topics"),
        (TOPIC, "sqs", "arn:aws:sqs:moon:123456789012:lamps", "SQS endpoint ARN"),
        (TOPIC, "sqs", "lamps", "SQS endpoint ARN"),
        (TOPIC, "lambda", QUEUE, "Lambda endpoint ARN"),
    ],
)
def test_who_may_stand_behind_a_topic(topic: str, protocol: str, endpoint: str, words: str) -> None:
    with taken_or_refused(words):
        validation.check_endpoint(topic, protocol, endpoint)


def test_what_the_local_cloud_does_not_do_is_refused_by_name() -> None:
    with pytest.raises(NotHonoured, match="https"):
        validation.check_endpoint(TOPIC, "https", "https://hikari.example")
    with pytest.raises(NotHonoured, match="ReplayPolicy"):
        check("ReplayPolicy", "{}")


@pytest.mark.parametrize(
    ("size", "protocols", "words"),
    [
        ("1024", (), ""),
        ("262144", ("email",), ""),
        ("1048576", ("sqs", "lambda"), ""),
        ("1023", (), "a whole number from 1024 to 1048576"),
        ("1048577", (), "a whole number from 1024 to 1048576"),
        ("many", (), "a whole number"),
        ("262145", ("sqs", "email"), "not email"),
        ("262145", ("sqs",) * 101, "at most 100 subscriptions"),
    ],
)
def test_how_large_the_messages_of_a_topic_may_be(size: str, protocols: tuple[str, ...], words: str) -> None:
    with taken_or_refused(words):
        validation.check_topic_attribute("MaximumMessageSize", size, protocols)


@pytest.mark.parametrize(
    ("message", "subject", "structure", "words"),
    [
        ("x" * 262_144, None, None, ""),
        ("lamp", "L" * 100, "", ""),
        ('{"default": "lamp", "sqs": "andon", "n": 1}', None, "json", ""),
        (None, None, None, "Empty message"),
        ("", None, None, "Empty message"),
        ("x" * 262_145, None, None, "Message too long"),
        ("光" * 87_382, None, None, "Message too long"),  # bytes count
        ("lamp", "L" * 101, None, "Subject"),
        ("lamp", "two\nlines", None, "Subject"),
        ("lamp", "", None, "Subject"),
        ("lamp", None, "yaml", "Invalid message structure"),
        ("lamp", None, "json", "failed to parse"),
        ('{"sqs": "andon"}', None, "json", "No default entry"),
        ('{"default": 1}', None, "json", "No default entry"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_which_messages_are_taken(message: str | None, subject: str | None, structure: str | None, words: str) -> None:
    with taken_or_refused(words):
        validation.check_message(message, subject, structure)


def test_attributes_count_for_the_size_of_a_message() -> None:
    size = validation.size_of({"lamp": {"DataType": "String", "StringValue": "光"}, "b": {"BinaryValue": b"12"}})
    assert size == len("lamp") + len("String") + 3 + 1 + 2
    validation.check_message("x" * (262_144 - size), None, None, size)
    with pytest.raises(ServiceError, match="too long"):
        validation.check_message("x" * (262_145 - size), None, None, size)


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ({"is_fifo": True, "by_content": True, "group_id": "7", "deduplication_id": None}, ""),
        ({"is_fifo": True, "by_content": False, "group_id": "7", "deduplication_id": "1"}, ""),
        ({"is_fifo": False, "by_content": False, "group_id": None, "deduplication_id": None}, ""),
        ({"is_fifo": False, "by_content": False, "group_id": "7", "deduplication_id": None}, ""),
        ({"is_fifo": True, "by_content": True, "group_id": None, "deduplication_id": "1"}, "MessageGroupId"),
        ({"is_fifo": True, "by_content": False, "group_id": "7", "deduplication_id": None}, "ContentBased"),
        ({"is_fifo": False, "by_content": False, "group_id": None, "deduplication_id": "1"}, "not valid for this"),
    ],
)
def test_the_ids_of_a_message_suit_its_topic(ids: dict[str, Any], words: str) -> None:
    with taken_or_refused(words):
        validation.check_order(**ids)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("lamp", {"DataType": "String", "StringValue": "andon"}, ""),
        ("lamp.kind-1_x", {"DataType": "Number.int", "StringValue": "-1.5e3"}, ""),
        ("lamp", {"DataType": "Binary", "BinaryValue": b"1"}, ""),
        ("lamp", {"DataType": "String.Array", "StringValue": "[1]"}, ""),
        ("lamp", {"DataType": "Lamp", "StringValue": "andon"}, "Binary, Number, and String"),
        ("lamp", {"StringValue": "andon"}, "Binary, Number, and String"),
        ("lamp", {"DataType": "String", "BinaryValue": b"1"}, "must use field 'String'"),
        ("lamp", {"DataType": "Binary", "StringValue": "1"}, "must use field 'Binary'"),
        ("lamp", {"DataType": "String", "StringValue": ""}, "non-empty message attribute value"),
        ("lamp", {"DataType": "Number", "StringValue": "many"}, "value to number"),
        ("lamp", {"DataType": "Number", "StringValue": "inf"}, "value to number"),
        ("two words", {"DataType": "String", "StringValue": "a"}, "'#x20' was found"),
        (".lamp", {"DataType": "String", "StringValue": "a"}, "starting with character '.'"),
        ("lamp.", {"DataType": "String", "StringValue": "a"}, "ending with character '.'"),
        ("la..mp", {"DataType": "String", "StringValue": "a"}, "successive"),
        ("l" * 257, {"DataType": "String", "StringValue": "a"}, "less than 256 bytes"),
        ("", {"DataType": "String", "StringValue": "a"}, "less than 256 bytes"),
    ],
)
def test_which_message_attributes_are_taken(name: str, given: dict[str, Any], words: str) -> None:
    with taken_or_refused(re.escape(words), "ParameterValueInvalid" if words else ""):
        validation.check_attributes({name: given})


def entry(name: str, message: str = "lamp") -> Mapping[str, Any]:
    return {"Id": name, "Message": message}


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([entry(f"e-{n}_") for n in range(10)], ""),
        ([entry("a", "x" * 131_072), entry("b", "x" * 131_072)], ""),
        ([], "EmptyBatchRequest"),
        ([entry(str(n)) for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([entry("a" * 81)], "InvalidBatchEntryId"),
        ([entry("a b")], "InvalidBatchEntryId"),
        ([entry("")], "InvalidBatchEntryId"),
        ([entry("a"), entry("a")], "BatchEntryIdsNotDistinct"),
        ([entry("a", "x" * 131_072), entry("b", "x" * 131_073)], "BatchRequestTooLong"),
    ],
)
def test_which_batches_are_taken(entries: list[Mapping[str, Any]], code: str) -> None:
    with taken_or_refused("", code):
        validation.check_batch(entries)
