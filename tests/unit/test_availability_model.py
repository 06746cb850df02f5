"""Chains of services and the token bucket, held to formulas and to the throttle of the local cloud."""

from __future__ import annotations

import numpy as np
import pytest

from serverless_cloud.http.throttle import Limit, Throttles
from serverless_first.simulate import availability, throttling


@pytest.mark.parametrize("each", [[0.9], [0.9, 0.95], [0.95, 0.9, 0.85]])
def test_services_that_fail_by_themselves_are_up_together_as_often_as_the_product_says(each: list[float]) -> None:
    run = availability.outages(each, mean_outage_s=600, horizon_s=4e7, seed=8)
    assert run.all_up_share == pytest.approx(availability.chain(each), abs=0.004)
    assert run.up_share == pytest.approx(each, abs=0.004)  # up / (up + down), the renewal theorem
    assert min(run.up_share) >= run.all_up_share


def test_a_service_that_never_fails_changes_nothing() -> None:
    run = availability.outages([1.0, 1.0], mean_outage_s=600, horizon_s=1e6, seed=1)
    assert run.all_up_share == 1.0
    assert availability.chain([]) == 1.0


def test_a_month_of_three_nines_has_44_minutes_without_an_answer() -> None:
    assert availability.unavailable_s(0.999) / 60 == pytest.approx(43.8)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="share from 0 to 1"):
        availability.chain([99.9])
    with pytest.raises(ValueError, match="no service"):
        availability.outages([], 60, 3600)
    with pytest.raises(ValueError, match="never up"):
        availability.outages([0.0], 60, 3600)
    with pytest.raises(ValueError, match="burst"):
        throttling.token_bucket([0.0], 5, 0.5)
    with pytest.raises(ValueError, match="ascending"):
        throttling.token_bucket([1.0, 0.5], 5, 10)


def conforming(times_s: list[float], rate: float, burst: float) -> list[bool]:
    """The generic cell rate algorithm of ITU-T I.371, virtual scheduling: the same rule, without tokens."""
    due_s, passed = -np.inf, []
    for now_s in times_s:
        early = now_s < due_s - (burst - 1) / rate
        passed.append(not early)
        if not early:
            due_s = max(now_s, due_s) + 1 / rate
    return passed


@pytest.mark.parametrize(("rate", "burst"), [(2.0, 10.0), (5.0, 1.0), (0.5, 3.0)])
def test_the_bucket_lets_through_what_the_cell_rate_algorithm_and_the_local_cloud_let_through(
    rate: float, burst: float
) -> None:
    times_s = np.sort(np.random.default_rng(8).uniform(0, 30, 200)).tolist()
    run = throttling.token_bucket(times_s, rate, burst)
    assert run.passed.tolist() == conforming(times_s, rate, burst)
    now_s = 0.0
    throttles = Throttles(clock=lambda: now_s)
    let = []
    for moment_s in times_s:
        now_s = moment_s
        let.append(throttles.admit([Limit("stage", rate, burst)]) is None)
    assert run.passed.tolist() == let
    assert run.refused == let.count(False) > 0
