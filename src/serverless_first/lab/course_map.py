"""The course as a small picture: a column for each module, a square for each task."""

from __future__ import annotations

import html
from collections.abc import Callable

from serverless_first.course import Course, Module, Task, dollars, look
from serverless_first.lab.progress import Data, open_tasks, passed_of, task_progress

CELL, GAP, COLUMN, NUMBERS = 12, 3, 30, 20
"""Side of a square, gap between squares, width of a column, and height of the line of numbers, in pixels."""


def svg(the_course: Course, data: Data, here: str = "") -> str:
    """The learner's progress as SVG in the colors of the page.

    A passed task is a filled square with a tick, a begun one is half full, and an open one is empty.

    Args:
        data: the learner's record.
        here: id of the module to mark; none, unless given.
    """
    modules = [module for module in the_course.ready_modules if module.tasks]
    most = max((len(module.tasks) for module in modules), default=0)
    width, height = COLUMN * len(modules) + GAP, GAP + most * (CELL + GAP) + NUMBERS
    parts = [part for n, module in enumerate(modules) for part in _column(n, module, data, height, here)]
    words = html.escape(in_words(the_course, data, here))
    return (
        f'<svg class="course-map" role="img" aria-label="{words}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" style="color: inherit; max-width: 100%">'
        f"{''.join(parts)}</svg>"
    )


def total(the_course: Course, data: Data) -> str:
    """How much of the course has passed, as a sentence."""
    return f"{passed_of(data, *the_course.ready_modules)} passed."


def in_words(the_course: Course, data: Data, here: str = "") -> str:
    """The picture in words, for readers who don't see it."""
    text = f"Progress: {total(the_course, data)}"
    modules = [module for module in the_course.ready_modules if module.tasks]
    passed = {module.id: len(module.tasks) - len(open_tasks(data, module)) for module in modules}
    begun = [f"{m.number}: {passed[m.id]} of {len(m.tasks)}" for m in modules if passed[m.id]]
    text += f" By module: {'; '.join(begun)}." if begun else ""
    at = next((m.number for m in modules if m.id == here), "")
    return text + (f" You are in module {at}." if at else "")


def table(module: Module, data: Data, state: Callable[[Task], str]) -> str:
    """The module's tasks as an HTML table.

    Args:
        state: the state of a task in a word or two, as in "passed".
    """
    rows = ""
    for task in module.tasks:
        done = task_progress(data, module.id, task.id)
        sign = "&#10003; " if done.passed else ""
        optional = " (optional)" if task.optional else ""
        cells = (f"{task.id} {task.title}{optional}", str(done.attempts), str(done.hints))
        texts = "".join(f'<td style="text-align: left">{html.escape(cell)}</td>' for cell in cells)
        rows += f'<tr><td style="text-align: left">{sign}{html.escape(state(task))}</td>{texts}</tr>'
    head = "".join(
        f'<th scope="col" style="text-align: left">{name}</th>' for name in ("State", "Task", "Tries", "Hints")
    )
    return dollars.in_html(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")


def _column(number: int, module: Module, data: Data, height: int, here: str) -> list[str]:
    left = GAP + number * COLUMN
    marked = module.id == here
    bottom = height - NUMBERS
    parts = []
    for row, task in enumerate(module.tasks, 1):
        top = bottom - row * (CELL + GAP)
        parts += _square(left + (COLUMN - GAP - CELL) // 2, top, data, module, task)
    middle = left + (COLUMN - GAP) // 2
    weight = ' font-weight="bold" text-decoration="underline"' if marked else ""
    parts.append(
        f'<text x="{middle}" y="{height - 5}" font-size="12" text-anchor="middle" fill="currentColor"{weight}>'
        f"{module.number}</text>"
    )
    return parts


def _square(x: int, y: int, data: Data, module: Module, task: Task) -> list[str]:
    done = task_progress(data, module.id, task.id)
    frame = f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="none" stroke="currentColor"/>'
    if done.passed:
        tick = f"M{x + 2.5} {y + 6.5}l2.5 2.5l4.5 -5.5"
        return [
            f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" stroke="currentColor" '
            f'style="fill: {look.color("pass")}"/>',
            f'<path d="{tick}" fill="none" stroke-width="1.8" style="stroke: {look.color("paper")}"/>',
        ]
    if done.attempts or done.hints or done.caught_up:
        half = (
            f'<rect x="{x}" y="{y + CELL // 2}" width="{CELL}" height="{CELL // 2}" fill="currentColor" opacity="0.5"/>'
        )
        return [half, frame]
    return [frame]
