"""Brings a late learner to the start of a module: copies laid, what was skipped marked, and told in five lines each.

`work/.caught-up.json` remembers each catch-up, so that the last one can be undone. No module needs a file that an
earlier one has made (the build runs each in an empty folder), so nothing has to be made up for.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serverless_first import course
from serverless_first.course import Module, UnknownModule, workcopy
from serverless_first.course.places import course_root, work_dir
from serverless_first.course.words import count
from serverless_first.lab.progress import Change, Data, ProgressFile, task_progress

RECORD = ".caught-up.json"
Report = Callable[[str], None]

_TAKEAWAYS = re.compile(r"^## Takeaways\s*\n(.*)", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"^- (.+(?:\n  .+)*)", re.MULTILINE)


class CannotCatchUp(RuntimeError):
    """Nothing was done, or not all of it; the message says which and why."""


@dataclass(frozen=True)
class Skipped:
    """A module before the one that you begin with, of which tasks are open.

    Attributes:
        module: which.
        tasks: the ids of its tasks that have not passed.
        taught: what its lesson says one takes away, a line each.
    """

    module: Module
    tasks: tuple[str, ...]
    taught: tuple[str, ...]


@dataclass
class _Done:
    """One catch-up, as `work/.caught-up.json` keeps it.

    `laid` has the digest of each file that was not there before, by its name in the learner's folder.
    """

    module: str
    at: str
    tasks: dict[str, list[str]] = field(default_factory=dict)
    laid: dict[str, str] = field(default_factory=dict)
    last_module: str | None = None


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
    done = _Done(target.id, _now())
    there = _files(work)
    _require_writable(work)
    workcopy.lay(report, only=[module.id for module in (*before, target)])
    missing = [
        f"{folder}/{target.id}.ipynb"
        for folder in workcopy.FOLDERS
        if not (work / folder / f"{target.id}.ipynb").is_file()
    ]
    if missing:
        raise CannotCatchUp(f"{' and '.join(missing)} could not be laid in {work}. Nothing of yours was changed.")
    if skipped:
        _lay_page(target, skipped, work)
    done.laid = {path: _digest(work / path) for path in sorted(_files(work) - there)}
    _mark(target, skipped, done)
    if done.laid or done.tasks:
        _remember(work, done)
    _tell(target, before, skipped, work, report)
    return skipped


def undo(report: Report = print) -> None:
    """Takes the last catch-up back: its marks, and the copies it laid, unless you have changed them.

    Args:
        report: gets the lines to read.

    Raises:
        CannotCatchUp: there is none to undo, or the learner's folder cannot be written.
    """
    work = work_dir()
    record = _record(work)
    if not record:
        raise CannotCatchUp("There is no catch-up to undo.")
    done = record[-1]

    def change(data: Data) -> None:
        for module_id, tasks in done.tasks.items():
            module = data["modules"].get(module_id, {})
            entries = module.get("tasks", {})
            for task_id in tasks:
                if entries.get(task_id, {}).get("caught_up_at") == done.at:
                    del entries[task_id]["caught_up_at"]
                    if not entries[task_id]:
                        del entries[task_id]
            if module == {"tasks": {}}:  # nothing else was known of it
                del data["modules"][module_id]
        if data.get("last_module") == done.module and not data["modules"].get(done.module):
            data.pop("last_module")
            if done.last_module is not None:
                data["last_module"] = done.last_module

    if not ProgressFile().update(change):
        raise CannotCatchUp("Nothing was undone.")
    removed, kept = 0, []
    try:
        for name, digest in done.laid.items():
            path = work / name
            if not path.is_file() or path.is_symlink():
                continue
            if _digest(path) == digest:
                path.unlink()
                removed += 1
            else:
                kept.append(name)
        _save(work, record[:-1])
    except OSError as error:
        raise CannotCatchUp(f"{error.filename or work}: {error.strerror or error}.") from error
    for name in kept:
        report(f"{name}: you have used it, so it stays")
    marks = sum(map(len, done.tasks.values()))
    report(f"The catch-up to {done.module} is undone: {count(marks, 'mark')} and {count(removed, 'file')} taken back.")


def caught_up(module_id: str, tasks: Sequence[str], at: str) -> Change:
    """The change that marks tasks as caught up; those that have passed, or have the mark, stay as they are.

    Args:
        module_id: their module; that it was begun is not said.
        tasks: their ids.
        at: when, in UTC, as progress.json writes it.
    """

    def change(data: Data) -> None:
        for task_id in tasks:
            done = task_progress(data, module_id, task_id)
            if not done.passed and not done.caught_up:
                module = data["modules"].setdefault(module_id, {})
                module.setdefault("tasks", {}).setdefault(task_id, {})["caught_up_at"] = at

    return change


def takeaways(module: Module, root: Path | None = None) -> tuple[str, ...]:
    """What a built lesson says one takes away, a line each; none where the lesson is not built.

    Args:
        module: which.
        root: the checkout, if not the one in use.
    """
    try:
        notebook = json.loads(
            ((root or course_root()) / "notebooks" / f"{module.id}.ipynb").read_text(encoding="utf-8")
        )
        texts = ["".join(cell["source"]) for cell in notebook["cells"]]
    except (OSError, ValueError, LookupError, TypeError):
        return ()
    for text in texts:
        if found := _TAKEAWAYS.search(text):
            return tuple(" ".join(item.split()) for item in _ITEM.findall(found[1]))
    return ()


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
        open_here = tuple(t.id for t in module.tasks if not task_progress(data, module.id, t.id).passed)
        if open_here or not module.tasks:
            found.append(Skipped(module, open_here, takeaways(module)))
    return found


def _mark(target: Module, skipped: Sequence[Skipped], done: _Done) -> None:
    """Marks the tasks in the learner's progress, and the module as the one to go on with."""

    def change(data: Data) -> None:
        for each in skipped:
            fresh = [t for t in each.tasks if not task_progress(data, each.module.id, t).caught_up]
            caught_up(each.module.id, fresh, done.at)(data)
            if fresh:
                done.tasks[each.module.id] = fresh
        done.last_module = data.get("last_module")
        data["last_module"] = target.id

    if not ProgressFile().update(change):
        raise CannotCatchUp("The copies are laid, but what you skipped could not be marked. Call again.")


def _tell(target: Module, before: Sequence[Module], skipped: Sequence[Skipped], work: Path, report: Report) -> None:
    for each in skipped:
        report(f"{each.module.number} {each.module.title}: {work.name}/notebooks/{each.module.id}.ipynb")
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
    report(f"Open {work.name}/notebooks/{target.id}.ipynb, the lesson ({target.lesson_minutes} minutes); then")
    report(f"     {work.name}/labs/{target.id}.ipynb, its lab ({target.lab_minutes} minutes).")
    report("To take this back: serverless-first catch-up --undo")


def _page_name(target: Module) -> str:
    return f"catch-up-{target.number}.ipynb"


def _lay_page(target: Module, skipped: Sequence[Skipped], work: Path) -> None:
    """A notebook of text, because JupyterLab shows its links without being asked; one that is there stays."""
    path = work / _page_name(target)
    if path.exists() or path.is_symlink():
        return
    head = (
        f"# What you missed before module {target.number}\n\n"
        f"Then open the lesson [{target.number} {target.title}](notebooks/{target.id}.ipynb) "
        f"and its [lab](labs/{target.id}.ipynb)."
    )
    parts = [head]
    for each in skipped:
        lines = "\n".join(f"- {line}" for line in each.taught or (each.module.summary,))
        links = f"[lesson](notebooks/{each.module.id}.ipynb), [lab](labs/{each.module.id}.ipynb)"
        parts.append(f"## {each.module.number} {each.module.title}\n\n{lines}\n\nTo look it up: {links}")
    cells = [
        {"cell_type": "markdown", "id": f"part-{number}", "metadata": {}, "source": part.splitlines(keepends=True)}
        for number, part in enumerate(parts)
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    try:
        workcopy.write(path, (json.dumps(notebook, ensure_ascii=False, indent=1) + "\n").encode())
    except OSError as error:
        raise CannotCatchUp(f"{path} cannot be written: {error.strerror or error}.") from error


def _require_writable(work: Path) -> None:
    """Says so before anything is done, not halfway."""
    try:
        work.mkdir(parents=True, exist_ok=True)
        workcopy.write(probe := work / ".catch-up-probe", b"")
        probe.unlink()
    except OSError as error:
        raise CannotCatchUp(
            f"{work} cannot be written: {error.strerror or error}. Nothing was changed. SERVERLESS_FIRST_WORK names "
            "another folder for your work."
        ) from error


def _files(work: Path) -> set[str]:
    places = (work, *(work / folder for folder in workcopy.FOLDERS))
    return {p.relative_to(work).as_posix() for place in places for p in place.glob("*.ipynb")}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _record(work: Path) -> list[_Done]:
    """What was done before; a record that cannot be read is none."""
    try:
        entries: list[dict[str, Any]] = json.loads((work / RECORD).read_text(encoding="utf-8"))["done"]
        known = _Done.__dataclass_fields__
        return [_Done(**{key: value for key, value in entry.items() if key in known}) for entry in entries]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []


def _remember(work: Path, done: _Done) -> None:
    try:
        _save(work, [*_record(work), done])
    except OSError as error:
        raise CannotCatchUp(f"{work / RECORD} cannot be written: {error.strerror or error}.") from error


def _save(work: Path, record: list[_Done]) -> None:
    text = json.dumps({"version": 1, "done": [asdict(each) for each in record]}, indent=1) + "\n"
    workcopy.write(work / RECORD, text.encode())


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # two catch-ups within a second are two


__all__ = ["CannotCatchUp", "Skipped", "UnknownModule", "catch_up", "caught_up", "takeaways", "undo"]
