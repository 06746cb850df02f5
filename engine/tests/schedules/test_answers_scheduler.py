"""EventBridge Scheduler answers as AWS does: what a boto3 user sees."""

from __future__ import annotations

from typing import Any

import pytest

from kits import patch_kit

HERE = "arn:aws:scheduler:us-east-1:123456789012"
TARGET = {"Arn": "arn:aws:sqs:us-east-1:123456789012:orders", "RoleArn": "arn:aws:iam::123456789012:role/hikari"}
STOCK = """
def errors_have_a_small_message():
    try:
        sch.get_schedule(Name="none")
    except ClientError as error:
        return "Message" not in error.response

def a_group_that_is_missing_has_tags():
    return sch.list_tags_for_resource(ResourceArn="arn:aws:scheduler:us-east-1:1:schedule-group/none")["Tags"] == []

def any_name_is_taken():
    return "ScheduleGroupArn" in sch.create_schedule_group(Name="a b")
"""


@patch_kit.asks_stock_moto
def test_stock_moto_still_answers_otherwise() -> None:
    patch_kit.assert_all(patch_kit.shown(STOCK, sch="scheduler"), 3, "scheduler/*.py")


def create(client: Any, expression: str = "rate(1 hour)", **more: Any) -> Any:
    """A schedule."""
    given = {"Name": "hourly", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": TARGET}
    return client.create_schedule(**given | {"ScheduleExpression": expression} | more)


def test_every_error_has_a_message(kit: Any) -> None:
    client = kit.client("scheduler")
    create(client)
    client.create_schedule_group(Name="shop")
    for call, code, words in (
        (lambda: create(client, " rate(10 minutes)"), "ValidationException",
         "Invalid Schedule Expression  rate(10 minutes)."),
        (lambda: create(client, "at(2021-12-31)", Name="once"), "ValidationException",
         "Invalid Schedule Expression at(2021-12-31)."),
        (lambda: create(client), "ConflictException", "Schedule hourly already exists."),
        (lambda: create(client, GroupName="lost"), "ResourceNotFoundException", "Schedule group lost does not exist."),
        (lambda: client.create_schedule_group(Name="shop"), "ConflictException", "Schedule group shop already exists."),
        (lambda: client.get_schedule(Name="lost"), "ResourceNotFoundException", "Schedule lost does not exist."),
        (lambda: client.delete_schedule_group(Name="lost"), "ResourceNotFoundException",
         "Schedule group lost does not exist."),
        (lambda: client.list_tags_for_resource(ResourceArn=f"{HERE}:schedule-group/lost"), "ResourceNotFoundException",
         "Schedule group lost does not exist."),
    ):  # fmt: skip
        refusal = kit.refused(call, code, message=words)
        assert refusal.answer["Message"] == words


@pytest.mark.parametrize(
    ("call", "given", "words"),
    [
        ("get_schedule", {"Name": "every hour"}, "Value 'every hour' at 'name' failed to satisfy constraint: Member "
         "must satisfy regular expression pattern: ^[0-9a-zA-Z-_.]+$"),
        ("create_schedule_group", {"Name": "a" * 65}, f"Value '{'a' * 65}' at 'name' failed to satisfy constraint: "
         "Member must have length less than or equal to 64"),
        ("list_schedules", {"State": "ON"}, "Value 'ON' at 'state' failed to satisfy constraint: Member must satisfy "
         "enum value set: [ENABLED, DISABLED]"),
        ("list_schedule_groups", {"NamePrefix": "a b"}, "Value 'a b' at 'namePrefix' failed to satisfy constraint: "
         "Member must satisfy regular expression pattern: ^[0-9a-zA-Z-_.]+$"),
        ("list_tags_for_resource", {"ResourceArn": f"{HERE}:schedule/default/hourly"},
         f"Value '{HERE}:schedule/default/hourly' at 'resourceArn' failed to satisfy constraint: Member must satisfy "
         r"regular expression pattern: ^arn:aws[a-z-]*:scheduler:[a-z0-9\-]+:\d{12}:schedule-group\/[0-9a-zA-Z-_.]+$"),
    ],
)  # fmt: skip
def test_every_request_is_checked_against_the_api_reference(kit: Any, call: str, given: Any, words: str) -> None:
    client = kit.client("scheduler")
    message = f"1 validation error detected: {words}"
    kit.refused(lambda: getattr(client, call)(**given), "ValidationException", message=message, status=400)


def test_a_repeated_call_creates_nothing(kit: Any) -> None:
    client = kit.client("scheduler")
    creations: list[Any] = [
        lambda token: create(client, ClientToken=token)["ScheduleArn"],
        lambda token: client.create_schedule_group(Name="shop", ClientToken=token)["ScheduleGroupArn"],
    ]
    for call in creations:
        assert call("first") == call("first")
        kit.refused(lambda call=call: call("second"), "ConflictException", status=409)
    words = "Schedule group lost does not exist."
    kit.refused(lambda: client.list_schedules(GroupName="lost"), "ResourceNotFoundException", message=words, status=404)


def test_tags_of_a_group(kit: Any) -> None:
    client = kit.client("scheduler")
    arn = client.create_schedule_group(Name="shop", Tags=[{"Key": "team", "Value": "shop"}])["ScheduleGroupArn"]
    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "cost", "Value": "1"}])
    client.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "cost", "Value": "1"}]
