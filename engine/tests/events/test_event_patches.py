"""The places where moto hands over EventBridge: this fails when moto changes under them, so that somebody looks."""

from __future__ import annotations

from moto.events import models

from kits import patch_kit

STOCK = """
import json, boto3
from moto import mock_aws
with mock_aws():
    events = boto3.client("events", "us-east-1")
    sqs = boto3.client("sqs", "us-east-1")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:q"
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["s"]}))
    events.put_targets(Rule="r", Targets=[{"Id": str(n), "Arn": arn} for n in range(6)])
    entry = {"Source": "s", "DetailType": "d", "Detail": json.dumps({"n": 1, "l": [{"a": 1}]})}
    def refused(call):
        try:
            call()
        except Exception as error:
            return type(error).__name__
        return ""
    def got():
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(m["Body"]) for m in answer.get("Messages", [])]
    def matches(detail):
        got()
        events.put_rule(Name="r", EventPattern=json.dumps({"source": ["s"], "detail": detail}))
        events.put_events(Entries=[entry])
        return len(got()) > 0
    found = {}
    events.put_events(Entries=[entry])
    first = got()
    found["six targets"] = len(first)
    found["no account"] = "account" not in first[0]
    found["aws sources"] = events.put_events(Entries=[entry | {"Source": "aws.s3"}])["FailedEntryCount"]
    found["detail is a list"] = events.put_events(Entries=[entry | {"Detail": "[]"}])["FailedEntryCount"]
    found["1 is true"] = matches({"n": [True]})
    found["lists of objects"] = matches({"l": {"a": [1]}})
    found["unknown operator"] = matches({"n": [{"regex": "x"}]})
    got()
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["s"]}), State="DISABLED")
    events.put_events(Entries=[entry])
    found["disabled"] = len(got()) > 0
    events.put_rule(Name="l", EventPattern=json.dumps({"source": ["lambda"]}))
    lambda_arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    events.put_targets(Rule="l", Targets=[{"Id": "l", "Arn": lambda_arn}])
    found["to a function"] = refused(lambda: events.put_events(Entries=[entry | {"Source": "lambda"}]))
    page = lambda **more: events.list_targets_by_rule(Rule="r", Limit=2, **more)
    found["the same page"] = page()["Targets"] == page(NextToken=page()["NextToken"])["Targets"]
    try:
        events.enable_rule(Name="none")
    except events.exceptions.ResourceNotFoundException as error:
        found["which bus"] = "EventBus default" in str(error)
    found["test_event_pattern"] = "Result" in events.test_event_pattern(EventPattern="{}", Event="{}")
    events.create_event_bus(Name="b")
    events.put_rule(Name="r", EventBusName="b", EventPattern=json.dumps({"source": ["s"]}))
    events.delete_event_bus(Name="b")
    found["a bus with rules"] = refused(lambda: events.describe_event_bus(Name="b"))
    found["update_event_bus"] = refused(lambda: events.update_event_bus(Name="default", Description="d"))
    log = {"IncludeDetail": "FULL", "Level": "INFO"}
    found["a bus's log"] = "LogConfig" in events.create_event_bus(Name="l", LogConfig=log)
    print(json.dumps(found))
"""


def test_rules_of_moto_have_what_the_data_plane_reads() -> None:
    backend = models.EventsBackend("us-east-1", "123456789012")
    bus = backend.describe_event_bus("default")
    backend.put_rule("big", event_pattern='{"source": ["hikari.shop"]}')
    (rule,) = bus.rules.values()
    look = patch_kit.LOOK.format("events/rules.py")
    assert (rule.name, rule.targets) == ("big", []), look
    assert (rule.account_id, rule.region_name, rule.state) == ("123456789012", "us-east-1", "ENABLED"), look


@patch_kit.asks_stock_moto
def test_stock_moto_still_has_the_defects_that_the_patch_mends() -> None:
    assert patch_kit.stock(STOCK) == {
        "six targets": 6,
        "no account": True,
        "aws sources": 0,
        "detail is a list": 0,
        "1 is true": True,
        "lists of objects": False,
        "unknown operator": True,
        "disabled": True,
        "to a function": "NotImplementedError",
        "the same page": True,
        "which bus": False,
        "test_event_pattern": False,
        "a bus with rules": "ResourceNotFoundException",
        "update_event_bus": "NotImplementedError",
        "a bus's log": False,
    }, patch_kit.LOOK.format("events/rules.py")
