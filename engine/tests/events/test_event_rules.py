"""EventBridge: what comes to a bus goes to the targets of the rules that match, with every field, in the background."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import serverless_cloud as cloud
from kits import events_kit as here

ACCOUNT = "us-east-1:123456789012"
PLACED = {"source": ["hikari.shop"], "detail-type": ["OrderPlaced"]}
BIG = {**PLACED, "detail": {"total": [{"numeric": [">=", 100]}]}}


def test_an_event_reaches_every_kind_of_target_with_every_field(kit: Any, tmp_path: Path) -> None:
    queue, fifo = kit.make_queue("orders"), kit.make_queue("o.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    topic = kit.client("sns").create_topic(Name="orders")["TopicArn"]
    of_topic = kit.make_queue("of-topic")
    raw = {"RawMessageDelivery": "true"}
    kit.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=of_topic.arn, Attributes=raw)
    function = kit.deploy("orders", here.NOTE)
    version = kit.deploy("billing", here.NOTE) + ":" + kit.publish("billing")
    machine = kit.client("stepfunctions").create_state_machine(
        name="orders",
        roleArn=here.ROLE,
        definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
    )["stateMachineArn"]
    kit.client("kinesis").create_stream(StreamName="orders", ShardCount=1)
    stream = kit.client("kinesis").describe_stream(StreamName="orders")["StreamDescription"]["StreamARN"]
    kit.client("logs").create_log_group(logGroupName="/aws/events/orders")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/orders"
    bus = here.events().create_event_bus(Name="billing")["EventBusArn"]
    of_bus = kit.make_queue("of-bus")
    here.make_rule("of-bus", PLACED, of_bus, bus="billing")
    here.make_rule(
        "first", PLACED, queue, {"Arn": fifo, "SqsParameters": {"MessageGroupId": "g"}}, topic, function, version
    )
    keyed = {"Arn": stream, "RoleArn": here.ROLE, "KinesisParameters": {"PartitionKeyPath": "$.detail.order"}}
    here.make_rule("second", PLACED, {"Arn": machine, "RoleArn": here.ROLE}, keyed, group, bus)

    before = datetime.now(UTC).replace(microsecond=0)
    detail = {"order": "A-1001", "folder": str(tmp_path)}
    (put,) = here.put(here.entry(detail, Resources=["arn:aws:s3:::hikari-orders"], TraceHeader="Root=1-5e1b4151"))

    (event,) = kit.records(queue)
    assert list(event) == [
        "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail",
    ]  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"])
    assert before <= datetime.fromisoformat(event.pop("time")) <= datetime.now(UTC)
    assert event == {
        "version": "0", "id": put, "detail-type": "OrderPlaced", "source": "hikari.shop", "account": "123456789012",
        "region": "us-east-1", "resources": ["arn:aws:s3:::hikari-orders"], "detail": detail,
    }  # fmt: skip

    def ids(bodies: list[Any]) -> list[str]:
        return [body["id"] for body in bodies]

    for other in (fifo, of_topic, of_bus):
        assert ids(kit.records(other)) == [put], other.arn
    for name in ("orders", "billing"):
        place = tmp_path / name
        kit.eventually(place.exists, f"{name} has got the event")
        assert json.loads(place.read_text())["id"] == put
    states = kit.client("stepfunctions")
    (run,) = kit.eventually(lambda: states.list_executions(stateMachineArn=machine)["executions"], "it was started")
    assert json.loads(states.describe_execution(executionArn=run["executionArn"])["input"])["id"] == put
    kinesis = kit.client("kinesis")
    start = kinesis.get_shard_iterator(
        StreamName="orders", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    (record,) = kit.eventually(lambda: kinesis.get_records(ShardIterator=start)["Records"], "it is in the stream")
    assert (record["PartitionKey"], json.loads(record["Data"])["id"]) == ("A-1001", put)
    logs = kit.client("logs")
    (line,) = kit.eventually(
        lambda: logs.filter_log_events(logGroupName="/aws/events/orders")["events"], "it is logged"
    )
    assert json.loads(line["message"])["id"] == put


def test_rules_take_what_matches_while_they_are_on(kit: Any) -> None:
    all_of_them, big, paid, off = (kit.make_queue(name) for name in ("all", "big", "paid", "off"))
    here.make_rule("all", {"source": [{"prefix": "hikari."}]}, all_of_them)
    here.make_rule("big", BIG, big)
    here.make_rule("paid", {"detail-type": ["OrderPaid"], "detail": {"lines": {"sku": ["desk-lamp"], "n": [2]}}}, paid)
    here.make_rule("off", PLACED, off, State="DISABLED")
    lines = [{"sku": "desk-lamp", "n": 1}, {"sku": "floor-lamp", "n": 2}]
    other = [{"sku": "desk-lamp", "n": 2}]
    ids = here.put(
        here.entry({"total": 99}),
        here.entry({"total": 100}),
        here.entry({"lines": lines}, "OrderPaid"),
        here.entry({"lines": other}, "OrderPaid"),
    )
    assert {record["id"] for record in kit.records(all_of_them, 4)} == set(ids)
    assert [record["id"] for record in kit.records(big)] == [ids[1]]
    assert [record["id"] for record in kit.records(paid)] == [ids[3]]

    here.events().enable_rule(Name="off")
    here.events().disable_rule(Name="big")
    here.events().remove_targets(Rule="all", Ids=["t0"])
    here.events().delete_rule(Name="all")
    here.events().put_rule(Name="paid", EventPattern=json.dumps(PLACED))  # changed; it keeps its target
    (last,) = here.put(here.entry({"total": 500}))
    assert [record["id"] for record in kit.records(paid)] == [last]
    assert [record["id"] for record in kit.records(off)] == [last]
    for queue in (all_of_them, big):
        assert "Messages" not in kit.client("sqs").receive_message(QueueUrl=queue.url)


def test_a_target_gets_the_text_that_it_asks_for(kit: Any) -> None:
    queue = kit.make_queue("texts")
    paths = {"order": "$.detail.order", "total": "$.detail.total"}
    here.make_rule(
        "texts",
        PLACED,
        {"Arn": queue, "Input": '{"fixed": true}'},
        {"Arn": queue, "InputPath": "$.detail"},
        {"Arn": queue, "InputTransformer": {"InputPathsMap": paths, "InputTemplate": '"<order> costs <total>"'}},
        {
            "Arn": queue,
            "InputTransformer": {
                "InputPathsMap": paths,
                "InputTemplate": '{"order": <order>, "by": <aws.events.rule-name>, "of": <aws.events.rule-arn>}',
            },
        },
    )
    here.put(here.entry({"order": "A-1001", "total": 120}))
    assert sorted(message["Body"] for message in kit.received(queue, 4)) == [
        '"A-1001 costs 120"',
        '{"fixed": true}',
        '{"order":"A-1001","by":"texts","of":"arn:aws:events:us-east-1:123456789012:rule/texts"}',
        '{"order":"A-1001","total":120}',
    ]


def test_put_events_does_not_wait_for_the_targets(kit: Any, tmp_path: Path) -> None:
    hold = kit.WAIT + (
        "def handler(event, context):\n"
        "    folder = event['detail']['folder']\n"
        "    open(os.path.join(folder, 'here'), 'w').close()\n"
        "    wait_for(lambda: os.path.exists(os.path.join(folder, 'leave')))\n"
        "    open(os.path.join(folder, 'done'), 'w').close()\n"
    )
    here.make_rule("hold", PLACED, kit.deploy("hold", hold))
    here.put(here.entry({"folder": str(tmp_path)}))
    kit.eventually((tmp_path / "here").exists, "the function has got the event")
    assert not (tmp_path / "done").exists()  # PutEvents has answered long ago
    (tmp_path / "leave").touch()
    kit.eventually((tmp_path / "done").exists, "the function ends")


def test_what_a_target_does_not_take_goes_to_its_dead_letter_queue(kit: Any) -> None:
    queue, dead = kit.make_queue("orders"), kit.make_queue("dead")
    gone = {
        "function": kit.deploy("gone", here.NOTE),
        "queue": queue.arn + "-gone",
        "topic": "arn:aws:sns:us-east-1:123456789012:gone",
        "bus": "arn:aws:events:us-east-1:123456789012:event-bus/gone",
    }
    kit.client("lambda").delete_function(FunctionName="gone")
    letters = {"DeadLetterConfig": {"Arn": dead.arn}, "RetryPolicy": {"MaximumRetryAttempts": 3}}
    rule = here.make_rule("orders", PLACED, *({"Arn": arn, **letters} for arn in gone.values()))
    broken = {"InputPathsMap": {"note": "$.detail.note"}, "InputTemplate": '{"note": "<note>"}'}
    here.make_rule("broken", PLACED, {"Arn": queue, "InputTransformer": broken, **letters})
    (put,) = here.put(here.entry({"note": 'a "lamp"'}))

    messages = kit.received(dead, 5)
    assert {json.loads(message["Body"])["id"] for message in messages} == {put}
    found = {here.attributes(message)["TARGET_ARN"]: here.attributes(message) for message in messages}
    for kind, arn in gone.items():
        assert found[arn].pop("ERROR_MESSAGE"), kind
        assert found[arn] == {
            "RULE_ARN": rule, "TARGET_ARN": arn, "ERROR_CODE": "NO_RESOURCE", "RETRY_ATTEMPTS": "0",
        }, kind  # fmt: skip
    assert found[queue.arn]["ERROR_CODE"] == "INVALID_JSON"


def test_an_event_is_sent_on_to_one_other_bus_and_no_further(kit: Any) -> None:
    first, second = (here.events().create_event_bus(Name=name)["EventBusArn"] for name in ("first", "second"))
    at_first, at_second, dead = (kit.make_queue(name) for name in ("at-first", "at-second", "dead"))
    back = {"Arn": first, "DeadLetterConfig": {"Arn": dead.arn}}
    here.make_rule("on", PLACED, second, at_first, bus="first")
    here.make_rule("back", PLACED, back, at_second, bus="second")  # a loop, if it were let
    (put,) = here.put(here.entry({"order": "A-1001"}, EventBusName="first"))
    assert [record["id"] for record in kit.records(at_first)] == [put]
    assert [record["id"] for record in kit.records(at_second)] == [put]
    (letter,) = kit.received(dead)
    assert "can be sent to an event bus target only once" in here.attributes(letter)["ERROR_MESSAGE"]
    assert "Messages" not in kit.client("sqs").receive_message(QueueUrl=at_first.url)


def test_test_event_pattern_answers_without_a_rule(kit: Any) -> None:
    event = {
        "id": "1", "account": "123456789012", "source": "hikari.shop", "time": "2026-11-25T04:00:00Z",
        "region": "us-east-1", "resources": [], "detail-type": "OrderPlaced", "detail": {"total": 120},
    }  # fmt: skip
    test = here.events().test_event_pattern
    assert test(EventPattern=json.dumps(BIG), Event=json.dumps(event))["Result"] is True
    small = event | {"detail": {"total": 9}}
    assert test(EventPattern=json.dumps(BIG), Event=json.dumps(small))["Result"] is False
    del event["account"]
    refusal = kit.refused(lambda: test(EventPattern=json.dumps(BIG), Event=json.dumps(event)), "ValidationException")
    assert refusal.message == "Parameter Event is not valid."
    refusal = kit.refused(lambda: test(EventPattern='{"a": [{"is": 1}]}', Event=json.dumps(event)))
    assert refusal.code == "InvalidEventPatternException"


def test_after_a_reset_nothing_is_sent_any_more(aws: Any, kit: Any) -> None:
    queue = kit.make_queue("orders")
    here.make_rule("orders", PLACED, *[queue] * 5)
    for number in range(20):
        here.put(*[here.entry({"number": number})] * 10)
    aws.reset()
    queue = kit.make_queue("orders")
    here.make_rule("orders", PLACED, queue)
    (put,) = here.put(here.entry({"number": "after"}))
    assert [record["id"] for record in kit.records(queue)] == [put]
    end_s = time.monotonic() + 0.5
    while time.monotonic() < end_s:
        assert "Messages" not in kit.client("sqs").receive_message(QueueUrl=queue.url, WaitTimeSeconds=0)


def test_a_target_that_does_not_allow_the_rule_gets_nothing(kit: Any, tmp_path: Path) -> None:
    cloud.start(enforce_iam=True)
    try:
        queue, dead, function = kit.make_queue("orders"), kit.make_queue("dead"), kit.deploy("orders", here.NOTE)
        letters = {"DeadLetterConfig": {"Arn": dead.arn}}
        rule = here.make_rule("orders", PLACED, {"Arn": queue, **letters}, {"Arn": function, **letters})
        here.allow(dead, rule)
        (first,) = here.put(here.entry({"folder": str(tmp_path)}))
        found = {here.attributes(m)["TARGET_ARN"]: here.attributes(m) for m in kit.received(dead, 2)}
        assert found[function]["ERROR_CODE"] == "NO_PERMISSIONS"
        assert "is not authorized to perform" in found[function]["ERROR_MESSAGE"]
        assert found[queue.arn]["ERROR_CODE"] == "NO_RESOURCE"  # SQS does not say that there is such a queue
        assert "you do not have access to it" in found[queue.arn]["ERROR_MESSAGE"]

        here.allow(queue, rule)
        kit.permit("orders", "events", SourceArn=rule)
        (second,) = here.put(here.entry({"folder": str(tmp_path)}))
        assert [record["id"] for record in kit.records(queue)] == [second]
        kit.eventually((tmp_path / "orders").exists, "the function has got the event")
        assert json.loads((tmp_path / "orders").read_text())["id"] == second != first
    finally:
        cloud.start(enforce_iam=False)


def test_a_role_that_eventbridge_cannot_assume_is_refused_and_a_target_without_one_gets_nothing(kit: Any) -> None:
    events, dead = here.events(), kit.make_queue("dead")
    lambdas = kit.make_role()  # trusts Lambda alone
    given = {"Name": "orders", "EventPattern": json.dumps(PLACED)}
    assert events.put_rule(**given, RoleArn=lambdas)["RuleArn"]
    events.create_event_bus(Name="billing")
    cloud.start(enforce_iam=True)
    try:
        for role in (lambdas, "arn:aws:iam::123456789012:role/none"):
            refusal = kit.refused(lambda role=role: events.put_rule(**given, RoleArn=role))
            words = f"Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'."
            assert (refusal.code, refusal.message) == ("ValidationException", words)
        billing = f"arn:aws:events:{ACCOUNT}:event-bus/billing"
        rule = here.make_rule("orders", PLACED, {"Arn": billing, "DeadLetterConfig": {"Arn": dead.arn}})
        here.allow(dead, rule)
        here.put(here.entry({}))
        (letter,) = kit.received(dead, 1)
        found = here.attributes(letter)
        assert found["ERROR_CODE"] == "NO_PERMISSIONS"
        assert found["ERROR_MESSAGE"] == f"There is no role that allows events:PutEvents on resource: {billing}"
    finally:
        cloud.start(enforce_iam=False)
