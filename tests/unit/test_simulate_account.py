"""What the functions of an account share: worked by hand, and what AWS would refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from serverless_first.simulate import account, fleet, scaling
from serverless_first.simulate.account import Function


def burst(requests: int, service_s: float = 10.0, at_s: float = 0.0, **settings: Any) -> Function:
    """So many requests at the same moment."""
    return Function(np.full(requests, at_s), service_s, **settings)


# --- concurrency -----------------------------------------------------------------------------------------------------


def test_a_flash_crowd_on_one_function_leaves_the_others_without_concurrency_unless_they_reserve_it() -> None:
    crowd, payments = burst(1200), burst(50, at_s=1.0)
    runs = account.simulate({"orders": crowd, "payments": payments}, scaling_rate=None)
    assert runs["orders"].throttled_by == {"account concurrency": 200}
    assert runs["payments"].throttled_by == {"account concurrency": 50}
    reserving = burst(50, at_s=1.0, reserved_concurrency=50)
    runs = account.simulate({"orders": crowd, "payments": reserving}, scaling_rate=None)
    assert runs["orders"].throttled_by == {"account concurrency": 250}
    assert runs["payments"].throttled_by == {}
    assert runs["payments"].cold == 50


def test_a_reservation_is_a_limit_too_and_one_of_nothing_stops_the_function() -> None:
    reserving = {"orders": burst(30, reserved_concurrency=20), "stock": burst(3, reserved_concurrency=0)}
    runs = account.simulate(reserving, horizon_s=60)
    assert (runs["orders"].cold, runs["orders"].throttled_by) == (20, {"reserved concurrency": 10})
    assert runs["stock"].throttled_by == {"reserved concurrency": 3}


def test_provisioned_environments_serve_first_without_a_cold_start_and_the_rest_spills_over() -> None:
    function = burst(5, service_s=2.0, init_s=3.0, provisioned_concurrency=2)
    run = account.simulate({"orders": function}, horizon_s=10.0)["orders"]
    assert run.outcomes.tolist() == [0, 0, 1, 1, 1]
    assert run.environment.tolist() == [0, 1, 2, 3, 4]
    assert run.end_s.tolist() == [2, 2, 5, 5, 5]
    assert (run.spilled, run.provisioned) == (3, 2)
    assert run.idle_until_s.tolist() == [math.inf, math.inf, 605, 605, 605]
    assert run.mean_busy == pytest.approx((2 * 2 + 3 * 5) / 10)
    assert run.mean_idle == pytest.approx((2 * 8 + 3 * 5) / 10)


def test_provisioned_environments_are_used_again_and_never_expire() -> None:
    function = Function([5.0, 5000.0, 5000.0], 1.0, init_s=1.0, provisioned_concurrency=1)
    run = account.simulate({"orders": function}, idle_expiry_s=60.0, horizon_s=6000.0)["orders"]
    assert run.environment.tolist() == [0, 0, 1]
    assert run.outcomes.tolist() == [fleet.WARM, fleet.WARM, fleet.COLD]
    assert run.mean_idle == pytest.approx((5 + (5000 - 6) + (6000 - 5001) + 60) / 6000)
    unused = account.simulate({"orders": Function([], 1.0, provisioned_concurrency=3)}, horizon_s=60.0)["orders"]
    assert (unused.mean_idle, unused.mean_busy, unused.warm) == (3.0, 0.0, 0)


def test_provisioned_concurrency_counts_where_it_is_not_in_use() -> None:
    # 150 are kept for payments: of the account's 1,000 the others have 850.
    idle = Function([], 1.0, provisioned_concurrency=150)
    runs = account.simulate({"orders": burst(900), "payments": idle}, scaling_rate=None)
    assert runs["orders"].throttled_by == {"account concurrency": 50}
    # Of a reservation of 3, 2 are provisioned: one more environment may be started.
    both = burst(5, reserved_concurrency=3, provisioned_concurrency=2)
    run = account.simulate({"orders": both})["orders"]
    assert (run.warm, run.cold, run.throttled_by) == (2, 1, {"reserved concurrency": 2})


# --- scaling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "cold"),
    [
        (scaling.NOW, 1000),
        (scaling.then("us-east-1"), 3000),
        (scaling.then("ap-northeast-1"), 1000),
        (scaling.then("ap-south-1"), 500),
        (None, 5000),
    ],
)
def test_at_once_as_many_environments_start_as_the_rule_allows(rate: scaling.ScalingRate | None, cold: int) -> None:
    run = account.simulate({"orders": burst(5000)}, account_concurrency=10_000, scaling_rate=rate)["orders"]
    assert run.cold == cold
    assert run.throttled_by == ({"scaling rate": 5000 - cold} if cold < 5000 else {})


def growth(rate: scaling.ScalingRate, functions: int, minutes: int) -> list[int]:
    """How many environments there are after each minute, when 200 requests a second find none idle."""
    seconds = minutes * 60
    arrivals_s = np.arange(0, seconds, 1 / 200)
    runs = account.simulate(
        {f"function-{number}": Function(arrivals_s, 1e6) for number in range(functions)},
        account_concurrency=1_000_000,
        scaling_rate=rate,
        horizon_s=1e6,
    )
    started_s = np.concatenate([run.start_s[run.outcomes == fleet.COLD] for run in runs.values()])
    return [int(np.count_nonzero(started_s < minute * 60)) for minute in range(1, minutes + 1)]


def test_then_the_whole_account_grew_by_500_a_minute() -> None:
    for functions in (1, 2):
        counts = growth(scaling.then("ap-northeast-1"), functions, 4)
        assert counts[0] == pytest.approx(1000 + 500, abs=2)
        assert np.diff(counts).tolist() == pytest.approx([500, 500, 500], abs=2)


def test_now_each_function_grows_by_1_000_every_10_seconds() -> None:
    for functions in (1, 2):
        counts = growth(scaling.NOW, functions, 3)
        assert np.diff(counts).tolist() == pytest.approx([6000 * functions] * 2, abs=4)


def test_unused_starts_do_not_add_up_and_warm_requests_need_none() -> None:
    rate = scaling.ScalingRate(at_once=2, per_s=1.0, whole_account=False)
    # Nothing for an hour, then 5 at once: the bucket has 2. One second later it has 1.
    function = Function([3600.0] * 5 + [3601.0] * 2, 60.0)
    run = account.simulate({"orders": function}, scaling_rate=rate)["orders"]
    assert run.outcomes.tolist() == [1, 1, 2, 2, 2, 1, 2]
    again = Function([0.0, 0.0, 0.5, 0.5, 0.5], 0.25)  # two environments, warm again at 0.5 s
    run = account.simulate({"orders": again}, scaling_rate=rate)["orders"]
    assert run.outcomes.tolist() == [1, 1, 0, 0, 2]


def test_a_start_that_came_back_in_small_steps_is_a_whole_one() -> None:
    rate = scaling.ScalingRate(at_once=1, per_s=0.1, whole_account=False)
    run = account.simulate({"orders": Function(np.arange(0, 10.5, 1.0), 1e3)}, scaling_rate=rate)["orders"]
    assert np.flatnonzero(run.outcomes == fleet.COLD).tolist() == [0, 10]


# --- input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("functions", "settings", "message"),
    [
        ({}, {}, "functions is empty"),
        ({"orders": burst(1)}, {"account_concurrency": 0}, "account_concurrency is 0. Give a whole number from 1"),
        ({"orders": burst(1)}, {"idle_expiry_s": math.nan}, "idle_expiry_s is nan"),
        ({"orders": burst(1)}, {"horizon_s": -1}, "horizon_s is -1"),
        ({"orders": Function([], 1)}, {}, "No request was served.*Give horizon_s"),
        ({"orders": Function([2, 1], 1)}, {}, "orders: arrivals_s goes back in time"),
        ({"orders": Function([1], 0)}, {}, "orders: service_s holds 0. It must be above 0"),
        ({"orders": Function([1], 1, init_s=-1)}, {}, "orders: init_s holds -1. Give 0 s or more"),
        ({"orders": Function([1], 1, init_s=[1, 2])}, {}, r"orders: init_s has the shape \(2,\)"),
        ({"orders": Function([1], 1, init_s=math.nan)}, {}, "orders: init_s holds NaN or infinity"),
        ({"orders": burst(1, reserved_concurrency=-1)}, {}, "reserved_concurrency of orders is -1"),
        ({"orders": burst(1, provisioned_concurrency=1.5)}, {}, "provisioned_concurrency of orders is 1.5"),
        (
            {"orders": burst(1, reserved_concurrency=901)},
            {},
            r"reserved_concurrency of orders is 901: AWS refuses that.*below its minimum value of \[100\]",
        ),
        (
            {"orders": burst(1, reserved_concurrency=2, provisioned_concurrency=3)},
            {},
            r"provisioned_concurrency of orders is 3: AWS refuses that.*reservedConcurrentExecution for function \[2\]",
        ),
        (
            {"orders": burst(1, provisioned_concurrency=901)},
            {},
            "provisioned_concurrency of orders is 901: AWS refuses",
        ),
    ],
)
def test_bad_input_is_refused_with_what_is_allowed(
    functions: dict[str, Function], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        account.simulate(functions, **settings)


@pytest.mark.parametrize(("at_once", "per_s", "message"), [(0, 1.0, "at_once is 0"), (1, -1.0, "per_s is -1.0")])
def test_a_scaling_rate_is_a_number_of_starts(at_once: int, per_s: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scaling.ScalingRate(at_once, per_s, whole_account=False)
    with pytest.raises(ValueError, match="region is ''"):
        scaling.then("")
