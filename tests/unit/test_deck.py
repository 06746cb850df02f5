"""Slides out of cells: their notes in six parts, their minutes, their sources."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

pytest.importorskip("jupytext", reason="the build needs the extra `author`")

from serverless_first.authoring import deck, nbio
from serverless_first.facts import Dated, Fact, Facts, Source
from serverless_first.facts.cite import Marks, render

NOTES = "Say: Lamps.\n\nAsk: Which?\n\nShow: One.\n\nThey think: All.\n\nActually: One.\n\nMinutes: 2"
NEWS, GUIDE = (
    Source("NEWS", "News [AWS]", "https://aws.example/news"),
    Source("GUIDE", "Guide", "https://aws.example/g?a&b"),
)
FACTS = Facts(
    {
        "limit": Fact(
            "limit",
            "Limit",
            Dated("10, and 1 a second", "2026", (GUIDE,), "10"),
            Dated("5", "2020-01", (NEWS,)),
            date.today(),
        ),
        "step": Fact(
            "step", "Step", Dated("1 ms", "2026-11", (NEWS, GUIDE)), Dated("100 ms", "2020-01", (NEWS,)), date.today()
        ),
    }
)


def cells(notes: str = NOTES) -> list[Any]:
    return [
        nbio.markdown("## Lamps\n\nare for sale", {"tags": ["slide"]}),
        nbio.markdown("sold", {"slideshow": {"slide_type": "fragment"}}),
        nbio.markdown("for authors", {"slideshow": {"slide_type": "skip"}}),
        nbio.markdown(notes, {"slideshow": {"slide_type": "notes"}}),
        nbio.markdown("## Orders", {"slideshow": {"slide_type": "slide"}}),
        nbio.markdown("1 News", {"tags": [deck.SOURCES_TAG]}),
        nbio.markdown(NOTES, {"slideshow": {"slide_type": "notes"}}),
    ]


def test_a_slide_has_what_is_shown_its_notes_and_its_sources() -> None:
    lamps, orders = deck.slides(cells())
    assert [(cell.source, later) for cell, later in lamps.cells] == [
        ("## Lamps\n\nare for sale", False),
        ("sold", True),
    ]
    assert (lamps.title, lamps.minutes, lamps.sources) == ("Lamps", 2, "")
    assert (orders.title, orders.sources, len(orders.cells)) == ("Orders", "1 News", 1)


@pytest.mark.parametrize("part", deck.PARTS)
def test_a_part_that_is_missing_is_named_with_the_slide(part: str) -> None:
    notes = "\n\n".join(line for line in NOTES.split("\n\n") if not line.startswith(part))
    [problem] = deck.notes_problems(deck.slides(cells(notes)), "slides.md")
    assert problem.startswith(f'slides.md, slide 1 (Lamps): the notes lack "{part}:"')


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("Say: Lamps.", "Say: Lamps.\n\nSay: More.", 'have more than one "Say:"'),
        ("Ask: Which?", "Ask: \n", '"Ask:" is empty'),
        ("Minutes: 2", "Minutes: two", "whole number of 1 or more, not 'two'"),
        ("Minutes: 2", "Minutes: 0", "whole number of 1 or more, not '0'"),
    ],
)
def test_notes_that_are_not_right_are_named(old: str, new: str, says: str) -> None:
    [problem] = deck.notes_problems(deck.slides(cells(NOTES.replace(old, new))), "slides.md")
    assert says in problem


def test_notes_that_are_complete_are_no_problem_before_and_after_the_build_marks_them() -> None:
    marked = deck.with_bold_parts(NOTES)
    assert "**Ask:** Which?" in marked
    for notes in (NOTES, f"{marked}\n\n<small>1 News</small>"):
        assert deck.notes_problems(deck.slides(cells(notes)), "slides.md") == []


def test_a_deck_may_take_its_minutes_and_not_one_more() -> None:
    slides = deck.slides(cells())
    assert deck.minutes_problems(slides, "slides.md", 4) == []
    [problem] = deck.minutes_problems(slides, "slides.md", 3)
    assert "take 4 minutes by their notes, but course.toml gives them 3" in problem


def test_marks_count_the_sources_of_a_slide_and_name_each_once_at_its_foot() -> None:
    marks = Marks()
    text = render("Now {fact}`step`, then {then}`step`, now {fact}`step`.", FACTS, marks)
    assert text.count(">[1]</a><a") == 2
    assert '100 ms,<sup><a href="https://aws.example/news" title="News (AWS)">[3]</a></sup>' in text
    assert "as of" not in text
    foot = marks.foot()
    assert foot.count("News (AWS)") == 2  # of two dates
    assert '[2]&nbsp;<a href="https://aws.example/g?a&amp;b">Guide</a>, November 2026' in foot
    assert Marks().foot() == ""


def test_a_table_of_then_and_now_on_a_slide_has_marks_dates_and_short_forms() -> None:
    table = render("{then-now}`limit`", FACTS, Marks())
    assert re.sub(r"<[^>]+>", "", table).splitlines() == [
        "| What | Then | As of | Now | As of |",
        "| --- | --- | --- | --- | --- |",
        "| Limit | 5[1] | January 2020 | 10[2] | 2026 |",
    ]
