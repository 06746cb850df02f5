"""Histories of executions as a reader sees them: lanes, stays, attempts, iterations; real ones and AWS's shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from moto import mock_aws
from tests.unit.figure_reading import TITLES, check_words, legends, words
from tests.unit.history_events import POLLED, events_of

from serverless_first import figures
from serverless_first.figures.states_run import run_of

TITLE = TITLES[1]

_PAUSE = {"Type": "Pass", "Next": "Wrap"}
LINES = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Customer", "States": {"Customer": {"Type": "Pass", "End": True}}},
                {
                    "StartAt": "Each line",
                    "States": {
                        "Each line": {
                            "Type": "Map",
                            "ItemsPath": "$.lines",
                            "ItemProcessor": {
                                "StartAt": "Pick",
                                "States": {"Pick": _PAUSE, "Wrap": {"Type": "Pass", "End": True}},
                            },
                            "End": True,
                        }
                    },
                },
            ],
            "Next": "Send",
        },
        "Send": {"Type": "Succeed"},
    },
}


@pytest.fixture(scope="module")
def real() -> Iterator[list[dict[str, Any]]]:
    """The history of a machine with branches and three iterations, from the interpreter itself."""
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        machines = boto3.client("stepfunctions", region_name="us-east-1", **keys)
        role = "arn:aws:iam::123456789012:role/hikari"
        arn = machines.create_state_machine(name="lines", definition=json.dumps(LINES), roleArn=role)["stateMachineArn"]
        execution = machines.start_execution(stateMachineArn=arn, name="one", input='{"lines": [1, 2, 3]}')
        while True:
            events: list[dict[str, Any]] = machines.get_execution_history(executionArn=execution["executionArn"])[
                "events"
            ]
            if events and events[-1]["type"].startswith("ExecutionS") and len(events) > 1:
                break
        yield list(events)


def stays(axes: Axes, state: str) -> list[tuple[float, float]]:
    """Where the bars of a state begin and how long they are."""
    found = [p for p in axes.patches if isinstance(p, Rectangle) and p.get_gid() == f"stay {state}"]
    return [(round(p.get_x(), 2), round(p.get_width(), 2)) for p in found]


def many_iterations(count: int) -> list[dict[str, Any]]:
    """A Map with so many iterations at once, each three seconds long."""
    rows: list[tuple[Any, ...]] = [
        (0.0, 0, "ExecutionStarted"),
        (0.0, 0, "MapStateEntered", "Each order"),
        (0.0, 2, "MapStateStarted"),
    ]
    for number in range(count):
        begin_s = 0.01 * number
        started = len(rows) + 1
        rows += [
            (begin_s, 3, "MapIterationStarted", "Each order", number),
            (begin_s, started, "TaskStateEntered", "Sum up"),
            (begin_s + 3, started + 1, "TaskStateExited", "Sum up"),
        ]
    events: list[dict[str, Any]] = events_of(*rows)
    return events


def test_a_loop_has_one_lane_for_each_state_and_a_bar_for_each_stay() -> None:
    figure = figures.execution_histories({"With a poller": POLLED}, title=TITLE)
    check_words(figure, TITLE)
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["Submit Job", "Wait X Seconds", "Get Job Status", "Job Complete?", "Set Job Failed"]
    assert stays(axes, "Wait X Seconds") == [(0.4, 1.0), (2.4, 1.0)]
    assert len(stays(axes, "Get Job Status")) == 2
    assert "With a poller: failed after 3.9 s with JobFailed" in words(figure)
    assert {"Task", "Wait", "Choice", "Fail", "what the task called is at work"} <= set(legends(figure))


def test_attempts_that_failed_are_marked() -> None:
    events = events_of(
        (0.0, 0, "ExecutionStarted"),
        (0.0, 0, "TaskStateEntered", "Pay"),
        (0.0, 2, "TaskScheduled"),
        (0.1, 3, "TaskStarted"),
        (0.5, 4, "TaskFailed", "CardDeclined"),
        (2.5, 5, "TaskScheduled"),
        (2.6, 6, "TaskStarted"),
    )
    figure = figures.execution_histories({"An order": events}, title=TITLE)
    check_words(figure, TITLE)
    assert "an attempt that failed" in legends(figure)
    assert len([line for line in figure.axes[0].lines if line.get_marker() == "X"]) == 1
    assert "An order: still runs after 2.6 s" in words(figure)
    (visit,) = run_of(events).visits
    assert [(a.planned_s, a.begun_s, a.ended_s, a.error) for a in visit.attempts] == [
        (0.0, 0.1, 0.5, "CardDeclined"),
        (2.5, 2.6, None, ""),
    ]


def test_a_real_history_with_branches_and_iterations(real: list[dict[str, Any]]) -> None:
    figure = figures.execution_histories({"An order": real}, title=TITLE)
    check_words(figure, TITLE)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    deep = {name.strip(): len(name) - len(name.lstrip()) for name in names}
    # Which of the two branches begins first differs from run to run.
    order = list(deep)
    assert (order[0], order[-1], sorted(order)) == (
        "Both",
        "Send",
        ["Both", "Customer", "Each line", "Pick", "Send", "Wrap"],
    )
    assert order.index("Each line") + 1 == order.index("Pick") == order.index("Wrap") - 1
    assert deep["Both"] == deep["Send"] == 0 < deep["Customer"] == deep["Each line"] < deep["Pick"] == deep["Wrap"]
    run = run_of(real)
    assert run.outcome == "succeeded"
    assert [v.inside for v in run.visits if v.state == "Pick"] == ["Each line"] * 3
    assert all(v.exited_s is not None for v in run.visits if v.kind != "Succeed")


def test_many_iterations_are_drawn_as_their_number() -> None:
    figure = figures.execution_histories({"An order": many_iterations(400)}, title=TITLE)
    check_words(figure, TITLE)
    assert figure.get_size_inches()[1] < 3
    assert "400 in all, at most 300 at once" in words(figure)
    assert stays(figure.axes[0], "Sum up") == []
    few = figures.execution_histories({"An order": many_iterations(5)}, title=TITLE)
    assert len(stays(few.axes[0], "Sum up")) == 5


def test_two_executions_share_one_axis_of_time() -> None:
    both = {"With a poller": POLLED, "Many at once": many_iterations(4)}
    figure = figures.execution_histories(both, title=TITLE)
    check_words(figure, TITLE)
    first, second = figure.axes
    assert first.get_xlim() == second.get_xlim()
    said = words(figure)
    assert "With a poller: failed after 3.9 s with JobFailed" in said
    assert "Many at once: still runs after 3.0 s" in said


@pytest.mark.parametrize("events", [[], [{"what": 1}], [{"id": 1, "type": "TaskStateEntered", "timestamp": 3}]])
def test_what_is_no_history_is_refused(events: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"this history has no events|not events of get_execution_history"):
        figures.execution_histories({"An order": events}, title=TITLE)


def test_no_history_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one history"):
        figures.execution_histories({}, title=TITLE)
