"""Hikari's eight pieces of work, and the sum of a month: against the cost models, item by item."""

from __future__ import annotations

import pytest

from serverless_first.course.places import module_dir
from serverless_first.facts import prices
from serverless_first.shop import workloads
from serverless_first.simulate import cost

HERE = prices.of("us-east-1")
EVENT = workloads.prices_for_events(HERE)
SALE = workloads.CARDS["flash sale"].numbers
FILM = workloads.CARDS["film"].numbers
PRICED = [card.numbers for card in workloads.CARDS.values() if card.numbers]


@pytest.mark.parametrize("numbers", PRICED)
def test_lambda_costs_what_the_cost_model_says(numbers: workloads.Workload) -> None:
    bill = workloads.month(numbers, "lambda", EVENT)
    model = cost.lambda_month(numbers["requests"], numbers["duration_ms"], numbers["memory_mb"], HERE)
    assert bill.items["duration"] == pytest.approx(model.items["duration"])
    assert bill.items["requests"] == pytest.approx(model.items["requests"])
    assert ("HTTP API" in bill.items) == numbers["http"]


@pytest.mark.parametrize("numbers", PRICED)
def test_the_rates_of_a_card_make_its_requests(numbers: workloads.Workload) -> None:
    quiet_hours = cost.HOURS_A_MONTH - numbers["busy_hours"]
    made = 3600 * (numbers["busy_hours"] * numbers["busy_per_s"] + quiet_hours * numbers["quiet_per_s"])
    assert numbers["requests"] == pytest.approx(made, rel=0.01)


def test_fargate_has_enough_tasks_for_the_busy_hours_and_two_always() -> None:
    # 300 a second of 0.12 s are 36 at once; a task of 8 places, 60 % of them busy, takes 4.8: eight tasks.
    assert workloads.tasks(SALE, 300) == 8
    assert workloads.tasks(SALE, 0.5) == 2
    bill = workloads.month(SALE, "fargate", EVENT)
    model = cost.fargate_month(1, 1, 2, HERE, hours=2 * 8 + 728 * 2)
    assert bill.items["tasks"] == pytest.approx(model.usd)
    assert bill.items["load balancer"] == pytest.approx(cost.load_balancer_month(0.2, HERE).usd)


def test_a_job_costs_only_while_it_runs() -> None:
    bill = workloads.month(FILM, "fargate", EVENT)
    assert bill.usd == pytest.approx(cost.fargate_month(1, 1, 2, HERE, hours=90).usd)


def test_twice_as_many_customers_are_twice_as_many_requests_at_each_hour() -> None:
    twice = workloads.grown(SALE, 2)
    assert (twice["requests"], twice["busy_per_s"], twice["duration_ms"]) == (6_940_000, 600, 120)


def test_another_service_is_refused() -> None:
    with pytest.raises(ValueError, match="'ec2'"):
        workloads.month(SALE, "ec2", EVENT)


def test_the_example_in_the_lab_is_the_flash_sale_on_lambda() -> None:
    text = (module_dir("11-choosing-compute") / "lab.md").read_text(encoding="utf-8")
    assert f'{{"workload": {{"requests": {SALE["requests"]}, ' in text
    assert f'The answer looks like `{{"usd": {workloads.month(SALE, "lambda", EVENT).usd:.2f}}}`.' in text
