"""Facts in what the build makes: values in the text, sources at the end of a page, and wrong citations."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupytext", reason="the build needs the extra `author`")

from serverless_first import facts
from serverless_first.authoring import check
from serverless_first.authoring.labs import lab_from
from serverless_first.authoring.sources import Page, pages
from serverless_first.course import load
from serverless_first.course.dollars import SIGN

COURSE = Path(__file__).parent / "data" / "build_course"
ROOM = "modules/00-lamps"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources of a small course."""
    root = Path(shutil.copytree(COURSE, tmp_path / "光 lamps"))
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(root))
    return root


def edit(root: Path, old: str, new: str) -> None:
    lesson = root / ROOM / "lesson.md"
    text = lesson.read_text(encoding="utf-8")
    assert old in text
    lesson.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


def made(root: Path) -> dict[str, Page]:
    """The pages of the module by their kind, not executed."""
    return {page.kind: page for page in pages(load(root).module("00"), root, facts.load(root), set())}


def test_prices_of_authors_and_of_facts_begin_no_formula_and_code_keeps_its_dollars(course: Path) -> None:
    edit(course, "Duration is", "From $5 to $6, `$HOME`, {fact}`request-price`. Duration is")
    text = made(course)["lesson"].notebook.cells[0].source
    assert f"From {SIGN}5 to {SIGN}6, `$HOME`, {SIGN}0.20.<sup" in text


def test_a_page_ends_with_the_sources_of_what_it_cites(course: Path) -> None:
    lesson, solution = (made(course)[kind].notebook for kind in ("lesson", "lab"))

    def words(notebook: Any) -> str:
        return re.sub(r"<[^>]+>", "", notebook.cells[-1].source)

    first = "## Sources\n\n1. Billing step: 1 ms. As of November 2026: [AWS News Blog](https://"
    for notebook, kind in ((lesson, "lesson"), (solution, "lab"), (lab_from(solution, "lab.md"), "lab")):
        assert words(notebook).startswith(first), kind
        assert f'id="{kind}-00-source-1"' in notebook.cells[-1].source
        assert notebook.cells[-1].metadata["tags"] == ["sources"]
    assert "2. Billing step: 100 ms. As of January 2020:" in words(lesson)


def test_the_sources_name_what_code_reads_and_no_price_begins_a_formula(course: Path) -> None:
    edit(course, "import order\n", 'import order  # facts.get("request-price")\n')
    section = made(course)["lesson"].notebook.cells[-1].source
    assert f"The code on this page also uses:\n\n- Price of a million requests: {SIGN}0.20. As of 2026:" in section


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hints.yml", "'0.1':\n- Look.\n- It is {fact}`billing`.\n- Write it.\n"),
        ("quiz.yml", "quiz:\n- {question: 'Is it {fact}`billing`?', type: multiple_choice, answers: []}\n"),
    ],
)
def test_a_wrong_citation_in_hints_or_quiz_is_a_problem(course: Path, name: str, text: str) -> None:
    (course / ROOM / name).write_text(text, encoding="utf-8")
    problem = next(line for line in check(report=lambda _: None) if line.startswith(f"{ROOM}/{name}"))
    assert "There is no fact 'billing' in facts.yml. Did you mean billing-step?" in problem
    (course / ROOM / name).write_text(text.replace("{fact}`billing`", "{fact}`billing-step`"), encoding="utf-8")
    assert not any(line.startswith(f"{ROOM}/{name}") for line in check(report=lambda _: None))
