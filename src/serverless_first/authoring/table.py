"""Writes README's course table and its paths through the course from course.toml."""

from __future__ import annotations

from collections.abc import Callable

from serverless_first.course import Course, Module
from serverless_first.course.words import count

_MOST_LINKS = 3  # a longer way through the course is the table itself


class NoMarkers(ValueError):
    """README has no place for what is written into it."""


def course_table(course: Course) -> str:
    """The table in Markdown, and a sentence about the course's hours.

    The table has a row for each module, with a link if the module is ready, or the word "planned" if not.
    """
    rows = ["| Module | What you run | Deck slides | Minutes, lesson + core tasks of the lab |", "|---|---|---|---|"]
    rows += [
        f"| {_title(module)} | {module.summary.replace('|', chr(92) + '|')} | {ranges(module.deck_slides)} "
        f"| {module.lesson_minutes} + {module.lab_of} |"
        for module in course.modules
    ]
    return "\n".join([*rows, "", course.hours])


def paths(course: Course, address: Callable[[Module], str]) -> str:
    """The three paths through the course as a list, with their hours. A short path has links to its lessons.

    Args:
        address: where the lesson of a module is.
    """
    lines = []
    for route in course.routes:
        hours = round(route.minutes / 60)
        time = f" (about {count(hours, 'hour')})" if hours > 1 else ""
        lessons = [module for module, kind in route.parts if kind == "lesson"]
        links = [f"[{module.number} {module.title}]({address(module)})" for module in lessons]
        way = f" Lessons: {', '.join(links)}." if len(links) <= _MOST_LINKS else ""
        lines.append(f"- **{route.title}**{time}. {route.summary}{way}")
    return "\n".join(lines)


_PARTS: dict[str, Callable[[Course], str]] = {
    "course-paths": lambda course: paths(course, lambda module: f"notebooks/{module.id}.ipynb"),
    "course-table": course_table,
}


def with_table(readme: str, course: Course) -> str:
    """README's text with the paths and the table, each between its two markers.

    Raises:
        NoMarkers: README doesn't have each marker once and in order.
    """
    for name, part in _PARTS.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if readme.count(begin) != 1 or readme.count(end) != 1 or readme.index(begin) > readme.index(end):
            raise NoMarkers(f"README.md needs one line {begin} and, below it, one line {end}: add them")
        head, rest = readme.split(begin)
        readme = f"{head}{begin}\n{part(course)}\n{end}{rest.split(end)[1]}"
    return readme


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
