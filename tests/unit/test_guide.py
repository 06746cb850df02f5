"""The instructor's guide: tables from course.toml, messages that the checks have, a page that prints."""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("jupytext", reason="the build needs the extra `author`")

from serverless_first import course, lab
from serverless_first.authoring import BuildFailed, build, check, guide
from serverless_first.authoring.guide import GuideError
from serverless_first.course import places, timetable
from serverless_first.course.chromium import find_chromium

COURSE = Path(__file__).parent / "data" / "build_course"
TRACK = """
[[track]]
id = "hour"
title = "An hour"

[[track.day]]
start = "09:00"
end = "09:10"
parts = [
    { do = "lesson", module = "00" },
    { do = "lab", module = "00" },
]
"""
TEXT = """# Guide: lamps & more

<!-- track: hour -->
<!-- /track -->

<!-- module: 00 -->
old
<!-- /module -->

See [the lesson](../notebooks/00-lamps.ipynb) and [AWS](https://aws.example/).
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small course with a track and a guide, and nothing else to build."""
    made = Path(shutil.copytree(COURSE, tmp_path / "光 lamps"))
    toml = made / "course.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + TRACK, encoding="utf-8")
    (made / "docs").mkdir(exist_ok=True)
    (made / guide.GUIDE).write_text(TEXT, encoding="utf-8")
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(made))
    return made


def filled(root: Path, text: str = TEXT) -> str:
    return guide.with_tables(text, course.load(root), timetable.load(root), root)


def test_the_tables_are_put_on_the_clock(root: Path) -> None:
    text = filled(root)
    assert "| 09:00–09:05 | 5 | lesson 00 | *Lamps and totals*: all of it |" in text
    assert "| 09:05–09:07 | 2 | lab 00 | *Lamps and totals*: task 0.1 “The total of an order” |" in text
    assert "| 09:07–09:10 | 3 | reserve | |" in text
    assert "Hands-on work takes 7 minutes, and slides, demos and talk take 0. So 100% of these 7 minutes are" in text
    assert "|  | Slides | Lesson | Lab | 0.1 |\n|---|---:|---:|---:|---:|\n| Minutes | 4 | 5 | 2 | 2 |\n" in text
    assert "\nCovers slides 1–2 of the deck.\n" in text
    assert "\nold\n" not in text
    assert filled(root, text) == text


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("<!-- track: hour -->\n<!-- /track -->", "", "needs one place <!-- track: hour -->"),
        ("<!-- module: 00 -->\nold\n<!-- /module -->", "", "needs one place <!-- module: 00 -->"),
        ("<!-- track: hour -->", "<!-- track: week -->", "needs one place <!-- track: hour -->"),
        ("See ", "<!-- track: week -->\n<!-- /track -->\nSee ", "track: week --> is neither a track nor a module"),
        ("See ", "<!-- track: hour -->\n<!-- /track -->\nSee ", "needs one place <!-- track: hour -->"),
        ("old\n<!-- /module -->", "old", "has no end"),
    ],
)
def test_a_guide_without_its_places_is_told(root: Path, old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(GuideError, match=re.escape(says)):
        filled(root, TEXT.replace(old, new))


def test_a_module_that_is_planned_may_have_a_place(root: Path) -> None:
    text = filled(root, TEXT + "<!-- module: 01 -->\n<!-- /module -->\n")
    assert "| Minutes | 10 | 20 |\n\nCovers slide 3 of the deck. Planned, not ready yet.\n" in text


def test_the_check_tells_of_old_tables_and_the_build_writes_them(root: Path) -> None:
    shutil.rmtree(root / "modules" / "00-lamps")
    (root / "modules" / "00-lamps").mkdir()
    toml = root / "course.toml"
    text = re.sub(r"(lesson|lab)_minutes = \d+", r"\1_minutes = 0", toml.read_text(encoding="utf-8"))
    toml.write_text(text.split("[[module.task]]")[0].replace("[1, 2]", "[]"), encoding="utf-8")
    (root / guide.GUIDE).write_text(TEXT.replace("<!-- track: hour -->\n<!-- /track -->\n", ""), encoding="utf-8")
    told = f'{guide.GUIDE}: its tables differ from course.toml: run "make build"'
    assert told in check(report=lambda _: None)
    with contextlib.suppress(BuildFailed):  # README and notebooks of this copy are not the matter
        build(report=lambda _: None)
    assert told not in check(report=lambda _: None)


def test_a_track_that_cannot_be_given_fails_the_check(root: Path) -> None:
    toml = root / "course.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('end = "09:10"', 'end = "09:06"'), encoding="utf-8")
    assert any("1 minute after 09:06. Cut a part" in problem for problem in check(report=lambda _: None))
    with pytest.raises(BuildFailed, match="Cut a part"):
        guide.print_guide(pdf=False)


def test_tracks_need_a_guide(root: Path) -> None:
    (root / guide.GUIDE).unlink()
    assert any("instructor-guide.md is missing" in problem for problem in check(report=lambda _: None))
    with pytest.raises(BuildFailed, match="missing"):
        guide.print_guide(pdf=False)


def test_a_guide_whose_tables_are_old_is_not_printed(root: Path) -> None:
    with pytest.raises(BuildFailed, match="make build"):
        guide.print_guide(pdf=False)
    assert not (root / "slides" / "export").exists()


def test_the_page_needs_no_other_file(root: Path) -> None:
    (root / guide.GUIDE).write_text(filled(root), encoding="utf-8")
    lines: list[str] = []
    (page,) = guide.print_guide(pdf=False, report=lines.append)
    html = page.read_text(encoding="utf-8")
    assert "<title>Guide: lamps &amp; more</title>" in html
    assert "<td>lesson 00</td>" in html
    assert re.findall(r'(?:src|href)="([^"]*)"', html) == ["https://aws.example/"]
    assert lines == ["exported   slides/export/instructor-guide.html"]


def test_each_track_begins_on_its_own_page() -> None:
    track = "### An hour\n\nGoal\n\n<!-- track: hour -->\n<!-- /track -->"
    html = guide.as_html(f"### Before\n\nText\n\n{track}\n\n### After\n")
    assert re.findall(r"<h3[^>]*>[^<]*", html) == ["<h3>Before", '<h3 class="track">An hour', "<h3>After"]


def test_without_a_browser_the_pdf_is_left_out_and_said_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / guide.GUIDE).write_text(filled(root), encoding="utf-8")
    monkeypatch.setattr(guide, "find_chromium", lambda: None)
    lines: list[str] = []
    assert [file.suffix for file in guide.print_guide(report=lines.append)] == [".html"]
    assert any("no PDF" in line for line in lines)


@pytest.mark.skipif(find_chromium() is None, reason="needs Chromium")
def test_the_guide_is_printed(root: Path) -> None:
    (root / guide.GUIDE).write_text(filled(root), encoding="utf-8")
    files = guide.print_guide(report=lambda _: None)
    assert [file.name for file in files] == ["instructor-guide.html", "instructor-guide.pdf"]
    assert b"/FontFile" in files[1].read_bytes()


# --- the course's own


def sections() -> dict[str, str]:
    """The part on each module, by its two digits."""
    text = (places.course_root() / guide.GUIDE).read_text(encoding="utf-8")
    found = re.split(r"(?m)^### (\d\d) ", text[text.index("## Module by module") : text.index("## After the workshop")])
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_each_module_has_what_an_instructor_needs() -> None:
    for module in course.load().ready_modules:
        if module.number == "12":
            continue
        text = sections()[module.number]
        assert text.startswith(module.title), module.id
        for part in ("Purpose.", "Cut first.", "Ask.", "Typical errors.", "Checkpoint."):
            assert text.count(f"**{part}**") == 1, (module.id, part)
        questions = re.findall(r"(?m)^- \*[^*]+\?\*\s+\S", text.replace("\n  ", " "))
        assert 3 <= len(questions) <= 5, module.id


SOMETHING = "\0"  # what a message fills in


def texts(path: Path) -> Iterator[str]:
    """The texts that a program may say, with SOMETHING where an f-string fills in a value."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else SOMETHING for part in node.values)


def is_said(sentence: str, known: set[str]) -> bool:
    """Whether a sentence stands in these texts, letter by letter; what a text fills in is another of the texts."""
    words = sentence.split()
    forms = [sentence]
    for begin, end in itertools.combinations(range(len(words) + 1), 2):
        if " ".join(words[begin:end]) in known:
            forms.append(" ".join([*words[:begin], SOMETHING, *words[end:]]))
    return any(form in text for form in forms for text in known if form != SOMETHING)


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("leads to $LATEST", True),
        ("leads to .LATEST", False),
        ("report pins nothing", True),
        ("nightly pins nothing", False),
        ("report pins something", False),
        ("orders", False),
    ],
)
def test_a_quote_is_compared_letter_by_letter(tmp_path: Path, sentence: str, said: bool) -> None:
    (tmp_path / "checks.py").write_text(
        'a = "The alias leads to $LATEST: " "from now on."\nb = f"{function} pins nothing. It leads to {x}."\n'
        'function = "report"\n',
        "utf-8",
    )
    assert is_said(sentence, set(texts(tmp_path / "checks.py"))) is said


def test_the_messages_in_the_guide_are_those_of_the_checks() -> None:
    shared = {text for path in Path(lab.__file__).parent.glob("*.py") for text in texts(path)}
    for module in course.load().ready_modules:
        room = places.module_dir(module.id)
        known = shared | {text for path in room.glob("checks*.py") for text in texts(path)}
        quoted = re.findall(r"(?m)^\| “([^”]+)” \|", sections().get(module.number, ""))
        assert module.number == "12" or 3 <= len(quoted) <= 7, module.id
        sentences = [sentence for each in quoted for sentence in each.split(". ")]
        assert [each for each in sentences if not is_said(each, known)] == [], module.id


def test_a_wrong_answer_gets_each_message_in_the_guide() -> None:
    for module in course.load().ready_modules:
        mistakes = "\n".join(
            path.read_text(encoding="utf-8") for path in (places.module_dir(module.id) / "mistakes").glob("*.py")
        )
        expected = re.findall(r"(?m)^#: expects: (.+)$", mistakes)
        quoted = re.findall(r"(?m)^\| “([^”]+)” \|", sections().get(module.number, ""))
        assert [each for each in quoted if not any(re.search(regex, each) for regex in expected)] == [], module.id


def test_demos_that_the_guide_times_are_headings_of_their_lesson() -> None:
    text = (places.course_root() / guide.GUIDE).read_text(encoding="utf-8")
    table = text[text.index("### How long a demo runs") :].split("\n### ")[0]
    rows = re.findall(r"(?m)^\| (\d\d) \| (.+) \|$", table)
    assert [number for number, _ in rows] == [module.number for module in course.load().ready_modules][1:12]
    for number, demos in rows:
        lesson = (places.module_dir(course.load().module(number).id) / "lesson.md").read_text(encoding="utf-8")
        headings = re.findall(r"(?m)^#{1,3} (.+)$", lesson)
        assert [demo for demo in re.findall(r'"([^"]+)" \(\d+\)', demos) if demo not in headings] == [], number


def test_tasks_that_the_guide_names_exist() -> None:
    the_course = course.load()
    tasks = {task.id for module in the_course.modules for task in module.tasks}
    text = (places.course_root() / guide.GUIDE).read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\d.:–])\b(\d{1,2}\.\d)\b(?![\d.]| MB| s\b| %)", text)) - {
        "3.11",
        "3.12",
        "3.13",
        "3.14",
    }
    odd = {name for name in named if name not in tasks}
    assert odd <= {"99.9", "99.5"}, odd
