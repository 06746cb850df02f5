"""Brings a late learner to the start of a module: copies laid, what was skipped marked, and told in five lines each.

No module needs a file that an earlier one has made (the build runs each in an empty folder), so nothing has to be made
up for.
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
    """Nothing was done, or not all of it; the message says which and why."""


@dataclass(frozen=True)
class Skipped:
    """A module before the one that you begin with, of which tasks are open.

    Attributes:
        module: which.
        tasks: the ids of its tasks that have not passed.
        taught: what its lesson has shown, a line each.
    """

    module: Module
    tasks: tuple[str, ...]
    taught: tuple[str, ...]


def catch_up(name: str, report: Report = print) -> list[Skipped]:
    """Lays the copies of a module and of those before it, and marks what was skipped; nothing is overwritten.

    A task that has not passed is marked "caught up", which is not "passed": it can be done at any time. Called again,
    it changes nothing.

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
        raise CannotCatchUp(f"{' and '.join(missing)} could not be laid in {work}. Nothing of yours was changed.")
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
    if found := _TAKEAWAYS.search(text):
        items = _ITEM.findall(found[1])
    else:
        core, quiz, _ = text.partition("\n## Quiz")
        items = [bold[1] for part in core.split("\n\n") if quiz and (bold := _BOLD.fullmatch(part.strip()))][-1:]
    return tuple(" ".join(item.split()) for item in items)


def _modules(name: str) -> tuple[Module, tuple[Module, ...]]:
    """The module to begin with, and those before it that are ready."""
    try:
        the_course = course.load()
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, ValueError, OSError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise CannotCatchUp(
            f"course.toml cannot be read: {what}. It belongs to the course, not to your work: fetch it anew "
            "(git restore course.toml), then call again. Nothing was changed."
        ) from None
    try:
        target = the_course.module(name)
    except ValueError as error:  # a module whose id has no number
        raise CannotCatchUp(f"course.toml names a module without a number: {error}.") from None
    if not target.ready:
        raise CannotCatchUp(f"Module {target.id} is planned and not ready yet.")
    place = the_course.modules.index(target)
    return target, tuple(module for module in the_course.modules[:place] if module.ready)


def _skipped(before: Sequence[Module]) -> list[Skipped]:
    data = ProgressFile().read()
    found = []
    for module in before:
        open_here = tuple(task.id for task in open_tasks(data, module))
        if open_here or not module.tasks:
            found.append(Skipped(module, open_here, takeaways(module)))
    return found


def _mark(target: Module, skipped: Sequence[Skipped]) -> None:
    """Marks the tasks in the learner's progress, and the module as the one to go on with."""
    at = now()

    def change(data: Data) -> None:
        for each in skipped:
            for task_id in each.tasks:
                if not task_progress(data, each.module.id, task_id).caught_up:
                    module = data["modules"].setdefault(each.module.id, {})  # that it was begun is not said
                    module.setdefault("tasks", {}).setdefault(task_id, {})["caught_up_at"] = at
        data["last_module"] = target.id

    if not ProgressFile().update(change):
        raise CannotCatchUp("The copies are laid, but what you skipped could not be marked. Call again.")


def _tell(target: Module, before: Sequence[Module], skipped: Sequence[Skipped], work: Path, report: Report) -> None:
    for each in skipped:
        report(f"{each.module.number} {each.module.title}: {work.name}/{copy_path(each.module.id, 'lesson')}")
        for line in each.taught or (each.module.summary,):
            report(f"  - {line}")
    marked = sum(len(each.tasks) for each in skipped)
    if skipped:
        report(
            f"{count(marked, 'task')} of {count(len(skipped), 'module')} marked as caught up, not as passed. "
            "You can do them at any time."
        )
        report(f"The same with links to click: {work.name}/{_page_name(target)}")
    elif before:
        report("You have passed every task before this module.")
    report(f"Open {work.name}/{copy_path(target.id, 'lesson')}, the lesson ({target.lesson_minutes} minutes); then")
    report(f"     {work.name}/{copy_path(target.id, 'lab')}, its lab ({target.lab_minutes} minutes).")


def _page_name(target: Module) -> str:
    return f"catch-up-{target.number}.ipynb"


def _lay_page(target: Module, skipped: Sequence[Skipped], work: Path) -> None:
    """A notebook of text, because JupyterLab shows its links without being asked; one that is there stays."""
    path = work / _page_name(target)
    if path.exists() or path.is_symlink():
        return
    head = (
        f"# What you missed before module {target.number}\n\n"
        f"Then open the lesson [{target.number} {target.title}]({copy_path(target.id, 'lesson')}) "
        f"and its [lab]({copy_path(target.id, 'lab')})."
    )
    parts = [head]
    for each in skipped:
        lines = "\n".join(f"- {line}" for line in each.taught or (each.module.summary,))
        links = ", ".join(f"[{kind}]({copy_path(each.module.id, kind)})" for kind in FOLDERS.values())
        parts.append(f"## {each.module.number} {each.module.title}\n\n{lines}\n\nTo look it up: {links}")
    cells = [
        {"cell_type": "markdown", "id": f"part-{number}", "metadata": {}, "source": part.splitlines(keepends=True)}
        for number, part in enumerate(parts)
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    try:
        safe_files.write(path, (json.dumps(notebook, ensure_ascii=False, indent=1) + "\n").encode())
    except OSError as error:
        raise CannotCatchUp(f"{path} cannot be written: {error.strerror or error}.") from error


def _require_writable(work: Path) -> None:
    """Says so before anything is done, not halfway."""
    try:
        work.mkdir(parents=True, exist_ok=True)
        safe_files.write(probe := work / ".catch-up-probe", b"")
        probe.unlink()
    except OSError as error:
        raise CannotCatchUp(
            f"{work} cannot be written: {error.strerror or error}. Nothing was changed. SERVERLESS_FIRST_WORK names "
            "another folder for your work."
        ) from error
