"""The figures of module 01 as a reader sees them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure
from tests.unit.figure_reading import TITLES, check_apart, legends, words

from serverless_first import figures
from serverless_first.figures.evolution import AXES, STEPS
from serverless_first.simulate import capacity, traces
from serverless_first.simulate.capacity import Policy

TITLE = TITLES[0]
DAY = traces.flash_crowd(traces.week(100.0, 1), 43_200.0, 5.0)
RUNS = [capacity.simulate(DAY, Policy("servers", 20, 60, 0.096, target=target)) for target in (0.9, 0.5, 0.1)]
MEASURED = {"a process": [0.0008, 0.004], "a Python interpreter": [0.05, 0.06, 0.05]}
PUBLISHED = {
    "a microVM": (0.125, 0.125),
    "an EC2 instance": (29.0, 120.0),
    "a server, ordered": (2_419_200.0, 18_144_000.0),
}

FIGURES: dict[str, Callable[[str], Figure]] = {
    "steps": lambda title: figures.abstraction_steps(["rooms and\nmachines", "systems", "images", "code"], title=title),
    "waiting": lambda title: figures.waiting_times(MEASURED, PUBLISHED, title=title),
    "costs": lambda title: figures.cost_against_loss({"servers": RUNS, "tasks": RUNS[:2]}, title=title),
    "headroom": lambda title: figures.headroom([0, 60, 600], [1, 1.2, 5], [20, 24, 100], title=title),
}


@pytest.mark.parametrize("name", FIGURES)
def test_all_words_are_on_the_page_and_none_hides_another(name: str) -> None:
    check_apart(FIGURES[name](TITLE), TITLE)


def test_the_decks_axes_have_its_words_and_no_numbers() -> None:
    found = words(FIGURES["steps"](TITLE))
    assert [word for word in (*STEPS, *AXES, "rooms and\nmachines") if word not in found] == []
    assert not any(letter.isdigit() for letter in found.replace(TITLE, ""))


def test_a_wait_is_the_median_of_what_was_measured_or_the_span_that_was_published() -> None:
    figure = FIGURES["waiting"](TITLE)
    figure.draw_without_rendering()
    found = words(figure)
    assert [
        said for said in ("2.4 ms", "50 ms", "125 ms", "29 s to 2 min", "4 weeks to 30 weeks") if said not in found
    ] == []
    assert legends(figure) == ["measured here", "published"]
    hatched = [bool(bar.get_hatch()) for bar in figure.axes[0].patches]  # a microVM's wait has no span
    assert hatched == [False] * len(MEASURED) + [True] * (2 * len(PUBLISHED) - 1)
    assert figure.axes[0].get_xscale() == "log"


def test_a_policy_that_loses_nothing_stands_on_the_lowest_line() -> None:
    figure = FIGURES["costs"](TITLE)
    figure.draw_without_rendering()
    assert RUNS[-1].unmet_share == 0
    servers = figure.axes[0].lines[0]
    assert np.isclose(np.asarray(servers.get_xdata())[-1], RUNS[-1].cost_usd)
    assert np.min(np.asarray(servers.get_ydata())) == np.asarray(servers.get_ydata())[-1]
    assert "nothing" in words(figure)


@pytest.mark.parametrize(
    ("text", "span_s"),
    [
        ("at most 125 ms", (0.125, 0.125)),
        ("from under 100 ms to over 1 s", (0.1, 1.0)),
        ("30 to 45 s, or longer", (30.0, 45.0)),
        ("29 s to 2 minutes", (29.0, 120.0)),
        ("4 to 30 weeks", (2_419_200.0, 18_144_000.0)),
        ("12 weeks", (7_257_600.0, 7_257_600.0)),
    ],
)
def test_times_are_read_from_the_words_of_a_fact(text: str, span_s: tuple[float, float]) -> None:
    assert figures.span_s(text) == pytest.approx(span_s)


@pytest.mark.parametrize(
    "call",
    [
        lambda: figures.span_s("no time at all"),
        lambda: figures.abstraction_steps(["one"], title=TITLE),
        lambda: figures.waiting_times({}, {}, title=TITLE),
        lambda: figures.waiting_times({"a process": [0.0]}, {}, title=TITLE),
        lambda: figures.cost_against_loss({}, title=TITLE),
        lambda: figures.headroom([0, 60], [1], [20, 24], title=TITLE),
    ],
)
def test_what_cannot_be_drawn_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="Give"):
        call()
