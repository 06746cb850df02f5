"""The errors of a lab, and how the learner reads them.

A failed check tells the call, the result, the expectation and where to look.
`str()` of it is one line. A notebook shows a panel (see `CheckFailed.html`). The error itself is still there for
nbgrader, nbval and everything else that runs notebooks: one line without a traceback, since the learner's mistake
is never in the frames of the lab kit. JupyterLab hides that line below the panel.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

from serverless_first.course import UnknownModule, dollars, look

_ONE_PANEL = (
    "<style>.jp-OutputArea-child:has(> .jp-OutputArea-output .check-panel) + "
    '.jp-OutputArea-child:has(> [data-mime-type="application/vnd.jupyter.stderr"]) { display: none }</style>'
)
"""Hides the error that follows a panel, in JupyterLab, Notebook and the pages that they export.

An error without a traceback would not do: JupyterLab then shows its message in the same pink bar.
"""

LONGEST_VALUE = 300
"""Characters of one value that a message shows."""


def one_line(text: str) -> str:
    """The text with every run of white space, line breaks included, made one space."""
    return " ".join(text.split())


def shorten(text: str, longest: int = LONGEST_VALUE) -> str:
    """The text, or its first `longest` characters and the number of those left out."""
    return text if len(text) <= longest else f"{text[:longest]} [... {len(text) - longest} more characters]"


def readable(value: object) -> str:
    """A string as it is, any other value as JSON (so that "3" and 3 look different), long ones shortened."""
    if isinstance(value, str):
        return shorten(value)
    try:
        return shorten(json.dumps(value, ensure_ascii=False))
    except (TypeError, ValueError):
        return shorten(repr(value))


class OneLine(Exception):
    """An error that a notebook shows as one line."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {one_line(str(self))}"]


class UnknownLab(OneLine, UnknownModule):
    """No module has this name, or it is planned and not there yet."""


class UnknownTask(OneLine, LookupError):
    """The lab has no task of this name; the message lists those it has."""


class CourseFault(OneLine, RuntimeError):
    """Something in the course is wrong (hints, quiz, checks, a solution): never the learner's fault."""


class CheckFailed(OneLine):
    """A check that did not pass.

    Args:
        problem: one sentence about the problem.
        called: what the check did, for instance `invoke hikari-order-total with {...}`.
        came_back: what it got; a string is shown as it is, anything else as JSON.
        expected: what it should have got, without giving the solution away.
        look_at: where to look next.
        task_id: the task, as in "5.1".
    """

    state = "failed"

    def __init__(
        self,
        problem: str,
        *,
        called: str = "",
        came_back: object = "",
        expected: object = "",
        look_at: str = "",
        task_id: str = "",
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.called = readable(called)
        self.came_back = readable(came_back)
        self.expected = readable(expected)
        self.look_at = look_at
        self.task_id = task_id

    @property
    def headline(self) -> str:
        """The task, its state and the problem, on one line."""
        return one_line(f"{self.task_id} {self.state}: {self.problem}".strip())

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The parts that have something to say, each with its label."""
        parts = [
            ("called", self.called),
            ("came back", self.came_back),
            ("expected", self.expected),
            ("look at", self.look_at),
        ]
        return [(label, text) for label, text in parts if text]

    def __str__(self) -> str:
        return " | ".join([self.headline, *(f"{label}: {one_line(text)}" for label, text in self.rows)])

    def text(self) -> str:
        """The panel for a terminal, and for readers that cannot show HTML."""
        rows = [f"  {label + ':':<11}{one_line(text)}" for label, text in self.rows]
        return "\n".join([self.headline, *rows, *([f"  {step}"] if (step := self.next_step()) else [])])

    def html(self) -> str:
        """The panel for a notebook. Its text has the theme's colors, and words tell the state."""
        label_style = "text-align: left; vertical-align: top; white-space: nowrap"
        text_style = "text-align: left; white-space: pre-wrap; overflow-wrap: anywhere"
        color = look.color("note" if self.state == "not started" else "fail")
        cells = "".join(
            '<tr style="background: none">'
            f'<th scope="row" style="{label_style}">{label}</th>'
            f'<td style="{text_style}">{html.escape(text)}</td>'
            "</tr>"
            for label, text in self.rows
        )
        step = self.next_step()
        # JupyterLab's extension shows buttons (lab/panel.py), and hides the call that one of them replaces.
        last = f'<div class="lab-typed" style="margin-top: 0.4em">{html.escape(step)}</div>' if step else ""
        return dollars.in_html(
            f'{_ONE_PANEL}<div class="check-panel" style="border-left: 6px solid {color}; padding: 0.3em 1em">'
            f"<strong>{html.escape(self.headline)}</strong>"
            f'<table style="margin: 0.4em 0 0 0">{cells}</table>{last}</div>'
        )

    def next_step(self) -> str:
        """The call to type if the panel doesn't say enough."""
        return f'Stuck? lab.hint("{self.task_id}") shows a hint.' if self.task_id else ""

    def _render_traceback_(self) -> list[str]:
        return [one_line(f"{type(self).__name__}: {self.task_id} {self.state}. The panel above says why.")]


class NotStarted(CheckFailed):
    """The task is untouched: nothing is deployed yet, or the stub still stands."""

    state = "not started"


# A notebook prints the name of the class in front of the message. Learners meet one name, "CheckFailed",
# whether they have begun or not; so do tools that read the name of an error out of an executed notebook.
NotStarted.__name__ = "CheckFailed"


class CheckBroken(CheckFailed):
    """The check could not judge: the local cloud is not there, or the check itself has a bug."""

    state = "not judged"

    def next_step(self) -> str:
        """No hint helps here, and the row "look at" says what to do."""
        return ""


def listed(names: Sequence[str]) -> str:
    """Names for a message, or "none"."""
    return ", ".join(names) if names else "none"
