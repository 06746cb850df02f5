"""REPORT lines and bills of simulations: AWS's own examples, then and now."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from serverless_first.facts import prices
from serverless_first.simulate import account, billing, fleet
from serverless_first.simulate.account import Function

VIRGINIA = prices.of("us-east-1")


def billed(service_s: float, init_s: float, rules: billing.BillingRules) -> list[int]:
    """Billed milliseconds of a cold request and a warm one."""
    run = fleet.simulate([0.0, 60.0], service_s, service_s + init_s)
    return [int(one) for one in billing.reports(run, init_s, rules).billed_ms]


@pytest.mark.parametrize(
    ("service_ms", "then", "now"),
    [
        (100.0, 100, 100),  # on the step: not one more
        (100.001, 200, 101),
        (28.0, 100, 28),
        (0.2, 100, 1),
        (300.0000000001, 300, 300),  # below what a clock shows
        (7.3, 100, 8),
    ],
)
def test_durations_are_rounded_up_to_the_step(service_ms: float, then: int, now: int) -> None:
    assert billed(service_ms / 1000, 0.25, billing.THEN) == [then, then]
    assert billed(service_ms / 1000, 0.25, billing.FROM_DECEMBER_2020) == [now, now]
    assert billed(service_ms / 1000, 0.25, billing.NOW) == [now + 250, now]


def test_init_and_duration_are_rounded_up_together() -> None:
    # 0.4 ms of Init and 0.4 ms of the handler: REPORT bills 1 ms, not 2.
    run = fleet.simulate([0.0], 0.0004, 0.0008)
    lines = billing.reports(run, 0.0004)
    assert (lines.duration_ms[0], lines.init_ms[0], lines.billed_ms[0]) == pytest.approx((0.4, 0.4, 1))


def test_throttled_requests_have_no_report() -> None:
    run = fleet.simulate([0.0] * 5, 1.0, 1.5, max_concurrency=2)
    lines = billing.reports(run, 0.5)
    assert lines.billed_ms.tolist() == [1500, 1500]
    assert billing.bill(run, 1024, VIRGINIA, init_s=0.5).items["requests"] == pytest.approx(2 * 0.2e-6)


def test_the_example_of_aws_s_post_on_1_ms_billing() -> None:
    # AWS News Blog, December 2020: a function of 1,536 MB that runs 28 ms was billed 100 ms and is billed 28.
    run = fleet.simulate(np.arange(100_000) * 1.0, 0.028, 0.528)
    then, later = (
        billing.bill(run, 1536, VIRGINIA, init_s=0.5, rules=rules).items["duration"]
        for rules in (billing.THEN, billing.FROM_DECEMBER_2020)
    )
    assert then == pytest.approx(100_000 * 0.1 * 1.5 * 0.0000166667)
    assert later / then == pytest.approx(0.28)


def test_provisioned_environments_pay_for_being_ready_and_less_for_work() -> None:
    function = Function([0.0, 0.0, 0.0], 0.2, init_s=0.3, provisioned_concurrency=2)
    run = account.simulate({"orders": function}, horizon_s=601.0)["orders"]
    lines = billing.reports(run, 0.3)
    assert lines.provisioned.tolist() == [True, True, False]
    assert lines.billed_ms.tolist() == [200, 200, 500]
    bill = billing.bill(run, 2048, VIRGINIA, init_s=0.3)
    assert dict(bill.items) == pytest.approx(
        {
            "requests": 3 * 0.2e-6,
            "duration": 0.5 * 2 * 0.0000166667,
            "provisioned duration": 0.4 * 2 * 0.0000097222,
            "kept ready": 2 * 2 * 900 * 0.0000041667,  # 601 s are three steps of five minutes
        }
    )
    assert bill.usd == pytest.approx(math.fsum(bill.items.values()))


def test_nothing_costs_nothing() -> None:
    assert billing.bill(fleet.simulate([], 1, 1, horizon_s=60), 128, VIRGINIA).usd == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"init_s": -1.0}, "init_s holds -1. Give 0 s or more"),
        ({"init_s": math.nan}, "init_s holds NaN"),
        ({"init_s": [0.1, 0.1, 0.1]}, r"init_s has the shape \(3,\)"),
        ({"init_s": 1.5}, "init_s is as long as a cold request's whole service"),
        ({"memory_mb": 64}, "memory_mb is 64"),
        ({"memory_mb": math.nan}, "memory_mb is nan"),
        ({"architecture": "sparc"}, "architecture is 'sparc'"),
    ],
)
def test_bad_input_is_refused_with_what_is_allowed(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"memory_mb": 512, "prices": VIRGINIA, "init_s": 0.5}
    with pytest.raises(ValueError, match=message):
        billing.bill(fleet.simulate([0.0, 60.0], 1.0, 1.5), **(good | change))


def test_a_step_is_a_whole_number_of_milliseconds() -> None:
    with pytest.raises(ValueError, match="step_ms is 0"):
        billing.BillingRules(step_ms=0, init_billed=True)
