"""How long a lesson and a lab take: computed from what a learner reads, runs and writes, never guessed.

Minutes = visible words / 200 + measured run time + an allowance for each step. `of_module` is the one place where they
are computed. The build writes them into course.toml, and README, the guide and the texts read them there.

Texts cite them with {minutes}`lesson`, `lab`, `core` (the lab without its optional tasks), `further`, `here` (this
section of Going further) or a task such as `4.1`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from serverless_first.authoring import collapsed, reading
from serverless_first.course import Module
from serverless_first.course.places import module_dir

WORDS_PER_MINUTE = 200
#: Corrected by trials with people who saw the module for the first time: in November 2026, the core of lesson 04 took
#: them 38 to 43 minutes, and labs 05, 06 and 10 took 64, 61 and 85. These allowances give 40, and 62, 65 and 75.
CODE_LINE_S = 4.5
PREDICTION_S = 30
FIGURE_S = 30
QUESTION_S = 25
STEP_S = 120
WRITTEN_LINE_S = 14

_ROUND_LESSONS_TO_MIN = 5
_HERE = "\N{WHITE SQUARE}minutes-here\N{WHITE SQUARE}"  # stands for a section's minutes until its facts are rendered
_ROLE = re.compile(r"\{minutes\}`([^`\n]+)`")
_TASK = re.compile(r"Task (\d+\.\d+)\b")
_STEP = re.compile(r"\*\*Step \d+")
_GAP = re.compile(r"### BEGIN SOLUTION\n(.*?)[ \t]*### END SOLUTION", re.DOTALL)


class UnknownMinutes(ValueError):
    """A citation of minutes that there aren't; the message says which there are."""


@dataclass(frozen=True)
class Work:
    """The work that a part of a notebook gives a learner.

    Args:
        words: to read, without code and sources.
        code_lines: visible and given, also in the files that a lab asks to read.
        predictions, figures, questions: how many; quiz and recall ask the questions.
        steps: things to do in a lab, each with at least one line to write or one thing to find out.
        written_lines: of the solution, in the gaps.
        code_cells: how many cells run, visible or not.
    """

    words: int = 0
    code_lines: int = 0
    predictions: int = 0
    figures: int = 0
    questions: int = 0
    steps: int = 0
    written_lines: int = 0
    code_cells: int = 0

    def __add__(self, other: Work) -> Work:
        return Work(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)))

    def minutes(self, run_s: float = 0) -> float:
        """How long it takes, with a run time in seconds."""
        seconds = (
            self.code_lines * CODE_LINE_S
            + self.predictions * PREDICTION_S
            + self.figures * FIGURE_S
            + self.questions * QUESTION_S
            + self.steps * STEP_S
            + self.written_lines * WRITTEN_LINE_S
        )
        return self.words / WORDS_PER_MINUTE + (seconds + run_s) / 60


@dataclass(frozen=True)
class Minutes:
    """The times of a module in course.toml, in whole minutes.

    Args:
        lesson: its core, rounded up to five minutes.
        further: the sections of Going further together.
        lab: the sum of its tasks.
        tasks: by their id.
    """

    lesson: int = 0
    further: int = 0
    lab: int = 0
    tasks: Mapping[str, int] = field(default_factory=dict)


def of_module(module: Module, lesson: Sequence[Any] | None, lab: Sequence[Any] | None, questions: int = 0) -> Minutes:
    """How long a module takes.

    Args:
        module: its `lesson_run_s` and `lab_run_s` are how long the cells run, in seconds, as measured.
        lesson: the cells of its lesson; None if it has none.
        lab: the cells of its lab with the solution; None if it has none.
        questions: how many its quiz and its recall ask.
    """
    core, further = _core_and_further(lesson or ())
    in_core, in_further = work(core) + Work(questions=questions), work(further)
    lesson_s = (module.lesson_run_s or 0) / max(1, in_core.code_cells + in_further.code_cells)
    tasks = _tasks(module, lab or ())
    step = _ROUND_LESSONS_TO_MIN
    return Minutes(
        lesson=math.ceil(in_core.minutes(lesson_s * in_core.code_cells) / step) * step if lesson else 0,
        further=math.ceil(in_further.minutes(lesson_s * in_further.code_cells)),
        lab=sum(tasks.values()),
        tasks={task: minutes for task, minutes in tasks.items() if task},
    )


def work(cells: Iterable[Any]) -> Work:
    """The work in these cells."""
    total = Work()
    for cell in cells:
        total += _of_code(cell) if cell.cell_type == "code" else Work(words=reading.words(cell.source))
    return total


def work_in_files(module: Module) -> Work:
    """The lines of the provided files that a lab asks to read."""
    files = [module_dir(module.id) / "given" / name for name in module.lab_reads]
    return Work(code_lines=sum(_lines(file.read_text(encoding="utf-8")) for file in files))


def in_text(markdown: str, module: Module) -> str:
    """The Markdown with the minutes that it cites. `of_sections` fills in the minutes of the section itself.

    Raises:
        UnknownMinutes: it cites minutes that the module doesn't have.
    """
    known = {"lesson": module.lesson_minutes, "further": module.further_minutes}
    known |= {"lab": module.lab_minutes, "core": module.core_lab_minutes}
    known |= {task.id: task.minutes for task in module.tasks}

    def minutes(role: re.Match[str]) -> str:
        name = role[1].strip()
        if name != "here" and name not in known:
            raise UnknownMinutes(f"unknown minutes {name!r}; there are here, {', '.join(known)}")
        return _HERE if name == "here" else str(known[name])

    return _ROLE.sub(minutes, markdown)


def of_sections(cells: Sequence[Any]) -> None:
    """Fills in the minutes that sections of Going further cite of themselves, with their subsections."""
    parts = _parts(cells)
    for number, part in enumerate(parts):
        if _HERE in part.source:
            next_one = (n for n in range(number + 1, len(parts)) if 0 < parts[n].level <= part.level)
            minutes = math.ceil(work(parts[number : next(next_one, len(parts))]).minutes())
            words = part.cell.source.replace(_HERE, str(max(1, minutes)), 1)
            part.cell.source = words.replace("*1 minutes.*", "*1 minute.*")


def in_course_file(text: str, module: Module, minutes: Minutes) -> str:
    """course.toml's text with these minutes of a module and its tasks; all else stays as it is."""
    numbers = {"lesson_minutes": minutes.lesson, "lab_minutes": minutes.lab}
    if minutes.further or module.further_minutes:
        numbers["further_minutes"] = minutes.further
    text = _with_numbers(text, module.id, numbers)
    for task, number in minutes.tasks.items():
        text = _with_numbers(text, task, {"minutes": number})
    return text


def with_run_times(text: str, module: Module) -> str:
    """course.toml's text with the module's measured run times."""
    measured = {"lesson_run_s": module.lesson_run_s, "lab_run_s": module.lab_run_s}
    return _with_numbers(text, module.id, {key: round(s) for key, s in measured.items() if s is not None})


def differences(module: Module, minutes: Minutes) -> list[str]:
    """The minutes that course.toml states differently, as in "lesson_minutes is 50, not 45"."""
    stated = {"lesson_minutes": module.lesson_minutes, "lab_minutes": module.lab_minutes}
    stated |= {"further_minutes": module.further_minutes}
    stated |= {f"minutes of task {task.id}": task.minutes for task in module.tasks}
    right = {"lesson_minutes": minutes.lesson, "lab_minutes": minutes.lab, "further_minutes": minutes.further}
    right |= {f"minutes of task {task}": number for task, number in minutes.tasks.items()}
    return [f"{name} is {stated[name]}, not {number}" for name, number in right.items() if stated[name] != number]


def _with_numbers(text: str, entry: str, numbers: Mapping[str, int]) -> str:
    """The text with these keys in the table that has this id; a key that is not there comes behind its minutes."""
    begins = text.index(f'id = "{entry}"\n')
    ends = text.find("\n[[", begins)
    ends = len(text) if ends < 0 else ends
    table = text[begins:ends]
    for key, number in numbers.items():
        line = f"{key} = {number}"
        table, replacements = re.subn(rf"^{key} = .*$", line, table, count=1, flags=re.MULTILINE)
        if not replacements:
            table = re.sub(r"^(lab_minutes = .*)$", rf"\1\n{line}", table, count=1, flags=re.MULTILINE)
    return text[:begins] + table + text[ends:]


def _of_code(cell: Any) -> Work:
    source = str(cell.source)
    gaps = _GAP.findall(source)
    code_lines = 0 if collapsed.is_folded(cell) else _lines(_GAP.sub("", source))
    return Work(
        code_lines=code_lines,
        predictions=len(re.findall(r"\.predict\(", source)),
        figures=len(re.findall(r"\bfigures\.show\(", source)),
        steps=len(gaps),
        written_lines=sum(_lines(gap) for gap in gaps),
        code_cells=1,
    )


def _lines(code: str) -> int:
    return sum(bool(line.strip()) for line in code.splitlines())


def _tasks(module: Module, cells: Sequence[Any]) -> dict[str, int]:
    """The minutes of each task. The tasks share the text before the first and after the last of them."""
    parts: dict[str, list[_Part]] = {task.id: [] for task in module.tasks}
    around: list[_Part] = []
    into = around
    for part in _parts(cells):
        if part.heading:
            named = _TASK.search(part.heading)
            into = parts.get(named[1], around) if named else around
        into.append(part)
    each_s = (module.lab_run_s or 0) / max(1, work(cells).code_cells)
    works = {task: _in_steps(own) for task, own in parts.items()}
    shared = work(around) + work_in_files(module)
    if not works:
        return {"": math.ceil(shared.minutes(each_s * shared.code_cells))} if cells else {}
    share = shared.minutes(each_s * shared.code_cells) / len(works)
    return {task: math.ceil(own.minutes(each_s * own.code_cells) + share) for task, own in works.items()}


def _in_steps(cells: Sequence[_Part]) -> Work:
    """The work of a task. Its text numbers its steps; if it has more gaps than steps, each gap is a step."""
    done = work(cells)
    numbered_steps = sum(len(_STEP.findall(cell.source)) for cell in cells if cell.cell_type == "markdown")
    return done + Work(steps=max(0, numbered_steps - done.steps))


def _core_and_further(cells: Sequence[Any]) -> tuple[list[_Part], list[_Part]]:
    """A lesson's core and its Going further; its Sources are in neither."""
    core: list[_Part] = []
    further: list[_Part] = []
    into = core
    for part in _parts(cells):
        if part.heading == reading.SOURCES:
            into = []
        elif part.heading == reading.GOING_FURTHER:
            into = further
        into.append(part)
    return core, further


@dataclass(frozen=True)
class _Part:
    """A code cell, or a piece of a Markdown cell with the heading that begins it, if there is one."""

    cell: Any
    source: str
    heading: str = ""
    level: int = 0

    @property
    def cell_type(self) -> str:
        return str(self.cell.cell_type)

    @property
    def metadata(self) -> Any:
        return self.cell.metadata


def _parts(cells: Iterable[Any]) -> list[_Part]:
    parts: list[_Part] = []
    for cell in cells:
        if cell.cell_type == "code":
            parts.append(_Part(cell, cell.source))
        else:
            parts += [_Part(cell, part.source, part.heading, part.level) for part in reading.sections(cell.source)]
    return parts
