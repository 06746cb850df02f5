"""Writes README's course table from course.toml."""

from __future__ import annotations

from serverless_first.course import Course, Module

BEGIN, END = "<!-- course-table -->", "<!-- /course-table -->"


class NoMarkers(ValueError):
    """README has no place for the course table."""


def course_table(course: Course) -> str:
    """The table in Markdown, and a sentence about the course's hours.

    The table has a row for each module, with a link if the module is ready, or the word "planned" if not.
    """
    rows = ["| Module | What you run | Deck slides | Minutes, lesson + core tasks of the lab |", "|---|---|---|---|"]
    rows += [
        f"| {_title(module)} | {module.summary.replace('|', chr(92) + '|')} | {ranges(module.deck_slides)} "
        f"| {module.lesson_minutes} + {_lab_minutes(module)} |"
        for module in course.modules
    ]
    return "\n".join([*rows, "", course.hours])


def with_table(readme: str, course: Course) -> str:
    """README's text with the table between the two markers.

    Raises:
        NoMarkers: README doesn't have each marker once and in order.
    """
    if readme.count(BEGIN) != 1 or readme.count(END) != 1 or readme.index(BEGIN) > readme.index(END):
        raise NoMarkers(f"README.md needs one line {BEGIN} and, below it, one line {END}: add them")
    head, rest = readme.split(BEGIN)
    tail = rest.split(END)[1]
    return f"{head}{BEGIN}\n{course_table(course)}\n{END}{tail}"


def _lab_minutes(module: Module) -> str:
    """As in "30 of 94", or "30" if no task is optional."""
    core, whole = module.core_lab_minutes, module.lab_minutes
    return f"{core} of {whole}" if core < whole else f"{whole}"


def _title(module: Module) -> str:
    name = f"{module.number} {module.title}"
    if not module.ready:
        return f"{name} (planned)"
    return f"[{name}]({'notebooks' if module.lesson_minutes else 'labs'}/{module.id}.ipynb)"


def ranges(slides: tuple[int, ...]) -> str:
    """[1, 2, 3, 7] as "1–3, 7"; the empty tuple as "all", because the capstone builds on the whole deck."""
    runs: list[list[int]] = []
    for slide in sorted(slides):
        if runs and slide == runs[-1][1] + 1:
            runs[-1][1] = slide
        else:
            runs.append([slide, slide])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in runs) or "all"
