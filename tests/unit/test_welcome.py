"""The front page: where to go on, three paths through the course, its map, and progress."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from serverless_first import course
from serverless_first.course.places import work_dir
from serverless_first.lab import Lab, press, progress, welcome
from serverless_first.lab.progress import ProgressFile

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder with empty copies of the whole course."""
    folder = tmp_path / "my 灯 work"
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(ROOT))
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(folder))
    for module in course.load().ready_modules:
        (folder / module.id).mkdir(parents=True)
        for kind in ("lesson", "lab") if module.lesson_minutes else ("lab",):
            (folder / module.id / f"{module.number}-{kind}.ipynb").touch()
    return folder


def written() -> str:
    lines: list[str] = []
    welcome.write(lines.append)
    assert lines == []
    return (work_dir() / "welcome.md").read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    found = re.search(rf"^## {heading}\n\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, page
    return found[1]


@pytest.mark.usefixtures("work")
def test_a_new_learner_is_sent_to_the_first_lesson() -> None:
    assert section(written(), "Start").startswith(
        "Open **[lesson 00, Start here](00-start-here/00-lesson.ipynb)**. It takes "
    )


@pytest.mark.usefixtures("work")
def test_every_link_leads_to_a_notebook(work: Path) -> None:
    page = written()
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert {link for link in links if not (work / link).is_file()} == set()
    assert set(re.findall(r"^\| (\d\d) ", page, re.MULTILINE)) == {m.number for m in course.load().ready_modules}


@pytest.mark.usefixtures("work")
def test_there_are_three_ways_with_their_time() -> None:
    ways = section(written(), "Three paths through the course")
    hour, weekend, everything = course.load().routes
    assert re.findall(r"^- \*\*(.+?)\*\* \((.+?)\)\.", ways, re.MULTILINE) == [
        ("An hour", f"{hour.minutes} minutes"),
        ("A weekend", f"about {weekend.minutes / 60:.0f} hours"),
        ("Everything", f"about {everything.minutes / 60:.0f} hours"),
    ]
    assert hour.minutes <= 70
    assert 6 * 60 <= weekend.minutes <= 12 * 60


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (
            [progress.predicted("05-rds-proxy", "pin", pick="yes")],
            "lesson 05, RDS Proxy](05-rds-proxy/05-lesson.ipynb)",
        ),
        ([progress.judged("05-rds-proxy", "5.1", passed=False)], "lab 05, RDS Proxy](05-rds-proxy/05-lab.ipynb)"),
        ([progress.judged("05-rds-proxy", "5.1", passed=True)], "Your next task is 5.2, "),
        ([progress.judged("00-start-here", "0.1", passed=True)], "lesson 01, The evolution of computing]"),
    ],
    ids=["in a lesson", "in a lab", "between tasks", "after a module"],
)
@pytest.mark.usefixtures("work")
def test_a_learner_goes_on_where_they_left_off(done: list[progress.Change], words: str) -> None:
    for change in done:
        ProgressFile().update(change)
    assert words in section(written(), "Continue")


@pytest.mark.usefixtures("work")
def test_the_continue_link_stays_on_the_chosen_path_and_knows_finished_lessons() -> None:
    def goes_on() -> str:
        return section(written(), "Continue").partition(")**")[0]

    Lab("00").quiz()
    assert "lab 00, Start here](00-start-here/00-lab.ipynb" in goes_on()
    press.choose_path("An hour")
    assert "lesson 04, Lambda and a relational database](04-lambda-and-rdbms/04-lesson.ipynb" in goes_on()
    ways = section(written(), "Three paths through the course")
    assert "Take ✓ [lesson 00](00-start-here/00-lesson.ipynb) and [lesson 04](" in ways
    assert ways.count("Take this path</button>") == 2
    assert re.search(r"^- \*\*An hour\*\*.* \*\*This is your path\.\*\*$", ways, re.MULTILINE)
    assert "| ✓ [Lesson 00](00-start-here/00-lesson.ipynb), " in written()

    Lab("04").quiz()
    assert "You have finished your path. The path **A weekend** goes on. Open **[lab 00, " in goes_on()
    press.choose_path("A weekend")
    assert "Open **[lab 04, " in goes_on()


@pytest.mark.usefixtures("work")
def test_progress_is_said_in_words_and_shown_as_a_bar() -> None:
    ProgressFile().update(progress.judged("00-start-here", "0.1", passed=True))
    page = written()
    assert re.search(
        r"You have passed 1 of \d+ required tasks and 0 of \d+ optional tasks\. "
        r"<progress max=\"\d+\" value=\"1\" title=\"Tasks passed\">",
        page,
    )
    assert re.search(r"^\| \*\*00 Start here\*\* \(you were here last\) .*\| ✓ 1 of 1 <progress", page, re.MULTILINE)


@pytest.mark.usefixtures("work")
def test_when_every_task_has_passed_no_link_goes_on() -> None:
    def everything(data: progress.Data) -> None:
        for module in course.load().modules:
            for task in module.tasks:
                progress.judged(module.id, task.id, passed=True)(data)

    ProgressFile().update(everything)
    page = written()
    assert "## Continue" not in page
    total = sum(len(module.tasks) for module in course.load().modules)
    told = re.search(
        r"You have passed (\d+) of \1 required tasks and (\d+) of \2 optional tasks\.", section(page, "Where you are")
    )
    assert told
    assert int(told[1]) + int(told[2]) == total


def test_a_broken_or_odd_progress_file_means_a_new_learner(work: Path) -> None:
    for text in ("{ half", "[]", json.dumps({"version": 1, "modules": {}, "last_module": ["05"]})):
        (work / "progress.json").write_text(text, encoding="utf-8")
        assert "lesson 00, Start here" in section(written(), "Start")


def test_a_page_that_the_learner_has_edited_is_saved_before(work: Path) -> None:
    written()
    welcome.write()
    (work / "welcome.md").write_text("my notes", encoding="utf-8")
    welcome.refresh()
    assert (work / "welcome.md").read_text(encoding="utf-8") == "my notes"
    lines: list[str] = []
    welcome.write(lines.append)
    (saved,) = (work / "saved").iterdir()
    assert saved.read_text(encoding="utf-8") == "my notes"
    assert lines == [f"welcome.md: you have changed it, so your version is kept as saved/{saved.name}"]


def test_a_link_in_its_place_is_left(work: Path, tmp_path: Path) -> None:
    try:
        (work / "welcome.md").symlink_to(tmp_path / "elsewhere.md")
    except OSError:
        pytest.skip("this system does not let us make links")
    lines: list[str] = []
    welcome.write(lines.append)
    assert lines == ["welcome.md: left as it is, because it is a link"]
    assert not (tmp_path / "elsewhere.md").exists()


@pytest.mark.usefixtures("work")
def test_a_prediction_is_on_the_page_at_once_and_a_page_without_news_is_not_written_again() -> None:
    page = written()
    Lab("05").predict("pin", "How many?", ["none", "some"]).value = "some"
    file = work_dir() / "welcome.md"
    assert "**05 RDS Proxy** (you were here last)" in file.read_text(encoding="utf-8") != page
    before = file.stat().st_mtime_ns
    Lab("05").predict("pin", "How many?", ["none", "some"]).value = "none"
    assert file.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"00 lesson", "04 lesson"', '"00 lecture"'), "must be written like"),
        (('id = "4.2"', 'id = "4.2"\nformerly = ["4.1"]'), "4.1 would mean two things. A task keeps its ids"),
        (('id = "04-lambda-and-rdbms"', 'id = "04-l"\nformerly = ["05-rds-proxy"]'), "05-rds-proxy would mean two"),
    ],
)
def test_a_mistake_in_course_toml_is_explained(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    text = (ROOT / "course.toml").read_text(encoding="utf-8")
    assert change[0] in text
    (tmp_path / "course.toml").write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(ValueError, match=words):
        course.load(tmp_path)
