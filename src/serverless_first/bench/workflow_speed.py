"""How fast state machines execute in the local cloud."""

from __future__ import annotations

import contextlib
import json
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from serverless_first.bench.function import NAME, client, deployed
from serverless_first.bench.measure import Measurement, benchmark, within

HANDLER = "def handler(event, context):\n    return event\n"
EXECUTIONS, RUNS = 200, 3
LIMIT_S = 60.0
LEAST_PER_S = 20.0

#: The types of all events of an execution, in order.
COMPLETE = (
    "ExecutionStarted",
    "PassStateEntered",
    "PassStateExited",
    "TaskStateEntered",
    "LambdaFunctionScheduled",
    "LambdaFunctionStarted",
    "LambdaFunctionSucceeded",
    "TaskStateExited",
    "SucceedStateEntered",
    "SucceedStateExited",
    "ExecutionSucceeded",
)


def _definition(function_arn: str) -> str:
    return json.dumps(
        {
            "StartAt": "Take",
            "States": {
                "Take": {"Type": "Pass", "Next": "Pack"},
                "Pack": {"Type": "Task", "Resource": function_arn, "Next": "Done"},
                "Done": {"Type": "Succeed"},
            },
        }
    )


@contextlib.contextmanager
def _machine() -> Iterator[tuple[Any, str]]:
    """A local cloud with a machine of three states, the second of which calls a trivial function; client and ARN."""
    with deployed(HANDLER) as function_arn:
        states = client("stepfunctions", at_once=8)
        role = f"arn:aws:iam::123456789012:role/{NAME}"
        machine = states.create_state_machine(name=NAME, definition=_definition(function_arn), roleArn=role)
        yield states, machine["stateMachineArn"]


def _run(states: Any, machine: str) -> None:
    """Starts all executions, four calls at a time, and waits until the last has ended."""
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(lambda _: states.start_execution(stateMachineArn=machine), range(EXECUTIONS)))
    end_s = time.monotonic() + LIMIT_S
    for execution in started:
        while states.describe_execution(executionArn=execution["executionArn"])["status"] == "RUNNING":
            if time.monotonic() > end_s:
                raise RuntimeError(f"Executions have not ended after {LIMIT_S:.0f} s.")
            time.sleep(0.01)
    for execution in started:
        events = states.get_execution_history(executionArn=execution["executionArn"])["events"]
        if (types := tuple(event["type"] for event in events)) != COMPLETE:
            raise RuntimeError(f"A history is not complete: {types}")


@benchmark("states_executions_per_s")
def states_executions() -> Measurement:
    """From the first StartExecution until the last of 200 executions has ended and every history was read."""
    rates = []
    with _machine() as (states, machine):
        _run(states, machine)  # the interpreter is imported, the function is warm
        for _ in range(RUNS):
            begun = time.perf_counter()
            _run(states, machine)
            rates.append(EXECUTIONS / (time.perf_counter() - begun))
    rate = within(statistics.median(rates), "executions a second of three states", least=LEAST_PER_S)
    against = f"{EXECUTIONS} executions of Pass, a Task that calls a trivial function, Succeed; all histories read"
    return Measurement("states_executions_per_s", rate, "1/s", against, RUNS)
