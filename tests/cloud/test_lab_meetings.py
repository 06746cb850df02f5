"""Calls of a learner's function meet: what goes wrong where two are at work goes wrong each time."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from serverless_first import course
from serverless_first.lab import Attempt, meetings
from serverless_first.lab.functions import at_once
from serverless_first.lab.meetings import DYNAMODB_WRITES, meeting, refusing

#: Counts by reading and then writing; "look" alone writes nothing, and "fail" ends with an error.
COUNTS = """
import boto3
table = boto3.resource("dynamodb").Table("stock")
def handler(event, context):
    if event == "fail":
        raise ValueError("no lamp")
    lamps = int(table.get_item(Key={"id": "andon"}).get("Item", {}).get("lamps", 0)) + 1
    if event != "look":
        table.put_item(Item={"id": "andon", "lamps": lamps})
    return lamps
"""


@pytest.fixture
def attempt(kit: Any) -> Attempt:
    """A run of the first check of the course; a function that counts lamps is deployed."""
    kit.client("dynamodb").create_table(
        TableName="stock",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    kit.deploy("count", COUNTS, Timeout=7)
    return Attempt(course.load().module("00").tasks[0])


def settings(kit: Any) -> dict[str, Any]:
    """What a check might change of the function."""
    found = kit.client("lambda").get_function_configuration(FunctionName="count")
    return {name: found.get(name) for name in ("Handler", "Layers", "Timeout", "Environment", "CodeSha256")}


def test_all_have_read_before_one_writes(kit: Any, attempt: Attempt) -> None:
    for first in (1, 2):
        with meeting(attempt, "count", 4, before=DYNAMODB_WRITES):
            assert [answer.payload for answer in at_once(attempt, "count", ["order"] * 4)] == [first] * 4
    assert kit.invoke("count", "order").payload == 3


def test_nobody_waits_for_a_call_that_does_not_come_so_far(
    kit: Any, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meetings, "WAIT_S", 3600.0)  # with it the function would go over its timeout
    with meeting(attempt, "count", 3, before=DYNAMODB_WRITES):
        answers = at_once(attempt, "count", ["order", "look", "fail"])
    assert [answer.payload for answer in answers[:2]] == [1, 1]
    assert [answer.error for answer in answers] == ["", "", "ValueError: no lamp"]
    assert kit.invoke("count", "order").payload == 2


def test_a_refused_operation_fails_by_its_name_and_no_other_does(kit: Any, attempt: Attempt) -> None:
    with refusing(attempt, "count", "PutItem", "RequestLimitExceeded", "Too many."):
        (wrote, looked) = at_once(attempt, "count", ["order"]) + at_once(attempt, "count", ["look"])
    assert wrote.error.startswith("RequestLimitExceeded: ")
    assert "Too many." in wrote.error
    assert (looked.payload, looked.error) == (1, "")
    assert kit.invoke("count", "order").payload == 1


def test_the_function_is_as_it_was(kit: Any, attempt: Attempt) -> None:
    before = settings(kit)
    with contextlib.suppress(ZeroDivisionError), meeting(attempt, "count", 1, before=["PutItem"]):
        assert settings(kit) != before
        assert kit.invoke("count", "order").payload == 1
        raise ZeroDivisionError
    assert settings(kit) == before
    assert kit.client("lambda").list_layers()["Layers"] == []


def test_a_handler_in_a_folder_and_a_layer_of_its_own(kit: Any, attempt: Attempt) -> None:
    lamps = kit.zip_of({"python/lamps.py": "NAME = 'andon'\n"})
    layer = kit.client("lambda").publish_layer_version(LayerName="lamps", Content={"ZipFile": lamps})["LayerVersionArn"]
    code = kit.zip_of({"shop/app.py": "import lamps\ndef handler(event, context):\n    return lamps.NAME\n"})
    kit.client("lambda").update_function_code(FunctionName="count", ZipFile=code)
    kit.client("lambda").update_function_configuration(FunctionName="count", Handler="shop/app.handler", Layers=[layer])
    with meeting(attempt, "count", 2, before=["PutItem"]):
        assert [answer.payload for answer in at_once(attempt, "count", ["order"] * 2)] == ["andon"] * 2
