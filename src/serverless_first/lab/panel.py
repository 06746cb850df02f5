"""The panel below a check: its verdict, buttons for the next steps, and the question whether to share.

A panel is HTML in the notebook's own output, so it is still there after a kernel restart and when the notebook is
opened again. JupyterLab's extension in `kernel/share/jupyter/labextensions` shows the buttons and calls
`serverless_first.lab.press.press`. Other front ends don't show the buttons; there the panel names the typed calls.
"""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from serverless_first.course import Course, Module, Task, dollars, look
from serverless_first.course.words import count
from serverless_first.lab import path
from serverless_first.lab.failures import CheckFailed
from serverless_first.lab.path import Step
from serverless_first.lab.progress import Data, TaskProgress, open_tasks, required

ACTIONS = {
    "check": "Check again",
    "hint": "Hint",
    "solution": "Solution",
    "sure": "Show the solution",
    "next": "Next task",
    "open": "Next notebook",
    "progress": "Progress",
    "share": "Yes, share",
    "keep": "No, share nothing",
}
"""The action of a button -> its label. `lab.press` runs them; only "next" and "open" need no kernel."""


@dataclass(frozen=True)
class Next:
    """The step after a task.

    Attributes:
        words: a sentence, as in "Next: task 5.2, Ship the lamp, about 1 minute.".
        task: the lab's next open task, or None. It is optional only if no required task is open.
        step: the lesson or lab to open, or None while the lab has open required tasks and at the end of the course.
    """

    words: str
    task: Task | None = None
    step: Step | None = None


def after(the_course: Course, module: Module, task: Task, data: Data) -> Next:
    """The step after a task: the lab's next open task, else an earlier one, else the next step on the learner's path.

    Optional tasks don't hold anybody up: the words then name the next step and the lab's next optional task.
    """
    number = module.tasks.index(task)
    open_here = open_tasks(data, module)
    others = [other for other in (*module.tasks[number + 1 :], *module.tasks[:number]) if other in open_here]
    for other in required(others)[:1]:
        return Next(f"Next: task {_in_words(other)}", other)
    step = path.following(the_course, data)
    if step and step.module == module:
        step = None  # this lab's optional tasks, which the words name anyway
    words = ["You have passed all required tasks of this lab." if others else "That was the last task of this lab."]
    words += [step.words] if step else []
    words += [f"Optional: task {_in_words(other)}" for other in others[:1]]
    if not step and not others:
        words = ["You have passed every task of the course."]
    return Next(" ".join(words), others[0] if others else None, step)


def _in_words(task: Task) -> str:
    return f"{task.id}, {task.title}, about {count(task.minutes, 'minute')}."


def passed(module: Module, task: Task, done: TaskProgress, following: Next, consent: str = "") -> str:
    """The panel of a pass: green, what it has shown, when, and what is next.

    Args:
        done: the learner's record of this task, with this pass in it.
        consent: the question whether to share, or empty.
    """
    parts = [f"<strong>&#10003; {html.escape(f'{task.id} passed: {task.title}.')}</strong>"]
    for text in (task.shows, _when(done), following.words):
        parts += [f'<div style="margin-top: 0.3em">{html.escape(text)}</div>'] if text else []
    labels = {"open": f"Next: {following.step.name}"} if following.step else {}
    if following.task:
        labels["next"] = f"{'Optional' if following.task.optional else 'Next'}: task {following.task.id}"
    row = buttons([*labels, "solution", "progress", "check"], labels, main=next(iter(labels), ""))
    inside = "".join(parts) + _consent(consent) + row
    return wrapped(module, task, inside, f"{task.id} passed", style=look.panel("pass"), following=following)


def failed(module: Module, task: Task, failure: CheckFailed, following: Next, consent: str = "") -> str:
    """The panel of a failed check with its buttons.

    Args:
        consent: the question whether to share, or empty.
    """
    names = ["check", "hint", "solution"] if failure.state != "not judged" else ["check"]
    names += ["next"] if following.task else []
    inside = failure.html() + _consent(consent) + buttons(names)
    return wrapped(module, task, inside, f"{task.id} {failure.state}", following=following)


def prediction(verdict: str, *lines: str, hit: bool) -> str:
    """The panel below an experiment: whether the prediction came true, and what was predicted.

    Args:
        hit: whether it came true.
    """
    parts = [f"<strong>{'&#10003; ' if hit else ''}{html.escape(verdict)}</strong>"]
    parts += [f'<div style="margin-top: 0.3em">{html.escape(line)}</div>' for line in lines]
    style = look.panel("pass" if hit else "note")
    return dollars.in_html(f'<div class="prediction-outcome" style="{style}">{"".join(parts)}</div>')


def sure(module: Module, task: Task, text: str) -> str:
    """The question before a solution is shown without a pass, with a button for the answer."""
    return wrapped(module, task, f"{html.escape(text)}{buttons(['sure'])}", f"{task.id} solution")


def lesson_ended(module: Module, step: Step) -> str:
    """The panel below a lesson's quiz: the next step on the learner's path, with a button that opens it."""
    row = buttons(["open"], {"open": f"Next: {step.name}"}, main="open")
    inside = f"<div>{html.escape(step.words)}</div>{row}"
    return wrapped(
        module, None, inside, "the next step", style=look.panel("note"), following=Next(step.words, step=step)
    )


def wrapped(
    module: Module, task: Task | None, inside: str, label: str, *, style: str = "", following: Next | None = None
) -> str:
    """A panel around its parts, with data for the extension and a place for answers that is read aloud.

    Args:
        label: the panel's name for screen readers.
        following: where the buttons "next" and "open" lead.
    """
    more = f' style="{style}"' if style else ""
    more += f' data-next="{html.escape(following.task.id)}"' if following and following.task else ""
    more += f' data-open="{html.escape(following.step.file)}"' if following and following.step else ""
    return dollars.in_html(
        f'<div class="lab-panel" role="group" tabindex="-1" aria-label="{html.escape(label)}" '
        f'data-lab="{html.escape(module.id)}" data-task="{html.escape(task.id if task else "")}"{more}>'
        f'{inside}<div class="lab-answer" role="status"></div></div>'
    )


def buttons(names: Sequence[str], labels: Mapping[str, str] | None = None, main: str = "") -> str:
    """A row of buttons, hidden until the extension shows it.

    Args:
        names: keys of `ACTIONS`.
        labels: other labels for some of them.
        main: the button that stands out, if there is one.
    """
    texts = {**ACTIONS, **(labels or {})}
    main_class = ' class="lab-main"'
    row = "".join(
        f'<button type="button"{main_class * (name == main)} data-lab-do="{name}">{texts[name]}</button>'
        for name in names
    )
    return f'<div class="lab-buttons" hidden>{row}</div>'


def _consent(question: str) -> str:
    if not question:
        return ""
    lines = "".join(f"<div>{html.escape(line)}</div>" for line in question.splitlines())
    return (
        '<div class="lab-consent" role="group" aria-label="Share your progress?" style="margin-top: 0.6em">'
        f"{lines}{buttons(['share', 'keep'])}</div>"
    )


def _when(done: TaskProgress) -> str:
    """When the task passed first, and after how much; nothing where outputs must be the same each time."""
    if "SERVERLESS_FIRST_QUIET" in os.environ or (at := _moment(done.passed_at)) is None:
        return ""
    tries = "on your first try" if done.attempts <= 1 else f"after {count(done.attempts, 'attempt')}"
    began = _moment(done.first_tried_at)
    took_min = round((at - began).total_seconds() / 60) if began else 0
    spent = f", {count(took_min, 'minute')} after the first" if took_min else ""
    return f"Passed at {at:%H:%M} on {at.day} {at:%B}, {tries}{spent}."


def _moment(text: str | None) -> datetime | None:
    """A time of the progress file in the learner's own time zone; None if it cannot be read."""
    try:
        return datetime.fromisoformat(text).astimezone() if text else None
    except (ValueError, OverflowError, OSError):
        return None
