"""Demand and requests over time: shapes by arithmetic, distributions against the paper, CSV files line by line."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serverless_first.simulate import in_the_wild, traces
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


def test_a_demand_counted_from_requests_has_all_of_them() -> None:
    times_s = traces.arrivals(traces.week(5, 0.5), 7)
    assert traces.demand_of(times_s, 60).requests == pytest.approx(times_s.size)
    assert traces.demand_of([0, 60], 60).per_s.tolist() == [1 / 60, 1 / 60]
    assert traces.demand_of([0], 60).per_s.tolist() == [1 / 60]


def test_the_distributions_have_the_paper_s_numbers() -> None:
    """Serverless in the Wild, section 3: what its text says of figures 5, 7 and 8."""
    share_below = in_the_wild.duration_quantile_s([0.5, 0.96])
    assert share_below[0] < 1  # half of the functions take less than a second on average
    assert share_below[1] == pytest.approx(60, rel=0.35)  # 96 % less than a minute: the fit is a little below the data
    sample = in_the_wild.applications(200_000, seed=2019)
    assert np.mean(sample.per_day <= 24) == pytest.approx(0.45, abs=0.005)
    assert np.mean(sample.per_day <= 1440) == pytest.approx(0.814, abs=0.005)
    busiest = np.sort(sample.per_day)[-round(0.186 * sample.per_day.size) :]
    assert busiest.sum() / sample.per_day.sum() == pytest.approx(0.996, abs=0.001)
    assert np.log(sample.duration_s).mean() == pytest.approx(-0.38, abs=0.03)
    assert np.log(sample.duration_s).std() == pytest.approx(2.36, abs=0.02)
    # The Burr distribution's own cumulative function, written down once more.
    below = 1 - (1 + (sample.memory_mb / 107.083) ** 11.652) ** -0.221
    assert np.quantile(below, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.005)
    assert np.quantile(sample.memory_mb, 0.9) < 400  # 90 % of applications never use more than 400 MB


def test_the_tail_makes_the_busiest_applications_99_6_percent() -> None:
    shares = (np.arange(2_000_000) + 0.5) / 2_000_000
    per_day = in_the_wild.per_day_quantile(shares)
    assert (np.diff(per_day) > 0).all()
    assert per_day[shares > 0.814].sum() / per_day.sum() == pytest.approx(0.996, abs=0.0002)
    assert round(in_the_wild.MOST_A_DAY / in_the_wild.FEWEST_A_DAY) == 10**8
    assert np.max(per_day) <= in_the_wild.MOST_A_DAY


def write(folder: Path, text: str) -> Path:
    place = folder / "orders.csv"
    place.write_text(text, encoding="utf-8")
    return place


@pytest.mark.parametrize(
    "text",
    [
        "1000\n1001.5\n1061\n",
        "time\n1000\n\n1001.5\n1061\n",
        "2026-11-25T09:00:00Z\n2026-11-25T09:00:01.5Z\n2026-11-25T10:01:01+01:00\n",
        "﻿time,order\n2026-11-25 09:00:00,A\n2026-11-25 09:00:01.500,B\n2026-11-25 09:01:01,C\n",
    ],
)
def test_a_csv_of_seconds_or_iso_times(tmp_path: Path, text: str) -> None:
    assert traces.from_csv(write(tmp_path, text)).tolist() == [0.0, 1.5, 61.0]


def test_a_column_by_its_heading_or_its_number(tmp_path: Path) -> None:
    place = write(tmp_path, "order,placed at\nA,5\nB,7\n")
    assert traces.from_csv(place, "placed at").tolist() == traces.from_csv(str(place), 1).tolist() == [0.0, 2.0]


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 0, "orders.csv holds no time"),
        ("time\n", 0, "orders.csv holds no time"),
        ("1\n2\nsoon\n", 0, "orders.csv, line 3: 'soon' is neither a number of seconds nor an ISO 8601 time"),
        ("time\nnow\n", 0, "line 2: 'now' is neither"),
        ("1\nnan\n", 0, "line 2: 'nan' is neither"),
        ("1\ninf\n", 0, "line 2: 'inf' is neither"),
        ("5\n\n4\n", 0, "line 3: 4 is before the time above. Sort the lines by time"),
        ("1\n2026-11-25\n", 0, "line 2: seconds and ISO 8601 times in one column"),
        ("order,time\nA,1\nB\n", "time", "line 3: no column 'time'; the line has 1"),
        ("order,time\nA,1\n", "at", "line 1: no column 'at'. There are: order, time"),
        ("1\n2\n", 3, "line 1: no column 3"),
        ("1\n2\n", -1, "line 1: no column -1"),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, text: str, column: str | int, says: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is looked at
        traces.from_csv(write(tmp_path, text), column)
    assert says in str(caught.value)


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
        (lambda: traces.week(1, weekend=-1), "weekend is -1"),
        (lambda: traces.week(1, math.nan), "days is nan"),
        (lambda: traces.flash_crowd(traces.steady(1, 60), 61, 2), "at_s is 61. Give a number from 0 to 60"),
        (lambda: traces.flash_crowd(traces.steady(1, 60), 0, 0.5), "times is 0.5. Give a number from 1"),
        (lambda: traces.flash_crowd(traces.steady(1, 60), 0, 2, fade_s=0), "fade_s is 0"),
        (lambda: traces.arrivals(traces.steady(1e6, 1e5), 1), "demand has 100,"),
        (lambda: traces.arrivals(traces.steady(1, 1), -1), "seed is -1"),
        (lambda: traces.demand_of([]), "arrivals_s is empty"),
        (lambda: traces.demand_of([2, 1]), "arrivals_s goes back in time"),
        (lambda: traces.demand_of([1], math.inf), "step_s is inf"),
        (lambda: in_the_wild.applications(0, 1), "count is 0"),
        (lambda: in_the_wild.duration_quantile_s(1.0), "share holds 1"),
    ],
)
def test_bad_input_is_refused_by_its_name(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is looked at
        call()
    assert says in str(caught.value)
