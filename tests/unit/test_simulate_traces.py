"""Demand and requests over time: shapes by arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from serverless_first.simulate import traces
from serverless_first.simulate.traces import Demand

DAY_S = 86_400


def test_a_week_has_its_average_its_nights_and_its_weekend() -> None:
    demand = traces.week(100, 14, step_s=600)
    assert demand.mean_per_s == pytest.approx(100)
    assert demand.duration_s == 14 * DAY_S
    assert demand.requests == pytest.approx(100 * 14 * DAY_S)
    days = demand.per_s.reshape(14, -1)
    assert np.argmax(days, axis=1) == pytest.approx(14 * 6, abs=1)  # each day is busiest at 14:00
    assert np.min(days) == pytest.approx(50, abs=0.01)  # the constant half
    of_weekend, of_friday = np.max(days[5]) - 50, np.max(days[4]) - 50
    assert of_weekend / of_friday == pytest.approx(0.6)
    assert np.allclose(days[:7], days[7:])
    assert np.ptp(traces.week(100, 7, constant_share=1).per_s) == pytest.approx(0)


def test_a_flash_crowd_rises_holds_and_fades() -> None:
    demand = traces.flash_crowd(
        traces.steady(10, 7200, step_s=10), at_s=600, times=20, rise_s=600, hold_s=600, fade_s=1200
    )
    at = {int(time_s): per_s for time_s, per_s in zip(demand.times_s, demand.per_s, strict=True)}
    assert at[590] == 10
    assert at[890] == pytest.approx(10 * (1 + 19 * 295 / 600))
    assert {at[time_s] for time_s in range(1200, 1800, 10)} == {200.0}
    assert at[2990] == pytest.approx(10 * (1 + 19 * math.exp(-1195 / 1200)))
    sudden = traces.flash_crowd(traces.steady(10, 100, step_s=10), at_s=50, times=3, rise_s=0, hold_s=1000)
    assert sudden.per_s.tolist() == [10] * 5 + [30] * 5


def test_requests_are_a_poisson_process_of_the_demand() -> None:
    demand = traces.week(1, 1, step_s=300)
    found = [traces.arrivals(demand, seed) for seed in range(20)]
    assert all((np.diff(times_s) >= 0).all() and times_s[-1] < DAY_S for times_s in found)
    counts = np.array([np.bincount((times_s // 300).astype(int), minlength=288) for times_s in found])
    expected = demand.per_s * 300
    # Mean and variance of a Poisson variable are equal: over 5,760 of them, both are known to a few percent.
    assert counts.sum() == pytest.approx(expected.sum() * 20, abs=4 * math.sqrt(expected.sum() * 20))
    assert np.mean((counts - expected) ** 2 / expected) == pytest.approx(1, abs=4 * math.sqrt(2 / counts.size))
    assert (traces.arrivals(demand, 3) == found[3]).all()
    assert traces.arrivals(traces.steady(0, 100), 1).size == 0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Demand(np.array([]), 60), "per_s has the shape (0,)"),
        (lambda: Demand(np.array([1.0, -2]), 60), "per_s holds -2"),
        (lambda: Demand(np.array([1.0, math.nan]), 60), "per_s holds NaN or infinity"),
        (lambda: Demand(np.array([1.0]), 0), "step_s is 0"),
        (lambda: traces.steady(-1, 60), "per_s is -1"),
        (lambda: traces.steady(1, 0), "duration_s is 0"),
        (lambda: traces.steady(1, 1e9, 1), "step_s is 1. That makes 1,000,000,000 steps"),
        (lambda: traces.week(-1), "mean_per_s is -1"),
        (lambda: traces.week(1, constant_share=1.1), "constant_share is 1.1"),
        (lambda: traces.week(1, math.nan), "days is nan"),
        (lambda: traces.flash_crowd(traces.steady(1, 60), 61, 2), "at_s is 61. Give a number from 0 to 60"),
        (lambda: traces.flash_crowd(traces.steady(1, 60), 0, 0.5), "times is 0.5. Give a number from 1"),
        (lambda: traces.flash_crowd(traces.steady(1, 60), 0, 2, fade_s=0), "fade_s is 0"),
        (lambda: traces.arrivals(traces.steady(1e6, 1e5), 1), "demand has 100,"),
        (lambda: traces.arrivals(traces.steady(1, 1), -1), "seed is -1"),
    ],
)
def test_bad_input_is_refused_by_its_name(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is looked at
        call()
    assert says in str(caught.value)
