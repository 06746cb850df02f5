"""The figures of the drill as a reader sees them: scoreboard, score card, dashboard."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from tests.unit.drill_records import ids, sound, twice
from tests.unit.figure_reading import TITLES, check_words, legends, words

from serverless_first import drill, figures
from serverless_first.drill.record import DatabaseUse, DeadLetter, Moment, OrderQueue, Record

PASSED, FAILED = "✓", "✗"


def six() -> list[tuple[str, drill.Score]]:
    """A sound shop and the five wrong designs, as a lab shows them."""
    dead = (DeadLetter("r1-poison", 6), DeadLetter(ids("once")[0], 6))
    records: list[Record] = [
        sound(),
        sound(rows=twice(ids("late"), 2)),
        sound(database=DatabaseUse(7, 7, 0), dead_letters=dead),
        sound(queue=OrderQueue(1.0, 6), dead_letters=dead),
        sound(queue=OrderQueue(15.0, None), dead_letters=(), left=(DeadLetter("r1-poison", 99),)),
        sound(rows=twice(ids("late"))),
    ]
    return list(zip(("your shop", *drill.DESIGNS), map(drill.score, records), strict=True))


@pytest.mark.parametrize("title", TITLES)
def test_the_scoreboard_has_a_mark_for_each_finding_of_each_run(title: str) -> None:
    figure = figures.scoreboard(six(), title=title)
    check_words(figure, title)
    said = words(figure).splitlines()
    assert said.count(PASSED) == 10 + 9 + 8 + 8 + 9 + 9
    assert said.count(FAILED) == 0 + 1 + 2 + 2 + 1 + 1
    assert said.count("passed") == 1
    assert [said.count(f"{number} failed") for number in (1, 2)] == [3, 2]
    assert said.count("100 orders") == 6
    assert {"lost", "dead letters", "USD per 1,000 orders"} <= set(said)
    assert legends(figure) == ["✓ passed", "✗ failed"]


def test_a_scoreboard_of_one_run() -> None:
    figure = figures.scoreboard(six()[:1], title="All ten passed")
    check_words(figure, "All ten passed")


def test_a_scoreboard_needs_runs_that_can_be_compared() -> None:
    with pytest.raises(ValueError, match="at least one"):
        figures.scoreboard([], title="Nothing")
    _, score = six()[0]
    other = dataclasses.replace(score, findings=score.findings[1:])
    with pytest.raises(ValueError, match="The scores of 'theirs' and 'mine' have different findings"):
        figures.scoreboard([("mine", score), ("theirs", other)], title="Nothing")


@pytest.mark.parametrize("run", range(6))
def test_the_score_card_says_all_that_a_finding_has_to_say(run: int) -> None:
    _, score = six()[run]
    figure = figures.score_card(score, title="What the drill found")
    check_words(figure, "What the drill found")
    said = " ".join(words(figure).split())
    for finding in score.findings:
        assert f"{finding.name}: {finding.question}" in said
        assert " ".join(finding.message.split()) in said


@pytest.mark.parametrize("title", TITLES)
def test_the_dashboard_numbers_what_was_done(title: str) -> None:
    moments = (*sound().moments, Moment(4.1, "the database restarts"), Moment(9.5, "the shop is quiet"))
    figure = figures.drill_dashboard(sound(moments=moments), title=title)
    check_words(figure, title)
    said = words(figure)
    for number, moment in enumerate(moments, 1):
        assert f"{number}  {moment.what}, at {moment.time_s:.0f} s" in said
    assert "7 seats" in said
    for name in ("Front", "Worker", "orders", "payments", "changes", "dead letters", "through the proxy", "direct"):
        assert name in legends(figure)


def test_a_second_without_a_value_is_one_in_which_nothing_happened() -> None:
    figure = figures.drill_dashboard(sound(), title="Calls")
    (line,) = [line for line in figure.axes[0].get_lines() if line.get_label() == "Front"]
    points: Any = line.get_xydata()
    assert points.tolist() == [[0, 5], [1, 5], [2, 0], [3, 0], [4, 0], [5, 5]]


def test_a_dashboard_of_a_drill_without_faults_and_one_of_nothing() -> None:
    figure = figures.drill_dashboard(sound(moments=(), points=()), title="Quiet")
    check_words(figure, "Quiet")
    assert "the drill did nothing to the shop" in words(figure)
    with pytest.raises(ValueError, match="no samples"):
        figures.drill_dashboard(sound(samples=()), title="Nothing")
