"""Tasks that wait for somebody outside: task tokens, heartbeats."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from kits import fixtures, states_kit as sk

pytestmark = pytest.mark.usefixtures("aws")

AGAIN = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 1}]

#: A worker behind a queue, as a function: it answers with the token that it finds.
WORKER = """
import boto3, json
def handler(event, context):
    states = boto3.client("stepfunctions")
    states.send_task_heartbeat(taskToken=event["token"])
    states.send_task_success(taskToken=event["token"], output=json.dumps({"packed": event["order"]}))
"""

cloud_of_module = fixtures.cloud_of(time_scale=60)


class Asking:
    """A machine that sends its token to a queue and waits for an answer."""

    def __init__(self, kit: Any, **more: Any) -> None:
        self._kit = kit
        self.queue = kit.make_queue("approvals")
        body = {"token.$": "$$.Task.Token", "order.$": "$.order"}
        ask = sk.task("sqs:sendMessage.waitForTaskToken", {"QueueUrl": self.queue.url, "MessageBody": body})
        self.arn = sk.machine(sk.steps(Ask=ask | more), "approval")

    def start(self) -> tuple[str, str]:
        """Starts an execution; its ARN, and the token that it sent."""
        execution = sk.start(self.arn, {"order": "a1"})
        return execution, self.token()

    def token(self) -> str:
        """The token of the next message."""
        return str(self._kit.records(self.queue)[0]["token"])


def test_an_answer_is_the_output_of_the_task(kit: Any) -> None:
    execution, token = Asking(kit).start()
    assert sk.states().describe_execution(executionArn=execution)["status"] == "RUNNING"
    sk.states().send_task_success(taskToken=token, output=json.dumps({"approved": True}))
    done = sk.ended(execution)
    assert sk.succeeded(done) == {"approved": True}
    assert done.types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_a_failure_fails_the_task_with_error_and_cause(kit: Any) -> None:
    execution, token = Asking(kit).start()
    sk.states().send_task_failure(taskToken=token, error="TooDear", cause="Ask the boss.")
    sk.failed(sk.ended(execution), "TooDear", cause="Ask the boss.")


def test_each_attempt_has_a_token_of_its_own(kit: Any) -> None:
    asking = Asking(kit, Retry=AGAIN)
    execution, first = asking.start()
    sk.states().send_task_failure(taskToken=first, error="Busy")
    second = asking.token()
    assert second != first
    assert kit.refused(lambda: sk.states().send_task_success(taskToken=first, output="1")).code == "TaskTimedOut"
    sk.states().send_task_success(taskToken=second, output="2")
    assert sk.succeeded(sk.ended(execution)) == 2


def test_a_token_is_good_for_one_answer(kit: Any) -> None:
    execution, token = Asking(kit).start()
    sk.states().send_task_success(taskToken=token, output="1")
    sk.ended(execution)
    for call in (
        lambda: sk.states().send_task_success(taskToken=token, output="1"),
        lambda: sk.states().send_task_failure(taskToken=token),
        lambda: sk.states().send_task_heartbeat(taskToken=token),
    ):
        kit.refused(call, "TaskTimedOut", message="Task Timed Out: 'Provided task does not exist anymore'")


def test_a_token_that_nobody_has_issued_is_invalid(kit: Any) -> None:
    refused = kit.refused(lambda: sk.states().send_task_success(taskToken="AQB", output="1"))
    assert (refused.code, refused.message) == ("InvalidToken", "Invalid Token: 'Invalid token'")


def test_an_output_that_is_no_json_is_refused_and_the_task_goes_on(kit: Any) -> None:
    execution, token = Asking(kit).start()
    assert kit.refused(lambda: sk.states().send_task_success(taskToken=token, output="{")).code == "InvalidOutput"
    sk.states().send_task_success(taskToken=token, output="{}")
    assert sk.succeeded(sk.ended(execution)) == {}


def test_a_task_times_out(kit: Any) -> None:
    execution, token = Asking(kit, TimeoutSeconds=1).start()
    done = sk.failed(sk.ended(execution), "States.Timeout")
    assert "TaskTimedOut" in done.types
    assert kit.refused(lambda: sk.states().send_task_success(taskToken=token, output="1")).code == "TaskTimedOut"


@pytest.mark.parametrize("caught", ["States.HeartbeatTimeout", "States.Timeout"])
def test_a_missed_heartbeat_is_a_timeout(kit: Any, caught: str) -> None:
    queue = kit.make_queue("approvals")
    ask = sk.task(
        "sqs:sendMessage.waitForTaskToken",
        {"QueueUrl": queue.url, "MessageBody.$": "$$.Task.Token"},
        HeartbeatSeconds=1,
        Catch=[{"ErrorEquals": [caught], "Next": "Late"}],
    )
    done = sk.run_once(sk.steps(Ask=ask, Late={"Type": "Pass", "End": True}))
    assert sk.succeeded(done)["Error"] == "States.Timeout"
    assert done.entered == ["Ask", "Late"]


def test_heartbeats_keep_a_task_alive(kit: Any) -> None:
    execution, token = Asking(kit, HeartbeatSeconds=2).start()
    ended = threading.Event()
    for _ in range(8):  # in all longer than one heartbeat may be late
        ended.wait(0.4)
        sk.states().send_task_heartbeat(taskToken=token)
    assert sk.states().describe_execution(executionArn=execution)["status"] == "RUNNING"
    sk.states().send_task_success(taskToken=token, output="1")
    assert sk.succeeded(sk.ended(execution)) == 1


def test_the_token_of_an_execution_that_was_stopped_is_over(kit: Any) -> None:
    execution, token = Asking(kit).start()
    sk.states().stop_execution(executionArn=execution)
    assert sk.ended(execution).status == "ABORTED"
    assert kit.refused(lambda: sk.states().send_task_heartbeat(taskToken=token)).code == "TaskTimedOut"


def test_a_function_answers_while_it_is_being_called(kit: Any) -> None:
    arn = kit.deploy("worker", WORKER)
    payload = {"token.$": "$$.Task.Token", "order.$": "$.order"}
    work = sk.task("lambda:invoke.waitForTaskToken", {"FunctionName": arn, "Payload": payload}, HeartbeatSeconds=30)
    assert sk.succeeded(sk.run_once(sk.steps(Work=work), {"order": "a1"})) == {"packed": "a1"}


def test_a_nested_execution_answers_for_itself() -> None:
    """The child gets the token; it is not looked at whether it ends."""
    answer = sk.task("aws-sdk:sfn:sendTaskSuccess", {"TaskToken.$": "$.token", "Output": '{"from":"child"}'})
    child = sk.machine(sk.steps(Answer=answer), "child")
    ask = sk.task(
        "states:startExecution.waitForTaskToken", {"StateMachineArn": child, "Input": {"token.$": "$$.Task.Token"}}
    )
    assert sk.succeeded(sk.run_once(sk.steps(Ask=ask), name="parent")) == {"from": "child"}
