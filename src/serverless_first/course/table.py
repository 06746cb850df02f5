"""course.toml as objects: the one list of modules, their minutes, slides and tasks."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
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

    `shows` is what a pass has shown, in one sentence; the panel of a pass says it.
    """

    id: str
    title: str
    minutes: int
    shows: str = ""


@dataclass(frozen=True)
class Module:
    """One module; `ready` tells whether its author's room exists.

    `slides_minutes` is how long its slides take at most, by their notes; course.toml leaves it out where they may
    take as long as the lesson. `needs` are the numbers of the modules that it builds on. The overview is a module
    without a lesson and a lab: see `Course.overview`.
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

    @property
    def number(self) -> str:
        """The two digits in front of the id."""
        return self.id.split("-", 1)[0]


@dataclass(frozen=True)
class Course:
    """The whole course in the order of course.toml."""

    title: str
    deck: str
    deck_slide_count: int
    modules: tuple[Module, ...]
    overview: Module | None = None
    """The deck that tells the whole story in slides alone; it is none of the modules, and has no number."""

    @property
    def built(self) -> tuple[Module, ...]:
        """What the build makes: the overview and the modules whose rooms exist."""
        first = (self.overview,) if self.overview and self.overview.ready else ()
        return (*first, *self.ready_modules)

    def deck_of(self, name: str) -> Module:
        """As `module`, and the overview by its id, for what is done to slides.

        Raises:
            UnknownModule: as `module`.
        """
        return self.overview if self.overview and name == self.overview.id else self.module(name)

    def module(self, name: str) -> Module:
        """The module with this id ("05-rds-proxy") or number ("05", "5").

        Raises:
            UnknownModule: no module has it; the message lists those there are.
        """
        for module in self.modules:
            if name in (module.id, module.number, str(int(module.number))):
                return module
        known = ", ".join(m.id for m in self.modules)
        raise UnknownModule(f"There is no module {name!r}. The modules are: {known}.")

    @property
    def ready_modules(self) -> tuple[Module, ...]:
        """The modules that can be taken now."""
        return tuple(m for m in self.modules if m.ready)


def load(root: Path | None = None) -> Course:
    """Reads course.toml of the checkout (or of `root`)."""
    root = root or course_root()
    data = tomllib.loads((root / "course.toml").read_text(encoding="utf-8"))
    modules = tuple(_module(m, root) for m in data["module"])
    overview = (
        _module({"lesson_minutes": 0, "lab_minutes": 0, **data["overview"]}, root) if "overview" in data else None
    )
    return Course(data["title"], data["deck"], data["deck_slide_count"], modules, overview)


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
        tasks=tuple(Task(**t) for t in data.get("task", ())),
        ready=(root / "modules" / data["id"]).is_dir(),
    )
