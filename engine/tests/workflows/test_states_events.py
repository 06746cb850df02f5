"""EventBridge hears of Standard executions; plain boto3."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from kits import cloud_kit as kit, events_kit as ev, fixtures, states_kit as states
from serverless_cloud import Cloud

CHANGE: dict[str, Any] = {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]}
ECHO = states.steps(Note={"Type": "Pass", "End": True})
REFUSE = states.steps(Refuse={"Type": "Fail", "Error": "NoStock", "Cause": "no andon is left"})
DRY = states.steps(Dry={"Type": "Wait", "Seconds": 600_000, "End": True})

pytestmark = pytest.mark.usefixtures("aws")
cloud_of_module = fixtures.cloud_of(time_scale=60)


def heard(**detail: Any) -> Any:
    """A queue that gets the changes of executions, those whose detail is this if it is given."""
    queue = kit.make_queue("changes")
    ev.allow(queue, ev.make_rule("changes", CHANGE | ({"detail": detail} if detail else {}), queue))
    return queue


def told(queue: Any, count: int) -> list[dict[str, Any]]:
    """So many events, by the time of the execution's end; RUNNING first."""
    found = [json.loads(message["Body"]) for message in kit.received(queue, count)]
    return sorted(found, key=lambda event: (event["detail"]["stopDate"] or 0, event["detail"]["status"]))


def test_an_execution_that_begins_and_succeeds_is_told(aws: Cloud) -> None:
    queue = heard()
    before_ms = time.time() * 1000 - 1
    run = states.run(states.machine(ECHO), {"lamp": "andon"}, name="o-1")
    begun, ended = told(queue, 2)
    for event in (begun, ended):
        assert event["source"] == "aws.states"
        assert event["detail-type"] == "Step Functions Execution Status Change"
        assert (event["account"], event["region"]) == (aws.account_id, aws.region)
        assert event["resources"] == [run.arn]
        detail = event["detail"]
        assert (detail["executionArn"], detail["name"]) == (run.arn, "o-1")
        assert detail["stateMachineArn"] == "arn:aws:states:us-east-1:123456789012:stateMachine:orders"
        assert json.loads(detail["input"]) == {"lamp": "andon"}
        assert detail["inputDetails"] == {"included": True}
        assert before_ms <= detail["startDate"] <= time.time() * 1000
        assert (detail["error"], detail["cause"]) == (None, None)
    assert (begun["detail"]["status"], ended["detail"]["status"]) == ("RUNNING", "SUCCEEDED")
    missing = {name: begun["detail"][name] for name in ("stopDate", "output", "outputDetails")}
    assert missing == {"stopDate": None, "output": None, "outputDetails": None}
    assert json.loads(ended["detail"]["output"]) == {"lamp": "andon"}
    assert ended["detail"]["outputDetails"] == {"included": True}
    assert ended["detail"]["startDate"] <= ended["detail"]["stopDate"]


def test_a_rule_on_failed_executions_starts_a_function(tmp_path: Path) -> None:
    arn = kit.deploy(
        "alarm",
        f"""
import json, os
def handler(event, context):
    place = os.path.join({str(tmp_path)!r}, "alarm")
    with open(place + ".part", "w") as file:
        json.dump(event, file)
    os.replace(place + ".part", place)
""",
    )
    rule = ev.make_rule("failed", CHANGE | {"detail": {"status": ["FAILED"]}}, arn)
    kit.permit("alarm", "events", SourceArn=rule)
    states.run(states.machine(ECHO, "notes"))
    run = states.run(states.machine(REFUSE, "orders"), {"order": 7})
    kit.eventually((tmp_path / "alarm").exists, "the function is told")
    detail = json.loads((tmp_path / "alarm").read_text())["detail"]
    assert (detail["executionArn"], detail["status"]) == (run.arn, "FAILED")
    assert (detail["error"], detail["cause"]) == ("NoStock", "no andon is left")
    assert json.loads(detail["input"]) == {"order": 7}
    assert (detail["output"], detail["outputDetails"]) == (None, None)


def test_stopped_timed_out_and_redriven_executions_are_told() -> None:
    queue = heard(status=["ABORTED", "TIMED_OUT"])
    stopped = states.start(states.machine(DRY, "dry"))
    states.states().stop_execution(executionArn=stopped, error="Closed", cause="the shop is closed")
    late = states.run(states.machine(DRY | {"TimeoutSeconds": 5}, "late"))
    found = {event["detail"]["executionArn"]: event["detail"] for event in told(queue, 2)}
    assert found[stopped]["status"] == "ABORTED"
    assert (found[stopped]["error"], found[stopped]["cause"]) == ("Closed", "the shop is closed")
    assert (found[late.arn]["status"], late.status) == ("TIMED_OUT", "TIMED_OUT")
    again = kit.make_queue("again")
    ev.allow(again, ev.make_rule("again", CHANGE | {"detail": {"redriveCount": [1]}}, again))
    failed = states.run(states.machine(REFUSE, "orders"))
    states.states().redrive_execution(executionArn=failed.arn)
    assert [event["detail"]["status"] for event in told(again, 2)] == ["RUNNING", "FAILED"]


def test_express_executions_are_not_told() -> None:
    queue = heard()
    express = states.machine(ECHO, "quick", type="EXPRESS")
    states.states().start_sync_execution(stateMachineArn=express)
    run = states.run(states.machine(ECHO, "slow"))
    assert {event["detail"]["executionArn"] for event in told(queue, 2)} == {run.arn}


def test_a_large_input_is_left_out() -> None:
    queue = heard(status=["SUCCEEDED"])
    definition = states.steps(Note={"Type": "Pass", "Result": "noted", "End": True})
    states.run(states.machine(definition, "orders"), {"note": "x" * 255_000})
    (event,) = told(queue, 1)
    assert (event["detail"]["input"], event["detail"]["inputDetails"]) == (None, {"included": False})
    assert (event["detail"]["output"], event["detail"]["outputDetails"]) == ('"noted"', {"included": True})
