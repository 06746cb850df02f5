"""Lessons show AWS calls and handlers, and little else: what no lesson may fold, and what a converted one keeps to."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

pytest.importorskip("jupytext", reason="the build needs the extra `author`")

from tools.shrinking import entries_of, new_entries

from serverless_first import course, facts
from serverless_first.authoring import visible
from serverless_first.authoring.sources import pages
from serverless_first.course.places import course_root

ROOT = course_root()
LIST = "tools/code_unconverted.txt"
LESSONS = [module.id for module in course.load(ROOT).built if module.lesson_minutes]
UNCONVERTED = entries_of((ROOT / LIST).read_text(encoding="utf-8"))


@cache
def all_facts() -> facts.Facts:
    return facts.load(ROOT)


@cache
def cells(module_id: str) -> list[Any]:
    """The lesson's cells as the build makes them, without outputs."""
    module = course.load(ROOT).deck_of(module_id)
    lesson = next(page for page in pages(module, ROOT, all_facts(), set()) if page.kind == "lesson")
    return list(lesson.notebook.cells)


def problems(module_id: str) -> list[str]:
    return visible.problems(visible.measure(cells(module_id)))


@pytest.mark.parametrize("module_id", LESSONS)
def test_every_aws_call_and_every_handler_of_a_lesson_is_visible(module_id: str) -> None:
    assert visible.hidden_calls(cells(module_id)) == []


@pytest.mark.parametrize("module_id", [name for name in LESSONS if name not in UNCONVERTED])
def test_a_converted_lesson_shows_what_teaches_and_little_else(module_id: str) -> None:
    assert problems(module_id) == []


@pytest.mark.parametrize("module_id", UNCONVERTED)
def test_a_lesson_within_the_limits_leaves_the_list(module_id: str) -> None:
    assert module_id in LESSONS, f"{LIST}: there is no lesson {module_id}. Take the line off."
    assert problems(module_id), f"{LIST}: {module_id} keeps to every limit. Take the line off."


def test_the_list_only_shrinks() -> None:
    new = new_entries(ROOT, LIST, UNCONVERTED)
    assert new == [], f"{LIST}: {', '.join(new)} can't come back. Fold the bookkeeping of its lesson instead."
