"""Quizzes: every answer explained, the same bytes at every run, no network, enough contrast."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from tests.unit.color_sight import contrast

from serverless_first import course
from serverless_first.course import look
from serverless_first.lab import CourseFault, Lab, quiz

pytest_plugins = ["lab_fixtures"]
pytestmark = pytest.mark.usefixtures("course_dir")


@pytest.fixture
def notebook_shell() -> Iterator[None]:
    InteractiveShell.instance()
    yield
    InteractiveShell.clear_instance()


def shown(section: str = "quiz") -> dict[str, Any]:
    with capture_output() as captured:
        getattr(Lab("05"), section)()
    data: dict[str, Any] = captured.outputs[0].data
    return data


@pytest.mark.usefixtures("notebook_shell")
def test_a_quiz_ends_with_the_next_step_except_in_a_stored_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    with capture_output() as live:
        Lab("05").quiz()
    step = live.outputs[-1].data
    assert step["text/plain"].startswith("Next: lab 05")
    assert re.search(r'data-open="\S*05-lamps\S*"', step["text/html"])
    monkeypatch.setenv("SERVERLESS_FIRST_QUIET", "1")
    with capture_output() as stored:
        Lab("05").quiz()
    assert len(stored.outputs) == len(live.outputs) - 1


@pytest.mark.usefixtures("notebook_shell")
def test_the_output_is_the_same_bytes_each_time_and_differs_between_quizzes() -> None:
    first, again, other = shown(), shown(), shown("recall")
    assert first == again
    name = re.compile(r'<div id="(\w+)"')
    assert name.search(first["text/html"])[1] != name.search(other["text/html"])[1]  # type: ignore[index]


@pytest.mark.usefixtures("notebook_shell")
def test_drawing_a_quiz_leaves_the_learners_random_numbers_alone() -> None:
    random.seed(1)
    expected = random.random()
    random.seed(1)
    shown()
    assert random.random() == expected


@pytest.mark.usefixtures("notebook_shell")
def test_nothing_is_fetched_from_anywhere() -> None:
    page = shown()["text/html"]
    assert "show_questions" in page  # jupyterquiz's script is in it
    assert not re.search(r"https?:|cdn\.", page)


@pytest.mark.usefixtures("notebook_shell")
def test_the_text_has_questions_and_choices_and_not_the_key() -> None:
    data = shown()
    expected = (
        "1. What costs $5 or < $5, for `price_yen`?\n   a) A lamp\n   b) A house\n2. How many seats?\n   (a number)"
    )
    assert data["text/plain"] == expected
    assert "a) A lamp" in data["text/html"].split("<script>")[0]  # readable where no script runs
    assert "choose all that are right" in shown("recall")["text/plain"]


@pytest.mark.usefixtures("notebook_shell")
def test_elements_are_closed_so_that_the_page_around_the_quiz_stays_whole() -> None:
    markup = shown()["text/html"].split("<script>")[0]
    assert markup.count("<div") - markup.count("</div>") == 1  # closed after the script
    assert shown()["text/html"].rstrip().endswith("</script></div>")


@pytest.mark.usefixtures("notebook_shell")
def test_dollars_and_angle_brackets_stay_what_they_are() -> None:
    script = shown()["text/html"].split("<script>")[1]
    assert "&#36;5 or &lt; &#36;5, for <code>price_yen</code>?" in script


@pytest.fixture
def citing(course_dir: Path) -> None:
    """The course has a quiz whose texts cite facts."""
    (course_dir / "facts").mkdir(exist_ok=True)
    (course_dir / "facts" / "facts.yml").write_text(
        "sources:\n"
        "  NEWS: {title: News, url: 'https://aws.example/news'}\n"
        "  GUIDE: {title: Guide, url: 'https://a.example'}\n"
        "facts:\n"
        "  step: {what: Step, now: {value: $1 <x>, as_of: 2026, source: NEWS}, checked: 2026-11-24}\n"
        "  limit: {what: Limit, now: {value: 5, as_of: 2026, source: GUIDE}, checked: 2026-11-24}\n"
    )
    (course_dir / "modules/05-lamps/quiz.yml").write_text(
        "quiz:\n"
        "  - question: Is the step {fact}`step`?\n"
        "    type: multiple_choice\n"
        "    answers:\n"
        "      - {answer: 'no, {fact}`limit`', correct: true, feedback: 'It is {fact}`step`.'}\n"
        "      - {answer: 'yes', correct: false, feedback: It isn't.}\n"
    )


@pytest.mark.usefixtures("citing")
def test_a_terminal_shows_the_facts_of_a_quiz_and_their_sources(capsys: pytest.CaptureFixture[str]) -> None:
    Lab("05").quiz()
    assert capsys.readouterr().out.splitlines() == [
        "1. Is the step $1 <x>? [a]",
        "   a) no, 5 [b]",
        "   b) yes",
        "",
        "[a] News, 2026: https://aws.example/news",
        "[b] Guide, 2026: https://a.example",
        "Next: lab 05, Lamps that last, about 5 minutes.",
    ]


@pytest.mark.usefixtures("citing", "notebook_shell")
def test_a_notebook_links_the_facts_of_a_quiz_but_puts_no_link_into_a_choice() -> None:
    page = shown()["text/html"]
    handed = json.loads(re.search(r"var questions\w+=(\[.*?\]);?\n", page)[1])  # type: ignore[index]
    [question] = handed
    news = '<sup><a href="https://aws.example/news" title="News">[a]</a></sup>'
    assert question["question"] == f"Is the step &#36;1 &lt;x&gt;?{news}"
    assert question["answers"][0]["answer"] == "no, 5 [b]"
    assert question["answers"][0]["feedback"] == f"&#10003; It is &#36;1 &lt;x&gt;.{news}"
    foot = page[page.index('<small class="sources">') :]
    assert re.sub(r"<[^>]+>", "", foot) == "[a]&nbsp;News, 2026 · [b]&nbsp;Guide, 2026"


def test_each_answer_is_handed_over_with_its_explanation() -> None:
    module = course.load().module("05")
    numeric = quiz._for_jupyterquiz(quiz.load_quiz(module)["quiz"][1], quiz.quiz_marks())
    assert [set(a) - {"correct", "feedback"} for a in numeric["answers"]] == [{"value"}, {"range"}, {"type"}]
    assert [a["feedback"][:9] for a in numeric["answers"]] == ["&#10003; ", "&#10007; ", "&#10007; "]


def test_a_terminal_gets_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    Lab("05").recall()
    assert "a) A lamp" in capsys.readouterr().out


def test_a_module_without_recall_says_so(course_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = course_dir / "modules/05-lamps/quiz.yml"
    path.write_text(path.read_text(encoding="utf-8").split("recall:")[0], encoding="utf-8")
    Lab("05").recall()
    assert "no recall questions" in capsys.readouterr().out


GOOD = "{answer: a, correct: true, feedback: f}"
BAD = "{answer: b, correct: false, feedback: f}"


@pytest.mark.parametrize(
    ("kind", "answers", "message"),
    [
        ("multiple_choice", [BAD, BAD], "no answer is correct"),
        ("multiple_choice", [GOOD, "{answer: b, correct: false}"], "answer b has no feedback"),
        ("multiple_choice", [GOOD, "{answer: b, correct: false, feedback: ' '}"], "answer b has no feedback"),
        ("multiple_choice", [GOOD, "{answer: b, feedback: f}"], "answer b must say correct"),
        ("multiple_choice", [GOOD, GOOD], "more than one answer is correct"),
        ("many_choice", [GOOD, BAD], "only one answer is correct"),
        ("multiple_choice", [GOOD], "at least two answers"),
        ("essay", [GOOD, BAD], "its type is essay, but only many_choice"),
        ("numeric", ["{answer: 1, correct: true, feedback: f}", BAD], "last answer must be `anything else`"),
        (
            "numeric",
            ["{answer: many, correct: true, feedback: f}", "{answer: anything else, correct: false, feedback: f}"],
            "must be numbers or ranges",
        ),
    ],
)
def test_a_bad_question_is_named(course_dir: Path, kind: str, answers: list[str], message: str) -> None:
    text = "quiz:\n- question: Why a lamp?\n  type: " + kind + "\n  answers: [" + ", ".join(answers) + "]\n"
    (course_dir / "modules/05-lamps/quiz.yml").write_text(text, encoding="utf-8")
    with pytest.raises(CourseFault, match=rf"quiz, question 1 \(Why a lamp\?\): .*{message}"):
        Lab("05").quiz()


@pytest.mark.usefixtures("notebook_shell")
def test_every_color_of_a_quiz_follows_the_theme_and_can_be_read() -> None:
    page = shown()["text/html"]
    name = re.search(r'<div id="(\w+)"', page)[1]  # type: ignore[index]
    used = dict(re.findall(r"(--jq-[\w-]+): var\(--course-([\w-]+), #[0-9a-f]{6}\)", page))
    own = dict(
        re.findall(r"(background|\.\w+ \{ color|; color): var\(--course-([\w-]+)", page.split(f"<style>#{name}")[1])
    )
    paper, ink, choice, chosen = (
        own[key] for key in ("background", "; color", ".MCButton { color", ".incorrectButton { color")
    )
    right, wrong, text = (used[f"--jq-{key}"] for key in ("correct-color", "incorrect-color", "text-color"))
    pairs = [(ink, paper), (right, paper), (wrong, paper), (used["--jq-numeric-input-label"], paper)]
    pairs += [(choice, used["--jq-mc-button-bg"]), (chosen, right), (chosen, wrong)]
    pairs += [
        (text, used[f"--jq-{kind}-bg"]) for kind in ("multiple-choice", "many-choice", "numeric", "numeric-input")
    ]
    faint = {
        (theme, *pair): round(contrast(*(look.COLORS[one.replace("-", "_")]._asdict()[theme] for one in pair)), 1)
        for theme in ("light", "dark")
        for pair in pairs
    }
    assert {pair: ratio for pair, ratio in faint.items() if ratio < 4.5} == {}
