"""Capacity against arithmetic: what a lead time costs, what full servers hide, what holds whatever the demand."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from serverless_first.facts import prices
from serverless_first.simulate import break_even, cost, policies as presets, traces
from serverless_first.simulate.capacity import Policy, simulate
from serverless_first.simulate.traces import Demand

INSTANCE = Policy("instance", per_unit_s=100, lead_time_s=180, usd_per_unit_hour=0.1)


def demand(*per_s: float, step_s: float = 60) -> Demand:
    return Demand(np.array(per_s, dtype=float), step_s)


def test_steady_demand_gets_what_it_needs_and_no_more() -> None:
    run = simulate(traces.steady(400, 36_000), replace(INSTANCE, target=0.8))
    assert set(run.units) == {5}
    assert run.unmet_share == 0
    assert run.utilisation == pytest.approx(0.8)
    assert run.cost_usd == pytest.approx(5 * 10 * 0.1)


@pytest.mark.parametrize("lead_s", [0, 60, 180, 600])
def test_a_jump_is_unmet_for_the_look_and_the_lead_time(lead_s: float) -> None:
    """The jump is seen at the end of its first minute; the order takes the lead time: (60 + lead) x what is missing."""
    jump = demand(*[100] * 5, *[1000] * 30)
    run = simulate(jump, replace(INSTANCE, lead_time_s=lead_s))
    assert run.unmet_requests == pytest.approx((60 + lead_s) * 900)
    assert run.ordered[6] == 10
    assert run.units[-1] == 10


def test_full_servers_hide_how_much_is_missing() -> None:
    """By utilisation the group grows by 1 / target with each order, by requests it grows in one."""
    jump = demand(*[100] * 2, *[1600] * 30)
    by_requests = simulate(jump, replace(INSTANCE, target=0.5, lead_time_s=0))
    by_utilisation = simulate(jump, replace(INSTANCE, target=0.5, lead_time_s=0, metric="utilisation"))
    assert by_requests.units[:4].tolist() == [2, 2, 2, 32]
    assert by_utilisation.units[:8].tolist() == [2, 2, 2, 4, 8, 16, 32, 32]
    assert by_utilisation.unmet_requests > by_requests.unmet_requests
    slow = simulate(jump, replace(INSTANCE, target=0.5, metric="utilisation"))  # three minutes of lead time
    assert [int(units) for units in dict.fromkeys(slow.units.tolist())] == [2, 4, 8, 16, 32]


def test_cooldowns_and_the_way_down() -> None:
    falling = demand(*[1000] * 3, *[100] * 10)
    run = simulate(falling, replace(INSTANCE, in_cooldown_s=300))
    assert run.units[:5].tolist() == [10, 10, 10, 10, 1]
    bumpy = demand(100, *[200, 300, 400, 500, 600, 700, 800, 900, 1000])
    paced = simulate(bumpy, replace(INSTANCE, lead_time_s=0, out_cooldown_s=180))
    assert paced.units.tolist() == [1, 1, 2, 2, 2, 5, 5, 5, 8, 8]
    stays = simulate(falling, replace(INSTANCE, shrinks=False))
    assert set(stays.units) == {10}


@pytest.mark.parametrize(
    ("per_s", "units"),
    [
        # It grows for one minute's demand, and keeps what it has bought for the pause.
        ([100, 300, 100, 100, 100, 100, 100], [1, 1, 3, 3, 3, 1, 1]),
        ([900, 600, 300, 300, 300, 300, 300], [9, 9, 6, 6, 6, 3, 3]),  # down a stair, and the next one after the pause
        ([300, 100, 300, 300, 300, 300, 300], [3, 3, 1, 3, 3, 3, 3]),  # more demand does not wait for the pause
    ],
    ids=["after growing", "after shrinking", "growing again"],
)
def test_a_pause_before_units_are_given_back_begins_with_the_last_change(
    per_s: list[float], units: list[float]
) -> None:
    pause = replace(INSTANCE, lead_time_s=0, in_cooldown_s=180)
    assert simulate(demand(*per_s), pause).units.tolist() == units


def test_an_order_that_is_not_needed_any_more_is_taken_back_first() -> None:
    spike = demand(100, 1000, 200, 200, 200, 200, 200)
    run = simulate(spike, INSTANCE)
    assert run.ordered.tolist() == [1, 1, 10, 2, 2, 2, 2]
    assert run.units.tolist() == [1, 1, 1, 1, 1, 2, 2]


def test_a_guess_is_too_small_or_too_large() -> None:
    week = traces.week(400)
    small, large = (simulate(week, presets.physical(guess, 100, 0.1)) for guess in (450, 1500))
    assert (small.unmet_share > 0.05, large.unmet_share) == (True, 0)
    assert large.utilisation < small.utilisation / 2
    assert set(large.units) == {15}


def test_the_rack_grows_weeks_after_the_peak() -> None:
    grown = Demand(np.linspace(500, 2000, 20 * 168), 3600)  # twenty weeks
    run = simulate(grown, presets.physical(600, 100, 0.1))
    assert run.units[0] == 6
    first = int(np.flatnonzero(run.units > 6)[0])
    seen = int(np.flatnonzero(run.ordered > 6)[0])
    assert (seen % 168, first - seen) == (0, 8 * 168)
    assert run.unmet_requests > 0


def test_serverless_follows_within_the_step_and_pays_for_work_alone() -> None:
    us = prices.of("us-east-1")
    crowd = traces.flash_crowd(traces.week(40, 1), 43_200, 10)
    run = simulate(crowd, presets.serverless(0.1, break_even.busy_hour_usd(512, us)))
    assert run.unmet_share == 0
    bill = cost.lambda_month(crowd.requests, 100, 512, us)
    assert run.cost_usd == pytest.approx(bill.items["duration"], rel=1e-9)


def test_serverless_grows_by_a_thousand_in_ten_seconds() -> None:
    jump = demand(0, *[100_000] * 60, step_s=1)  # 10,000 environments at once
    now = simulate(jump, presets.serverless(0.1, 0.1, account_concurrency=20_000))
    assert now.units[[1, 11, 21, 60]].tolist() == [1000, 2000, 3000, 6900]
    assert simulate(jump, presets.serverless(0.1, 0.1)).units[-1] == 1000  # the account's limit


def test_the_four_kinds_in_their_order() -> None:
    crowd = traces.flash_crowd(traces.week(400), 2 * 86_400 + 43_200, 6)
    runs = [
        simulate(crowd, policy)
        for policy in (
            presets.physical(900, 100, 0.1),
            presets.virtual(100, 0.1),
            presets.container(25, 0.025),
            presets.serverless(0.1, 0.1),
        )
    ]
    unmet = [run.unmet_share for run in runs]
    assert unmet == sorted(unmet, reverse=True)
    assert unmet[-1] == 0
    assert runs[-1].utilisation > 0.9 > max(run.utilisation for run in runs[:-1])


demands = st.lists(st.floats(0, 1e4), min_size=1, max_size=60).map(lambda values: Demand(np.array(values), 60))
after_a_while = st.builds(
    Policy,
    name=st.just("any"),
    per_unit_s=st.floats(1, 500),
    lead_time_s=st.sampled_from([0, 30, 60, 300]),
    usd_per_unit_hour=st.floats(0, 1),
    billing=st.sampled_from(["provisioned", "used"]),
    target=st.floats(0.2, 1),
    minimum=st.integers(0, 5),
    maximum=st.one_of(st.none(), st.integers(5, 50)),
    look_every_s=st.sampled_from([0, 60, 180]),
    metric=st.sampled_from(["requests", "peak", "utilisation"]),
    out_cooldown_s=st.sampled_from([0, 120]),
    in_cooldown_s=st.sampled_from([0, 300]),
    shrinks=st.booleans(),
    most_new=st.one_of(st.none(), st.integers(1, 5)),
)
of_requests = st.builds(
    lambda policy: replace(
        policy, at_once=True, lead_time_s=0, look_every_s=0, out_cooldown_s=0, in_cooldown_s=0, metric="requests"
    ),
    after_a_while,
)
policies = st.one_of(after_a_while, of_requests)


@given(asked=demands, policy=policies)
@settings(deadline=None)
def test_whatever_the_policy_nothing_is_lost_or_made_up(asked: Demand, policy: Policy) -> None:
    run = simulate(asked, policy)
    assert (run.served_per_s >= 0).all()
    assert (run.unmet_per_s >= 0).all()
    assert np.allclose(run.served_per_s + run.unmet_per_s, asked.per_s)
    assert (run.served_per_s <= run.capacity_per_s).all()
    assert (run.units <= run.ordered).all()
    assert (run.units >= policy.minimum).all()
    assert policy.maximum is None or (run.ordered <= policy.maximum).all()
    assert 0 <= run.unmet_share <= 1
    assert 0 <= run.utilisation <= 1
    assert not math.isnan(run.cost_usd)


@given(rising=st.lists(st.floats(0, 1000), min_size=2, max_size=40).map(sorted), minimum=st.integers(0, 8))
@settings(deadline=None)
def test_in_rising_demand_a_longer_lead_time_and_a_smaller_minimum_never_help(
    rising: list[float], minimum: int
) -> None:
    asked = Demand(np.array(rising), 60)
    unmet = [simulate(asked, replace(INSTANCE, lead_time_s=lead_s)).unmet_requests for lead_s in (0, 60, 300)]
    assert unmet == sorted(unmet)
    assert (
        simulate(asked, replace(INSTANCE, minimum=minimum + 1)).unmet_requests
        <= simulate(asked, replace(INSTANCE, minimum=minimum)).unmet_requests
    )


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: replace(INSTANCE, per_unit_s=0), "per_unit_s is 0"),
        (lambda: replace(INSTANCE, lead_time_s=-1), "lead_time_s is -1"),
        (lambda: replace(INSTANCE, lead_time_s=math.nan), "lead_time_s is nan"),
        (lambda: replace(INSTANCE, usd_per_unit_hour=-0.1), "usd_per_unit_hour is -0.1"),
        (lambda: replace(INSTANCE, target=0), "target is 0. Give a number above 0 up to 1"),
        (lambda: replace(INSTANCE, target=1.2), "target is 1.2"),
        (lambda: replace(INSTANCE, minimum=-1), "minimum is -1"),
        (lambda: replace(INSTANCE, minimum=3, maximum=2), "maximum is 2. Give a whole number from 3"),
        (lambda: replace(INSTANCE, maximum=0), "maximum is 0"),
        (lambda: replace(INSTANCE, maximum=3, initial=4), "initial is 4. Give a whole number from 0 to 3"),
        (lambda: replace(INSTANCE, most_new=0), "most_new is 0"),
        (lambda: replace(INSTANCE, metric="memory"), "metric is 'memory'"),  # type: ignore[arg-type]
        (lambda: replace(INSTANCE, billing="free"), "billing is 'free'"),  # type: ignore[arg-type]
        (
            lambda: replace(INSTANCE, at_once=True),
            "lead_time_s is 180. With at_once, a request does not wait, so give 0",
        ),
        (
            lambda: replace(INSTANCE, at_once=True, lead_time_s=0, metric="peak"),
            "metric is 'peak'. With at_once it is \"requests\"",
        ),
        (lambda: presets.physical(0, 100, 0.1), "guess_per_s is 0"),
        (lambda: presets.physical(1, 0, 0.1), "per_server_s is 0"),
        (lambda: presets.virtual(0, 0.1), "per_instance_s is 0"),
        (lambda: presets.container(10, -0.1), "usd_per_task_hour is -0.1"),
        (lambda: presets.container(10, 0.1, target=0), "target is 0"),
        (lambda: presets.serverless(0.1, math.nan), "usd_per_busy_hour is nan"),
        (lambda: presets.serverless(0, 0.1), "service_s is 0"),
        (lambda: presets.serverless(0.1, 0.1, account_concurrency=0), "account_concurrency is 0"),
    ],
)
def test_bad_input_is_refused_by_its_name(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is looked at
        call()
    assert says in str(caught.value)
