"""The costs of a month against AWS's own worked examples, and the break-even against a table made by brute force."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from serverless_first.facts import prices
from serverless_first.simulate import break_even, cost
from serverless_first.simulate.break_even import Server

US, TOKYO = prices.of("us-east-1"), prices.of("ap-northeast-1")


def cents(bill: cost.Bill) -> float:
    return round(bill.usd, 2)


def test_lambda_s_examples() -> None:
    """AWS Lambda pricing, examples 1 to 3 of functions, and that of tenant isolation without its own charge."""
    mobile = cost.lambda_month(3_000_000, 120, 1536, US, free_tier=True)
    assert {item: round(usd, 2) for item, usd in mobile.items.items()} == {"requests": 0.40, "duration": 2.33}
    assert cents(mobile) == 2.73
    assert cents(cost.lambda_month(10_000 * 24 * 31, 2000, 1024, US)) == 249.49
    tickets = cost.lambda_month(6_000_000, 280, 4096, US, free_tier=True, ephemeral_storage_mb=2048)
    assert [round(usd, 2) for usd in tickets.items.values()] == [1.0, 105.33, 0.08]
    assert cents(tickets) == 106.41  # AWS adds up the rounded items, which here makes no difference
    # 6,000,000 x 0.28 s x (2,048 - 512) MB are 2,520,000 GB-seconds; the cents alone would hide an error of 5 percent.
    assert tickets.items["ephemeral storage"] == pytest.approx(2_520_000 * US.each_usd("lambda-ephemeral-storage"))
    assert round(cost.lambda_month(10_000_000, 2000, 1024, US).items["duration"], 2) == 333.33  # AWS prints 333.34


def test_the_example_of_arm_in_the_durable_functions() -> None:
    compute = cost.lambda_month(2_000_000, 16_000, 1024, US, architecture="arm64", free_tier=True)
    assert [round(usd, 2) for usd in compute.items.values()] == [0.20, 421.34]


def test_provisioned_concurrency_s_examples() -> None:
    """AWS Lambda pricing, examples 1 and 2 of provisioned concurrency."""
    launch = cost.provisioned_month(500_000, 100, 1536, 100, US, hours=8)
    assert [round(usd, 2) for usd in launch.items.values()] == [0.10, 0.73, 18.0]
    month = launch + cost.lambda_month(2_500_000, 120, 1536, US, free_tier=True)
    assert cents(month) == 19.96
    assert round(month.items["requests"], 2) == 0.40
    assert cents(cost.provisioned_month(2_000_000, 280, 4096, 7, US, hours=24)) == 32.26


def test_fargate_s_examples() -> None:
    """AWS Fargate pricing, examples 1 to 3."""
    first = cost.fargate_month(5, 1, 2, US, hours=5, ephemeral_storage_gb=30)
    assert [round(usd, 2) for usd in first.items.values()] == [1.01, 0.22, 0.03]
    second = cost.fargate_month(5, 1, 2, US, hours=5, ephemeral_storage_gb=30, architecture="arm64")
    assert (cents(first), cents(second)) == (1.26, 1.02)
    assert [round(usd, 2) for usd in second.items.values()] == [0.81, 0.18, 0.03]
    pods = cost.fargate_month(10, 0.25, 1, US, hours=30)
    assert [round(usd, 2) for usd in pods.items.values()] == [3.04, 1.33]


def test_the_load_balancer_s_example() -> None:
    """Elastic Load Balancing pricing, example 1 of the Application Load Balancer."""
    units = cost.capacity_units(
        new_connections_per_s=1, active_connections=120, gb_per_h=1.08, requests_per_s=5, rules=60
    )
    bill = cost.load_balancer_month(units, US, hours=720)
    assert [round(usd, 2) for usd in bill.items.values()] == [16.2, 6.22]
    assert cents(bill) == 22.42
    assert cost.capacity_units(requests_per_s=5000, rules=60) == 250
    assert cost.capacity_units(active_connections=18_000, new_connections_per_s=100) == 6


def test_then_a_short_request_was_billed_for_100_ms() -> None:
    """AWS News Blog, December 2020: a function that runs 28 ms had been billed for 100."""
    now, then = (cost.lambda_month(1e6, 28, 128, US, step_ms=step).items["duration"] for step in (1, 100))
    assert then / now == pytest.approx(100 / 28)
    assert cost.lambda_month(1e6, 0.1 + 0.2, 128, US, step_ms=0.1).items["duration"] == pytest.approx(
        1e6 * 0.0003 / 8 * US.each_usd("lambda-x86-tier-1")
    )


def test_tiers_are_cheaper_step_by_step_and_missing_in_tokyo() -> None:
    def duration_usd(gb_s: float, where: prices.Prices, architecture: cost.Architecture = "x86_64") -> float:
        return cost.lambda_month(gb_s, 1000, 1024, where, architecture=architecture).items["duration"]

    assert duration_usd(16e9, US) == pytest.approx(6e9 * 0.0000166667 + 9e9 * 0.000015 + 1e9 * 0.0000133334)
    assert duration_usd(20e9, US, "arm64") == pytest.approx(
        7.5e9 * 0.0000133334 + 11.25e9 * 0.0000120001 + 1.25e9 * 0.0000106667
    )
    assert duration_usd(6e9, TOKYO) == duration_usd(6e9, US)
    with pytest.raises(prices.UnknownPrice, match="no price 'lambda-x86-tier-2' for ap-northeast-1"):
        duration_usd(6.1e9, TOKYO)


def test_tokyo_costs_more_where_the_table_says_so() -> None:
    assert cost.fargate_month(1, 1, 2, TOKYO).usd > cost.fargate_month(1, 1, 2, US).usd
    assert cost.ec2_month(1, "t3.micro", TOKYO).usd == pytest.approx(730 * 0.0136)
    with pytest.raises(prices.UnknownPrice, match="no price 'ec2-c5-large' for ap-northeast-1, only for us-east-1"):
        cost.ec2_month(1, "c5.large", TOKYO)


@given(requests=st.floats(0, 1e9), duration_ms=st.floats(1, 9e5), memory_mb=st.integers(128, 10_239))
def test_more_of_anything_never_costs_less(requests: float, duration_ms: float, memory_mb: int) -> None:
    bill = cost.lambda_month(requests, duration_ms, memory_mb, US, free_tier=True).usd
    assert bill >= 0
    assert cost.lambda_month(requests * 1.1 + 1, duration_ms, memory_mb, US, free_tier=True).usd >= bill
    assert cost.lambda_month(requests, duration_ms * 1.1, memory_mb, US, free_tier=True).usd >= bill
    assert cost.lambda_month(requests, duration_ms, memory_mb + 1, US, free_tier=True).usd >= bill
    assert cost.lambda_month(requests, duration_ms, memory_mb, US).usd >= bill


def test_the_shares_of_slide_38() -> None:
    """A vCPU of Lambda against a task of its size and half a c5.large: about 48 % and 41 %."""
    task = break_even.fargate_server(1, 2, US)
    half = break_even.ec2_server("c5.large", US, seats=break_even.cpu_seats(2, 1769))
    busy_usd = break_even.busy_hour_usd(1769, US)
    assert task.usd_per_hour / busy_usd == pytest.approx(0.0494 / 0.1037, abs=0.002)
    assert half.usd_per_hour / half.seats / busy_usd == pytest.approx(0.41, abs=0.005)
    assert break_even.busy_hour_usd(10_240, US) == pytest.approx(0.60, abs=0.001)


def test_provisioned_environments_pay_from_60_percent() -> None:
    """An environment kept for a month, busy for that share of it, costs what the same calls cost on demand."""
    share = break_even.provisioned_busy_share(US)
    requests = share * 730 * 3600
    kept = cost.provisioned_month(requests, 1000, 1769, 1, US)
    assert kept.usd == pytest.approx(cost.lambda_month(requests, 1000, 1769, US).usd)
    assert share == pytest.approx(0.6, abs=0.001)
    assert break_even.provisioned_busy_share(TOKYO) > 1  # dearer there, however busy


def test_the_same_month_on_all_of_them() -> None:
    task = break_even.fargate_server(1, 2, US)
    bills = break_even.compare(2e7, 120.4, 512, US, [task], provisioned_utilisation=0.5)
    assert list(bills) == ["Lambda", "Lambda, provisioned", task.name]
    assert bills["Lambda"].usd == pytest.approx(2e7 * (0.1204 * 0.5 * 0.0000166667 + 0.2e-6))
    assert bills["Lambda, provisioned"].items["kept ready"] == pytest.approx(
        2 * 0.5 * 730 * 3600 * US.each_usd("lambda-x86-provisioned")
    )
    assert bills[task.name].items.keys() == {task.name}


WORKLOADS = [
    (duration_ms, memory_mb, server)
    for duration_ms in (20.0, 100.0, 900.0)
    for memory_mb in (128, 512, 1769, 3008)
    for server in (
        break_even.fargate_server(1, 2, US),
        break_even.fargate_server(0.25, 0.5, US, seats=4, minimum=1),
        break_even.ec2_server("m5.large", US, seats=20, utilisation=0.4),
    )
]


@pytest.mark.parametrize(("duration_ms", "memory_mb", "server"), WORKLOADS)
def test_the_break_even_lies_where_a_table_by_brute_force_has_it(
    duration_ms: float, memory_mb: int, server: Server
) -> None:
    def on_lambda(requests: float) -> float:
        return cost.lambda_month(requests, duration_ms, memory_mb, US, free_tier=True).usd

    def on_servers(requests: float) -> float:
        return (break_even.servers_month(requests, duration_ms, server) + cost.load_balancer_month(1, US)).usd

    table = np.geomspace(1e3, 1e10, 4001)
    cheaper = np.array([on_lambda(load) < on_servers(load) for load in table])
    changes = np.flatnonzero(cheaper[1:] != cheaper[:-1])
    found = break_even.break_evens(on_lambda, on_servers, 1e3, 1e10)
    assert len(found) == len(changes)
    for load, change in zip(found, changes.tolist(), strict=True):
        assert table[change] <= load <= table[change + 1]
        assert on_lambda(load) == pytest.approx(on_servers(load), rel=1e-9)
    assert bool(found) or cheaper.all() or not cheaper.any()


def test_break_evens_are_all_of_them() -> None:
    def wave(load: float) -> float:
        return math.sin(load)

    found = break_even.break_evens(wave, lambda _: 0.0, 1.0, 20.0)
    assert found == pytest.approx([math.pi * n for n in range(1, 7)])
    assert break_even.break_evens(lambda x: x, lambda x: x + 1, 1, 1e6) == ()
    assert break_even.break_evens(lambda x: x, lambda _: 1.0, 1, 10) == (1.0,)
    assert break_even.break_evens(lambda x: x, lambda _: 10.0, 1, 10) == pytest.approx((10.0,))


def test_servers_follow_the_load_above_their_minimum() -> None:
    server = Server("a task", 0.05, seats=2, utilisation=0.5, minimum=2)
    assert break_even.servers_needed(0, 100, server) == 2
    assert break_even.servers_needed(730 * 3600 * 100, 1000, server) == 100
    bill = break_even.servers_month(0, 100, server) + cost.load_balancer_month(0, US)
    assert [round(usd, 2) for usd in bill.items.values()] == [73.0, 16.43, 0.0]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: cost.lambda_month(-1, 100, 128, US), "requests is -1. Give a number from 0"),
        (lambda: cost.lambda_month(math.nan, 100, 128, US), "requests is nan"),
        (lambda: cost.lambda_month(math.inf, 100, 128, US), "requests is inf"),
        (lambda: cost.lambda_month("many", 100, 128, US), "requests is 'many'"),  # type: ignore[arg-type]
        (lambda: cost.lambda_month("5", 100, 128, US), "requests is '5'"),  # type: ignore[arg-type]
        (lambda: cost.lambda_month(True, 100, 128, US), "requests is True"),
        (lambda: cost.lambda_month(1, 0, 128, US), "duration_ms is 0. Give a number above 0"),
        (lambda: cost.lambda_month(1, 100, 127, US), "memory_mb is 127. Give a number from 128 to 10240"),
        (lambda: cost.lambda_month(1, 100, 128, US, ephemeral_storage_mb=100), "ephemeral_storage_mb is 100"),
        (
            lambda: cost.lambda_month(1, 100, 128, US, architecture="riscv"),  # type: ignore[arg-type]
            'architecture is \'riscv\'. Use "x86_64" or "arm64"',
        ),
        (lambda: cost.provisioned_month(1, 100, 128, 0, US), "provisioned is 0. Give a whole number from 1"),
        (lambda: cost.provisioned_month(1, 100, 128, 1, US, hours=0), "hours is 0"),
        (lambda: cost.provisioned_month(36_001, 100, 128, 1, US, hours=1), "provisioned is 1. 36,001 requests"),
        (lambda: cost.fargate_month(-1, 1, 2, US), "tasks is -1"),
        (lambda: cost.fargate_month(1, 3, 2, US), "vcpu is 3. Fargate has 0.25, 0.5, 1, 2, 4, 8, 16, 32"),
        (lambda: cost.fargate_month(1, 1, 9, US), "memory_gb is 9. With 1 vCPU, Fargate has 2, 3, 4, 5, 6, 7, 8 GB"),
        (lambda: cost.capacity_units(rules=-1), "rules is -1"),
        (lambda: Server("a task", 0.0), "usd_per_hour is 0.0"),
        (lambda: Server("a task", 1.0, utilisation=1.5), "utilisation is 1.5. Give a number above 0 up to 1"),
        (lambda: break_even.break_evens(abs, abs, 0, 1), "low is 0"),
        (lambda: break_even.break_evens(abs, abs, 2, 1), "high is 1. Give a number above 2"),
        (lambda: break_even.break_evens(abs, lambda _: math.nan, 1, 2), "first_usd - second_usd is nan"),
    ],
)
def test_bad_input_is_refused_by_its_name(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is looked at
        call()
    assert says in str(caught.value)
