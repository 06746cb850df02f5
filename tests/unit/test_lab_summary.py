"""The page that a learner keeps: it tells what the record holds, and no more."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from serverless_first.cli import main
from serverless_first.lab import Lab, progress, summary
from serverless_first.lab.progress import ProgressFile, hint_seen, judged, predicted, solution_seen, task_progress

pytest_plugins = ["lab_fixtures"]


class Page(HTMLParser):
    """The words of a page, and the addresses that it would load."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.words, self.tags, self.loads = "", list[str](), list[str]()
        self.feed(path.read_text(encoding="utf-8"))
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [str(value) for key, value in attrs if key in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words += f" {data}"


@pytest.fixture
def work(course_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: ARG001
    folder = tmp_path / "my 灯 work"
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(folder))
    return folder


def record(file: ProgressFile) -> None:
    """5.1 passes at the third try with two hints, then is practiced with everything there is; 5.2 has failed once."""
    file.update(hint_seen("05-lamps", "5.1", 2))
    for passed in (False, False, True, True):
        file.update(judged("05-lamps", "5.1", passed=passed))
    file.update(hint_seen("05-lamps", "5.1", 3))
    file.update(solution_seen("05-lamps", "5.1"))
    file.update(judged("05-lamps", "5.2", passed=False))
    file.update(predicted("05-lamps", "bulbs", pick="two", outcome="two"))
    file.update(predicted("05-lamps", "wires", pick="two", outcome="one"))


def test_the_page_tells_tries_hints_days_minutes_and_what_comes_next(work: Path) -> None:
    record(ProgressFile())
    path = summary.write()
    assert path == work / "summary.html"
    words = Page(path).words
    begun = summary._day(ProgressFile().read()["modules"]["05-lamps"]["begun_at"])
    assert begun
    day = summary._written(begun)
    assert f"5.1 Work out the total ✓ passed {day} 3 2 3" in words  # attempts, hints, minutes
    assert "5.2 Ship the lamp started 1 1" in words
    assert "1 of 2 tasks passed" in words
    assert f"started on {day}" in words
    assert "predictions that came true: 1 of 2" in words
    assert "Task 5.2, Ship the lamp: about 1 minute." in words
    assert "What I can do now" not in words  # the module is not finished


@pytest.mark.usefixtures("work")
def test_a_finished_module_tells_what_the_learner_can_do(course_dir: Path) -> None:
    toml = course_dir / "course.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace('summary = "s"', 'summary = "s"\nobjectives = ["make a lamp <last>"]', 1), "utf-8")
    for task in ("5.1", "5.2"):
        ProgressFile().update(judged("05-lamps", task, passed=True))
    words = Page(summary.write()).words
    assert "What I can do now make a lamp <last>" in words
    assert "modules finished 1 of 1" in words
    assert "You have passed every task in the course" in words


def test_the_page_needs_no_other_file_and_no_script(work: Path) -> None:
    record(ProgressFile())
    page = Page(summary.write(name="Aya"))
    assert page.loads == []
    assert "script" not in page.tags
    assert "@import" not in (work / "summary.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("agreed", [True, False, None])
def test_who_shares_with_a_board_is_not_told_that_nothing_was_sent(work: Path, agreed: bool | None) -> None:
    file = ProgressFile(work / "progress.json")
    record(file)
    note = {"board": "http://127.0.0.1:8766/<b>/", "agreed": agreed, "since": "2026-11-25T14:40:00Z"}
    file.update(lambda data: data.__setitem__("sharing", note))
    text = summary.write().read_text(encoding="utf-8")
    assert "nothing was sent" not in text
    assert "which sends nothing" in text
    assert ("instructor&#x27;s board (http://127.0.0.1:8766/&lt;b&gt;/)" in text) is (agreed is True)


@pytest.mark.usefixtures("work")
def test_the_name_is_in_the_heading_and_kept_nowhere_else() -> None:
    record(ProgressFile())
    path = summary.write(name="  アヤ <b>Tanaka</b> ")
    assert "アヤ <b>Tanaka</b>'s progress" in Page(path).words
    assert "b" not in Page(path).tags
    assert "Tanaka" not in ProgressFile().path.read_text(encoding="utf-8")
    assert "my progress" in Page(summary.write()).words  # written again, without it


def test_a_record_of_an_earlier_version_is_told_as_far_as_it_goes(work: Path) -> None:
    old = {"attempts": 4, "passed_at": "2026-11-24T15:00:00Z", "hints": 1, "solution_shown_at": "2026-11-24T15:10:00Z"}
    modules = {"05-lamps": {"touched_at": "2026-11-24T15:10:00Z", "tasks": {"5.1": old, "5.2": {"passed_at": "soon"}}}}
    modules["99-gone"] = {"touched_at": "2026-11-24T15:10:00Z", "tasks": {"99.1": old}}
    work.mkdir(parents=True)
    (work / "progress.json").write_text(json.dumps({"version": 1, "modules": modules}), encoding="utf-8")
    words = Page(summary.write()).words
    assert re.search(r"5\.1 Work out the total ✓ passed, solution seen November 2[45], 2026 4 1 3", words)
    assert "5.2 Ship the lamp ✓ passed not recorded" in words
    assert "started on" not in words
    assert "99.1" not in words


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, ""),
        ('{"version": 1, "modules": {}}', ""),
        ("", "kept as progress.json.broken-1"),
        ("{ half", "kept as progress.json.broken-1"),
        ('{"version": 1, "modules": {"05-lamps": {"begun_at": 3}}}', "kept as progress.json.broken-1"),
        ('{"version": 7}', "newer version of the course"),
    ],
    ids=["none", "empty", "no bytes", "broken", "odd", "newer"],
)
def test_without_a_record_no_page_is_made_and_an_earlier_one_stays(
    work: Path, content: str | None, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    work.mkdir(parents=True)
    (work / "summary.html").write_text("of yesterday", encoding="utf-8")
    if content is not None:
        (work / "progress.json").write_text(content, encoding="utf-8")
    result = CliRunner().invoke(main, ["summary"])
    assert result.exit_code == 1
    assert "No page was created, because no task, hint or prediction is recorded yet" in result.output
    assert says in result.output + capsys.readouterr().out
    assert "Traceback" not in result.output
    assert (work / "summary.html").read_text(encoding="utf-8") == "of yesterday"


def test_another_file_is_never_written_over(work: Path) -> None:
    record(ProgressFile())
    mine = work / "notes.html"
    mine.write_text("my notes", encoding="utf-8")
    result = CliRunner().invoke(main, ["summary", "--to", str(mine)])
    assert result.exit_code == 1
    assert "is not a summary. Name another file" in result.output
    assert mine.read_text(encoding="utf-8") == "my notes"


def test_a_folder_that_cannot_be_written_is_told(work: Path) -> None:
    record(ProgressFile())
    (work / "a file").touch()
    result = CliRunner().invoke(main, ["summary", "--to", str(work / "a file" / "summary.html")])
    assert result.exit_code == 1
    assert "cannot be written" in result.output


def test_the_command_says_where_the_page_is(work: Path) -> None:
    record(ProgressFile())
    result = CliRunner().invoke(main, ["summary", "--name", "Aya", "--to", str(work / "mine" / "page.html")])
    assert result.exit_code == 0
    assert str(work / "mine" / "page.html") in result.output
    assert "Nothing was sent" in result.output


def test_a_notebook_makes_it_too(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Lab("05").summary()
    assert "No page was created" in capsys.readouterr().out
    record(ProgressFile())
    Lab("05").summary(name="Aya")
    assert "summary.html is in your folder" in capsys.readouterr().out
    assert (work / "summary.html").is_file()


# --- what the record keeps for it


def test_what_comes_after_the_first_pass_is_not_counted(tmp_path: Path) -> None:
    file = ProgressFile(tmp_path / "progress.json")
    record(file)
    done = task_progress(file.read(), "05-lamps", "5.1")
    assert (done.attempts, done.hints, done.solution_shown) == (3, 2, False)
    assert task_progress(file.read(), "05-lamps", "5.2").attempts == 1


@pytest.mark.usefixtures("work")
def test_the_progress_and_the_page_count_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    record(ProgressFile())
    assert "attempts 4 hints 2" in Page(summary.write()).words
    Lab("05").progress()
    told = capsys.readouterr().out
    assert "5.1   passed       3 attempts, 2 hints: Work out the total" in told
    assert "5.2   open         1 attempt, 0 hints: Ship the lamp" in told


def test_the_first_moment_of_a_module_and_of_a_task_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = ProgressFile(tmp_path / "progress.json")
    moments = iter(f"2026-11-25T10:0{minute}:00Z" for minute in range(10))
    monkeypatch.setattr(progress, "now", lambda: next(moments))
    file.update(solution_seen("m", "5.1"))
    file.update(judged("m", "5.1", passed=False))
    file.update(judged("m", "5.1", passed=True))
    module = file.read()["modules"]["m"]
    assert module["begun_at"] < module["tasks"]["5.1"]["first_tried_at"] < module["tasks"]["5.1"]["passed_at"]
    assert module["begun_at"] < module["touched_at"]
