"""Lessons show AWS calls and handlers, and little else: what no lesson may fold, and what a converted one keeps to."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

pytest.importorskip("jupytext", reason="the build needs the extra `author`")

from serverless_first import course, facts
from serverless_first.authoring import visible
from serverless_first.authoring.sources import pages
from serverless_first.course.places import course_root

ROOT = course_root()
LIST = "tools/code_unconverted.txt"
LESSONS = [module.id for module in course.load(ROOT).built if module.lesson_minutes]


def entries(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


UNCONVERTED = entries((ROOT / LIST).read_text(encoding="utf-8"))


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


def older_lists() -> Iterator[list[str]]:
    """The list as last committed, and as it was before the commit that last changed it; none without git."""
    for commit in ("HEAD", f"{git('log', '-1', '--format=%H', '--', LIST).strip()}^"):
        if text := git("show", f"{commit}:{LIST}"):
            yield entries(text)


def git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=30)
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


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
    for older in older_lists():
        new = [entry for entry in UNCONVERTED if entry not in older]
        assert new == [], f"{LIST}: {', '.join(new)} can't come back. Fold the bookkeeping of its lesson instead."
