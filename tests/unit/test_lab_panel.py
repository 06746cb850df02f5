"""The panel below a check in a notebook: its verdict, its buttons, and what they do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from serverless_first.course import look
from serverless_first.lab import CheckFailed, Lab, kit, press, sharing, show as showing

pytest_plugins = ["lab_fixtures"]
pytestmark = pytest.mark.usefixtures("course_dir")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What a notebook would display, in order."""
    bundles: list[dict[str, str]] = []

    def keep(text: str, *, html: str = "", markdown: str = "") -> None:
        bundles.append({"text": text, "html": html, "markdown": markdown})

    monkeypatch.setattr(kit, "show", keep)
    return bundles


def buttons(html: str) -> list[str]:
    return re.findall(r'data-lab-do="(\w+)"', html)


def main_button(html: str) -> str:
    """The label of the one button that stands out."""
    (label,) = re.findall(r'class="lab-main"[^>]*>([^<]+)<', html)
    return str(label)


def test_a_pass_is_green_and_says_when_and_what_is_next(
    functions: dict[str, Any], shown: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SERVERLESS_FIRST_QUIET", raising=False)
    functions["hikari-total"] = {"total_yen": 1}
    with pytest.raises(CheckFailed):
        Lab("05").check("5.1")
    functions["hikari-total"] = {"total_yen": 2400}
    Lab("05").check("5.1")
    html = shown[-1]["html"]
    assert shown[-1]["text"] == "5.1 passed: Work out the total."
    assert look.color("pass_paper") in html
    assert "&#10003; 5.1 passed" in html
    assert re.search(r"Passed at \d\d:\d\d on \d+ \w+, after 2 attempts\.", html)
    assert "Next: task 5.2, Ship the lamp, about 1 minute." in html
    assert 'data-next="5.2"' in html
    assert buttons(html) == ["next", "solution", "progress", "check"]
    assert main_button(html) == "Next: task 5.2"


def test_a_pass_of_the_last_required_task_says_so_and_offers_the_optional_ones(
    course_dir: Path, functions: dict[str, Any], shown: list[dict[str, str]]
) -> None:
    toml = course_dir / "course.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("minutes = 1\n", "minutes = 1\noptional = true\n"), encoding="utf-8")
    functions["hikari-total"] = {"total_yen": 2400}
    Lab("05").check("5.1")
    html = shown[-1]["html"]
    words = "You have passed all required tasks of this lab. Optional: task 5.2, Ship the lamp, about 1 minute."
    assert words in html
    assert "Next: task" not in html
    assert 'data-next="5.2"' in html


def test_the_last_task_of_a_lab_leads_to_the_next_step_on_the_path(
    course_dir: Path, functions: dict[str, Any], shown: list[dict[str, str]]
) -> None:
    (course_dir / "modules" / "06-later").mkdir()
    toml = course_dir / "course.toml"
    path = '[[route]]\ntitle = "Only labs"\nsummary = "s"\nparts = ["05 lab", "06 lab"]\n'
    tasks = '[[module.task]]\nid = "6.1"\ntitle = "Light it"\nminutes = 1\n'
    toml.write_text(f"{toml.read_text(encoding='utf-8')}\n{tasks}\n{path}", encoding="utf-8")
    functions["hikari-total"] = {"total_yen": 2400}
    (course_dir / "shipped.txt").write_text("lamp", encoding="utf-8")
    Lab("05").check("5.1")
    Lab("05").check("5.2")
    html = shown[-1]["html"]
    assert "That was the last task of this lab. Next: lesson 06, Later, about 5 minutes." in html
    assert main_button(html) == "Next: lesson 06"
    assert 'data-open="06-later/06-lesson.ipynb"' in html

    press.choose_path("Only labs")
    Lab("05").check("5.2")
    assert main_button(shown[-1]["html"]) == "Next: lab 06"
    with pytest.raises(ValueError, match=r"no path 'Only lamps'. Choose one of: Only labs"):
        press.choose_path("Only lamps")


def test_a_prediction_is_answered_in_a_panel_like_those_of_checks(shown: list[dict[str, str]]) -> None:
    lab = Lab("05")
    lab.predict("lamps", "How many?", {"<none>": 0, "a few": range(1, 9)}).value = "<none>"
    lab.predicted("lamps", 0)
    lab.predicted("lamps", 5)
    hit, miss = (bundle["html"] for bundle in shown)
    assert look.panel("pass") in hit
    assert "&#10003; As you predicted." in hit
    assert "You predicted: &lt;none&gt;" in hit
    assert look.panel("note") in miss
    assert "Not as predicted" in miss


def test_a_pass_says_what_it_has_shown_and_no_time_where_outputs_are_stored(
    course_dir: Path, functions: dict[str, Any], shown: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = course_dir / "course.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("minutes = 3", 'minutes = 3\nshows = "It adds <nothing>."'), encoding="utf-8")
    monkeypatch.setenv("SERVERLESS_FIRST_QUIET", "1")
    functions["hikari-total"] = {"total_yen": 2400}
    Lab("05").check("5.1")
    assert "It adds &lt;nothing&gt;." in shown[-1]["html"]
    assert "Passed at" not in shown[-1]["html"]


def test_the_last_task_leads_back_to_one_that_was_left_out(course_dir: Path, shown: list[dict[str, str]]) -> None:
    (course_dir / "shipped.txt").write_text("lamp", encoding="utf-8")
    Lab("05").check("5.2")
    assert 'data-next="5.1"' in shown[-1]["html"]


def test_a_failed_check_offers_help_and_hides_the_typed_call_behind_the_buttons(
    functions: dict[str, Any], shown: list[dict[str, str]]
) -> None:
    functions["hikari-total"] = {"total_yen": 1}
    with pytest.raises(CheckFailed):
        Lab("05").check("5.1")
    html = shown[-1]["html"]
    assert buttons(html) == ["check", "hint", "solution", "next"]
    assert re.search(r'class="lab-typed"[^>]*>Stuck\? lab\.hint', html)
    assert 'role="group" tabindex="-1" aria-label="5.1 failed"' in html
    assert '<div class="lab-answer" role="status"></div>' in html


def test_a_check_that_cannot_judge_offers_no_hint(shown: list[dict[str, str]]) -> None:
    with pytest.raises(CheckFailed):
        Lab("05").check("5.1")
    assert buttons(shown[-1]["html"]) == ["check", "next"]


def test_the_question_whether_to_share_is_in_the_panel_once(
    functions: dict[str, Any], shown: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(sharing.URL, "http://127.0.0.1:9/board/")
    monkeypatch.setenv(sharing.TOKEN, "t")
    functions["hikari-total"] = {"total_yen": 2400}
    for _ in range(2):
        Lab("05").check("5.1")
    first, second = shown
    assert {"share", "keep"} <= set(buttons(first["html"]))
    assert "Call lab.share(True) to agree" in first["text"]
    assert "share" not in buttons(second["html"])


def test_buttons_do_what_the_typed_calls_do(shown: list[dict[str, str]]) -> None:
    for number in (1, 2, 3):
        press.press("05-lamps", "5.1", "hint")
        assert f"hint {number} of 3" in shown[-1]["text"]
    press.press("05-lamps", "5.1", "solution")
    assert buttons(shown[-1]["html"]) == ["sure"]
    press.press("05-lamps", "5.1", "sure")
    assert "total = price * quantity" in shown[-1]["text"]
    press.press("05-lamps", "5.1", "progress")
    assert shown[-1]["text"].startswith("05-lamps: Lamps that last\n  5.1   open")
    with pytest.raises(CheckFailed):
        press.press("05-lamps", "5.1", "check")


def test_the_share_buttons_answer_the_question(capsys: pytest.CaptureFixture[str]) -> None:
    press.press("05-lamps", "5.1", "keep")
    assert "This class has no board" in capsys.readouterr().out


def test_a_button_of_another_version_says_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"Unknown action 'fly'. Choose one of: check, hint, solution"):
        press.press("05-lamps", "5.1", "fly")


def test_progress_is_a_picture_with_words(functions: dict[str, Any], shown: list[dict[str, str]]) -> None:
    functions["hikari-total"] = {"total_yen": 2400}
    lab = Lab("05")
    lab.check("5.1")
    lab.hint("5.2")
    lab.progress()
    html = shown[-1]["html"]
    words = "Progress: 1 of 2 tasks passed. By module: 05: 1 of 2. You are in module 05."
    assert f'<svg class="course-map" role="img" aria-label="{words}"' in html
    assert html.count("<path ") == 1  # one tick
    assert html.count('opacity="0.5"') == 1  # one half square
    assert '<td style="text-align: left">&#10003; passed</td>' in html
    assert "Next: 5.2, about 1 minute." in html


def test_a_terminal_prints_the_text(functions: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert not showing.in_notebook()
    functions["hikari-total"] = {"total_yen": 2400}
    Lab("05").check("5.1")
    assert "<" not in capsys.readouterr().out
