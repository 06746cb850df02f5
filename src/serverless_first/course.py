"""course.toml as objects: the one list of modules, their minutes, slides and tasks."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from serverless_first.places import course_root


class UnknownModule(KeyError):
    """A module id, or its number, that course.toml does not have."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Task:
    """One task of a lab; `id` is "module.number", as in "5.1"."""

    id: str
    title: str
    minutes: int


@dataclass(frozen=True)
class Module:
    """One module; `ready` tells whether its author's room exists."""

    id: str
    title: str
    summary: str
    deck_slides: tuple[int, ...]
    lesson_minutes: int
    lab_minutes: int
    objectives: tuple[str, ...]
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
    modules = tuple(
        Module(
            id=m["id"],
            title=m["title"],
            summary=m["summary"],
            deck_slides=tuple(m["deck_slides"]),
            lesson_minutes=m["lesson_minutes"],
            lab_minutes=m["lab_minutes"],
            objectives=tuple(m.get("objectives", ())),
            tasks=tuple(Task(**t) for t in m.get("task", ())),
            ready=(root / "modules" / m["id"]).is_dir(),
        )
        for m in data["module"]
    )
    return Course(data["title"], data["deck"], data["deck_slide_count"], modules)
