"""The reading copy: how pages are put together, and what stops a site from being made. A small course stands in."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sphinx", reason="the site needs the extra `site`")
pytest.importorskip("myst_parser", reason="the site needs the extra `site`")
pytest.importorskip("furo", reason="the site needs the extra `site`")

from click.testing import CliRunner
from PIL import Image

from serverless_first.cli import main
from serverless_first.facts import Dated, Fact, Facts, Source
from serverless_first.facts.cite import PageNotes, render
from serverless_first.publish import site as site_package
from serverless_first.publish.site import SiteFailed, links, make_site, questions
from serverless_first.publish.site.text import Text, split_at_headings

COURSE = """
title = "Lamps First"
deck = "A deck"
deck_slide_count = 3

[[module]]
id = "00-lamps"
title = "Lamps"
summary = "Light a lamp."
deck_slides = [1, 2]
lesson_minutes = 20
lab_minutes = 5
[[module.task]]
id = "0.1"
title = "Light it"
minutes = 5

[[module]]
id = "01-shades"
title = "Shades"
summary = "Later."
deck_slides = [3]
lesson_minutes = 10
lab_minutes = 5
"""
QUIZ = """
quiz:
  - question: What lights a lamp?
    type: multiple_choice
    answers:
      - {answer: "`electricity`", correct: true, feedback: It flows.}
      - {answer: a wish, correct: false, feedback: It does nothing.}
recall: []
"""
GLOSSARY = """
checked: 2026-11-24
terms:
  - {term: cold start, ja: [コールドスタート], first: "00", means: A call that waits.}
  - {term: retry, ja: [再試行, リトライ], reading: さいしこう, first: "00", means: Another try.}
"""
PREDICTION = "How many lamps are lit?\n  1. none\n  2. <all>\nYour pick: none yet"


def png(colour: str = "white") -> str:
    picture = io.BytesIO()
    Image.new("RGB", (30, 20), colour).save(picture, format="png")
    return base64.b64encode(picture.getvalue()).decode()


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": source, "outputs": list(outputs)}


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(data: dict[str, str], metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


CELLS = [
    markdown("# 00 Lamps\n\nA cold start, then a retry: \\$4 or \\$5, `{role}` and {not}`a role`.\n\n% no comment"),
    code("import lamps\nlab.recall()", printed("The local cloud is running.\n")),
    markdown("## Light\n\nSee the [lab](../labs/00-lamps.ipynb)."),
    code('print("ready")\nlab.predict("lit", "How many?", ["none", "<all>"])', printed("ready\n")),
    code(
        'light()\nlab.predicted("lit", answer="none")',
        printed("What happened: <all>\nlit\n"),
        shown({"image/png": png(), "text/plain": "Figure"}, {"image/png": {"alt": 'All "lamps" & <more>'}}),
    ),
    markdown("All are lit, since all have power.\n\n## Next"),
    code("explore.Lamps()", shown({"text/plain": "Which lamps?\n  lamps: 3\nThree are lit.\nA row of dots."})),
    code("x = 1\n" * 31, printed("long\n")),
    markdown("**Folded code.** Counts <all> lamps.") | {"metadata": {"tags": ["folded-line"]}},
    code("count = 3", printed("three\n")) | {"metadata": {"jupyter": {"source_hidden": True}}},
    code("lab.quiz()", shown({"text/html": "<script>jupyterquiz</script>", "text/plain": "1. What"})),
]
_NEWS = Source("NEWS", "News", "https://aws.example/news")
_FACTS = Facts({"hours": Fact("hours", "Hours of light", Dated("8 h", "2026", (_NEWS,)), None, date(2026, 11, 24))})
_NOTES = PageNotes("lesson-00")
CELLS += [markdown(render("A lamp burns {fact}`hours`.", _FACTS, _NOTES)), markdown(_NOTES.section())]
CELLS[3]["outputs"].append(shown({"text/plain": PREDICTION}))
CELLS.insert(4, {**markdown("### The experiment"), "metadata": {"tags": ["experiment"]}})


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course with one lesson, in a folder with a space and Japanese letters in its name."""
    root = tmp_path / "光 lamps"
    files = {
        "course.toml": COURSE,
        "facts/glossary.yml": GLOSSARY,
        "docs/fidelity.md": "# What is real\n\nLamps are. [To pay for them](real-account.md#bill)\n",
        "docs/real-account.md": "# An account\n\n## Bill\n\n[What is real](fidelity.md)\n",
        "modules/00-lamps/quiz.yml": QUIZ,
        "modules/00-lamps/lesson.md": "# 00 Lamps\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    write_lesson(root, CELLS)
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(root))
    return root


def write_lesson(root: Path, cells: list[dict[str, Any]]) -> None:
    numbered = [{**cell, "id": f"c{number}"} for number, cell in enumerate(cells)]
    notebook = {"cells": numbered, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = root / "notebooks" / "00-lamps.ipynb"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")


@pytest.fixture
def problems(course: Path) -> Callable[[], list[str]]:
    """Makes the site, which fails; gives what was said."""

    def made() -> list[str]:
        with pytest.raises(SiteFailed) as failed:
            make_site(report=lambda _: None)
        assert not (course / "site").exists()
        return failed.value.problems

    return made


def expect_folded_code(html: str) -> None:
    """The line says what folded code does and opens it. What the code printed stays in sight."""
    line = '<details class="long-code"><summary>Folded code. Counts &lt;all&gt; lamps.</summary>'
    code_of_line, rest = html.split(line, 1)[1].split("</details>", 1)
    assert "count" in code_of_line
    assert "three" not in code_of_line
    assert "three" in rest


def expect_a_footnote(html: str, page: links.Page) -> None:
    """A fact has a footnote, which is among the sources and leads back."""
    mark = r'burns 8 h\.<sup id="lesson-00-mark-1"><a href="#lesson-00-source-1" title="News, 2026">\[1\]'
    assert re.search(mark, html)
    _, sources = html.split("<h2>Sources", 1)
    entry = r'<span id="lesson-00-source-1"></span>Hours of light: 8 h\. As of 2026: <a [^>]*>News</a>'
    assert re.search(entry, sources)
    assert {"#lesson-00-mark-1", "https://aws.example/news"} <= set(page.links)


def test_a_site_is_made_replaced_and_nothing_of_it_is_elsewhere(course: Path) -> None:
    said: list[str] = []
    first = make_site(report=said.append)
    assert first == course / "site" / "index.html"
    assert any("all links within the site lead somewhere" in line for line in said)
    html = (course / "site" / "00-lamps.html").read_text(encoding="utf-8")

    # The prediction stands before what happened, and that is folded up to the next heading.
    told, rest = html.split('<details class="happened">', 1)
    folded, after = rest.split("<h2>Next", 1)
    assert "How many lamps are lit?" in told
    assert "&lt;all&gt;" in told
    assert "light()" not in told.replace("<span", "")
    assert "<strong>What happened:</strong> &lt;all&gt;" in folded
    assert "The experiment" not in html  # the fold of the notebook
    assert "since all have power" in folded
    assert folded.rstrip().count("</details>") == 1
    assert "lab.predict" not in told
    assert "lab.recall" not in html
    assert "jupyterquiz" not in html

    # Text that MyST would take for more than text stays what it is.
    assert "$4 or $5" in html
    assert "{not}" in html
    assert "% no comment" in html

    page = links.Page(html)
    assert page.alts == ['All "lamps" & <more>']
    assert "labs.html#00-lamps" in page.links
    assert "glossary.html#cold-start" in page.links
    assert 'width="30" height="20"' in folded
    assert "run the lesson to move them" in after
    assert "<td>3</td>" in after
    assert "Code, 31 lines" in after
    assert "<code>electricity</code>" in after
    expect_folded_code(after)
    assert html.count("Folded code.") == 1
    assert "20 minutes" in told
    assert "slides 1–2" in told
    expect_a_footnote(after, page)

    index = (course / "site" / "index.html").read_text(encoding="utf-8")
    assert "01 Shades (planned)" in index
    assert 'href="real-account.html"' in index
    assert 'href="real-account.html#bill"' in (course / "site" / "fidelity.html").read_text(encoding="utf-8")
    words = (course / "site" / "glossary.html").read_text(encoding="utf-8")
    assert '<span lang="ja">再試行（さいしこう）、リトライ</span>' in words

    # A second site takes the place of the first; one that fails leaves it as it is.
    (course / "site" / "old.html").write_text("", encoding="utf-8")
    write_lesson(course, [markdown("# 00 Lamps\n\nGone."), code("1", printed("1\n"))])
    make_site(report=said.append)
    assert not (course / "site" / "old.html").exists()
    assert not (course / "site" / "pictures").exists()
    (course / "docs" / "fidelity.md").write_text("# Real\n\n[gone](gone.md)\n", encoding="utf-8")
    with pytest.raises(SiteFailed, match=r"^docs/fidelity\.md:3: the link to gone\.md leads nowhere$"):
        make_site(report=said.append)
    assert "Gone." in (course / "site" / "00-lamps.html").read_text(encoding="utf-8")
    assert [path.name for path in course.glob(".site*")] == []


def test_a_lesson_that_is_not_built_is_named(course: Path, problems: Callable[[], list[str]]) -> None:
    (course / "notebooks" / "00-lamps.ipynb").unlink()
    assert problems() == ['notebooks/00-lamps.ipynb is missing: run "make build"']


def test_a_lesson_without_outputs_is_named(course: Path, problems: Callable[[], list[str]]) -> None:
    write_lesson(course, [markdown("# 00 Lamps"), code("1 + 1")])
    assert problems() == ['notebooks/00-lamps.ipynb has no outputs, so there is nothing to show: run "make build"']


def test_a_broken_notebook_is_named(course: Path, problems: Callable[[], list[str]]) -> None:
    (course / "notebooks" / "00-lamps.ipynb").write_text("<<<<<<< HEAD", encoding="utf-8")
    assert problems()[0].startswith("notebooks/00-lamps.ipynb: not a readable notebook")


def test_a_broken_link_is_named_with_the_file_and_the_line(course: Path, problems: Callable[[], list[str]]) -> None:
    lesson = "# 00 Lamps\n\nFirst.\n\nSee [that](07-nothing.ipynb).\n"
    (course / "modules" / "00-lamps" / "lesson.md").write_text(lesson, encoding="utf-8")
    write_lesson(course, [markdown(lesson), code("1", printed("1\n"))])
    assert problems() == ["modules/00-lamps/lesson.md:5: the link to 07-nothing.ipynb leads nowhere"]


def test_a_picture_without_alt_text_is_named_with_its_cell(course: Path, problems: Callable[[], list[str]]) -> None:
    write_lesson(course, [markdown("# 00 Lamps"), code("figure", shown({"image/png": png(), "text/plain": "Figure"}))])
    assert problems()[0].startswith("notebooks/00-lamps.ipynb, cell 2: a picture has no alt text")


def test_an_output_that_no_page_can_show_is_named(course: Path, problems: Callable[[], list[str]]) -> None:
    write_lesson(course, [markdown("# 00 Lamps"), code("x", shown({"application/x-lamp": "1", "text/plain": "1"}))])
    assert "an output of the kind application/x-lamp, text/plain cannot be shown" in problems()[0]


def test_a_page_plays_the_recording_of_a_live_view(course: Path) -> None:
    view = shown({"text/plain": "A live view of the local cloud. Run this cell in JupyterLab to watch it."})
    write_lesson(course, [markdown("# 00 Lamps"), code("display(aws.show())", view)])
    (course / "modules" / "00-lamps" / "recording.html").write_text("<p>Ten lamps burn.</p>", encoding="utf-8")
    page = make_site(report=lambda _: None).with_name("00-lamps.html").read_text(encoding="utf-8")
    assert "<p>Ten lamps burn.</p>" in page
    assert "Run this cell in JupyterLab" not in page


def test_a_warning_of_sphinx_names_the_cell_that_it_comes_from(course: Path, problems: Callable[[], list[str]]) -> None:
    write_lesson(course, [markdown("# 00 Lamps"), code("1", printed("1\n")), markdown("```{lamp} on\n```")])
    assert problems()[0].startswith("notebooks/00-lamps.ipynb, cell 3: Unknown directive type: 'lamp'")


def test_a_folder_of_somebody_else_is_left_alone(course: Path) -> None:
    (course / "site").mkdir()
    (course / "site" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SiteFailed, match=r"holds something that is not a site of this course\. Name another folder"):
        make_site(report=lambda _: None)
    with pytest.raises(SiteFailed, match=r"is a file\. Name a folder"):
        make_site(course / "site" / "mine.txt", report=lambda _: None)
    assert (course / "site" / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_links_within_code_are_left_alone() -> None:
    broken: list[str] = []
    source = "`[a](b.ipynb)` and [c](00-lamps.ipynb)\n\n```\n[d](e.md)\n```\n[f](https://example.com) [g](#h)"
    made = links.rewritten(source, {"00-lamps"}, broken.append)
    assert made == source.replace("[c](00-lamps.ipynb)", '<a href="00-lamps.html">c</a>')
    assert broken == []


def test_links_and_loads_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="#here">1</a><a href="#gone">2</a><a href="b.html">3</a><a href="c.txt">4</a>'
        '<a href="https://example.com/x">5</a><img src="d.png"><script src="https://cdn.example.com/e.js"></script>',
        encoding="utf-8",
    )
    (tmp_path / "c.txt").touch()
    (tmp_path / "f.css").write_text("@import 'https://fonts.example.com/g.css';", encoding="utf-8")
    found, outside = links.checked(tmp_path, {"a.html": "notebooks/a.ipynb"})
    assert found == [
        "notebooks/a.ipynb: the link to #gone leads nowhere: a.html has no anchor gone",
        "notebooks/a.ipynb: the link to b.html leads nowhere: the site has no b.html",
        "notebooks/a.ipynb: d.png is missing",
        "notebooks/a.ipynb: the page would load https://cdn.example.com/e.js from another site",
        "f.css: the style sheet would load https://fonts.example.com/g.css",
    ]
    assert outside == {"https://example.com/x": ["a.html"]}


def test_headings_within_code_are_no_headings() -> None:
    source = "text\n## One\n\n```\n# no heading\n```\n### Two"
    assert split_at_headings(source) == ["text", "## One", "```\n# no heading\n```", "### Two"]


def test_a_block_of_code_may_hold_fences() -> None:
    text = Text("a.md")
    text.fenced("text", "```\ncode\n```")
    assert text.source() == "````text\n```\ncode\n```\n````\n\n"


def test_a_number_in_a_quiz_is_told_in_words() -> None:
    answers = [
        {"answer": 3, "correct": True, "feedback": "Yes."},
        {"answer": [5, 7], "correct": False, "feedback": "Too many."},
        {"answer": "anything else", "correct": False, "feedback": "Count."},
    ]
    made = questions.quiz("The quiz", [{"question": "How many?", "type": "numeric", "answers": answers}])
    assert "<summary>3</summary>" in made
    assert "<summary>from 5 to below 7</summary>" in made
    assert made.count("Not right.") == 2


def test_a_text_that_is_no_prediction_is_refused() -> None:
    with pytest.raises(ValueError, match="not a prediction with its choices: Hello"):
        questions.prediction("Hello\nYour pick: none yet")


def test_the_command_says_what_is_wrong_and_where(course: Path) -> None:
    (course / "notebooks" / "00-lamps.ipynb").unlink()
    done = CliRunner().invoke(main, ["site"])
    assert done.exit_code == 1
    assert done.output == 'notebooks/00-lamps.ipynb is missing: run "make build"\n'


def test_without_sphinx_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"The site needs Sphinx, MyST, furo.*make env"):
        importlib.reload(site_package)
