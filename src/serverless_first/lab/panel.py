"""The panel below a check: its verdict, buttons for the next steps, and the question whether to share.

A panel is HTML in the notebook's own output, so it is still there after a kernel restart and when the notebook is
opened again. JupyterLab's extension in `kernel/share/jupyter/labextensions` shows the buttons and calls
`serverless_first.lab.press.press`. Other front ends don't show the buttons; there the panel names the typed calls.
"""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from serverless_first.course import Course, Module, Task, dollars, look
from serverless_first.course.words import count
from serverless_first.lab.failures import CheckFailed
from serverless_first.lab.progress import Data, TaskProgress, open_tasks, required

ACTIONS = {
    "check": "Check again",
    "hint": "Hint",
    "solution": "Solution",
    "sure": "Show the solution",
    "next": "Next task",
    "progress": "Progress",
    "share": "Yes, share",
    "keep": "No, share nothing",
}
"""The action of a button -> its label. `lab.press` runs them; "next" scrolls, and needs no kernel."""


@dataclass(frozen=True)
class Next:
    """The step after a task: another task of the lab, or another module.

    Attributes:
        words: a sentence, as in "Next: task 5.2, Ship the lamp, about 1 minute."; empty when the course is done.
        task_id: the task in this lab, or empty.
    """

    words: str
    task_id: str = ""


def after(the_course: Course, module: Module, task: Task, data: Data) -> Next:
    """The step after a task: the lab's next open task, else an earlier one, else the next module.

    Optional tasks don't hold anybody up: the step then names the next module and the lab's next optional task.
    """
    number = module.tasks.index(task)
    open_here = open_tasks(data, module)
    others = [other for other in (*module.tasks[number + 1 :], *module.tasks[:number]) if other in open_here]
    for other in required(others)[:1]:
        return Next(f"Next: task {other.id}, {other.title}, about {count(other.minutes, 'minute')}.", other.id)
    further = next_module(the_course, module, data)
    for other in others[:1]:
        done = "You have passed all required tasks of this lab."
        optional = f"Optional: task {other.id}, {other.title}, about {count(other.minutes, 'minute')}."
        return Next(" ".join(filter(None, (done, further, optional))), other.id)
    return Next(
        f"That was the last task of this lab. {further}" if further else "You have passed every task of the course."
    )


def next_module(the_course: Course, module: Module, data: Data) -> str:
    """Names the next module with an open task, after this one and then from the beginning; "" if there is none.

    A module in which only optional tasks are open counts if no other module has an open task.
    """
    ready = list(the_course.ready_modules)
    here = ready.index(module)
    others = [later for later in (*ready[here + 1 :], *ready[:here]) if open_tasks(data, later)]
    for later in others:
        if required(open_tasks(data, later)):
            return f"Next: module {later.number}, {later.title}."
    return f"Optional tasks are left in module {others[0].number}, {others[0].title}." if others else ""


def passed(module: Module, task: Task, done: TaskProgress, following: Next, consent: str = "") -> str:
    """The panel of a pass: green, what it has shown, when, and what is next.

    Args:
        done: the learner's record of this task, with this pass in it.
        consent: the question whether to share, or empty.
    """
    parts = [f"<strong>&#10003; {html.escape(f'{task.id} passed: {task.title}.')}</strong>"]
    for text in (task.shows, _when(done), following.words):
        parts += [f'<div style="margin-top: 0.3em">{html.escape(text)}</div>'] if text else []
    names = ["next"] * bool(following.task_id) + ["check", "hint", "solution", "progress"]
    # A tint as well as a line, and a sign and a word for readers who don't see the color.
    line, paper, ink = (look.color(name) for name in ("pass", "pass_paper", "ink"))
    style = f"border-left: 6px solid {line}; padding: 0.5em 1em; background: {paper}; color: {ink}"
    inside = "".join(parts) + _consent(consent) + buttons(names)
    return wrapped(module, task, inside, f"{task.id} passed", style=style, following=following.task_id)


def failed(module: Module, task: Task, failure: CheckFailed, following: Next, consent: str = "") -> str:
    """The panel of a failed check with its buttons.

    Args:
        consent: the question whether to share, or empty.
    """
    names = ["check", "hint", "solution"] if failure.state != "not judged" else ["check"]
    names += ["next"] if following.task_id else []
    inside = failure.html() + _consent(consent) + buttons(names)
    return wrapped(module, task, inside, f"{task.id} {failure.state}", following=following.task_id)


def sure(module: Module, task: Task, text: str) -> str:
    """The question before a solution is shown without a pass, with a button for the answer."""
    return wrapped(module, task, f"{html.escape(text)}{buttons(['sure'])}", f"{task.id} solution")


def wrapped(module: Module, task: Task, inside: str, label: str, *, style: str = "", following: str = "") -> str:
    """A panel around its parts, with data for the extension and a place for answers that is read aloud.

    Args:
        label: the panel's name for screen readers.
        following: id of the task to which the button "next" leads, or empty.
    """
    more = f' style="{style}"' if style else ""
    following = f' data-next="{html.escape(following)}"' if following else ""
    return dollars.in_html(
        f'<div class="lab-panel" role="group" tabindex="-1" aria-label="{html.escape(label)}" '
        f'data-lab="{html.escape(module.id)}" data-task="{html.escape(task.id)}"{following}{more}>'
        f'{inside}<div class="lab-answer" role="status"></div></div>'
    )


def buttons(names: Sequence[str]) -> str:
    """A row of buttons, hidden until the extension shows it.

    Args:
        names: keys of `ACTIONS`.
    """
    row = "".join(f'<button type="button" data-lab-do="{name}">{ACTIONS[name]}</button>' for name in names)
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
