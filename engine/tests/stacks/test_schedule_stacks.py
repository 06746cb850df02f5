"""Schedules, schedule groups and pipes in CloudFormation stacks: made, changed in place, refused in words, deleted."""

from __future__ import annotations

import json
from typing import Any

from kits import schedule_kit, stack_kit

ROLE = "arn:aws:iam::123456789012:role/hikari"


def _template(queue: str, text: str, *, pipe_to: str, **of_pipe: Any) -> str:
    target = {"Arn": queue, "RoleArn": ROLE, "Input": text, "RetryPolicy": {"MaximumRetryAttempts": "3"}}
    tick = {
        "GroupName": {"Ref": "Group"},
        "ScheduleExpression": "rate(1 minute)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
    }
    stream = {"DynamoDBStreamParameters": {"StartingPosition": "TRIM_HORIZON", "BatchSize": "1"} | of_pipe}
    outbox = {
        "Name": "outbox",
        "RoleArn": ROLE,
        "Source": {"Fn::GetAtt": ["Table", "StreamArn"]},
        "SourceParameters": stream,
        "Target": pipe_to,
        "TargetParameters": {"InputTemplate": "<$.dynamodb.Keys.id.S>"},
    }
    table = {
        "TableName": "orders",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
    }
    return json.dumps({
        "Resources": {
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": table},
            "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": "hikari"}},
            "Tick": {"Type": "AWS::Scheduler::Schedule", "Properties": tick},
            "Outbox": {"Type": "AWS::Pipes::Pipe", "Properties": outbox},
        },
        "Outputs": {"Tick": {"Value": {"Fn::GetAtt": ["Tick", "Arn"]}}, "Outbox": {"Value": {"Ref": "Outbox"}}},
    })  # fmt: skip


def test_a_stack_with_a_schedule_and_an_outbox(kit: Any) -> None:
    ticks, out, other = (kit.make_queue(name) for name in ("ticks", "out", "other"))
    stacks, scheduler, pipes = kit.client("cloudformation"), kit.client("scheduler"), kit.client("pipes")
    stacks.create_stack(StackName="shop", TemplateBody=_template(ticks.arn, "first", pipe_to=out.arn))
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stacks.describe_stacks()["Stacks"][0]["Outputs"]}
    (tick,) = scheduler.list_schedules(GroupName="hikari")["Schedules"]
    assert outputs == {"Tick": tick["Arn"], "Outbox": "outbox"}
    kit.client("dynamodb").put_item(TableName="orders", Item={"id": {"S": "A-1001"}})
    assert [message["Body"] for message in kit.received(out)] == ["A-1001"]
    assert "first" in schedule_kit.take(ticks, 1)

    stacks.update_stack(StackName="shop", TemplateBody=_template(ticks.arn, "second", pipe_to=other.arn))
    assert [each["Arn"] for each in scheduler.list_schedules()["Schedules"]] == [tick["Arn"]]
    kit.client("dynamodb").put_item(TableName="orders", Item={"id": {"S": "A-1002"}})
    assert [message["Body"] for message in kit.received(other)] == ["A-1002"]  # the pipe has gone on where it was
    kit.eventually(lambda: "second" in schedule_kit.take(ticks, 1), "the changed schedule")

    stacks.delete_stack(StackName="shop")
    assert (scheduler.list_schedules()["Schedules"], pipes.list_pipes()["Pipes"]) == ([], [])
    assert [group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"]] == ["default"]


def test_what_scheduler_and_pipes_refuse_a_stack_refuses_in_the_same_words(kit: Any) -> None:
    queue = kit.make_queue("orders")
    gone = queue.arn + "-gone"
    template = _template(queue.arn, "tick", pipe_to=queue.arn)
    for name, body, words in (
        ("expression", template.replace("rate(1 minute)", "each minute"), "Invalid Schedule Expression each minute."),
        ("property", template.replace('"FlexibleTimeWindow"', '"FlexibleWindow"'), "FlexibleTimeWindow"),
        ("start", _template(queue.arn, "tick", pipe_to=queue.arn, DeadLetterConfig={"Arn": gone}), gone),
    ):
        assert words in stack_kit.why_not(body, name)
