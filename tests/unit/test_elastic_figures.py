"""Figures of elasticity: environments over time, the bill of an hour."""

from __future__ import annotations

import pytest
from tests.unit.figure_reading import legends, words

from serverless_cloud import Interval
from serverless_first import figures
from serverless_first.facts import prices
from serverless_first.simulate import cost
from serverless_first.simulate.cost import Bill

LIFE = [
    Interval(str(n), n, *rest) for n in range(3) for rest in (("init", 0, 1), ("invoke", 1, 2), ("frozen", 2, 4 + n))
]


def heights(intervals: list[Interval], moment_s: float, **part: float) -> list[float]:
    """How high each phase stands above the one below it, at a moment of the axis."""
    figure = figures.environments_over_time(intervals, title="Three", **part)
    found = []
    for patch in figure.axes[0].patches:
        values, edges, baseline = patch.get_data()  # type: ignore[attr-defined]
        (place,) = [n for n in range(len(values)) if edges[n] <= moment_s < edges[n + 1]]
        found.append(float(values[place] - baseline[place]))
    return found


def test_environments_are_counted_by_what_they_do() -> None:
    # from the ground up: invoke, init, frozen
    assert heights(LIFE, 0.5) == [0, 3, 0]
    assert heights(LIFE, 1.5) == [3, 0, 0]
    assert heights(LIFE, 4.5) == [0, 0, 2]
    assert heights(LIFE, 6.2) == [0, 0, 0]  # a little after the last end: none
    assert heights(LIFE, 0.5, from_s=1.0) == [3, 0, 0]
    figure = figures.environments_over_time(LIFE, title="Three")
    assert {"Invoke: your handler runs", "frozen: no processor time"} <= set(legends(figure))
    with pytest.raises(ValueError, match="no execution environment yet"):
        figures.environments_over_time([], title="None")


def test_the_bill_of_an_hour_has_its_sum_behind_each_bar_and_nothing_is_a_word() -> None:
    price = prices.of("us-east-1")
    kept = cost.provisioned_month(0, 1, 512, 2, price, hours=1)
    figure = figures.hour_bills({"idle": cost.lambda_month(0, 1, 512, price), "kept ready": kept}, title="Idle")
    figure.draw_without_rendering()
    said = words(figure)
    assert "nothing" in said
    assert f"${kept.usd:.4f}" in said
    assert "kept ready" in legends(figure)
    with pytest.raises(ValueError, match="0 cases and 0 items"):
        figures.hour_bills({}, title="x")
    with pytest.raises(ValueError, match="1 cases and 5 items"):
        figures.hour_bills({"a": Bill({str(n): 1.0 for n in range(5)})}, title="x")
