"""The static figures of the simulations as a reader sees them: all words are on the page, and none hides another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from tests.unit.figure_reading import TITLES, check_apart, words

from serverless_first import figures
from serverless_first.facts import prices
from serverless_first.simulate import break_even, cost, policies, traces

HERE = prices.of("us-east-1")
TITLE = TITLES[0]


def _capacity(title: str) -> Figure:
    demand = traces.flash_crowd(traces.week(100.0, 1), 36_000.0, 5.0)
    each = break_even.ec2_server("m5.large", HERE).usd_per_hour
    found = [
        policies.physical(200.0, 80.0, 4 * each),
        policies.virtual(20.0, each),
        policies.container(10.0, break_even.fargate_server(1, 2, HERE).usd_per_hour),
        policies.serverless(0.1, break_even.busy_hour_usd(break_even.MB_PER_VCPU, HERE, duration_ms=100)),
    ]
    return figures.capacity_policies(demand, found, title=title, close_up_s=(35_700.0, 38_400.0))


def _costs(title: str) -> Figure:
    server = break_even.fargate_server(1, 2, HERE)
    options: dict[str, Callable[[float], float]] = {
        "Lambda": lambda requests: cost.lambda_month(requests, 100, 1769, HERE).usd,
        "Fargate": lambda requests: break_even.servers_month(requests, 100, server).usd,
    }
    return figures.month_costs(options, title=title)


def _levelling(title: str) -> Figure:
    arrivals_s = np.sort(np.concatenate([np.arange(0, 60, 0.5), np.linspace(10, 12, 400)]))
    return figures.burst_levelling(arrivals_s, 0.5, 20, title=title)


FIGURES: dict[str, Callable[[str], Figure]] = {
    "capacity": _capacity,
    "costs": _costs,
    "interfaces": lambda title: figures.interfaces_then_and_now((26,), title=title),
    "levelling": _levelling,
    "polling": lambda title: figures.polling_trade_off([600.0], title=title),
}


@pytest.mark.parametrize("name", FIGURES)
def test_all_words_are_on_the_page_and_none_hides_another(name: str) -> None:
    check_apart(FIGURES[name](TITLE), TITLE)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("capacity", ["physical", "virtual", "container", "serverless"]),
        ("costs", ["Lambda", "Fargate"]),
        ("polling", ["until the end is noticed", "waiting (.sync)", "polling: transitions", "polling: mean delay"]),
    ],
)
def test_what_a_reader_finds(name: str, said: list[str]) -> None:
    found = words(FIGURES[name](TITLE))
    assert [word for word in said if word not in found] == []


def test_a_line_of_polling_has_one_meaning_and_the_legend_names_only_what_is_drawn() -> None:
    figure = figures.polling_trade_off([600.0], title=TITLE)
    left, right = figure.axes
    lines = (*left.lines[1:3], right.lines[1])  # each axes' first line marks a chosen wait
    assert len({line.get_color() for line in lines}) == 3
    full = "history full: the execution fails"
    assert full not in words(figure)
    assert full in words(figures.polling_trade_off([8 * 3600.0], title=TITLE))


def test_costs_meet_where_their_pair_says_and_a_pair_names_options() -> None:
    costs: dict[str, Callable[[float], float]] = {
        "first": lambda requests: requests / 1e6,
        "second": lambda _requests: 100.0,
        "third": lambda _requests: 10.0,
        "fourth": lambda requests: requests / 1e5,
    }
    figure = figures.month_costs(costs, title=TITLE, pairs=[("first", "second"), ("fourth", "third")])
    dots: Any = figure.axes[0].lines[4]
    assert dots.get_xdata() == pytest.approx([1e8, 1e6])
    said = words(figure)
    assert [word for word in ("both cost the same", "100 million", "1 million") if word not in said] == []
    figure = figures.month_costs(costs, title=TITLE, chosen=2e6, chosen_name="Hikari's search")
    assert "Hikari's search" in words(figure)
    with pytest.raises(KeyError, match="fifth"):
        figures.month_costs(costs, title=TITLE, pairs=[("first", "fifth")])
