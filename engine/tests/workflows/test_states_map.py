"""Parallel and inline Map states: results in order, failures that stop the others, many items."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kits import fixtures, states_kit as sk

pytestmark = pytest.mark.usefixtures("aws")

HOUR_S = 3600 * 60  # an hour here
WAIT = {"Type": "Wait", "Seconds": HOUR_S, "End": True}
PASS = {"Type": "Pass", "End": True}

cloud_of_module = fixtures.cloud_of(time_scale=60)


def mapped(processor: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A machine of one inline Map state."""
    return dict(sk.steps(Each={"Type": "Map", "ItemProcessor": processor, "End": True} | more))


def failing_at(value: int) -> dict[str, Any]:
    """An iteration that fails for one item and waits for an hour with the others."""
    choice = {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": value, "Next": "Fail"}], "Default": "W"}
    return dict(sk.steps("Look", Look=choice, W=WAIT, Fail={"Type": "Fail", "Error": "NoLamp", "Cause": "Sold out."}))


def test_branches_run_side_by_side_and_their_results_keep_the_order(kit: Any) -> None:
    """The first branch ends only after the second has answered for it."""
    queue = kit.make_queue("meeting")
    ask = sk.task(
        "sqs:sendMessage.waitForTaskToken", {"QueueUrl": queue.url, "MessageBody": {"token.$": "$$.Task.Token"}}
    )
    machine = sk.machine(
        sk.steps(Both={"Type": "Parallel", "Branches": [sk.steps(A=ask), sk.steps(B=ask)], "End": True})
    )
    execution = sk.start(machine)
    tokens = [each["token"] for each in kit.records(queue, 2)]
    for number, token in enumerate(tokens):
        sk.states().send_task_success(taskToken=token, output=str(number))
    done = sk.ended(execution)
    assert sorted(sk.succeeded(done)) == [0, 1]
    assert done.types.count("ParallelStateSucceeded") == 1


def test_results_of_branches_stand_in_the_order_of_the_branches() -> None:
    slow = sk.steps(
        Slow={"Type": "Wait", "Seconds": 30, "Next": "A"}, A={"Type": "Pass", "Result": "slow", "End": True}
    )
    quick = sk.steps(Quick={"Type": "Pass", "Result": "quick", "End": True})
    done = sk.run_once(sk.steps(Both={"Type": "Parallel", "Branches": [slow, quick], "End": True}))
    assert sk.succeeded(done) == ["slow", "quick"]


def test_a_branch_that_fails_stops_the_others_and_can_be_caught() -> None:
    fail = sk.steps(Fail={"Type": "Fail", "Error": "NoStock", "Cause": "Sold out."})
    both = {
        "Type": "Parallel",
        "Branches": [sk.steps(W=WAIT), fail],
        "Catch": [{"ErrorEquals": ["NoStock"], "ResultPath": "$.error", "Next": "Sorry"}],
        "End": True,
    }
    done = sk.run_once(sk.steps(Both=both, Sorry=PASS), {"order": "a1"})
    assert sk.succeeded(done) == {"order": "a1", "error": {"Error": "NoStock", "Cause": "Sold out."}}
    assert "ParallelStateFailed" in done.types


def test_a_branch_that_times_out_has_timed_out(kit: Any) -> None:
    queue = kit.make_queue("approvals")
    ask = sk.task(
        "sqs:sendMessage.waitForTaskToken", {"QueueUrl": queue.url, "MessageBody.$": "$$.Task.Token"}, TimeoutSeconds=1
    )
    both = {"Type": "Parallel", "Branches": [sk.steps(W=WAIT), sk.steps(Ask=ask)], "End": True}
    assert sk.run_once(sk.steps(Both=both)).error == "States.Timeout"


def test_items_are_selected_and_results_keep_their_order(kit: Any) -> None:
    arn = kit.deploy("price", "def handler(event, context):\n    return event['at'] * event['unit_yen']\n")
    price = sk.steps(Price={"Type": "Task", "Resource": arn, "End": True})
    selector = {"at.$": "$$.Map.Item.Index", "lamp.$": "$$.Map.Item.Value.lamp", "unit_yen.$": "$.unit_yen"}
    given = {"unit_yen": 100, "lines": [{"lamp": name} for name in ("andon", "chochin", "toro")]}
    done = sk.run_once(mapped(price, ItemsPath="$.lines", ItemSelector=selector, MaxConcurrency=2), given)
    assert sk.succeeded(done) == [0, 100, 200]
    assert [details["index"] for details in done.details("MapIterationStarted")].count(2) == 1
    assert done.details("MapStateStarted") == [{"length": 3}]


def test_many_items_one_after_the_other(kit: Any) -> None:
    """More than Python nests calls."""
    items = list(range(1050))
    execution = sk.start(sk.machine(mapped(sk.steps(P=PASS), MaxConcurrency=1)), items)

    def described() -> Any:
        found = sk.states().describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    assert json.loads(kit.eventually(described, "the end")["output"]) == items


def test_max_concurrency_bounds_what_runs_at_once(kit: Any) -> None:
    """With two at once the third message comes only after an answer."""
    queue = kit.make_queue("work")
    ask = sk.task(
        "sqs:sendMessage.waitForTaskToken",
        {"QueueUrl": queue.url, "MessageBody": {"token.$": "$$.Task.Token", "item.$": "$"}},
    )
    execution = sk.start(sk.machine(mapped(sk.steps(Ask=ask), MaxConcurrency=2)), [1, 2, 3])
    first = kit.records(queue, 2)
    assert {each["item"] for each in first} == {1, 2}
    assert sum(event["type"] == "MapIterationStarted" for event in sk.history(execution)) == 2
    sk.states().send_task_success(taskToken=first[0]["token"], output="1")
    (third,) = kit.records(queue)
    assert third["item"] == 3
    for each in (first[1], third):
        sk.states().send_task_success(taskToken=each["token"], output="1")
    assert sk.succeeded(sk.ended(execution)) == [1, 1, 1]


def test_an_iteration_that_fails_stops_the_others() -> None:
    done = sk.failed(sk.run_once(mapped(failing_at(2)), [0, 1, 2]), "NoLamp", cause="Sold out.")
    assert (done.types.count("MapIterationFailed"), done.types.count("MapIterationAborted")) == (1, 2)
    assert done.types[-2:] == ["MapStateFailed", "ExecutionFailed"]


def test_a_map_state_can_be_tried_again_and_caught() -> None:
    again = {
        "Retry": [{"ErrorEquals": ["NoLamp"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}],
    }
    machine = mapped(failing_at(0), **again)
    machine["States"]["Sorry"] = PASS
    done = sk.run_once(machine, [0])
    assert sk.succeeded(done) == {"Error": "NoLamp", "Cause": "Sold out."}
    assert done.types.count("MapIterationFailed") == 2


def test_maps_can_be_nested_and_empty() -> None:
    inner = {"Type": "Map", "ItemProcessor": sk.steps(P=PASS), "End": True}
    assert sk.succeeded(sk.run_once(mapped(sk.steps(Inner=inner)), [[1, 2], [], [3]])) == [[1, 2], [], [3]]


def test_stopping_the_execution_stops_all_iterations(kit: Any) -> None:
    execution = sk.start(sk.machine(mapped(sk.steps(W=WAIT))), [1, 2, 3])
    kit.eventually(lambda: sum(e["type"] == "WaitStateEntered" for e in sk.history(execution)) == 3, "three waits")
    sk.states().stop_execution(executionArn=execution)
    done = sk.ended(execution)
    assert (done.status, done.types[-1]) == ("ABORTED", "ExecutionAborted")


@pytest.mark.parametrize(("field", "path"), [({"ItemsPath": "$.lamps"}, "$.lamps"), ({}, "$")])
@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_items_that_are_no_array_fail_the_state(field: dict[str, str], path: str, mode: str) -> None:
    config = {"Mode": mode} | ({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})
    run = sk.run_once(mapped(sk.steps(Lamp=PASS) | {"ProcessorConfig": config}, **field), {"lamps": {"andon": 2}})
    assert (run.status, run.error) == ("FAILED", "States.Runtime")
    assert f'Reference path "{path}" must point to array.' in run.cause
