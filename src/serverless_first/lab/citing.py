"""Facts cited in hints and quizzes, which are read when a learner asks for them and not by the build."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from serverless_first import facts
from serverless_first.course.places import course_root
from serverless_first.facts.cite import CitationError, Marks, has_citations, render
from serverless_first.facts.files import FactsError
from serverless_first.lab.failures import CourseFault


def cited(text: str, marks: Marks) -> str:
    """The text with the values of the facts that it cites, each with its mark; `marks` has the sources for the foot.

    Raises:
        CourseFault: a citation is wrong. `make check` finds that before a learner does.
    """
    if not has_citations(text):
        return text  # without reading the facts, which takes longer than showing a hint
    try:
        return render(text, _facts(course_root()), marks)
    except (CitationError, FactsError) as error:
        raise CourseFault(f"A fact is cited wrongly: {error} This is a bug in the course, not your mistake.") from None


def with_sources(markdown: str) -> str:
    """Markdown with its citations replaced, and the sources in small print below it."""
    marks = Marks(letters=True)
    text = cited(markdown, marks)
    return f"{text}\n\n{marks.foot()}" if marks.foot() else text


def plain_with_sources(text: str) -> str:
    """The same for a terminal, where the sources are lines with their addresses."""
    marks = Marks(letters=True).without_links()
    body = cited(text, marks)
    return f"{body}\n\n{marks.plain_foot()}" if marks.plain_foot() else body


@cache
def _facts(root: Path) -> facts.Facts:
    return facts.load(root)
