"""What waits, tries again and times out in a state machine; plain boto3 on a cloud whose waits are divided by 600."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import serverless_cloud as cloud
from kits import cloud_kit, fixtures, states_kit as states

SCALE = 600

#: Ten minutes pass in a second.
cloud_of_module = fixtures.cloud_of(time_scale=SCALE)

#: Fails so many times, counted in a file, with the class that the input names.
FLAKY = """
import os
class CardRefused(Exception):
    pass
class Busy(Exception):
    pass
def handler(event, context):
    with open(event["file"], "a") as file:
        file.write("x")
    if os.path.getsize(event["file"]) <= event["failures"]:
        raise {"CardRefused": CardRefused, "Busy": Busy}[event.get("error", "Busy")]("again")
    return {"tries": os.path.getsize(event["file"])}
"""


def lock(seconds: int, **more: Any) -> dict[str, Any]:
    """A Wait state."""
    return {"Type": "Wait", "Seconds": seconds} | (more or {"End": True})


def took_s(run: Any) -> float:
    """From the first event to the last, in seconds."""
    return float((run.events[-1]["timestamp"] - run.events[0]["timestamp"]).total_seconds())


@pytest.mark.parametrize(
    "wait",
    [
        {"Seconds": 300},
        {"SecondsPath": "$.s"},
        {"TimestampPath": "$.at"},
        {"QueryLanguage": "JSONata", "Seconds": "{% $states.input.s / 2 * 2 %}"},
        {"QueryLanguage": "JSONata", "Timestamp": "{% $states.input.at %}"},
    ],
    ids=lambda wait: "-".join(wait),
)
def test_every_form_of_wait_is_divided(kit: Any, wait: dict[str, Any]) -> None:
    del kit
    machine = states.machine(states.steps(Dry={"Type": "Wait", "End": True} | wait))
    at = (datetime.now(UTC) + timedelta(seconds=300)).isoformat().replace("+00:00", "Z")
    run = states.run(machine, {"s": 300, "at": at})
    states.succeeded(run)
    assert run.types == ["ExecutionStarted", "WaitStateEntered", "WaitStateExited", "ExecutionSucceeded"]
    assert 0.3 < took_s(run) < 60, "half a second, and far from five minutes"


def test_a_moment_that_is_past_is_not_waited_for(kit: Any) -> None:
    del kit
    offset = states.steps(Dry={"Type": "Wait", "Timestamp": "2020-01-15T09:00:00+09:00", "End": True})
    states.succeeded(states.run_once(offset))


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({"s": "5"}, "The SecondsPath parameter cannot be parsed as a long value: $.s == 5"),
        ({"s": -5}, "The SecondsPath parameter references a negative value: $.s == -5"),
        ({}, "The SecondsPath parameter does not reference an input value: $.s"),
    ],
)
def test_a_wait_that_is_no_number_fails(kit: Any, given: dict[str, Any], cause: str) -> None:
    del kit
    run = states.run_once(states.steps(Dry={"Type": "Wait", "SecondsPath": "$.s", "End": True}), given)
    assert (run.status, run.error) == ("FAILED", "States.Runtime")
    assert cause in run.cause


def test_waits_count_in_full_for_the_machines_timeout(kit: Any) -> None:
    del kit
    short = {"TimeoutSeconds": 60} | states.steps(One=lock(50, Next="Two"), Two=lock(50))
    run = states.run_once(short)
    assert run.status == "TIMED_OUT"
    assert run.types[-2:] == ["WaitStateEntered", "ExecutionTimedOut"]
    assert "error" not in states.states().describe_execution(executionArn=run.arn)
    long = {"TimeoutSeconds": 120} | states.steps(One=lock(50, Next="Two"), Two=lock(50))
    states.succeeded(states.run_once(long, name="long"))


def test_branches_wait_at_the_same_time(kit: Any) -> None:
    del kit

    def both(seconds: int) -> Any:
        branches = [states.steps(One=lock(50)), states.steps(Two=lock(seconds))]
        parallel = {"Type": "Parallel", "Branches": branches, "End": True}
        return {"TimeoutSeconds": 60} | states.steps(Both=parallel)

    states.succeeded(states.run_once(both(50), name="same"))
    assert states.run_once(both(70), name="longer").status == "TIMED_OUT"


def test_a_pause_before_the_next_try_counts_in_full(kit: Any, tmp_path: Any) -> None:
    arn = kit.deploy("flaky", FLAKY)
    again = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 50, "BackoffRate": 1, "MaxAttempts": 5}]
    task = {"Type": "Task", "Resource": arn, "Retry": again, "End": True}
    given = {"file": str(tmp_path / "tries"), "failures": 4}
    run = states.run_once({"TimeoutSeconds": 90} | states.steps(Pay=task), given)
    assert run.status == "TIMED_OUT"
    assert run.types.count("LambdaFunctionFailed") == 2


def test_retries_with_backoff_and_cap(kit: Any, tmp_path: Any) -> None:
    arn = kit.deploy("flaky", FLAKY)
    again = [
        {"ErrorEquals": ["CardRefused"], "MaxAttempts": 0},
        {
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 60,
            "BackoffRate": 2,
            "MaxDelaySeconds": 100,
            "MaxAttempts": 3,
        },
    ]
    machine = states.machine(states.steps(Pay={"Type": "Task", "Resource": arn, "Retry": again, "End": True}))
    run = states.run(machine, {"file": str(tmp_path / "three"), "failures": 3})
    assert states.succeeded(run) == {"tries": 4}
    failed = [event for event in run.events if event["type"] == "LambdaFunctionFailed"]
    tried = [event for event in run.events if event["type"] == "LambdaFunctionScheduled"][1:]
    pauses = [
        (then["timestamp"] - before["timestamp"]).total_seconds() for before, then in zip(failed, tried, strict=True)
    ]
    least = [60 / SCALE, 100 / SCALE, 100 / SCALE]
    assert all(pause >= wanted * 0.9 for pause, wanted in zip(pauses, least, strict=True)), pauses
    over = states.failed(states.run(machine, {"file": str(tmp_path / "four"), "failures": 4}), "Busy")
    assert over.types.count("LambdaFunctionFailed") == 4
    first = states.run(machine, {"file": str(tmp_path / "card"), "failures": 1, "error": "CardRefused"})
    assert (first.status, first.error, first.types.count("LambdaFunctionFailed")) == ("FAILED", "CardRefused", 1)


def test_full_jitter_pauses_at_most_that_long(kit: Any, tmp_path: Any) -> None:
    arn = kit.deploy("flaky", FLAKY)
    again = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 600_000, "MaxDelaySeconds": 300, "JitterStrategy": "FULL"}]
    task = {"Type": "Task", "Resource": arn, "Retry": again, "End": True}
    run = states.run_once(states.steps(Pay=task), {"file": str(tmp_path / "tries"), "failures": 3})
    assert states.succeeded(run) == {"tries": 4}


def test_a_task_that_takes_too_long_is_caught(kit: Any, tmp_path: Any) -> None:
    arn = kit.deploy("hold", kit.HOLD, Timeout=60)
    caught = [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.error", "Next": "Tell"}]
    hold = {"Type": "Task", "Resource": arn, "TimeoutSecondsPath": "$.most", "Catch": caught, "End": True}
    definition = states.steps(Hold=hold, Tell={"Type": "Pass", "OutputPath": "$.error.Error", "End": True})
    run = states.run_once(definition, {"here": str(tmp_path / "here"), "leave": str(tmp_path / "leave"), "most": 1})
    (tmp_path / "leave").touch()
    assert states.succeeded(run) == "States.Timeout"
    assert run.types[4] == "LambdaFunctionTimedOut"
    assert took_s(run) >= 1, "what a learner sets is not divided"
    kit.eventually(lambda: kit.invoke("hold").payload, "the function is free again")
    assert states.history(run.arn) == run.events, "its late answer is not written"


def test_a_machine_times_out_while_a_function_works(kit: Any, tmp_path: Any) -> None:
    arn = kit.deploy("hold", kit.HOLD, Timeout=60)
    definition = {"TimeoutSeconds": 1} | states.steps(Hold={"Type": "Task", "Resource": arn, "End": True})
    run = states.run_once(definition, {"here": str(tmp_path / "here"), "leave": str(tmp_path / "leave")})
    (tmp_path / "leave").touch()
    assert (run.status, run.types[-1]) == ("TIMED_OUT", "ExecutionTimedOut")


def test_an_express_machine_has_five_minutes(kit: Any) -> None:
    del kit
    arn = states.machine(states.steps(Dry=lock(301)), type="EXPRESS")
    assert states.states().start_sync_execution(stateMachineArn=arn)["status"] == "TIMED_OUT"


def test_reset_ends_what_waits_and_leaves_no_thread(kit: Any, aws: cloud.Cloud) -> None:
    del kit
    import psutil

    (server,) = [each for each in psutil.Process().children() if "serverless_cloud.server" in each.cmdline()]
    branches = [states.steps(**{f"Dry{number}": lock(99_999_999)}) for number in range(3)]
    both = states.steps(Both={"Type": "Parallel", "Branches": branches, "End": True})
    states.succeeded(states.run_once(states.steps(Note={"Type": "Pass", "End": True}), name="first"))
    before = server.num_threads()
    for number in range(10):
        states.start(states.machine(both, f"orders{number}"))
    cloud_kit.eventually(lambda: server.num_threads() >= before + 50, "they wait")
    begun = time.monotonic()
    aws.reset()
    cloud_kit.eventually(lambda: server.num_threads() <= before + 2, "their threads are gone")
    assert time.monotonic() - begun < 10
    assert states.states().list_state_machines()["stateMachines"] == []


def test_stop_ends_a_call_that_waits(program: Any, tools: Any) -> None:
    del tools
    source = """
import threading, time
from kits import cloud_kit as kit, states_kit as states
import serverless_cloud as cloud
with cloud.start() as aws:
    logs = kit.client("logs")
    logs.create_log_group(logGroupName="/hikari")
    group = {"logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:/hikari:*"}
    logging = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": group}]}
    dry = {"Type": "Wait", "Seconds": 200, "End": True}
    arn = states.machine(states.steps(Dry=dry), type="EXPRESS", loggingConfiguration=logging)
    def call():
        try:
            states.states().start_sync_execution(stateMachineArn=arn)
        except Exception as error:
            pass
    waiting = threading.Thread(target=call)
    waiting.start()
    kit.eventually(lambda: len(logs.filter_log_events(logGroupName="/hikari")["events"]) == 2, "it waits")
    begun = time.monotonic()
waiting.join(20)
kit.say(alive=waiting.is_alive(), s=time.monotonic() - begun)
"""
    said = program(source).hear()
    assert not said["alive"]
    assert said["s"] < 15
