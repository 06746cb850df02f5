"""Events that checks make: as SQS gives them to Lambda."""

from __future__ import annotations

import json

from serverless_first.lab.messages import again, batch, record


def test_a_record_has_the_fields_of_an_sqs_event() -> None:
    made = record({"order_id": "ord-1", "address": "京都"})
    assert json.loads(made["body"]) == {"order_id": "ord-1", "address": "京都"}
    assert made["eventSource"] == "aws:sqs"
    assert made["attributes"]["ApproximateReceiveCount"] == "1"
    assert made["messageAttributes"] == {}


def test_a_text_stays_as_it_is() -> None:
    assert record("no JSON")["body"] == "no JSON"


def test_the_same_message_again_has_its_id_and_a_new_receipt() -> None:
    first = batch({"order_id": "ord-1"}, {"order_id": "ord-2"})
    second = again(first)
    pairs = list(zip(first["Records"], second["Records"], strict=True))
    assert all(one["messageId"] == two["messageId"] and one["body"] == two["body"] for one, two in pairs)
    assert all(one["receiptHandle"] != two["receiptHandle"] for one, two in pairs)
    assert [two["attributes"]["ApproximateReceiveCount"] for _, two in pairs] == ["2", "2"]


def test_the_same_order_sent_twice_is_two_messages() -> None:
    one, two = batch("ord-1", "ord-1")["Records"]
    assert one["messageId"] != two["messageId"]
