"""Polling and waiting against closed formulas; tests/cloud/test_workflow_simulated.py runs the two machines."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from serverless_first.facts import prices
from serverless_first.simulate import workflow

US = prices.of("us-east-1")
NO_TIME_S = 1e-9  # a function that takes none, nearly


def test_the_facts_of_slide_34() -> None:
    """A job of ten minutes, a look a minute: 33 transitions and 12 functions, or 2; cents for a thousand jobs."""
    polled, waited = workflow.polling(600, 60, function_s=0.01), workflow.waiting(600)
    assert (polled.transitions.item(), polled.invocations.item()) == (33, 12)
    assert (waited.transitions.item(), waited.invocations.item(), waited.delay_s.item()) == (2, 0, 0)
    assert polled.bill(US).items["transitions"] == pytest.approx(33 * 25e-6)
    assert waited.bill(US).usd == pytest.approx(2 * 25e-6 + 0.5e-6)
    assert waited.bill(US).items["requests"] == 0


def test_looks_of_a_job_of_fixed_length() -> None:
    run = workflow.polling([1, 60, 60.1, 119, 120, 600], 60, function_s=NO_TIME_S)
    looks = (run.transitions - 1 - 2) // 3
    assert looks.tolist() == [1, 1, 2, 2, 2, 10]
    assert run.delay_s == pytest.approx([59, 0, 59.9, 1, 0, 0], abs=1e-6)
    slow = workflow.polling([59, 60, 61, 125, 126], 60, function_s=5)  # looks at 60, 125 and 190 s
    assert slow.delay_s.tolist() == [6, 5, 69, 5, 69]
    assert slow.invocations.tolist() == [3, 3, 4, 4, 5]


@pytest.mark.parametrize("wait_s", [5.0, 60.0, 900.0])
def test_the_delay_is_spread_evenly_over_the_interval(wait_s: float) -> None:
    """Jobs of 10 to 20 intervals, evenly: so is the delay from 0 to the interval. 100,000 jobs, seed 34."""
    jobs_s = np.random.default_rng(34).uniform(10 * wait_s, 20 * wait_s, 100_000)
    delay_s = workflow.polling(jobs_s, wait_s, function_s=NO_TIME_S).delay_s
    assert delay_s.mean() == pytest.approx(wait_s / 2, abs=4 * wait_s / math.sqrt(12 * delay_s.size))
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        error = math.sqrt(share * (1 - share) / delay_s.size)
        assert np.mean(delay_s <= share * wait_s) == pytest.approx(share, abs=4 * error)


@pytest.mark.parametrize("ratio", [0.1, 1.0, 5.0])
def test_random_jobs_are_looked_at_a_geometric_number_of_times(ratio: float) -> None:
    """Exponential jobs of mean m: each look finds the job ended with 1 - exp(-wait / m), so 1 over that are needed."""
    mean_s = 600.0
    jobs_s = np.random.default_rng(34).exponential(mean_s, 200_000) + 1e-9
    run = workflow.polling(jobs_s, ratio * mean_s, function_s=NO_TIME_S)
    found = 1 - math.exp(-ratio)
    looks = (run.transitions - 3) // 3
    assert looks.mean() == pytest.approx(1 / found, abs=4 * math.sqrt(1 - found) / found / math.sqrt(looks.size))
    assert run.delay_s.mean() == pytest.approx(ratio * mean_s / found - mean_s, rel=0.02)


def test_a_history_that_is_full_ends_the_machine() -> None:
    """9 events a look: 2,775 looks and what comes before and after fit into 25,000."""
    run = workflow.polling([2775.0, 2776.0, 86_400.0], 1, function_s=NO_TIME_S)
    assert run.history_full.tolist() == [False, True, True]
    assert run.events.tolist() == [2 + 5 + 2775 * 9 + 10, 25_000, 25_000]
    assert run.delay_s[1:].tolist() == [math.inf, math.inf]
    assert run.messages.tolist() == [1, 0, 0]
    assert not workflow.waiting(86_400.0).history_full


def test_more_looks_cost_more_and_tell_sooner() -> None:
    jobs_s = np.random.default_rng(10).uniform(3000, 4000, 2000)
    runs = [workflow.polling(jobs_s, wait_s) for wait_s in (10, 30, 60, 300)]
    costs = [run.bill(US).usd for run in runs]
    delays = [float(run.delay_s.mean()) for run in runs]
    assert costs == sorted(costs, reverse=True)
    assert delays == sorted(delays)
    assert min(costs) > workflow.waiting(jobs_s).bill(US).usd


def test_the_bill_is_the_sum_of_its_jobs() -> None:
    jobs_s = [100.0, 700.0, 2000.0]
    together = workflow.polling(jobs_s, 60).bill(US).usd
    assert together == pytest.approx(sum(workflow.polling(job, 60).bill(US).usd for job in jobs_s))
    tokyo = prices.of("ap-northeast-1")
    assert workflow.polling(jobs_s, 60).bill(tokyo).items["transitions"] > 0


@given(job_s=st.floats(0.01, 1e5), wait_s=st.integers(1, 3600), function_s=st.floats(0.001, 10))
def test_the_look_that_finds_the_job_ended_is_the_first_that_can(job_s: float, wait_s: int, function_s: float) -> None:
    run = workflow.polling(job_s, wait_s, function_s=function_s)
    if run.history_full:
        assert job_s > 2000
        return
    looks = int((run.transitions - 3) // 3)
    asked_s = looks * wait_s + (looks - 1) * function_s
    assert asked_s >= job_s * (1 - 1e-8) - 1e-6
    assert looks == 1 or asked_s - wait_s - function_s < job_s * (1 + 1e-8) + 1e-6
    assert 0 <= run.delay_s <= wait_s + 2 * function_s + 1e-6
    assert run.invocations == looks + 2


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: workflow.polling(0), "job_s holds 0"),
        (lambda: workflow.polling([1, math.nan]), "job_s holds NaN"),
        (lambda: workflow.polling(1, 0.5), "wait_s is 0.5. Give a number from 1"),
        (lambda: workflow.polling(1, function_s=0), "function_s is 0"),
        (lambda: workflow.waiting(-1), "job_s holds -1"),
    ],
)
def test_bad_input_is_refused_by_its_name(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is looked at
        call()
    assert says in str(caught.value)
