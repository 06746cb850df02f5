"""Minutes are computed from what a learner reads, runs and writes; course.toml and the texts follow."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupytext", reason="the build needs the extra `author`")

from click.testing import CliRunner

from serverless_first import course
from serverless_first.authoring import check, minutes, nbio
from serverless_first.cli import main
from serverless_first.course import Module, Task

SMALL = Path(__file__).parent / "data" / "build_course"
LAMPS = Module(
    id="00-lamps",
    title="Lamps",
    summary="",
    deck_slides=(),
    lesson_minutes=45,
    lab_minutes=20,
    slides_minutes=10,
    objectives=(),
    needs=(),
    tasks=(Task("0.1", "One", 12), Task("0.2", "Two", 8)),
    ready=True,
    further_minutes=7,
)


def text(source: str) -> Any:
    return nbio.markdown(source, {})


def code(source: str, **metadata: object) -> Any:
    cell = nbio.markdown(source, metadata)
    cell.cell_type = "code"
    return cell


def prose(words: int, heading: str = "") -> Any:
    return text(f"{heading}\n\n" + " ".join(["lamp"] * (words - len(heading.split()) + bool(heading))))


def test_a_lesson_takes_a_minute_for_200_words_and_its_run_time() -> None:
    lesson = [prose(1_000), code("call()")]
    assert minutes.of_module(LAMPS, lesson, None).lesson == 10  # 5 minutes of words, a moment of code, rounded up
    assert minutes.of_module(LAMPS, [prose(1_000)], None).lesson == 5
    slow = dataclasses.replace(LAMPS, lesson_run_s=330)
    assert minutes.of_module(slow, lesson, None).lesson == 15


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        (code("a = 1\n\nb = 2\n"), 2 * minutes.CODE_LINE_S),
        (code("a = 1\n", jupyter={"source_hidden": True}), 0),
        (code("lab.predict('burst')", jupyter={"source_hidden": True}), minutes.PREDICTION_S),
        (code("figures.show(f)"), minutes.FIGURE_S + minutes.CODE_LINE_S),
        (
            code("x = 1\n### BEGIN SOLUTION\ny = 2\n### END SOLUTION\n"),
            minutes.CODE_LINE_S + minutes.STEP_S + minutes.WRITTEN_LINE_S,
        ),
        (text("[lamp](https://hikari.example/a-b) `code here`<sup><a href='x'>1</a></sup>"), 2 * 60 / 200),
        (text("| a | b |\n|---|---|\n| c | d e |\n\n```\nnot counted\n```\n"), 5 * 60 / 200),
    ],
)
def test_what_a_cell_takes(cell: Any, seconds: float) -> None:
    assert minutes.work([cell]).minutes() * 60 == pytest.approx(seconds)


def test_going_further_has_its_own_minutes_and_sources_have_none() -> None:
    lesson = [prose(1_000), prose(600, "## Going further"), prose(400, "### Prices"), prose(9_000, "## Sources")]
    found = minutes.of_module(LAMPS, lesson, None)
    assert (found.lesson, found.further) == (5, 5)


def test_a_lab_is_the_sum_of_its_tasks_which_share_what_is_around_them() -> None:
    gap = "### BEGIN SOLUTION\na = 1\n### END SOLUTION\n"
    lab = [
        prose(400, "# Lab"),
        prose(200, "## Task 0.1: one (12 minutes)"),
        text("**Step 1: look.** Lamps\n\n**Step 2: write.** Lamps"),
        code(gap),
        prose(200, "## Task 0.2: two"),
        code(gap),
        code(gap),
        prose(400, "## On a real account"),
    ]
    found = minutes.of_module(LAMPS, None, lab)
    own = 1 + (2 * minutes.STEP_S + minutes.WRITTEN_LINE_S) / 60
    assert found.tasks["0.1"] in (round(own + 2), round(own + 2) + 1)
    assert set(found.tasks) == {"0.1", "0.2"}
    assert found.lab == sum(found.tasks.values())
    assert minutes.of_module(dataclasses.replace(LAMPS, lab_run_s=600), None, lab).lab >= found.lab + 9


def test_a_text_cites_its_minutes() -> None:
    cited = "In {minutes}`lesson`, lab {minutes}`lab`, further {minutes}`further`, task {minutes}`0.1`."
    assert minutes.in_text(cited, LAMPS) == "In 45, lab 20, further 7, task 12."
    with pytest.raises(minutes.UnknownMinutes, match=r"'9\.9'; there are here, lesson, further, lab, core, 0\.1"):
        minutes.in_text("{minutes}`9.9`", LAMPS)


def test_a_section_of_going_further_cites_its_own_minutes() -> None:
    cells = [
        text("## Prices\n\n*{minutes}`here` minutes.* " + "lamp " * 300),
        prose(400, "### More"),
        prose(900, "## End"),
    ]
    for cell in cells:
        cell.source = minutes.in_text(cell.source, LAMPS)
    minutes.of_sections(cells)
    assert "*4 minutes.*" in cells[0].source


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small course, with run times that were measured."""
    made = Path(shutil.copytree(SMALL, tmp_path / "lamps"))
    toml = made / "course.toml"
    timed = "lab_minutes = 2\nlesson_run_s = 30\nlab_run_s = 10\n"
    toml.write_text(toml.read_text(encoding="utf-8").replace("lab_minutes = 2\n", timed), encoding="utf-8")
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(made))
    return made


@pytest.mark.usefixtures("root")
def test_minutes_that_somebody_has_guessed_fail_the_check() -> None:
    found = [line for line in check(report=lambda _: None) if line.startswith("course.toml")]
    assert found == [
        'course.toml, 00-lamps: lab_minutes is 2, not 4: run "make build"',
        'course.toml, 00-lamps: minutes of task 0.1 is 2, not 4: run "make build"',
    ]


def test_without_a_measured_run_time_the_minutes_are_the_author_s(root: Path) -> None:
    toml = root / "course.toml"
    text = toml.read_text(encoding="utf-8").replace("lesson_run_s = 30\nlab_run_s = 10\n", "")
    toml.write_text(text, encoding="utf-8")
    assert not [line for line in check(report=lambda _: None) if line.startswith("course.toml")]


def test_only_the_numbers_of_the_module_change_in_course_toml(root: Path) -> None:
    before = (root / "course.toml").read_text(encoding="utf-8")
    right = minutes.Minutes(lesson=50, further=8, lab=6, tasks={"0.1": 6})
    after = minutes.in_course_file(before, course.load().module("00"), right)
    expected = before.replace("lesson_minutes = 5\n", "lesson_minutes = 50\n").replace(
        "\nminutes = 2\n", "\nminutes = 6\n"
    )
    assert after == expected.replace("lab_minutes = 2\n", "lab_minutes = 6\nfurther_minutes = 8\n")
    assert minutes.in_course_file(after, course.load().module("00"), right) == after


def test_the_files_that_a_lab_asks_to_read_count_as_its_visible_code() -> None:
    capstone = course.load().module("12")
    lines = minutes.work_in_files(capstone).code_lines
    assert lines > 100
    lab = [text("# Lab"), *(text(f"## Task {task.id}: x") for task in capstone.tasks)]
    without = minutes.of_module(dataclasses.replace(capstone, lab_reads=()), None, lab)
    seconds = 60 * (minutes.of_module(capstone, None, lab).lab - without.lab)
    assert abs(seconds - lines * minutes.CODE_LINE_S) <= 60 * len(capstone.tasks)  # each task is rounded up


@pytest.mark.usefixtures("root")
def test_the_command_tells_what_minutes_are_made_of() -> None:
    told = CliRunner().invoke(main, ["minutes", "00"])
    assert told.exit_code == 0, told.output
    lab = next(line for line in told.output.splitlines() if line.startswith("00 lab"))
    assert lab.split()[-2:] == ["4", "2"]
    assert CliRunner().invoke(main, ["minutes", "7"]).exit_code != 0


# --- the course's own


def test_the_run_times_of_all_modules_are_measured() -> None:
    assert [m.number for m in course.load().ready_modules if m.lesson_run_s is None and m.lab_run_s is None] == []
