"""The figures of choosing compute: what a reader finds, and what they refuse."""

from __future__ import annotations

import pytest
from tests.unit.figure_reading import TITLES, check_words, words

from serverless_cloud.records import Interval
from serverless_first import figures
from serverless_first.figures import Between, Step
from serverless_first.figures.utilisation import crossing_share

ROWS = {"more memory": {"Lambda": "2020", "EC2": "then"}, "a GPU": {"Lambda": "no", "EC2": "then"}}
STEPS = [
    Step("Lambda", "a limit that I can name", [Between("Web Functions", "a web server as it is")] * 3),
    Step("Fargate", "the kernel", [Between("ECS Managed Instances", "any EC2 type")]),
    Step("EC2"),
]
#: Eight calls of half a second, side by side in eight environments.
CALLS = [
    interval
    for n in range(8)
    for interval in (
        Interval(f"e{n}", 1, "init", 0.0, 0.1),
        Interval(f"e{n}", 1, "invoke", 0.1, 0.6),
        Interval(f"e{n}", 1, "frozen", 0.6, 0.7),
    )
]


@pytest.mark.parametrize("title", TITLES[:1])
def test_all_words_are_on_the_page_and_none_hides_another(title: str) -> None:
    check_words(figures.criteria(ROWS, title=title), title)
    check_words(figures.decision_path(STEPS, title=title), title)
    check_words(figures.hour_of_work(0.1, {"here": 0.05, "there": 0.06, "anywhere": 0.2}, title=title), title)
    check_words(figures.pieces(CALLS, limit_s=2, title=title), title)


def test_a_criterion_shows_the_year_since_when_it_holds() -> None:
    said = words(figures.criteria(ROWS, title="t"))
    assert [word for word in ("2020", "more memory", "EC2") if word not in said] == []


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({}, "at least one"),
        ({"a GPU": {"Lambda": "perhaps"}}, "'perhaps'"),
        ({"a GPU": {"Lambda": "no"}, "more memory": {"EC2": "no"}}, "'more memory' has the services EC2"),
    ],
)
def test_criteria_refuse_what_they_cannot_draw(rows: dict[str, dict[str, str]], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        figures.criteria(rows, title="t")


def test_the_path_has_its_steps_in_order_and_refuses_too_many() -> None:
    said = words(figures.decision_path(STEPS, title="t"))
    assert said.index("1. Lambda") < said.index("2. Fargate") < said.index("3. EC2")
    lines = figures.decision_path(STEPS, title="t").axes[0].lines
    assert len(lines) == 2 * 2 + 3 + 1  # from each arrow a branch, and from it one to each dashed box
    with pytest.raises(ValueError, match="two to four"):
        figures.decision_path(STEPS[:1], title="t")
    with pytest.raises(ValueError, match="up to three"):
        figures.decision_path([Step("a", "b", [Between("c", "d")] * 4), Step("e")], title="t")


def test_a_server_of_half_the_price_pays_from_half_of_the_time_on() -> None:
    assert crossing_share(0.1, 0.05) == 0.5
    assert "50%" in words(figures.hour_of_work(0.1, {"server": 0.05}, title="t"))
    assert "200%" not in words(figures.hour_of_work(0.1, {"server": 0.2}, title="t"))


@pytest.mark.parametrize(
    ("function_usd", "servers", "says"),
    [(0.1, {}, "0 servers"), (0.1, {"a": 0.0}, "price of a"), (0.0, {"a": 1.0}, "price of Lambda")],
)
def test_prices_that_are_none_are_refused(function_usd: float, servers: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        figures.hour_of_work(function_usd, servers, title="t")


def test_a_job_in_pieces_shows_the_sum_of_its_calls_and_the_limit_of_one() -> None:
    said = words(figures.pieces(CALLS, limit_s=2, title="t"))
    assert [
        word for word in ("4.0 s", "end to end", "limit of one call: 2 s", "environment 8") if word not in said
    ] == []


@pytest.mark.parametrize(
    ("intervals", "limit_s", "says"),
    [
        (CALLS[:1], 2, "has not been called yet"),
        (CALLS, 0, "limit_s is 0"),
        ([Interval(f"e{n}", 1, "invoke", 0.0, 0.1) for n in range(13)], 2, "13 environments"),
    ],
)
def test_pieces_that_cannot_be_drawn_are_refused(intervals: list[Interval], limit_s: float, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        figures.pieces(intervals, limit_s=limit_s, title="t")
