"""Executions of state machines: started, named, listed, read, stopped, redriven; plain boto3."""

from __future__ import annotations

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kits import states_kit as states

pytestmark = pytest.mark.usefixtures("aws")

LOCK = states.steps(Lock={"Type": "Wait", "Seconds": 600_000, "End": True})
ECHO = states.steps(Note={"Type": "Pass", "End": True})
EXPRESS = "arn:aws:states:us-east-1:123456789012:express:orders:"

#: Pays once the file that the input names is there.
PAY = """
import os
class CardRefused(Exception):
    pass
def handler(event, context):
    if not os.path.exists(event["card"]):
        raise CardRefused("no such card")
    return {"paid": event["order"]}
"""


def pay(kit: Any) -> dict[str, Any]:
    """Two states, of which the second calls the function."""
    arn = kit.deploy("pay", PAY)
    return dict(
        states.steps(
            Take={"Type": "Pass", "Next": "Pay"},
            Pay={"Type": "Task", "Resource": arn, "TimeoutSeconds": 20, "End": True},
        )
    )


def test_an_execution_without_a_name_gets_one() -> None:
    arn = states.machine(ECHO)
    run = states.run(arn, {"lamp": "andon"})
    assert states.succeeded(run) == {"lamp": "andon"}
    assert re.fullmatch(r"arn:aws:states:us-east-1:123456789012:execution:orders:[0-9a-f-]{36}", run.arn)
    told = states.states().describe_execution(executionArn=run.arn)
    assert (told["name"], told["stateMachineArn"]) == (run.arn.split(":")[-1], arn)
    assert json.loads(told["input"]) == {"lamp": "andon"}
    assert told["startDate"] <= told["stopDate"]


def test_same_name_and_input_is_the_same_execution(kit: Any) -> None:
    arn = states.machine(LOCK)
    first = states.start(arn, {"order": 1}, name="o-1")
    assert states.start(arn, {"order": 1}, name="o-1") == first
    other = kit.refused(lambda: states.start(arn, {"order": 2}, name="o-1"))
    assert (other.code, other.message) == ("ExecutionAlreadyExists", f"Execution Already Exists: '{first}'")
    states.states().stop_execution(executionArn=first)
    kit.refused(lambda: states.start(arn, {"order": 1}, name="o-1"), "ExecutionAlreadyExists")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"input": "{"}, "InvalidExecutionInput"),
        ({"name": "o 1"}, "InvalidName"),
        ({"name": "o" * 81}, "ValidationException"),
        ({"input": json.dumps("x" * 262_144)}, "ValidationException"),
        ({"stateMachineArn": "orders"}, "InvalidArn"),
        ({"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:lamps"}, "StateMachineDoesNotExist"),
    ],
)
def test_what_start_execution_refuses(kit: Any, given: dict[str, str], code: str) -> None:
    arn = states.machine(ECHO)
    kit.refused(lambda: states.states().start_execution(**{"stateMachineArn": arn} | given), code)


def test_stopped_at_once_and_by_name_of_its_error() -> None:
    arn = states.start(states.machine(LOCK))
    answer = states.states().stop_execution(executionArn=arn, error="Hikari.Closed", cause="the shop is closed")
    told = states.states().describe_execution(executionArn=arn)
    assert (told["status"], told["error"], told["cause"]) == ("ABORTED", "Hikari.Closed", "the shop is closed")
    assert told["stopDate"] == answer["stopDate"]
    run = states.ended(arn)
    assert run.types == ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]
    assert run.details("ExecutionAborted") == [{"error": "Hikari.Closed", "cause": "the shop is closed"}]


def test_stopped_while_a_function_works(kit: Any, tmp_path: Path) -> None:
    arn = kit.deploy("hold", kit.HOLD, Timeout=60)
    given = {"here": str(tmp_path / "here"), "leave": str(tmp_path / "leave")}
    machine = states.machine(states.steps(Hold={"Type": "Task", "Resource": arn, "End": True}))
    execution = states.start(machine, given)
    kit.eventually(lambda: (tmp_path / "here").exists(), "the function works")
    states.states().stop_execution(executionArn=execution)
    run = states.ended(execution)
    assert run.status == "ABORTED"
    (tmp_path / "leave").touch()
    kit.eventually(lambda: kit.invoke("hold").payload, "the function is free again")
    assert states.history(execution)[-1]["type"] == "ExecutionAborted", "nothing comes after the end"


def test_lists_with_filters_and_pages() -> None:
    arn = states.machine(ECHO)
    lock = states.machine(LOCK, "lock")
    done = [states.run(arn).arn for _ in range(5)]
    held = states.start(lock)
    client = states.states()
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=arn, PaginationConfig={"PageSize": 2})
    listed = [[item["executionArn"] for item in page["executions"]] for page in pages]
    assert [len(page) for page in listed] == [2, 2, 1]
    assert [arn for page in listed for arn in page] == done[::-1], "the newest first"
    assert client.list_executions(stateMachineArn=arn, statusFilter="FAILED")["executions"] == []
    (running,) = client.list_executions(stateMachineArn=lock, statusFilter="RUNNING")["executions"]
    assert running["executionArn"] == held
    assert "stopDate" not in running


def test_history_in_pages_backwards_and_without_data() -> None:
    run = states.run(states.machine(ECHO), {"lamp": "andon"})
    client = states.states()
    assert [event["id"] for event in run.events] == [1, 2, 3, 4]
    assert [event["previousEventId"] for event in run.events] == [0, 0, 2, 3]
    first = client.get_execution_history(executionArn=run.arn, maxResults=3, reverseOrder=True)
    rest = client.get_execution_history(executionArn=run.arn, reverseOrder=True, nextToken=first["nextToken"])
    assert [event["id"] for event in first["events"] + rest["events"]] == [4, 3, 2, 1]
    assert "nextToken" not in rest
    bare = client.get_execution_history(executionArn=run.arn, includeExecutionData=False)["events"]
    assert states.details(bare[1]) == {"name": "Note"}
    assert json.loads(states.details(run.events[0])["input"]) == {"lamp": "andon"}


def test_an_express_machine_answers(kit: Any) -> None:
    arn = states.machine(ECHO, type="EXPRESS")
    answer = states.states().start_sync_execution(stateMachineArn=arn, input='{"lamp": "andon"}', name="o-1")
    assert answer["executionArn"].startswith(EXPRESS + "o-1:")
    assert (answer["status"], json.loads(answer["output"])) == ("SUCCEEDED", {"lamp": "andon"})
    assert answer["billingDetails"] == {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100}
    standard = states.machine(ECHO, "standard")
    kit.refused(lambda: states.states().start_sync_execution(stateMachineArn=standard), "StateMachineTypeNotSupported")


def test_an_express_machine_says_how_it_failed() -> None:
    machine = states.machine(
        states.steps(Stop={"Type": "Fail", "Error": "Hikari.NoLamp", "Cause": "none left"}), type="EXPRESS"
    )
    answer = states.states().start_sync_execution(stateMachineArn=machine)
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "Hikari.NoLamp", "none left")
    assert "output" not in answer


def test_an_express_execution_is_seen_in_its_logs_only(kit: Any) -> None:
    logs = kit.client("logs")
    logs.create_log_group(logGroupName="/hikari/orders")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/hikari/orders:*"
    logging = {
        "level": "ALL",
        "includeExecutionData": True,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
    }
    arn = states.machine(ECHO, type="EXPRESS", loggingConfiguration=logging)
    execution = states.start(arn, {"lamp": "andon"})
    assert re.fullmatch(EXPRESS + r"[0-9a-f-]{36}:[0-9a-f-]{36}", execution)
    client = states.states()
    for call in (client.describe_execution, client.get_execution_history, client.stop_execution):
        refused = kit.refused(lambda call=call: call(executionArn=execution))
        assert (refused.code, refused.message) == (
            "InvalidArn",
            "Invalid Arn: 'Resource type not valid in this context: express'",
        )
    assert kit.refused(lambda: client.list_executions(stateMachineArn=arn)).code == "StateMachineTypeNotSupported"

    def told() -> list[dict[str, Any]]:
        events = logs.filter_log_events(logGroupName="/hikari/orders")["events"]
        return [json.loads(event["message"]) for event in events]

    kit.eventually(lambda: len(told()) == 4, "four events in the log")
    assert [event["type"] for event in told()] == [
        "ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert {event["execution_arn"] for event in told()} == {execution}
    assert json.loads(told()[-1]["details"]["output"]) == {"lamp": "andon"}


def test_log_level_and_data(kit: Any) -> None:
    logs = kit.client("logs")
    logs.create_log_group(logGroupName="/hikari/orders")
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/hikari/orders:*"
    logging = {"level": "ERROR", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}
    definition = states.steps(Take={"Type": "Pass", "Next": "Stop"}, Stop={"Type": "Fail", "Error": "Hikari.NoLamp"})
    states.run(states.machine(definition, loggingConfiguration=logging), {"card": "visa-of-hana"})
    told = [json.loads(event["message"]) for event in logs.filter_log_events(logGroupName="/hikari/orders")["events"]]
    assert [event["type"] for event in told] == ["FailStateEntered", "ExecutionFailed"]
    assert "visa-of-hana" not in str(told)


def test_a_failed_execution_is_redriven_from_where_it_failed(kit: Any, tmp_path: Path) -> None:
    card = tmp_path / "card"
    run = states.run(states.machine(pay(kit)), {"order": 7, "card": str(card)})
    client = states.states()
    assert (run.status, run.error) == ("FAILED", "CardRefused")
    assert client.describe_execution(executionArn=run.arn)["redriveStatus"] == "REDRIVABLE"
    card.touch()
    client.redrive_execution(executionArn=run.arn)
    again = states.ended(run.arn)
    assert states.succeeded(again) == {"paid": 7}
    assert again.entered == ["Take", "Pay", "Pay"]
    assert again.types[len(run.types)] == "ExecutionRedriven"
    told = client.describe_execution(executionArn=run.arn)
    assert (told["redriveCount"], told["redriveStatus"]) == (1, "NOT_REDRIVABLE")
    assert "error" not in told
    kit.refused(lambda: client.redrive_execution(executionArn=run.arn), "ExecutionNotRedrivable")


def test_of_calls_at_the_same_moment_one_redrives(kit: Any, tmp_path: Path) -> None:
    """Two that both found it failed would run its last state twice, and pay twice."""
    card, callers = tmp_path / "card", 8
    machine = states.machine(pay(kit))
    clients = [states.states() for _ in range(callers)]
    for _ in range(12):
        failed = states.run(machine, {"order": 7, "card": str(card)})
        together = threading.Barrier(callers)

        def redrive(client: Any, arn: str = failed.arn, together: threading.Barrier = together) -> str:
            together.wait(20)
            try:
                client.redrive_execution(executionArn=arn)
            except client.exceptions.ExecutionNotRedrivable:
                return "refused"
            return "redriven"

        card.touch()
        with ThreadPoolExecutor(callers) as pool:
            assert sorted(pool.map(redrive, clients)) == ["redriven", *["refused"] * (callers - 1)]
        assert states.succeeded(states.ended(failed.arn)) == {"paid": 7}
        assert states.ended(failed.arn).types.count("ExecutionRedriven") == 1
        card.unlink()


def test_a_machine_that_is_deleted_ends_its_executions(kit: Any) -> None:
    arn = states.machine(LOCK)
    execution = states.start(arn)
    states.states().delete_state_machine(stateMachineArn=arn)
    kit.refused(lambda: states.states().describe_state_machine(stateMachineArn=arn), "StateMachineDoesNotExist")
    kit.refused(lambda: states.states().describe_execution(executionArn=execution), "ExecutionDoesNotExist")
    assert states.succeeded(states.run(states.machine(ECHO), {"new": 1})) == {"new": 1}


def test_an_update_leaves_running_executions_as_they_are(kit: Any, tmp_path: Path) -> None:
    arn = kit.deploy("hold", kit.HOLD, Timeout=60)
    given = {"here": str(tmp_path / "here"), "leave": str(tmp_path / "leave")}
    old = states.steps(
        Hold={"Type": "Task", "Resource": arn, "Next": "Old"}, Old={"Type": "Pass", "Result": "old", "End": True}
    )
    new = states.steps(New={"Type": "Pass", "Result": "new", "End": True})
    machine = states.machine(old)
    execution = states.start(machine, given)
    kit.eventually(lambda: (tmp_path / "here").exists(), "the function works")
    client = states.states()
    client.update_state_machine(stateMachineArn=machine, definition=json.dumps(new))
    (tmp_path / "leave").touch()
    assert states.succeeded(states.ended(execution)) == "old"
    assert states.succeeded(states.run(machine)) == "new"
    then = client.describe_state_machine_for_execution(executionArn=execution)
    assert json.loads(then["definition"]) == old


def test_many_executions_each_with_its_whole_history(kit: Any) -> None:
    arn = kit.deploy("echo", "def handler(event, context):\n    return event\n")
    definition = states.steps(
        Take={"Type": "Pass", "Next": "Pack"}, Pack={"Type": "Task", "Resource": arn, "Next": "Done"}, Done=states.DONE
    )
    machine = states.machine(definition)
    runs = [states.ended(each) for each in [states.start(machine, {"order": number}) for number in range(40)]]
    assert [states.succeeded(run)["order"] for run in runs] == list(range(40))
    complete = [
        "ExecutionStarted", "PassStateEntered", "PassStateExited", "TaskStateEntered", "LambdaFunctionScheduled",
        "LambdaFunctionStarted", "LambdaFunctionSucceeded", "TaskStateExited", "SucceedStateEntered",
        "SucceedStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert [run.types for run in runs] == [complete] * 40


def test_the_context_object_counts_redrives(kit: Any, tmp_path: Path) -> None:
    kit.deploy("pay", PAY)
    definition = states.steps(
        Pay=states.task(
            "lambda:invoke",
            {
                "FunctionName": "pay",
                "Payload": {"card.$": "$.card", "order.$": "$$.Execution.RedriveCount"},
            },
            OutputPath="$.Payload",
            Next="Note",
        ),
        Note={"Type": "Pass", "Parameters": {"paid.$": "$.paid", "execution.$": "$$.Execution"}, "End": True},
    )
    card = tmp_path / "card"
    failed = states.run(states.machine(definition), {"card": str(card)})
    assert failed.error == "CardRefused"
    card.touch()
    states.states().redrive_execution(executionArn=failed.arn)
    output = states.succeeded(states.ended(failed.arn))
    assert (output["paid"], output["execution"]["RedriveCount"]) == (1, 1)
    assert output["execution"]["RedriveTime"] > output["execution"]["StartTime"]
    first = states.run_once(states.steps(Note={"Type": "Pass", "InputPath": "$$.Execution", "End": True}))
    assert states.succeeded(first)["RedriveCount"] == 0
    assert "RedriveTime" not in first.output


def test_json_in_histories_has_no_spaces(kit: Any) -> None:
    queue = kit.make_queue("orders")
    message = {"order": 7, "lamps": ["andon", "toro"]}
    send = {"QueueUrl": queue.url, "MessageBody": message}
    run = states.run_once(
        states.steps(
            Take={"Type": "Pass", "Result": message, "Next": "Send"},
            Send={"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": send, "End": True},
        )
    )
    texts = [
        text
        for event in run.events
        for name, text in states.details(event).items()
        if name in ("input", "output", "parameters")
    ]
    assert json.dumps(send, separators=(",", ":")) in texts
    assert len(texts) == 8  # of the execution and two states, in and out; sent, and answered
    for text in texts:
        assert text == json.dumps(json.loads(text), separators=(",", ":"))
