"""A late learner at the start of a module: copies laid, nothing overwritten, skipped tasks marked and taught."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from serverless_first import course
from serverless_first.cli import late_start, main
from serverless_first.course import laid, safe_files, workcopy
from serverless_first.course.layout import FOLDERS, copy_path
from serverless_first.lab import Lab, summary
from serverless_first.lab.progress import ProgressFile, judged, task_progress

ROOT = Path(__file__).resolve().parents[2]
MODULE = """
[[module]]
id = "{id}"
title = "Lamps {n}"
summary = "What lamps do."
deck_slides = []
lesson_minutes = 30
lab_minutes = 20
[[module.task]]
id = "{n}.1"
title = "Light it"
minutes = 5
[[module.task]]
id = "{n}.2"
title = "Put it out"
minutes = 5
"""
IDS = ("00-lamps", "01-bulbs", "02-wires", "03-planned")


def text_of(name: str) -> str:
    taught = "\n".join(f"- Lesson {line} of {name}\n  goes on here." for line in "abcde")
    cells = [
        {"cell_type": "code", "id": "c0", "metadata": {}, "source": ["1"], "outputs": [], "execution_count": None},
        {"cell_type": "markdown", "id": "c1", "metadata": {}, "source": f"## Takeaways\n\n{taught}\n\nThen: the lab."},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "course"
    for name in IDS[:3]:
        (root / "modules" / name).mkdir(parents=True)
        for folder in FOLDERS:
            (root / folder).mkdir(exist_ok=True)
            (root / folder / f"{name}.ipynb").write_text(text_of(name), encoding="utf-8")
    head = 'title = "Lamps"\ndeck = "Lamps"\ndeck_slide_count = 1\n'
    text = head + "".join(MODULE.format(id=name, n=int(name[:2])) for name in IDS)
    (root / "course.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(root))
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(tmp_path / "my 灯 work"))
    return tmp_path / "my 灯 work"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["catch-up", *arguments])


def state(work: Path) -> dict[str, bytes]:
    """Every file of the learner's folder but locks."""
    return {
        p.relative_to(work).as_posix(): p.read_bytes() for p in work.rglob("*") if p.is_file() and p.suffix != ".lock"
    }


def test_it_lays_marks_teaches_in_five_lines_and_says_what_to_open(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ProgressFile().update(judged("00-lamps", "0.1", passed=True))
    result = call("2")
    assert result.exit_code == 0, result.output
    copies = {name for name in state(work) if name.count("/")}
    assert copies == {copy_path(name, kind) for kind in FOLDERS.values() for name in IDS[:3]}
    assert re.findall(r"^  - Lesson (\w) of 01-bulbs goes on here\.$", result.output, re.MULTILINE) == list("abcde")
    assert "3 tasks of 2 modules marked as caught up, not as passed" in result.output
    assert f"Open {work.name}/02-wires/02-lesson.ipynb" in result.output
    assert f"{work.name}/02-wires/02-lab.ipynb" in result.output

    data = ProgressFile().read()
    told = {t: task_progress(data, m, t) for m, t in [(m, f"{n}.{k}") for n, m in enumerate(IDS[:3]) for k in (1, 2)]}
    assert [t for t, done in told.items() if done.caught_up] == ["0.2", "1.1", "1.2"]
    assert [t for t, done in told.items() if done.passed] == ["0.1"]
    assert data["last_module"] == "02-wires"  # where JupyterLab opens
    assert "begun_at" not in data["modules"]["01-bulbs"]

    Lab("00").progress()
    shown = capsys.readouterr().out
    assert re.search(r"0\.1 +passed .*\n +0\.2 +caught up ", shown)
    assert "01-bulbs: 0 of 2 tasks passed, 2 caught up" in shown
    page = summary.write().read_text(encoding="utf-8")
    assert page.count("<td>caught up</td>") == 3
    assert "<dd>1 of 8</dd>" in page  # tasks passed


def test_the_page_links_to_copies_that_are_there(work: Path) -> None:
    assert call("02").exit_code == 0
    cells = json.loads((work / "catch-up-02.ipynb").read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) == 6
    assert all((work / link).is_file() for link in links)
    assert "- Lesson e of 00-lamps goes on here." in text


def test_the_sentence_that_ends_a_lessons_core_is_what_it_has_taught(work: Path) -> None:
    text = "One more figure.\n\n**Each lamp needs\nits own bulb.**\n\n## Quiz\n\n**Now it's your turn.**"
    cells = [{"cell_type": "markdown", "id": "c0", "metadata": {}, "source": text.splitlines(keepends=True)}]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (work.parent / "course" / "notebooks" / "00-lamps.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    assert call("02").exit_code == 0
    page = json.loads((work / "catch-up-02.ipynb").read_text(encoding="utf-8"))
    assert "- Each lamp needs its own bulb." in "\n".join("".join(cell["source"]) for cell in page["cells"])


def test_a_second_time_changes_nothing_and_says_the_same(work: Path) -> None:
    first, before = call("02"), state(work)
    assert call("02").output == first.output
    assert state(work) == before


def test_work_is_kept_and_a_task_that_passes_later_has_passed(work: Path) -> None:
    workcopy.lay(lambda _: None)
    mine = work / "01-bulbs" / "01-lab.ipynb"
    mine.write_text(text_of("mine"), encoding="utf-8")
    (work / "02-wires" / "02-lesson.ipynb").write_text("no notebook any more", encoding="utf-8")
    (work / "02-wires" / "orders.py").write_text("mine", encoding="utf-8")
    before = state(work)
    assert call("02").exit_code == 0
    after = state(work)
    assert {name: after[name] for name in before if name != laid.MANIFEST} == {
        name: content for name, content in before.items() if name != laid.MANIFEST
    }
    ProgressFile().update(judged("01-bulbs", "1.1", passed=True))
    assert task_progress(ProgressFile().read(), "01-bulbs", "1.1").passed
    assert "3 tasks of 2 modules" in call("02").output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["17"], 1, "There is no module '17'. The modules are: 00-lamps, 01-bulbs"),
        (["03"], 1, "Module 03-planned is planned, but it isn't ready yet."),
        ([], 2, "Name the module that you want to begin with"),
    ],
)
def test_what_it_cannot_do_is_said_and_nothing_is_laid(work: Path, arguments: list[str], code: int, words: str) -> None:
    result = call(*arguments)
    assert result.exit_code == code
    assert words in result.output
    assert not work.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = ", "course.toml cannot be read: "),
        ('title = "Lamps"\n', "course.toml cannot be read: the key 'module' is missing"),
    ],
)
def test_a_broken_course_is_named(work: Path, text: str, words: str) -> None:
    (work.parent / "course" / "course.toml").write_text(text, encoding="utf-8")
    result = call("02")
    assert result.exit_code == 1
    assert words in result.output
    assert "git restore course.toml" in result.output
    assert not work.exists()


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_done(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(path: Path, _: bytes) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(safe_files, "write", no)  # root may write anywhere
    result = call("02")
    assert result.exit_code == 1
    assert "Cannot write to" in result.output
    assert ": Permission denied. Nothing was changed." in result.output
    assert state(work) == {}

    monkeypatch.undo()
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(work.parent / "course"))
    work.rmdir()
    work.write_text("a file", encoding="utf-8")
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(work))
    result = call("02")
    assert result.exit_code == 1
    assert "Cannot write to" in result.output
    assert work.read_text(encoding="utf-8") == "a file"


def test_progress_of_a_newer_course_is_left_alone(work: Path) -> None:
    work.mkdir(parents=True)
    (work / "progress.json").write_text('{"version": 99}', encoding="utf-8")
    result = call("02")
    assert result.exit_code == 1
    assert "newer version of the course" in result.output
    assert "could not be marked" in result.output
    assert (work / "progress.json").read_text(encoding="utf-8") == '{"version": 99}'


@pytest.mark.parametrize("module", [m for m in course.load(ROOT).ready_modules if m.lesson_minutes], ids=lambda m: m.id)
def test_each_lesson_of_the_course_teaches_in_a_sentence_or_in_five_lines(module: course.Module) -> None:
    taught = late_start.takeaways(module)
    waiting = (ROOT / "tools" / "code_unconverted.txt").read_text(encoding="utf-8").splitlines()
    assert len(taught) == (5 if module.id in waiting else 1)
    assert all(20 < len(line) < 300 for line in taught)
