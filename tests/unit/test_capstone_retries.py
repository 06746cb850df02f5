"""Task 12.3 adds up the pauses of a Retry, on average, and finds the retriers of each task."""

from __future__ import annotations

from typing import Any

import pytest

from serverless_first.lab.whole_retries import pauses_s, tasks_of

BUSY = "Lambda.TooManyRequestsException"


@pytest.mark.parametrize(
    ("retrier", "sum_s"),
    [
        ({}, 1 + 2 + 4),
        ({"IntervalSeconds": 30, "BackoffRate": 1, "MaxAttempts": 120}, 3600),
        ({"IntervalSeconds": 30, "BackoffRate": 1, "MaxAttempts": 120, "JitterStrategy": "FULL"}, 1800),
        (
            {"IntervalSeconds": 30, "BackoffRate": 2, "MaxDelaySeconds": 300, "MaxAttempts": 6},
            30 + 60 + 120 + 240 + 600,
        ),
        ({"MaxAttempts": 0}, 0),
    ],
)
def test_the_pauses_of_a_retrier_add_up(retrier: dict[str, Any], sum_s: float) -> None:
    assert pauses_s([{"ErrorEquals": ["States.ALL"]} | retrier], BUSY) == sum_s


def test_the_first_retrier_that_matches_an_error_counts() -> None:
    named = {"ErrorEquals": [BUSY], "IntervalSeconds": 10, "BackoffRate": 1, "MaxAttempts": 1}
    failed = {"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 20, "BackoffRate": 1, "MaxAttempts": 1}
    assert [pauses_s([named, failed], error) for error in (BUSY, "OperationalError", "States.Timeout", "")] == [
        10,
        20,
        0,
        20,
    ]
    assert pauses_s([], BUSY) == pauses_s([], "") == 0


def test_a_state_around_a_task_retries_for_it() -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents"}
    around = [{"ErrorEquals": ["States.ALL"]}]
    definition = {"States": {"Both": {"Type": "Parallel", "Retry": around, "Branches": [{"States": {"Tell": task}}]}}}
    assert [(name, retriers) for name, _, retriers in tasks_of(definition)] == [("Tell", around)]
