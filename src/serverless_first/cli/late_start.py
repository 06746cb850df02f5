"""Brings a late learner to the start of a module: lays the copies, marks what was skipped, and sums it up.

The build runs each module in an empty folder, so no module needs a file that an earlier module wrote.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from serverless_first import course
from serverless_first.course import Module, safe_files, workcopy
from serverless_first.course.layout import FOLDERS, copy_path
from serverless_first.course.places import course_root, work_dir
from serverless_first.course.words import count
from serverless_first.lab.progress import Data, ProgressFile, now, open_tasks, task_progress

Report = Callable[[str], None]

_TAKEAWAYS = re.compile(r"^## Takeaways\s*\n(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"^- (.+(?:\n  .+)*)", re.MULTILINE)
_BOLD = re.compile(r"\*\*((?:(?!\*\*).)+)\*\*", re.DOTALL)


class CannotCatchUp(RuntimeError):
    """Catching up failed, or is not complete. The message says which and why."""


@dataclass(frozen=True)
class Skipped:
    """A skipped module, which comes before the module to begin with and has open tasks.

    Attributes:
        module: the skipped module.
        tasks: the ids of its tasks that have not passed.
        taught: what its lesson shows, one line per point.
    """

    module: Module
    tasks: tuple[str, ...]
    taught: tuple[str, ...]


def catch_up(name: str, report: Report = print) -> list[Skipped]:
    """Lays the copies of a module and of the modules before it, and marks what was skipped. Overwrites nothing.

    A task that has not passed is marked "caught up", not "passed", and can be done at any time. A second call changes
    nothing.

    Args:
        name: the module's id or number, as in "05".
        report: gets the lines to read.

    Returns:
        The modules that were skipped.

    Raises:
        UnknownModule: there is no such module.
        CannotCatchUp: the module is not ready, course.toml is broken, or the learner's folder cannot be written.
    """
    target, before = _modules(name)
    skipped = _skipped(before)
    work = work_dir()
    _require_writable(work)
    workcopy.lay(report, only=[module.id for module in (*before, target)])
    missing = [
        copy for copy in (copy_path(target.id, kind) for kind in FOLDERS.values()) if not (work / copy).is_file()
    ]
    if missing:
        raise CannotCatchUp(f"{' and '.join(missing)} could not be copied to {work}. None of your files were changed.")
    if skipped:
        _lay_page(target, skipped, work)
    _mark(target, skipped)
    _tell(target, before, skipped, work, report)
    return skipped


def takeaways(module: Module) -> tuple[str, ...]:
    """The bold sentence that ends a built lesson's core, or the items of its Takeaways; empty if it isn't built."""
    try:
        notebook = json.loads((course_root() / "notebooks" / f"{module.id}.ipynb").read_text(encoding="utf-8"))
        text = "\n\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    except (OSError, ValueError, LookupError, TypeError):
        return ()
    if match := _TAKEAWAYS.search(text):
        items = _ITEM.findall(match[1])
    else:
        core, quiz, _ = text.partition("\n## Quiz")
        items = [bold[1] for part in core.split("\n\n") if quiz and (bold := _BOLD.fullmatch(part.strip()))][-1:]
    return tuple(" ".join(item.split()) for item in items)


def _modules(name: str) -> tuple[Module, tuple[Module, ...]]:
    """The module to begin with, and the ready modules before it."""
    try:
        the_course = course.load()
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, ValueError, OSError) as error:
        what = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise CannotCatchUp(
            f"course.toml cannot be read: {what}. The file belongs to the course, not to your work. Get it again "
            "with `git restore course.toml`, then repeat the command. Nothing was changed."
        ) from None
    try:
        target = the_course.module(name)
    except ValueError as error:  # a module whose id has no number
        raise CannotCatchUp(f"In course.toml, a module's id has no number: {error}.") from None
    if not target.ready:
        raise CannotCatchUp(f"Module {target.id} is planned, but it isn't ready yet.")
    place = the_course.modules.index(target)
    return target, tuple(module for module in the_course.modules[:place] if module.ready)


def _skipped(before: Sequence[Module]) -> list[Skipped]:
    data = ProgressFile().read()
    entries = []
    for module in before:
        open_here = tuple(task.id for task in open_tasks(data, module))
        if open_here or not module.tasks:
            entries.append(Skipped(module, open_here, takeaways(module)))
    return entries


def _mark(target: Module, skipped: Sequence[Skipped]) -> None:
    """Marks the tasks as caught up in the learner's progress, and the module as the last one that was worked on."""
    at = now()

    def change(data: Data) -> None:
        for entry in skipped:
            for task_id in entry.tasks:
                if not task_progress(data, entry.module.id, task_id).caught_up:
                    module = data["modules"].setdefault(
                        entry.module.id, {}
                    )  # without begun_at, because the learner has not begun it
                    module.setdefault("tasks", {}).setdefault(task_id, {})["caught_up_at"] = at
        data["last_module"] = target.id

    if not ProgressFile().update(change):
        raise CannotCatchUp(
            "The notebooks were copied, but the tasks that you skipped could not be marked. Run the command again."
        )


def _tell(target: Module, before: Sequence[Module], skipped: Sequence[Skipped], work: Path, report: Report) -> None:
    for entry in skipped:
        report(f"{entry.module.number} {entry.module.title}: {work.name}/{copy_path(entry.module.id, 'lesson')}")
        for line in entry.taught or (entry.module.summary,):
            report(f"  - {line}")
    marked = sum(len(entry.tasks) for entry in skipped)
    if skipped:
        report(
            f"{count(marked, 'task')} of {count(len(skipped), 'module')} marked as caught up, not as passed. "
            "You can do them at any time."
        )
        report(f"The same list with links to click: {work.name}/{_page_name(target)}")
    elif before:
        report("You have passed every task before this module.")
    report(f"Open {work.name}/{copy_path(target.id, 'lesson')}, the lesson ({target.lesson_minutes} minutes), then")
    report(f"     {work.name}/{copy_path(target.id, 'lab')}, its lab ({target.lab_minutes} minutes).")


def _page_name(target: Module) -> str:
    return f"catch-up-{target.number}.ipynb"


def _lay_page(target: Module, skipped: Sequence[Skipped], work: Path) -> None:
    """Writes a notebook of text, whose links JupyterLab shows at once. Keeps an existing file."""
    path = work / _page_name(target)
    if path.exists() or path.is_symlink():
        return
    head = (
        f"# What you missed before module {target.number}\n\n"
        f"Then open the lesson [{target.number} {target.title}]({copy_path(target.id, 'lesson')}) "
        f"and its [lab]({copy_path(target.id, 'lab')})."
    )
    parts = [head]
    for entry in skipped:
        lines = "\n".join(f"- {line}" for line in entry.taught or (entry.module.summary,))
        links = ", ".join(f"[{kind}]({copy_path(entry.module.id, kind)})" for kind in FOLDERS.values())
        parts.append(f"## {entry.module.number} {entry.module.title}\n\n{lines}\n\nLook it up in its {links}")
    cells = [
        {"cell_type": "markdown", "id": f"part-{number}", "metadata": {}, "source": part.splitlines(keepends=True)}
        for number, part in enumerate(parts)
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    try:
        safe_files.write(path, (json.dumps(notebook, ensure_ascii=False, indent=1) + "\n").encode())
    except OSError as error:
        raise CannotCatchUp(f"Cannot write to {path}: {error.strerror or error}.") from error


def _require_writable(work: Path) -> None:
    """Raises CannotCatchUp before anything is changed."""
    try:
        work.mkdir(parents=True, exist_ok=True)
        safe_files.write(probe := work / ".catch-up-probe", b"")
        probe.unlink()
    except OSError as error:
        raise CannotCatchUp(
            f"Cannot write to {work}: {error.strerror or error}. Nothing was changed. To keep your work in "
            "another folder, set SERVERLESS_FIRST_WORK to it."
        ) from error
