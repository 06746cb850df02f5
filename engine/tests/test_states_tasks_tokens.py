"""Tasks that wait for somebody outside: task tokens, heartbeats, activities and their workers."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import serverless_cloud as cloud
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


# ---- activities


class Packing:
    """A machine whose only state is an activity."""

    def __init__(self, **more: Any) -> None:
        self.activity = sk.states().create_activity(name="packing")["activityArn"]
        self.arn = sk.machine(sk.steps(Pack={"Type": "Task", "Resource": self.activity, "End": True} | more), "orders")

    def take(self, worker: str = "Aoi") -> dict[str, Any]:
        """The next task for a worker."""
        task = sk.states().get_activity_task(activityArn=self.activity, workerName=worker)
        return {name: task[name] for name in ("taskToken", "input")}


def test_a_worker_takes_a_task_and_ends_it() -> None:
    packing = Packing()
    execution = sk.start(packing.arn, {"order": "a1"})
    task = packing.take()
    assert json.loads(task["input"]) == {"order": "a1"}
    sk.states().send_task_success(taskToken=task["taskToken"], output=json.dumps({"boxes": 1}))
    done = sk.ended(execution)
    assert sk.succeeded(done) == {"boxes": 1}
    assert done.types[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert done.details("ActivityStarted") == [{"workerName": "Aoi"}]


def test_a_worker_that_waits_gets_the_task_at_once() -> None:
    packing = Packing()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(packing.take)
        execution = sk.start(packing.arn, {"order": "a2"})
        task = waiting.result(20)
    sk.states().send_task_failure(taskToken=task["taskToken"], error="NoBox", cause="All are gone.")
    done = sk.ended(execution)
    assert (done.error, done.cause) == ("NoBox", "All are gone.")
    assert "ActivityFailed" in done.types


def test_each_task_goes_to_one_worker_the_oldest_first(kit: Any) -> None:
    packing = Packing()
    executions = []
    for number in range(4):
        execution = sk.start(packing.arn, number + 1)
        kit.eventually(lambda e=execution: len(sk.history(e)) >= 3, "the task is scheduled")
        executions.append(execution)
    with ThreadPoolExecutor(4) as pool:
        first = packing.take()
        others = list(pool.map(lambda _: packing.take(), range(3)))
    assert first["input"] == "1"
    assert sorted(task["input"] for task in [first, *others]) == ["1", "2", "3", "4"]
    for task in [first, *others]:
        sk.states().send_task_success(taskToken=task["taskToken"], output=task["input"])
    assert [sk.succeeded(sk.ended(execution)) for execution in executions] == [1, 2, 3, 4]


def test_a_task_that_no_worker_takes_times_out_and_is_gone() -> None:
    packing = Packing(TimeoutSeconds=1)
    done = sk.run(packing.arn)
    assert (done.error, done.types[-2]) == ("States.Timeout", "ActivityTimedOut")
    execution = sk.start(packing.arn, {"order": "later"})
    assert json.loads(packing.take()["input"]) == {"order": "later"}
    sk.states().stop_execution(executionArn=execution)


def test_the_heartbeat_of_a_worker_counts_from_the_moment_it_has_the_task(kit: Any) -> None:
    packing = Packing(HeartbeatSeconds=1)
    execution = sk.start(packing.arn)
    task = packing.take()
    done = sk.ended(execution)
    assert (done.error, done.types[-2]) == ("States.Timeout", "ActivityTimedOut")
    assert kit.refused(lambda: sk.states().send_task_heartbeat(taskToken=task["taskToken"])).code == "TaskTimedOut"


def test_a_poll_without_a_task_ends_with_the_cloud(aws: cloud.Cloud, kit: Any) -> None:
    cloud.start(time_scale=1)  # a poll lasts a minute
    try:
        packing = Packing()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(sk.states().get_activity_task, activityArn=packing.activity)
            threading.Event().wait(0.5)  # nothing tells that a poll has reached the cloud
            aws.reset()
            assert waiting.result(kit.LIMIT_S).get("taskToken") is None
    finally:
        cloud.start(time_scale=60)


def test_activities_are_made_once_described_listed_and_deleted(kit: Any) -> None:
    states = sk.states()
    arn = states.create_activity(name="packing")["activityArn"]
    assert states.create_activity(name="packing")["activityArn"] == arn
    assert states.describe_activity(activityArn=arn)["name"] == "packing"
    assert [each["name"] for each in states.list_activities()["activities"]] == ["packing"]
    states.delete_activity(activityArn=arn)
    refused = kit.refused(lambda: states.get_activity_task(activityArn=arn))
    assert (refused.code, refused.message) == ("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
    done = sk.run(sk.machine(sk.steps(Pack={"Type": "Task", "Resource": arn, "End": True})))
    words = f"(entered at the event id #2). The activity {arn} does not exist."
    sk.failed(done, "States.Runtime", words)
    refused = kit.refused(
        lambda: sk.machine(sk.steps(Pack={"Type": "Task", "Resource": arn, "End": True}), type="EXPRESS")
    )
    assert "Express state machine does not support Activity ARN" in refused.message
