"""glossary.yml: its rules, and that it says of each word what the lessons do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from serverless_first import course
from serverless_first.authoring import nbio
from serverless_first.facts import glossary
from serverless_first.facts.glossary import GlossaryError, Term

ROOT = Path(__file__).resolve().parents[2]
TERMS = glossary.load(ROOT).terms
GOOD = "{term: queue, ja: [キュー], first: '03', means: Keeps messages.}"


def pattern(term: Term) -> re.Pattern[str]:
    """Finds a term in the prose of a lesson; singular and plural count."""
    return re.compile("|".join(_form(form) for form in term.forms or (term.term,)))


def _form(form: str) -> str:
    """A form with a capital letter counts as it is written: "Spot" is not "spot"."""
    words = r"(?<![\w-])" + r"\s+".join(map(re.escape, form.split())) + r"(?:s|es)?(?!\w)"
    return words if form != form.lower() else f"(?i:{words})"


def prose(markdown: str) -> str:
    """What a lesson says itself: Markdown without emphasis, code marks, footnotes and titles of sources it links to."""
    without_marks = re.sub(r"<sup .*?</sup>", "", markdown)
    return re.sub(r"[*`]", "", re.sub(r"\[[^\]]*\]\(<?https?:[^)]*\)", "", without_marks))


def first_use(term: Term, lessons: Mapping[str, str]) -> str | None:
    """The number of the first module whose lesson uses the term; None when no lesson does."""
    found = pattern(term)
    return next((number for number in sorted(lessons) if found.search(lessons[number])), None)


@pytest.fixture(scope="module")
def lessons() -> dict[str, str]:
    """The prose of each lesson by the number of its module."""
    found = {}
    for module in course.load(ROOT).ready_modules:
        if not module.lesson_minutes:
            continue  # the capstone is a lab alone
        notebook = nbio.loads((ROOT / "notebooks" / f"{module.id}.ipynb").read_text(encoding="utf-8"))
        # The Sources section quotes facts. A lesson doesn't introduce a word there.
        prose_cells = [cell for cell in notebook.cells if "sources" not in cell.metadata.get("tags", [])]
        cells = [cell.source for cell in prose_cells if cell.cell_type == "markdown"]
        found[module.number] = prose("\n\n".join(cells))
    return found


def test_it_has_the_words_that_a_newcomer_meets() -> None:
    assert len(TERMS) >= 80
    assert {"cold start", "execution environment", "visibility timeout", "VPC"} <= {term.term for term in TERMS}


def test_each_word_is_used_and_its_first_lesson_is_right(lessons: dict[str, str]) -> None:
    wrong = [
        f"{term.term}: glossary.yml says {term.first}, the lessons say {first or 'never'}"
        for term in TERMS
        if (first := first_use(term, lessons)) != term.first
    ]
    assert wrong == [], "correct `first` in glossary.yml, or give the word other `forms`"


def test_japanese_is_japanese_and_readings_are_kana() -> None:
    kana = re.compile(r"[ぁ-ゖァ-ヺー・ A-Za-z0-9]+")
    assert [term.term for term in TERMS if term.reading and not kana.fullmatch(term.reading)] == []
    # What stays as it is in Japanese is a name: it has a capital letter.
    same = [term.term for term in TERMS if not re.search(r"[ぁ-ヺ一-鿿]", "".join(term.ja))]
    assert [name for name in same if name == name.lower() and name != "durable function"] == []


def test_each_meaning_is_one_sentence() -> None:
    assert [term.term for term in TERMS if re.search(r"[.!?] ", term.means)] == []


def test_no_two_words_share_an_anchor() -> None:
    assert len({term.anchor for term in TERMS}) == len(TERMS)


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("a cold start is slow", True),
        ("Cold starts are rare", True),
        ("a cold\nstart", True),
        ("coldstart", False),
        ("the cold starter", False),
    ],
)
def test_singular_and_plural_count_but_no_longer_words(text: str, used: bool) -> None:
    term = Term("cold start", ("コールドスタート",), "", (), (), "00", "A call that waits.")
    assert bool(pattern(term).search(text)) == used


def test_a_form_with_a_capital_counts_as_it_is_written() -> None:
    spot = Term("Spot", ("スポット",), "", (), (), "11", "Spare capacity.")
    assert pattern(spot).search("Fargate Spot")
    assert not pattern(spot).search("a spot on the lamp")


def test_the_title_of_a_source_is_no_use_of_a_word() -> None:
    said = "15 minutes ([AWS Lambda quotas](https://docs.aws.amazon.com/lambda)) and **a queue**"
    assert prose(said) == "15 minutes () and a queue"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{ja: [キュー], first: '03', means: Keeps messages.}", "entry 1: term is missing"),
        ("{term: queue, first: '03', means: Keeps messages.}", r"entry 1 \(queue\): ja is missing"),
        ("{term: queue, ja: キュー, first: '03', means: Keeps messages.}", "ja must be a list of words"),
        ("{term: queue, ja: [キュー], first: '3', means: Keeps messages.}", "number of a module"),
        ("{term: queue, ja: [キュー], first: '03', means: Keeps messages}", "period"),
        ("{term: queue, ja: [待ち行列], first: '03', means: Keeps messages.}", "needs a reading in kana"),
        ("{term: queue, ja: [キュー], seen: [blog], first: '03', means: Keeps messages.}", "seen is 'blog'"),
        ("{term: queue, ja: [キュー], since: 3, first: '03', means: Keeps messages.}", "unknown key 'since'"),
        ("queue", "not a mapping"),
        (f"{GOOD}\n- {GOOD}", "queue appears twice"),
    ],
)
def test_a_faulty_entry_is_named(tmp_path: Path, entry: str, message: str) -> None:
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / "glossary.yml").write_text(f"checked: 2026-11-24\nterms:\n- {entry}\n", encoding="utf-8")
    with pytest.raises(GlossaryError, match=message):
        glossary.load(tmp_path)


def test_a_glossary_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    with pytest.raises(GlossaryError, match=r"glossary\.yml is missing"):
        glossary.load(tmp_path)
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / "glossary.yml").write_text("terms: []\n", encoding="utf-8")
    with pytest.raises(GlossaryError, match="needs the day"):
        glossary.load(tmp_path)
