"""Quizzes: quiz.yml shown by jupyterquiz, offline, the same bytes at every run, readable without scripts.

quiz.yml has two lists, `quiz` and `recall`::

    quiz:
      - question: Where does a handler run?
        type: multiple_choice
        answers:
          - {answer: In a process of its own, correct: true, feedback: "The pid in the lesson shows it."}
          - {answer: In the notebook, correct: false, feedback: "The pid in the lesson differs."}

`many_choice` has at least two right answers. In a `numeric` question an answer is a number, a list of two
numbers (a range: from the first, below the second) or the text `anything else`, which must be there and is
the last. Text in backticks is shown as code. Texts may cite facts, as lessons do: {fact}`lambda-timeout`.
"""

from __future__ import annotations

import hashlib
import html
import random
import re
from string import ascii_lowercase
from typing import Any

import yaml

from serverless_first.course import Module, look
from serverless_first.course.dollars import NO_FORMULAS
from serverless_first.course.places import module_dir
from serverless_first.facts.cite import Marks
from serverless_first.lab import keyboard
from serverless_first.lab.citing import cited, plain_with_sources
from serverless_first.lab.failures import CourseFault
from serverless_first.lab.show import in_notebook, say, show

SECTIONS = ("quiz", "recall")
TYPES = ("many_choice", "multiple_choice", "numeric")
OTHERWISE = "anything else"

_PAPER, _INK, _QUESTION = (look.color(name) for name in ("paper", "ink", "note_paper"))
# Right is blue and wrong is brown, which everybody can tell apart, and each explanation begins with a sign.
_COLORS = {
    "--jq-multiple-choice-bg": _QUESTION,
    "--jq-many-choice-bg": _QUESTION,
    "--jq-numeric-bg": _QUESTION,
    "--jq-string-bg": _QUESTION,
    "--jq-text-color": _INK,
    "--jq-link-color": look.color("note"),
    "--jq-mc-button-bg": look.color("raised"),
    "--jq-mc-button-border": look.color("rule"),
    "--jq-numeric-input-bg": _QUESTION,
    "--jq-numeric-input-label": _INK,
    "--jq-correct-color": look.color("right"),
    "--jq-incorrect-color": look.color("wrong"),
}

# jupyterquiz writes a label beside the field for a number, and does not say that it belongs to it; and a screen reader
# is not told that an explanation appeared.
_NAMES = (
    "querySelectorAll('label.InpLabel').forEach(label => { label.htmlFor = label.nextElementSibling.id; })",
    "querySelectorAll('.Feedback').forEach(place => place.setAttribute('role', 'status'))",
)

Question = dict[str, Any]


def load_quiz(module: Module) -> dict[str, list[Question]]:
    """The questions of both sections; a section that is left out is empty.

    Raises:
        CourseFault: the file cannot be read, or a question is not as described above; the message names it.
    """
    where = f"modules/{module.id}/quiz.yml"
    try:
        data = yaml.safe_load((module_dir(module.id) / "quiz.yml").read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CourseFault(f"{where} cannot be read. This is a bug in the course, not your mistake.") from error
    if not isinstance(data, dict) or not set(data) <= set(SECTIONS):
        raise CourseFault(f"{where} may contain only the lists quiz and recall.")
    quiz = {section: data.get(section) or [] for section in SECTIONS}
    for section, questions in quiz.items():
        for number, question in enumerate(questions, 1):
            problem = _problem(question)
            if problem:
                text = question.get("question", "") if isinstance(question, dict) else question
                raise CourseFault(f"{where}, {section}, question {number} ({text}): {problem}.")
    return quiz


def _problem(question: object) -> str:
    """The problem with a question, or None."""
    if not isinstance(question, dict) or not str(question.get("question") or "").strip():
        return "it has no question"
    kind, answers = question.get("type"), question.get("answers")
    if kind not in TYPES:
        return f"its type is {kind}, but only {', '.join(TYPES)} are allowed"
    if not isinstance(answers, list) or len(answers) < 2 or not all(isinstance(a, dict) for a in answers):
        return "it needs at least two answers"
    for answer in answers:
        name = answer.get("answer")
        if name is None or name == "":
            return "an answer has no text"
        if not isinstance(answer.get("correct"), bool):
            return f"answer {name} must say correct: true or correct: false"
        if not str(answer.get("feedback") or "").strip():
            return f"answer {name} has no feedback, and each answer needs an explanation"
    right = sum(a["correct"] for a in answers)
    if right == 0:
        return "no answer is correct"
    if kind == "multiple_choice" and right > 1:
        return "more than one answer is correct, so its type must be many_choice"
    if kind == "many_choice" and right < 2:
        return "only one answer is correct, so its type must be multiple_choice"
    if kind == "numeric":
        if answers[-1]["answer"] != OTHERWISE or answers[-1]["correct"]:
            return f"its last answer must be `{OTHERWISE}`, and not correct"
        if not all(_is_number(a["answer"]) or _is_range(a["answer"]) for a in answers[:-1]):
            return "its answers must be numbers or ranges"
    return ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_range(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and value[0] < value[1]


def show_quiz(module_id: str, section: str, questions: list[Question]) -> None:
    """Shows the questions, or says that there are none."""
    if not questions:
        say(f"Module {module_id} has no {section} questions.")
    elif in_notebook():
        show(plain(questions), html=page(f"{module_id} {section}", questions))
    else:
        say(plain(questions))


def plain(questions: list[Question]) -> str:
    """Questions and choices without the key."""
    lines = []
    for number, question in enumerate(questions, 1):
        lines.append(f"{number}. {wording(question)}")
        if question["type"] == "numeric":
            lines.append("   (a number)")
        else:
            choices = zip(ascii_lowercase, question["answers"], strict=False)
            lines += [f"   {letter}) {choice['answer']}" for letter, choice in choices]
    return plain_with_sources("\n".join(lines))


def page(seed: str, questions: list[Question]) -> str:
    """The quiz as one piece of HTML: the questions as text, which jupyterquiz's script replaces.

    Args:
        seed: same seed, same bytes.
        questions: as `load_quiz` gives them.
    """
    marks = quiz_marks()
    frame, script = _jupyterquiz(seed, [_for_jupyterquiz(q, marks) for q in questions])
    name = re.search(r'id="(\w+)"', frame)[1]  # type: ignore[index]
    fallback = f'<pre style="white-space: pre-wrap; color: {_INK}">{html.escape(plain(questions))}</pre>'
    names = "".join(f"{name}.{call};\n" for call in _NAMES)
    # jupyterquiz finds its place by the element's id, as a global name; a quiz shown twice on a page would
    # make that name a list. Here the name is a parameter. So is MathJax, left empty because prices aren't formulas.
    here = "(document.currentScript ? document.currentScript.parentElement : document)"
    return (
        f'<div class="{NO_FORMULAS}">{frame}{fallback}</div>{_style(name)}<script>\n'
        f"(function (MathJax, {name}) {{\n{name}.querySelector('pre').remove();\n{script}\n{names}}})"
        f'(undefined, {here}.querySelector("#{name}"));{keyboard.SCRIPT}'
        f"</script></div>{foot(marks)}"
    )


def quiz_marks() -> Marks:
    """Keeps the sources of the facts that the questions of a quiz cite."""
    return Marks(letters=True, in_html=True)


def foot(marks: Marks) -> str:
    """The sources of a quiz as HTML for the place below it, or "" when its questions cite nothing."""
    listed = marks.foot()
    return f'<p class="{NO_FORMULAS}">{listed}</p>' if listed else ""


def _style(name: str) -> str:
    """Adds to jupyterquiz's own style, which has one color of choices for all themes and no frame for the keyboard.

    A question and an explanation look like the panel of a check. Right is blue, as the choice itself.
    """
    return (
        f"<style>#{name} {{ background: {_PAPER}; color: {_INK}; padding: 0.6em }} "
        f"#{name} :is(.MultipleChoiceQn, .ManyChoiceQn, .NumericQn) {{ {look.panel('note')} }} "
        f"#{name} .MCButton {{ color: {_INK} }} "
        f"#{name} .correctButton, #{name} .incorrectButton {{ color: {_PAPER} }} "
        f"#{name} .Feedback {{ font-size: 16px; line-height: 1.4; text-align: left }} "
        f"#{name} .Feedback.correct {{ {look.panel('note')} }} #{name} .Feedback.incorrect {{ {look.panel('fail')} }} "
        f"#{name} .MCButton:focus-within {{ outline: 3px solid {look.color('line')}; outline-offset: 2px }}</style>"
    )


def _jupyterquiz(seed: str, questions: list[Question]) -> tuple[str, str]:
    """The output of jupyterquiz: the HTML of its frame and its script, without the address of MathJax."""
    from IPython.utils.capture import capture_output
    from jupyterquiz import display_quiz  # here, because most notebooks show no quiz until their end

    state = random.getstate()
    try:
        random.seed(hashlib.sha256(seed.encode()).digest())  # display_quiz draws the id of its element
        with capture_output() as captured:
            display_quiz(questions, colors=_COLORS, shuffle_answers=False, max_width=720)
    finally:
        random.setstate(state)
    frame, script = (
        o.data[kind] for o, kind in zip(captured.outputs, ("text/html", "application/javascript"), strict=True)
    )
    return frame, re.sub(r"(\.src = ['\"])https?://[^'\"]+", r"\1", script)


def _for_jupyterquiz(question: Question, marks: Marks) -> Question:
    return {
        "question": markup(wording(question), marks),
        "type": question["type"],
        "answers": [_answer(question["type"], a, marks) for a in question["answers"]],
    }


def _answer(kind: str, answer: dict[str, Any], marks: Marks) -> dict[str, Any]:
    value = answer["answer"]
    choice = markup(value, marks.without_links())  # first, so that the marks are in the order of the page
    verdict = {
        "correct": answer["correct"],
        "feedback": ("&#10003; " if answer["correct"] else "&#10007; ") + markup(answer["feedback"], marks),
    }
    if kind != "numeric":
        return {"answer": choice, **verdict}
    if value == OTHERWISE:
        return {"type": "default", **verdict}
    return {"range": value, **verdict} if isinstance(value, list) else {"value": value, **verdict}


def wording(question: Question) -> str:
    """The question, and that more than one answer may be right."""
    more = " (choose all that are right)" if question["type"] == "many_choice" else ""
    return f"{str(question['question']).strip()}{more}"


def markup(text: object, marks: Marks | None = None) -> str:
    """Text as HTML; `code` in backticks; a dollar sign stays one, jupyterquiz would begin a formula.

    Args:
        marks: from `quiz_marks`, if the text may cite facts. Where a link can't stand, pass `marks.without_links()`.
    """
    escaped = html.escape(str(text).strip(), quote=False)
    escaped = (cited(escaped, marks) if marks else escaped).replace("$", "&#36;")
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped)
