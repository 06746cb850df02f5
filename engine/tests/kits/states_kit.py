"""What the tests of Step Functions share; plain boto3."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kits import cloud_kit as kit

ROLE = "arn:aws:iam::123456789012:role/hikari-workflows"

#: A state that does nothing, for the end of a machine.
DONE = {"Type": "Succeed"}


@dataclass(frozen=True)
class Run:
    """An execution that has ended.

    Args:
        arn: of the execution.
        status: SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
        output: from JSON; None unless it succeeded.
        error, cause: "" if there is none.
        events: its whole history.
    """

    arn: str
    status: str
    output: Any
    error: str
    cause: str
    events: list[dict[str, Any]]

    @property
    def types(self) -> list[str]:
        """The types of all events, in order."""
        return [event["type"] for event in self.events]

    def details(self, kind: str) -> list[dict[str, Any]]:
        """The details of all events of a type: what stands under its ...EventDetails."""
        return [details(event) for event in self.events if event["type"] == kind]

    @property
    def entered(self) -> list[str]:
        """The names of the states that were entered, in order."""
        return [details(event)["name"] for event in self.events if event["type"].endswith("StateEntered")]


def states() -> Any:
    """boto3's client of Step Functions."""
    return kit.client("stepfunctions")


def machine(definition: Mapping[str, Any], name: str = "orders", **more: Any) -> str:
    """Creates a state machine; its ARN. `more` is CreateStateMachine's, type="EXPRESS" for instance."""
    given = {"roleArn": ROLE} | more
    made = states().create_state_machine(name=name, definition=json.dumps(definition), **given)
    return str(made["stateMachineArn"])


def steps(start: str | None = None, /, **named: Mapping[str, Any]) -> dict[str, Any]:
    """A definition of these states, the first of which (or `start`) begins."""
    return {"StartAt": start or next(iter(named)), "States": dict(named)}


def task(call: str, parameters: Any = None, **more: Any) -> dict[str, Any]:
    """A Task with an integration, "sqs:sendMessage" for instance; the last state unless `more` has Next."""
    given = {} if parameters is None else {"Parameters": parameters}
    ending: dict[str, Any] = {} if "Next" in more else {"End": True}
    return {"Type": "Task", "Resource": f"arn:aws:states:::{call}", **given, **ending, **more}


def start(arn: str, given: Any = None, **more: Any) -> str:
    """Starts an execution, its input from Python ({} if None); its ARN."""
    return str(states().start_execution(stateMachineArn=arn, input=json.dumps(given or {}), **more)["executionArn"])


def ended(execution: str, limit_s: float = kit.LIMIT_S) -> Run:
    """Waits for the end of an execution."""

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = states().describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    found = kit.eventually(look, f"the end of {execution}", limit_s)
    output = json.loads(found["output"]) if "output" in found else None
    error, cause = found.get("error", ""), found.get("cause", "")
    return Run(execution, found["status"], output, error, cause, history(execution))


def run(arn: str, given: Any = None, limit_s: float = kit.LIMIT_S, **more: Any) -> Run:
    """Starts an execution and waits for its end."""
    return ended(start(arn, given, **more), limit_s)


def run_once(definition: Mapping[str, Any], given: Any = None, name: str | None = None, **more: Any) -> Run:
    """Makes a machine and runs it once.

    Args:
        name: of the machine; one for each definition if None.
    """
    own = f"orders-{zlib.crc32(json.dumps(definition).encode()):08x}"
    return run(machine(definition, name or own, **more), given)


def history(execution: str) -> list[dict[str, Any]]:
    """The whole history of an execution, all its pages."""
    pages = states().get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event for page in pages for event in page["events"]]


def details(event: Mapping[str, Any]) -> dict[str, Any]:
    """What an event says beyond its type, id and time; {} if nothing."""
    return next((dict(value) for name, value in event.items() if name.endswith("EventDetails")), {})


def succeeded(execution: Run) -> Any:
    """The output of an execution; fails with its error unless it succeeded."""
    assert execution.status == "SUCCEEDED", (execution.status, execution.error, execution.cause, execution.types)
    return execution.output


def failed(execution: Run, error: str, *words: str, cause: str | None = None) -> Run:
    """The same execution; fails unless it has failed with this error, and with these words in its cause.

    Args:
        cause: the whole cause, if it matters.
    """
    assert (execution.status, execution.error) == ("FAILED", error), (execution.status, execution.error)
    assert cause in (None, execution.cause), execution.cause
    assert [word for word in words if word not in execution.cause] == [], execution.cause
    return execution
