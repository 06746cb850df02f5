"""What a learner sees: check, hint, solution, progress."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from serverless_first.lab import CheckFailed, CourseFault, Lab, UnknownLab, UnknownTask

pytest_plugins = ["lab_fixtures"]
pytestmark = pytest.mark.usefixtures("course_dir")


@pytest.mark.parametrize("name", ["05-lamps", "05", "5"])
def test_a_lab_is_found_by_id_and_by_number(name: str) -> None:
    assert repr(Lab(name)) == "Lab('05-lamps')"


def test_an_unknown_module_lists_those_there_are() -> None:
    with pytest.raises(UnknownLab, match=r"no module '99'.*05-lamps, 06-later"):
        Lab("99")


def test_a_planned_module_says_so() -> None:
    with pytest.raises(UnknownLab, match=r"06-later is planned.*Ready: 05-lamps"):
        Lab("06")


def test_a_pass_prints_one_line_and_is_remembered(
    functions: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    functions["hikari-total"] = {"total_yen": 2400}
    assert Lab("05").check("5.1") is None  # type: ignore[func-returns-value]
    assert capsys.readouterr().out == "5.1 passed: Work out the total.\n"
    Lab("05").progress()
    assert "5.1   passed       1 attempt, 0 hints" in capsys.readouterr().out


def test_a_failure_tells_all_four_parts_and_counts_an_attempt(
    functions: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    functions["hikari-total"] = {"total_yen": "2400"}
    with pytest.raises(CheckFailed) as caught:
        Lab("05").check("5.1")
    assert str(caught.value) == (
        "5.1 failed: The total is wrong. | "
        'called: invoke hikari-total with {"price_yen": 1200, "quantity": 2} | '
        'came back: {"total_yen": "2400"} | expected: price times quantity | look at: the line that multiplies'
    )
    printed = capsys.readouterr().out
    for label in ("called:", "came back:", "expected:", "look at:"):
        assert label in printed
    Lab("05").progress()
    assert "5.1   open         1 attempt" in capsys.readouterr().out


def test_an_untouched_task_is_not_started_and_counts_no_attempt(
    functions: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    functions["hikari-totals"] = {}
    with pytest.raises(CheckFailed, match=r'not started: There is no function "hikari-total" yet.*hikari-totals'):
        Lab("05").check("5.1")
    capsys.readouterr()
    Lab("05").progress()
    assert "5.1   not started  0 attempts" in capsys.readouterr().out


@pytest.mark.parametrize("call", ["check", "hint", "solution"])
def test_an_unknown_task_lists_those_there_are(call: str) -> None:
    with pytest.raises(UnknownTask, match=r"no task '5.9' in 05-lamps. Its tasks are 5.1, 5.2"):
        getattr(Lab("05"), call)("5.9")


def test_a_task_given_as_a_number_is_refused_with_the_right_way() -> None:
    with pytest.raises(UnknownTask, match="in quotes"):
        Lab("05").check(5.1)  # type: ignore[arg-type]


def test_each_hint_adds_one_to_those_shown_and_the_fourth_call_shows_three(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for _ in range(4):
        Lab("05").hint("5.1")  # a new Lab each time: what was seen is on disk
        shown.append(capsys.readouterr().out)
    assert "hint 1 of 3: a question" in shown[0]
    assert "What is a total?" in shown[0]
    assert "Look at" not in shown[0]
    assert "hint 2 of 3: a pointer" in shown[1]
    assert "not at `**`" in shown[1]  # an author's own signs stay
    assert "What is a total?" in shown[1]
    assert "hint 3 of 3: nearly the code" in shown[2]
    assert 'lab.solution("5.1", sure=True)' in shown[2]
    assert shown[3] == shown[2]


def test_a_hint_may_cite_a_fact_and_names_its_source(course_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (course_dir / "facts").mkdir(exist_ok=True)
    (course_dir / "facts" / "facts.yml").write_text(
        "sources: {NEWS: {title: News, url: 'https://aws.example/news'}}\n"
        "facts: {step: {what: Step, now: {value: 1 ms, as_of: 2026, source: NEWS}, checked: 2026-11-24}}\n"
    )
    hints = "5.1: ['Is it {fact}`step`?', '`{fact}` is code', c]\n5.2: ['{fact}`stop`', b, c]\n"
    (course_dir / "modules/05-lamps/hints.yml").write_text(hints, encoding="utf-8")
    lab = Lab("05")
    lab.hint("5.1")
    assert capsys.readouterr().out.endswith("Is it 1 ms? [a]\n\n[a] News, 2026: https://aws.example/news\n")
    InteractiveShell.instance()
    try:
        with capture_output() as captured:
            lab.hint("5.1", upto=1)
    finally:
        InteractiveShell.clear_instance()
    shown = captured.outputs[0].data["text/markdown"]
    assert 'Is it 1 ms?<sup><a href="https://aws.example/news" title="News">[a]</a></sup>' in shown
    assert shown.endswith('[a]&nbsp;<a href="https://aws.example/news">News</a>, 2026</small>')
    with pytest.raises(CourseFault, match=r"cited wrongly.*no fact 'stop'.*Did you mean step"):
        lab.hint("5.2")


def test_hints_go_on_where_progress_cannot_be_saved(course_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (course_dir / "work").write_text("a file in the place of the folder", encoding="utf-8")
    lab = Lab("05")
    lab.hint("5.1")
    assert "was not saved" in capsys.readouterr().out
    lab.hint("5.1")
    assert "hint 2 of 3" in capsys.readouterr().out


def test_the_solution_stays_closed_until_a_pass_or_three_hints_and_a_yes(capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab("05")
    lab.solution("5.1", sure=True)
    closed = capsys.readouterr().out
    assert "0 of 3 hints" in closed
    assert "price * quantity" not in closed
    for _ in range(3):
        lab.hint("5.1")
    capsys.readouterr()
    lab.solution("5.1")
    asked = capsys.readouterr().out
    assert "sure=True" in asked
    assert "price * quantity" not in asked
    lab.solution("5.1", sure=True)
    shown = capsys.readouterr().out
    assert "total = price * quantity" in shown
    assert "BEGIN SOLUTION" not in shown
    lab.progress()
    assert "3 hints, solution seen" in capsys.readouterr().out


def test_the_solution_opens_after_a_pass(functions: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    functions["hikari-total"] = {"total_yen": 2400}
    lab = Lab("05")
    lab.check("5.1")
    lab.solution("5.1")
    assert "total = price * quantity" in capsys.readouterr().out
    lab.progress()
    assert "1 attempt, 0 hints: Work out the total" in capsys.readouterr().out  # and no "solution seen"


def test_after_a_pass_all_hints_are_shown_and_none_is_counted(
    functions: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    functions["hikari-total"] = {"total_yen": 2400}
    lab = Lab("05")
    lab.check("5.1")
    lab.hint("5.1")
    assert "hint 3 of 3: nearly the code" in capsys.readouterr().out
    lab.progress()
    assert "1 attempt, 0 hints" in capsys.readouterr().out


def test_help_names_what_a_learner_can_call(capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab("05")
    lab.help()
    told = capsys.readouterr().out
    calls = re.findall(r"^  lab\.(\w+)", told, re.MULTILINE)
    assert calls == ["check", "hint", "solution", "progress", "summary", "quiz", "recall", "share"]
    assert all(callable(getattr(lab, call)) for call in calls)
    assert 'lab.check("5.1")' in told


def test_a_solution_that_is_not_there_is_the_courses_fault(course_dir: Path, functions: dict[str, object]) -> None:
    (course_dir / "solutions" / "05-lamps.ipynb").unlink()
    functions["hikari-total"] = {"total_yen": 2400}
    lab = Lab("05")
    lab.check("5.1")
    with pytest.raises(CourseFault, match="make build"):
        lab.solution("5.1")


def test_progress_names_the_next_task_and_the_whole_course(
    course_dir: Path, functions: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    functions["hikari-total"] = {"total_yen": 2400}
    Lab("05").check("5.1")
    (course_dir / "shipped.txt").write_text("lamp", encoding="utf-8")
    capsys.readouterr()
    Lab("05").progress()
    assert "Next: 5.2, about 1 minute." in capsys.readouterr().out
    Lab("05").check("5.2")
    capsys.readouterr()
    Lab("05").progress()
    done = capsys.readouterr().out
    assert "05-lamps: 2 of 2 tasks passed" in done
    assert "You have passed every task that is ready." in done
    assert "06-later" not in done
    assert str(course_dir) not in done
    assert "202" not in done  # no date


def test_progress_says_that_all_required_tasks_have_passed(
    course_dir: Path, functions: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    toml = course_dir / "course.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("minutes = 1\n", "minutes = 1\noptional = true\n"), encoding="utf-8")
    functions["hikari-total"] = {"total_yen": 2400}
    Lab("05").check("5.1")
    capsys.readouterr()
    Lab("05").progress()
    said = capsys.readouterr().out
    assert "Ship the lamp (optional)" in said
    assert "You have passed all required tasks of this lab. Optional: 5.2, about 1 minute." in said
    assert "05-lamps: 1 of 1 required task and 0 of 1 optional task passed" in said
    assert "Next: 5.2" not in said
    assert "You have passed every task" not in said


@pytest.mark.parametrize(
    ("hints", "message"),
    [
        ("5.1: [a, b, c]", "list different tasks: 5.2"),
        ("5.1: [a, b]\n5.2: [a, b, c]", "task 5.1 needs exactly three hints"),
        ("5.1: [a, b, '']\n5.2: [a, b, c]", "task 5.1 needs exactly three hints"),
        ("5.1: [a", "cannot be read"),
    ],
)
def test_bad_hints_name_the_file_and_the_task(course_dir: Path, hints: str, message: str) -> None:
    (course_dir / "modules/05-lamps/hints.yml").write_text(hints, encoding="utf-8")
    with pytest.raises(CourseFault, match=rf"modules/05-lamps/hints.yml.*{message}"):
        Lab("05").hint("5.1")


def test_a_plain_python_gets_text_and_an_ascii_terminal_does_not_break_it(course_dir: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", "from serverless_first.lab import Lab; Lab('05').check('5.1')"],
        capture_output=True,
        env={"PATH": "", "SYSTEMROOT": "", "PYTHONIOENCODING": "ascii", "SERVERLESS_FIRST_ROOT": str(course_dir)},
        check=False,
    )
    assert ran.returncode == 1
    assert b"5.1 not judged: The local cloud is not running." in ran.stdout
    assert b"cloud.start()" in ran.stdout


def test_a_lesson_may_show_the_first_hint_again_and_again(capsys: pytest.CaptureFixture[str], course_dir: Path) -> None:
    del course_dir
    for _ in range(3):
        Lab("05").hint("5.1", upto=1)
        assert "hint 1 of 3" in capsys.readouterr().out
    Lab("05").hint("5.1")
    assert "hint 2 of 3" in capsys.readouterr().out
