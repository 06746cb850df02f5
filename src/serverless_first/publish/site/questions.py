"""Quizzes and predictions as HTML that works without a script: an answer unfolds to say whether it is right."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from serverless_first.facts.cite import Marks
from serverless_first.lab.quiz import OTHERWISE, foot, markup, quiz_marks, wording
from serverless_first.publish.site.text import escaped

_CHOICE = re.compile(r"  \d+\. (.*)")


def quiz(title: str, questions: list[dict[str, Any]]) -> str:
    """The questions, folded; each answer unfolds to its explanation.

    Args:
        title: what the fold says.
        questions: as `lab.quiz.load_quiz` gives them.
    """
    marks = quiz_marks()
    items = "".join(f"<li>{_question(question, marks)}</li>" for question in questions)
    note = "<p>Choose, then open your answer. It says whether it is right, and why.</p>"
    return f'<details class="quiz"><summary>{escaped(title)}</summary>{note}<ol>{items}</ol>{foot(marks)}</details>'


def _question(question: dict[str, Any], marks: Marks) -> str:
    words = f"<p>{markup(wording(question), marks)}</p>"
    return words + "".join(_answer(question["type"], answer, marks) for answer in question["answers"])


def _answer(kind: str, answer: dict[str, Any], marks: Marks) -> str:
    value = answer["answer"]
    words = _number(value) if kind == "numeric" else markup(value, marks.without_links())  # in a summary no link
    verdict = "&#10003; Right." if answer["correct"] else "&#10007; Not right."
    kind = "right" if answer["correct"] else "wrong"
    return (
        f"<details><summary>{words}</summary>"
        f'<p class="{kind}"><strong>{verdict}</strong> {markup(answer["feedback"], marks)}</p></details>'
    )


def _number(value: object) -> str:
    if isinstance(value, list):
        return f"from {value[0]:g} to below {value[1]:g}"
    return OTHERWISE if value == OTHERWISE else f"{value:g}"


def prediction(text: str) -> str:
    """A prediction, from the text that its cell has stored.

    Raises:
        ValueError: the text does not belong to a prediction.
    """
    lines = text.split("\n")
    choices = [match[1] for line in lines if (match := _CHOICE.fullmatch(line))]
    first = next((n for n, line in enumerate(lines) if _CHOICE.fullmatch(line)), 0)
    if not choices or not first:
        raise ValueError(f"this is not a prediction with its choices: {lines[0][:60]}")
    question = " ".join(lines[:first])
    name = f"prediction-{hashlib.sha256(question.encode()).hexdigest()[:8]}"
    items = "".join(
        f'<li><label><input type="radio" name="{name}"> {markup(choice)}</label></li>' for choice in choices
    )
    return (
        '<div class="prediction" role="group" aria-label="Prediction">'
        f"<p><strong>Predict.</strong> {markup(question)}</p><ul>{items}</ul>"
        "<p>Choose one before you open what happened.</p></div>"
    )
