"""Events of executions in the form of get_execution_history, for the tests of their pictures."""

from __future__ import annotations

import datetime
from typing import Any


def events_of(*rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Rows of: seconds, previous id, type, the name of the state or an error; ids count from 1."""
    zero, events = datetime.datetime(2026, 11, 27, 12, tzinfo=datetime.UTC), []
    for number, (time_s, previous, kind, *more) in enumerate(rows, 1):
        event = {"id": number, "previousEventId": previous, "type": kind,
                 "timestamp": zero + datetime.timedelta(seconds=time_s)}  # fmt: skip
        if kind.endswith("StateEntered"):
            event["stateEnteredEventDetails"] = {"name": more[0]}
        elif kind.endswith("StateExited"):
            event["stateExitedEventDetails"] = {"name": more[0]}
        elif kind == "MapIterationStarted":
            event["mapIterationStartedEventDetails"] = {"name": more[0], "index": more[1]}
        elif more:
            event[kind[0].lower() + kind[1:] + "EventDetails"] = {"error": more[0]}
        events.append(event)
    return events


#: The poller: one round, then the job has failed.
POLLED = events_of(
    (0.0, 0, "ExecutionStarted"),
    (0.0, 0, "TaskStateEntered", "Submit Job"),
    (0.0, 2, "LambdaFunctionScheduled"),
    (0.1, 3, "LambdaFunctionStarted"),
    (0.4, 4, "LambdaFunctionSucceeded"),
    (0.4, 5, "TaskStateExited", "Submit Job"),
    *[
        row
        for begin_s, before in ((0.4, 6), (2.4, 16))
        for row in (
            (begin_s, before, "WaitStateEntered", "Wait X Seconds"),
            (begin_s + 1, before + 1, "WaitStateExited", "Wait X Seconds"),
            (begin_s + 1, before + 2, "TaskStateEntered", "Get Job Status"),
            (begin_s + 1, before + 3, "LambdaFunctionScheduled"),
            (begin_s + 1.1, before + 4, "LambdaFunctionStarted"),
            (begin_s + 1.5, before + 5, "LambdaFunctionSucceeded"),
            (begin_s + 1.5, before + 6, "TaskStateExited", "Get Job Status"),
            (begin_s + 1.5, before + 7, "ChoiceStateEntered", "Job Complete?"),
            (begin_s + 1.5, before + 8, "ChoiceStateExited", "Job Complete?"),
            (begin_s + 1.5, before + 9, "FailStateEntered", "Set Job Failed"),
        )[: 9 if before == 6 else 10]
    ],
)
# The second round follows the Choice of the first.
POLLED[15]["previousEventId"] = 15
for _number, _event in enumerate(POLLED[16:], 17):
    _event["previousEventId"] = _number - 1
POLLED.append(
    {
        "id": len(POLLED) + 1, "previousEventId": len(POLLED), "type": "ExecutionFailed",
        "timestamp": POLLED[-1]["timestamp"], "executionFailedEventDetails": {"error": "JobFailed"},
    }
)  # fmt: skip
