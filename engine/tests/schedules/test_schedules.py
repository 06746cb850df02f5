"""Schedules run: EventBridge rules with a ScheduleExpression, and EventBridge Scheduler."""

from __future__ import annotations

import itertools
import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import serverless_cloud as cloud
from kits import fixtures, schedule_kit

SCALE = 600
SECONDS = "%Y-%m-%dT%H:%M:%SZ"
ROLE = "arn:aws:iam::123456789012:role/hikari-scheduler"

cloud_of_module = fixtures.cloud_of(time_scale=SCALE)


def minutes_between(times: list[str]) -> list[float]:
    moments = [datetime.strptime(each, SECONDS) for each in times]
    return [(b - a) / timedelta(minutes=1) for a, b in itertools.pairwise(moments)]


# ---- rules


def test_a_rule_with_a_rate_reaches_all_its_targets_until_it_is_disabled_or_deleted(kit: Any, tmp_path: Path) -> None:
    events, stock, clock = kit.client("events"), kit.make_queue("stock"), kit.make_queue("clock")
    function = schedule_kit.deploy_note("count-stock", tmp_path / "noted")
    arn = events.put_rule(Name="hourly-count", ScheduleExpression="rate(1 minute)")["RuleArn"]
    events.put_rule(Name="clock", ScheduleExpression="rate(1 minute)")
    events.put_targets(Rule="clock", Targets=[{"Id": "queue", "Arn": clock.arn}])
    events.put_targets(
        Rule="hourly-count",
        Targets=[{"Id": "queue", "Arn": stock.arn}, {"Id": "count", "Arn": function, "Input": '{"count": "lamps"}'}],
    )
    found = sorted((json.loads(body) for body in schedule_kit.take(stock, 3)), key=lambda event: str(event["time"]))
    # Deliveries overtake one another, so one may still be under way.
    assert all(gap >= 1 and gap.is_integer() for gap in minutes_between([event["time"] for event in found]))
    assert uuid.UUID(found[0].pop("id"))
    assert datetime.strptime(found[0].pop("time"), SECONDS)
    assert found[0] == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "region": "us-east-1",
        "resources": [arn],
        "detail": {},
    }
    assert schedule_kit.noted(tmp_path / "noted", 1)[0] == {"count": "lamps"}

    events.disable_rule(Name="hourly-count")
    schedule_kit.empty(clock)
    schedule_kit.take(clock, 4)  # what was under way has arrived
    schedule_kit.empty(stock)
    schedule_kit.take(clock, 3)
    assert schedule_kit.empty(stock) == 0
    events.enable_rule(Name="hourly-count")
    schedule_kit.take(stock, 1)
    events.put_rule(Name="hourly-count", ScheduleExpression="rate(30 days)")
    schedule_kit.take(clock, 4)
    schedule_kit.empty(stock)
    schedule_kit.take(clock, 3)
    assert schedule_kit.empty(stock) == 0
    events.remove_targets(Rule="clock", Ids=["queue"])
    events.delete_rule(Name="clock")
    events.put_rule(Name="hourly-count", ScheduleExpression="rate(1 minute)")
    schedule_kit.take(stock, 1)


def test_cron_follows_the_scaled_clock_and_a_change_of_scale(kit: Any) -> None:
    events, queue = kit.client("events"), kit.make_queue("reports")
    begin = datetime.now(UTC).replace(microsecond=0)
    events.put_rule(Name="report", ScheduleExpression="cron(0/2 * * * ? *)")
    events.put_targets(Rule="report", Targets=[{"Id": "q", "Arn": queue.arn}])
    times = sorted(json.loads(body)["time"] for body in schedule_kit.take(queue, 3))
    assert all(gap >= 2 and gap % 2 == 0 for gap in minutes_between(times))
    assert all(each.endswith(":00Z") and int(each[14:16]) % 2 == 0 for each in times)
    assert datetime.strptime(times[0], SECONDS).replace(tzinfo=UTC) - begin <= timedelta(minutes=30)
    # Half a year is 438 minutes at this scale.
    events.put_rule(Name="report", ScheduleExpression="rate(183 days)")
    schedule_kit.empty(queue)
    try:
        cloud.start(time_scale=183 * 24 * 3600)
        (body, *_) = schedule_kit.take(queue, 1)
        event = json.loads(body)
        assert datetime.strptime(event["time"], SECONDS).replace(tzinfo=UTC) - begin >= timedelta(days=183)
    finally:
        cloud.start(time_scale=SCALE)


def test_expressions_and_buses_that_rules_refuse(kit: Any) -> None:
    events = kit.client("events")
    for expression in ("rate(1 minutes)", "rate(0 hours)", "cron(0 10 * * * *)", "at(2027-01-01T00:00:00)", "lunch"):
        refusal = kit.refused(lambda text=expression: events.put_rule(Name="no", ScheduleExpression=text))
        assert (refusal.code, refusal.status) == ("ValidationException", 400)
        assert refusal.message == "Parameter ScheduleExpression is not valid."
    events.create_event_bus(Name="hikari")
    given = {"Name": "no", "EventBusName": "hikari", "ScheduleExpression": "rate(1 hour)"}
    refusal = kit.refused(lambda: events.put_rule(**given))
    assert refusal.message == "ScheduleExpression is supported only on the default event bus."
    assert events.list_rules()["Rules"] == []


# ---- EventBridge Scheduler


def test_one_time_schedules_invoke_each_kind_of_target_once_and_are_deleted(kit: Any, tmp_path: Path) -> None:
    role = schedule_kit.service_role("hikari-scheduler", "scheduler.amazonaws.com")
    function = schedule_kit.deploy_note("remind", tmp_path / "noted")
    plain, fifo, fan = (
        kit.make_queue("plain"),
        kit.make_queue("fifo.fifo", FifoQueue="true", ContentBasedDeduplication="true"),
        kit.make_queue("fan"),
    )
    bus = kit.make_queue("bus")
    topic = kit.client("sns").create_topic(Name="sale")["TopicArn"]
    subscription = {"Protocol": "sqs", "Endpoint": fan.arn, "Attributes": {"RawMessageDelivery": "true"}}
    kit.client("sns").subscribe(TopicArn=topic, **subscription)
    events = kit.client("events")
    events.put_rule(Name="sale", EventPattern='{"source": ["hikari.shop"]}')
    events.put_targets(Rule="sale", Targets=[{"Id": "q", "Arn": bus.arn}])
    when, once = schedule_kit.ahead(5), {"ActionAfterCompletion": "DELETE"}
    text = "<aws.scheduler.schedule-arn> <aws.scheduler.scheduled-time> <aws.scheduler.attempt-number>"

    of_function = schedule_kit.schedule("function", when, function, role, **once)
    of_queue = schedule_kit.schedule("queue", when, plain.arn, role, Input=text, **once)
    group = {"SqsParameters": {"MessageGroupId": "lamps"}}
    schedule_kit.schedule("fifo", when, fifo.arn, role, Input="<aws.scheduler.execution-id>", **group, **once)
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 2}
    schedule_kit.schedule("topic", when, topic, role, Input=text, FlexibleTimeWindow=window, **once)
    parameters = {"EventBridgeParameters": {"Source": "hikari.shop", "DetailType": "Sale"}}
    default_bus = "arn:aws:events:us-east-1:123456789012:event-bus/default"
    schedule_kit.schedule("bus", when, default_bus, role, Input='{"lamp": "andon"}', **parameters, **once)

    at = when.removeprefix("at(").removesuffix(")") + "Z"
    (event,) = schedule_kit.noted(tmp_path / "noted", 1)
    assert uuid.UUID(event.pop("id"))
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "123456789012",
        "time": at,
        "region": "us-east-1",
        "resources": [of_function],
        "detail": "{}",
    }
    assert [message["Body"] for message in kit.received(plain)] == [f"{of_queue} {at} 1"]
    (message,) = kit.received(fifo)
    assert len(message["Body"]) == 16
    assert kit.received(fan)[0]["Body"].endswith(f"schedule/default/topic {at} 1")
    (event,) = kit.records(bus)
    assert (event["source"], event["detail-type"], event["detail"]) == ("hikari.shop", "Sale", {"lamp": "andon"})
    kit.eventually(lambda: not kit.client("scheduler").list_schedules()["Schedules"], "all schedules are deleted")


def test_recurring_schedules_keep_their_dates_and_follow_changes(kit: Any) -> None:
    scheduler, queue = kit.client("scheduler"), kit.make_queue("ticks")
    clock, when = kit.make_queue("clock"), "<aws.scheduler.scheduled-time>"
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=3)
    dates = {"StartDate": begin, "EndDate": begin + timedelta(minutes=5, seconds=30)}
    schedule_kit.schedule(
        "ticks", "rate(2 minutes)", queue.arn, ROLE, Input=when, ActionAfterCompletion="DELETE", **dates
    )
    expected = [begin, begin + timedelta(minutes=2), begin + timedelta(minutes=4)]
    assert sorted(schedule_kit.take(queue, 3)) == [each.strftime(SECONDS) for each in expected]
    kit.eventually(lambda: not scheduler.list_schedules()["Schedules"], "the last time is over")

    scheduler.create_schedule_group(Name="hikari")
    schedule_kit.schedule("clock", "rate(1 minutes)", clock.arn, ROLE, Input="tick")
    group = {"GroupName": "hikari"}
    arn = schedule_kit.schedule("off", "rate(1 minute)", queue.arn, ROLE, Input="off", State="DISABLED", **group)
    assert arn.endswith(":schedule/hikari/off")
    schedule_kit.take(clock, 2)
    given = scheduler.get_schedule(Name="off", **group)
    assert (given["State"], given["ActionAfterCompletion"]) == ("DISABLED", "NONE")
    assert given["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
    changed = {"ScheduleExpression": "cron(* * * * ? *)", "ScheduleExpressionTimezone": "Asia/Tokyo"}
    target = {"Target": {"Arn": queue.arn, "RoleArn": ROLE, "Input": f"on {when}"}}
    scheduler.update_schedule(Name="off", FlexibleTimeWindow={"Mode": "OFF"}, **changed, **target, **group)
    assert scheduler.get_schedule(Name="off", **group)["State"] == "ENABLED"
    found = schedule_kit.take(queue, 2)
    assert all(body.startswith("on ") and body.endswith(":00Z") for body in found), found  # and none "off"
    scheduler.delete_schedule_group(Name="hikari")
    schedule_kit.take(clock, 4)
    schedule_kit.empty(queue)
    schedule_kit.take(clock, 3)
    assert schedule_kit.empty(queue) == 0
    refusal = kit.refused(lambda: scheduler.get_schedule(Name="off", **group))
    assert (refusal.code, refusal.message) == ("ResourceNotFoundException", "Schedule group hikari does not exist.")


def test_what_a_target_does_not_take_is_tried_again_and_then_a_dead_letter(kit: Any) -> None:
    dead, function = kit.make_queue("dead"), kit.deploy("price", kit.COUNT)
    out_of_reach, when = "arn:aws:sns:0:123456789012:sale", schedule_kit.ahead(1)  # boto3 knows no Region 0
    body, letters = "<aws.scheduler.attempt-number>", {"DeadLetterConfig": {"Arn": dead.arn}}
    retries = {"RetryPolicy": {"MaximumRetryAttempts": 2}}
    arn = schedule_kit.schedule("busy", when, out_of_reach, ROLE, Input=body, **letters, **retries)
    (message,) = kit.received(dead)
    found = schedule_kit.attributes_of(message)
    assert message["Body"] == "3"
    assert len(found.pop("EXECUTION_ID")) == 16
    assert found == {
        "ERROR_CODE": "CONNECTION_FAILURE",
        "ERROR_MESSAGE": found["ERROR_MESSAGE"],
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "2",
        "SCHEDULED_TIME": when.removeprefix("at(").removesuffix(")") + "Z",
        "SCHEDULE_ARN": arn,
        "TARGET_ARN": out_of_reach,
    }
    retries = {"RetryPolicy": {"MaximumEventAgeInSeconds": 600}}
    schedule_kit.schedule("old", schedule_kit.ahead(1), out_of_reach, ROLE, Input=body, **letters, **retries)
    (message,) = kit.received(dead)
    assert schedule_kit.attributes_of(message)["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    assert int(schedule_kit.attributes_of(message)["RETRY_ATTEMPTS"]) >= 2
    # What no other try can mend is given up at once.
    schedule_kit.schedule("gone", schedule_kit.ahead(1), f"{function}-old", ROLE, Input='{"n": 1}', **letters)
    (message,) = kit.received(dead)
    found = schedule_kit.attributes_of(message)
    assert (found["RETRY_ATTEMPTS"], message["Body"]) == ("0", '{"n": 1}')
    assert "EXHAUSTED_RETRY_CONDITION" not in found


def test_what_scheduler_refuses(kit: Any) -> None:
    scheduler = kit.client("scheduler")
    queue, place = "arn:aws:sqs:us-east-1:123456789012:lamps", "arn:aws:{}:us-east-1:123456789012:{}"
    ecs, logs = place.format("ecs", "cluster/shop"), place.format("logs", "log-group:shop")
    schedule_kit.schedule("there", "at(2022-12-31T23:59:59)", queue, ROLE)  # AWS takes a time that is past
    scheduler.create_schedule_group(Name="hikari")
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"ScheduleExpression": "rate(10 seconds)"}, "ValidationException", "Schedule Expression rate(10 seconds)."),
        ({"ScheduleExpression": "at(2021-12-31)"}, "ValidationException", "Schedule Expression at(2021-12-31)."),
        ({"ScheduleExpressionTimezone": "Mars/Base"}, "ValidationException", "There is no time zone Mars/Base"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "ValidationException", "MaximumWindowInMinutes"),
        ({"FlexibleTimeWindow": {"Mode": "WIDE"}}, "ValidationException", "enum value set: [OFF, FLEXIBLE]"),
        ({"StartDate": datetime(2020, 1, 1, tzinfo=UTC)}, "ValidationException", "earlier than 5 minutes ago."),
        ({"EndDate": datetime(2020, 1, 1, tzinfo=UTC)}, "ValidationException", "The EndDate you specify"),
        ({"Name": "a b"}, "ValidationException", "Value 'a b' at 'name' failed to satisfy constraint"),
        ({"Name": "there"}, "ConflictException", "Schedule there already exists."),
        ({"GroupName": "none"}, "ResourceNotFoundException", "Schedule group none does not exist."),
        ({"KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1"}, "NotImplementedException", "KmsKeyArn"),
        ({"Arn": "lamps"}, "ValidationException", "Provided Arn is not in correct format."),
        ({"Arn": ecs}, "NotImplementedException", ecs),
        ({"Arn": logs}, "ValidationException", "logs is not a supported service for a target."),
        ({"Arn": f"{queue}.fifo"}, "ValidationException", "MessageGroupId"),
        ({"Arn": place.format("events", "event-bus/default")}, "ValidationException", "EventBridgeParameters"),
        ({"Arn": place.format("lambda", "function:f"), "Input": "{"}, "ValidationException", "well-formed JSON"),
        ({"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"}, "NotImplementedException", "universal targets"),
        ({"RoleArn": "shop"}, "ValidationException", "'target.roleArn'"),
        ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "ValidationException", "less than or equal to 185"),
        ({"DeadLetterConfig": {"Arn": f"{queue}.fifo"}}, "ValidationException", "'target.deadLetterConfig.arn'"),
    ]  # fmt: skip
    for change, code, words in cases:
        of_target = {
            k: v for k, v in change.items() if k in ("Arn", "RoleArn", "Input", "RetryPolicy", "DeadLetterConfig")
        }
        given: dict[str, Any] = {
            "Name": "no",
            "ScheduleExpression": "rate(1 day)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
        }
        given |= {key: value for key, value in change.items() if key not in of_target}
        given["Target"] = {"Arn": queue, "RoleArn": ROLE} | of_target
        refusal = kit.refused(lambda given=given: scheduler.create_schedule(**given))
        assert refusal.code == code, (change, refusal)
        assert words in refusal.message, (change, refusal)
    for call, code in (
        (lambda: scheduler.create_schedule_group(Name="hikari"), "ConflictException"),
        (lambda: scheduler.delete_schedule_group(Name="none"), "ResourceNotFoundException"),
        (lambda: scheduler.delete_schedule_group(Name="default"), "ValidationException"),
        (lambda: scheduler.delete_schedule(Name="none"), "ResourceNotFoundException"),
    ):
        assert kit.refused(call).code == code
    assert [each["Name"] for each in scheduler.list_schedules()["Schedules"]] == ["there"]


def test_permissions_of_the_execution_role(kit: Any) -> None:
    queue, dead = kit.make_queue("lamps"), kit.make_queue("dead")
    lambdas = schedule_kit.service_role("lambdas", "lambda.amazonaws.com")
    allowed = [("sqs:SendMessage", dead.arn)]
    role = schedule_kit.service_role("scheduler", "scheduler.amazonaws.com", allow=allowed)
    cloud.start(enforce_iam=True)
    try:
        refusal = kit.refused(lambda: schedule_kit.schedule("no", "rate(1 day)", queue.arn, lambdas))
        text = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        assert (refusal.code, refusal.message) == ("ValidationException", text)
        letters = {"DeadLetterConfig": {"Arn": dead.arn}}
        schedule_kit.schedule("yes", "rate(1 day)", queue.arn, role, Input="hello", **letters)
        (message,) = kit.received(dead)
        assert schedule_kit.attributes_of(message)["ERROR_CODE"] == "AccessDeniedException"
        text = schedule_kit.attributes_of(message)["ERROR_MESSAGE"]
        assert "is not authorized to perform: sqs:sendmessage" in text  # as SQS spells it
    finally:
        cloud.start(enforce_iam=False)


def test_a_reset_ends_all_schedules(aws: cloud.Cloud, kit: Any) -> None:
    def begin(word: str) -> Any:
        queue = kit.make_queue("lamps")
        schedule_kit.schedule(word, "rate(1 minute)", queue.arn, ROLE, Input=word)
        kit.client("events").put_rule(Name=word, ScheduleExpression="rate(1 minute)")
        target = {"Id": "q", "Arn": queue.arn, "Input": json.dumps(word)}
        kit.client("events").put_targets(Rule=word, Targets=[target])
        return queue

    schedule_kit.take(begin("old"), 3)
    aws.reset()
    queue, found = begin("new"), set[str]()

    def both() -> bool:
        found.update(schedule_kit.take(queue, 5))
        return len(found) > 1

    kit.eventually(both, "both kinds of schedule")
    assert found == {"new", '"new"'}
