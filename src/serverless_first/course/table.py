"""course.toml as objects: the one list of modules, their minutes, slides and tasks."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from serverless_first.course.places import course_root


class UnknownModule(KeyError):
    """A module id, or its number, that course.toml does not have."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Task:
    """One task of a lab; `id` is "module.number", as in "5.1".

    An `optional` task isn't on the core path. `shows` is a sentence about the learner's work for the panel of a pass.
    `formerly` are the ids that the task had in earlier versions of the course. A learner's progress and notebooks may
    still use them. No other task ever gets one of them.
    """

    id: str
    title: str
    minutes: int
    shows: str = ""
    formerly: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Module:
    """One module; `ready` tells whether its author's room exists.

    The core of the lesson takes `lesson_minutes`, its sections for going further take `further_minutes`.
    `lesson_run_s` and `lab_run_s` say how long the cells run, in seconds. Where they are measured, the build computes
    the minutes (`authoring.minutes`). `slides_minutes` is how long its slides take at most, by their notes; course.toml
    leaves it out where they may take as long as the lesson. `needs` are the numbers of the modules that it builds on.
    `lab_reads` are the provided files that the lab asks its learners to read, in the module's folder `given`.
    `formerly` are the ids that it had in earlier versions of the course. The overview is a module without a lesson and
    a lab: see `Course.overview`.
    """

    id: str
    title: str
    summary: str
    deck_slides: tuple[int, ...]
    lesson_minutes: int
    lab_minutes: int
    slides_minutes: int
    objectives: tuple[str, ...]
    needs: tuple[str, ...]
    tasks: tuple[Task, ...]
    ready: bool
    formerly: tuple[str, ...] = ()
    further_minutes: int = 0
    lesson_run_s: float | None = None
    lab_run_s: float | None = None
    lab_reads: tuple[str, ...] = ()

    @property
    def number(self) -> str:
        """The two digits in front of the id."""
        return self.id.split("-", 1)[0]

    @property
    def core_lab_minutes(self) -> int:
        """How long the lab takes without its optional tasks."""
        optional = sum(task.minutes for task in self.tasks if task.optional)
        return self.lab_minutes - optional

    @property
    def lab_of(self) -> str:
        """The minutes of the lab's core tasks and of all its tasks for a table, as in "23 of 46"."""
        core, whole = self.core_lab_minutes, self.lab_minutes
        return f"{core} of {whole}" if core < whole else f"{whole}"

    @property
    def lab_words(self) -> str:
        """The same in words, as in "23 minutes, or 46 with the optional tasks"."""
        core, whole = self.core_lab_minutes, self.lab_minutes
        return f"{core} minutes{f', or {whole} with the optional tasks' if core < whole else ''}"

    def minutes(self, kind: str) -> int:
        """How long its "lesson" or its "lab" takes, without the lesson's sections for going further; 0 without one."""
        return self.lesson_minutes if kind == "lesson" else self.lab_minutes

    def task(self, task_id: str) -> Task | None:
        """The task that has this id or had it formerly."""
        return next((task for task in self.tasks if task_id in (task.id, *task.formerly)), None)


@dataclass(frozen=True)
class Route:
    """A way through the course for the time that a learner has.

    Attributes:
        parts: the module and its "lesson" or "lab", in the order in which to take them.
        whole: whether it takes the lessons with their sections for going further.
    """

    title: str
    summary: str
    parts: tuple[tuple[Module, str], ...]
    whole: bool = False

    @property
    def minutes(self) -> int:
        """How long its parts take together."""
        further = sum(module.further_minutes for module, kind in self.parts if kind == "lesson" and self.whole)
        return sum(module.minutes(kind) for module, kind in self.parts) + further


@dataclass(frozen=True)
class Course:
    """The whole course in the order of course.toml."""

    title: str
    deck: str
    deck_slide_count: int
    modules: tuple[Module, ...]
    overview: Module | None = None
    """The deck that tells the whole story only in slides. It isn't one of the modules, and has no number."""
    routes: tuple[Route, ...] = ()

    @property
    def parts(self) -> tuple[tuple[Module, str], ...]:
        """Every module that is ready and its "lesson" or "lab", in order."""
        pairs = ((module, kind) for module in self.ready_modules for kind in ("lesson", "lab"))
        return tuple((module, kind) for module, kind in pairs if module.minutes(kind))

    @property
    def built(self) -> tuple[Module, ...]:
        """The parts that the build makes: the overview and the modules whose rooms exist."""
        first = (self.overview,) if self.overview and self.overview.ready else ()
        return (*first, *self.ready_modules)

    def deck_of(self, name: str) -> Module:
        """As `module`, and the overview by its id, for what is done to slides.

        Raises:
            UnknownModule: as `module`.
        """
        return self.overview if self.overview and name == self.overview.id else self.module(name)

    def module(self, name: str) -> Module:
        """The module with this id ("05-rds-proxy"), a former id, or this number ("05", "5").

        Raises:
            UnknownModule: no module has it; the message lists those there are.
        """
        for module in self.modules:
            if name in (module.id, module.number, str(int(module.number)), *module.formerly):
                return module
        known = ", ".join(m.id for m in self.modules)
        raise UnknownModule(f"There is no module {name!r}. The modules are: {known}.")

    @property
    def core_minutes(self) -> int:
        """How long the core path takes: the cores of all lessons, and the tasks that aren't optional."""
        return sum(module.lesson_minutes + module.core_lab_minutes for module in self.modules)

    @property
    def all_minutes(self) -> int:
        """How long everything takes: whole lessons and whole labs."""
        return sum(module.lesson_minutes + module.further_minutes + module.lab_minutes for module in self.modules)

    @property
    def hours(self) -> str:
        """How long the core path and everything take, as two sentences."""
        core_h, all_h = (round(minutes / 60) for minutes in (self.core_minutes, self.all_minutes))
        return (
            "The core path, which is each lesson up to *Going further* and each lab without its optional tasks, takes "
            f"about {core_h} hours. With *Going further* and the "
            f"optional tasks, it takes about {all_h} hours."
        )

    @property
    def ready_modules(self) -> tuple[Module, ...]:
        """The modules that can be taken now."""
        return tuple(m for m in self.modules if m.ready)


def load(root: Path | None = None) -> Course:
    """Reads course.toml of the checkout (or of `root`).

    Raises:
        ValueError: an id in `formerly` belongs to another module or task, or a route names an unknown part.
    """
    root = root or course_root()
    data = tomllib.loads((root / "course.toml").read_text(encoding="utf-8"))
    modules = tuple(_module(m, root) for m in data["module"])
    overview = (
        _module({"lesson_minutes": 0, "lab_minutes": 0, **data["overview"]}, root) if "overview" in data else None
    )
    _refuse_reused(modules, "module")
    _refuse_reused([task for module in modules for task in module.tasks], "task")
    the_course = Course(data["title"], data["deck"], data["deck_slide_count"], modules, overview)
    return replace(the_course, routes=tuple(_route(route, the_course) for route in data.get("route", ())))


def _refuse_reused(entries: Sequence[Module | Task], kind: str) -> None:
    ids = [name for entry in entries for name in (entry.id, *entry.formerly)]
    if reused := sorted({name for name in ids if ids.count(name) > 1}):
        raise ValueError(
            f"course.toml: {', '.join(reused)} would mean two things. A {kind} keeps its ids, including former ids, "
            f"so that learners' progress stays with it. Give the new {kind} an id that was never used."
        )


def _route(data: dict[str, Any], the_course: Course) -> Route:
    """A route; without `parts` it is everything that is ready, with the sections for going further."""
    if "parts" not in data:
        return Route(data["title"], data["summary"], the_course.parts, whole=True)
    parts = []
    for part in data["parts"]:
        name, _, kind = part.partition(" ")
        if kind not in ("lesson", "lab"):
            raise ValueError(f'course.toml: the part {part!r} of a route must be written like "04 lesson" or "04 lab".')
        module = the_course.module(name)
        if module.minutes(kind):
            parts.append((module, kind))
    return Route(data["title"], data["summary"], tuple(parts))


def _module(data: dict[str, Any], root: Path) -> Module:
    return Module(
        id=data["id"],
        title=data["title"],
        summary=data["summary"],
        deck_slides=tuple(data["deck_slides"]),
        lesson_minutes=data["lesson_minutes"],
        lab_minutes=data["lab_minutes"],
        slides_minutes=data.get("slides_minutes", data["lesson_minutes"]),
        objectives=tuple(data.get("objectives", ())),
        needs=tuple(data.get("needs", ())),
        tasks=tuple(Task(**{**t, "formerly": tuple(t.get("formerly", ()))}) for t in data.get("task", ())),
        ready=(root / "modules" / data["id"]).is_dir(),
        formerly=tuple(data.get("formerly", ())),
        further_minutes=data.get("further_minutes", 0),
        lesson_run_s=data.get("lesson_run_s"),
        lab_run_s=data.get("lab_run_s"),
        lab_reads=tuple(data.get("lab_reads", ())),
    )
