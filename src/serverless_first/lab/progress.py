"""The learner's progress: one plain JSON file, `progress.json` in the learner's folder.

    {"version": 1, "last_module": "00-start-here", "path": "An hour",
     "modules": {"00-start-here": {
         "begun_at": "2026-11-24T14:40:00Z", "touched_at": "2026-11-24T15:00:00Z",
         "lesson_finished_at": "2026-11-24T14:55:00Z",
         "tasks": {"0.1": {"attempts": 3, "first_tried_at": "...", "passed_at": "...", "passed_after": 2,
                           "hints": 1, "solution_shown_at": "..."}},
         "predictions": {"same-process": {"pick": "yes", "outcome": "no"}}}}}

Every change is a read, a change and a write under one lock, so two notebooks lose nothing to each other.
A write goes to a temporary file that then takes the place of the old one, so a crash leaves the old or the
new one whole. A file that cannot be read is moved aside, one of a newer version is left alone. A change that
cannot be saved is kept in memory and saved with the next change. Unknown fields stay as they are; a file from before
`begun_at`, `first_tried_at` and `passed_after` were recorded lacks them, and stays readable. The file is sent
nowhere; a class with a board asks first whether it may see your progress (see serverless_first.lab.sharing).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from serverless_first.course import Module, Task
from serverless_first.course.places import work_dir
from serverless_first.course.words import count
from serverless_first.lab.show import say

VERSION = 1
LOCK_TIMEOUT_S = 10.0
_KINDS: dict[str, type] = {
    **{"attempts": int, "hints": int, "passed_after": int},
    **{"first_tried_at": str, "passed_at": str, "solution_shown_at": str, "caught_up_at": str},
}
_PICKS: dict[str, type] = {"pick": str, "outcome": str}

Data = dict[str, Any]
Change = Callable[[Data], None]


class _Newer(Exception):
    """The file was written by a newer version of the course."""


@dataclass(frozen=True)
class TaskProgress:
    """A learner's work on one task. Work after the first pass is practice, and isn't counted.

    Attributes:
        attempts: checks that could judge, up to the first pass. An older file may not say which; then all count.
        hints: hints seen before the first pass, 0 to 3.
        passed: whether it has passed.
        solution_shown: whether the solution was shown before the first pass.
        passed_at: the time of the first pass in UTC, as the file has it.
        caught_up: whether a late learner skipped it (see serverless_first.cli.late_start). This is not a pass.
        first_tried_at: the time of the first check that could judge, in UTC; None if the file doesn't have it.
    """

    attempts: int
    hints: int
    passed: bool
    solution_shown: bool
    passed_at: str | None = None
    caught_up: bool = False
    first_tried_at: str | None = None


class ProgressFile:
    """Reads and changes progress.json.

    Args:
        path: the file; by default `progress.json` in the learner's folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = (path or work_dir() / "progress.json").absolute()
        self._unsaved: list[Change] = []

    def read(self) -> Data:
        """The whole record, including changes that could not be saved. Empty if there is no file."""
        data = _empty()
        if self.path.exists():
            try:
                try:
                    with self._locked():
                        data = self._load()
                except Timeout:
                    raise
                except OSError:  # a read-only folder can't hold a lock, and nobody writes there
                    data = self._load()
            except _Newer as newer:
                say(str(newer))
            except OSError as error:
                say(f"Your progress could not be read: {_reason(error)}.")
        for change in self._unsaved:
            change(data)
        return data

    def update(self, change: Change) -> bool:
        """Applies a change and saves it. If it can't be saved, says so, keeps the change and returns False."""
        self._unsaved.append(change)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked():
                data = self._load()
                for pending_change in self._unsaved:
                    pending_change(data)
                self._save(data)
        except _Newer as newer:
            say(f"{newer} This step was not saved.")
            return False
        except OSError as error:
            say(
                f"Your progress was not saved: {_reason(error)}. It is kept in memory until this notebook stops, "
                "and your next step tries to save it again. `serverless-first doctor` in a terminal says what to do."
            )
            return False
        self._unsaved.clear()
        return True

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        # Readers also take the lock, because Windows cannot replace an open file.
        with FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=LOCK_TIMEOUT_S):
            yield

    def _load(self) -> Data:
        try:
            data = json.loads(self.path.read_bytes().decode("utf-8-sig"))  # editors on Windows add a mark
        except FileNotFoundError:
            return _empty()
        except (ValueError, RecursionError):  # not UTF-8, not JSON, or nested too deeply
            return self._set_aside()
        if isinstance(data, dict) and isinstance(data.get("version"), int) and data["version"] > VERSION:
            raise _Newer(
                f"{self.path.name} was written by a newer version of the course (format {data['version']}, and this "
                f"version reads up to {VERSION}), so it was left unchanged. Update the course."
            )
        return data if _well_formed(data) else self._set_aside()

    def _set_aside(self) -> Data:
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.broken-{number}")).exists():
            number += 1
        self.path.rename(aside)
        say(f"{self.path.name} could not be read. It is kept as {aside.name}, and a new file was started.")
        return _empty()

    def _save(self, data: Data) -> None:
        temporary = self.path.with_name(self.path.name + ".tmp")
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            json.dump(data, file, ensure_ascii=False, indent=1, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.path)  # noqa: PTH105 (a name that tests can interrupt)


def task_progress(data: Data, module_id: str, task_id: str) -> TaskProgress:
    """The record of a task."""
    entry = data["modules"].get(module_id, {}).get("tasks", {}).get(task_id, {})
    return TaskProgress(
        entry.get("passed_after", entry.get("attempts", 0)),
        entry.get("hints", 0),
        "passed_at" in entry,
        "solution_shown_at" in entry,
        entry.get("passed_at"),
        "caught_up_at" in entry,
        entry.get("first_tried_at"),
    )


def open_tasks(data: Data, module: Module) -> list[Task]:
    """The tasks of a module that haven't passed, in their order."""
    return [task for task in module.tasks if not task_progress(data, module.id, task.id).passed]


def required(tasks: Iterable[Task]) -> list[Task]:
    """These tasks without the optional ones, in their order."""
    return [task for task in tasks if not task.optional]


def passed_of(data: Data, *modules: Module) -> str:
    """How many tasks of the modules have passed, as in "2 of 3 required tasks and 0 of 1 optional task"."""
    tasks = [(module, task) for module in modules for task in module.tasks]
    kinds = {kind: [pair for pair in tasks if pair[1].optional == kind] for kind in (False, True)}
    phrases = []
    for is_optional, these in kinds.items():
        passed = sum(task_progress(data, module.id, task.id).passed for module, task in these)
        kind = "optional task" if is_optional else "required task" if kinds[True] else "task"
        phrases += [f"{passed} of {count(len(these), kind)}"] if these or not is_optional else []
    return " and ".join(phrases)


def prediction(data: Data, module_id: str, key: str) -> dict[str, str]:
    """The fields `pick` and `outcome` of a prediction, as far as they are known."""
    fields: dict[str, str] = data["modules"].get(module_id, {}).get("predictions", {}).get(key, {})
    return fields


def came_true(data: Data) -> tuple[int, int]:
    """In the whole course: predictions that came true, and predictions that have been run."""
    runs = [p for m in data["modules"].values() for p in m.get("predictions", {}).values()]
    settled = [p for p in runs if "pick" in p and "outcome" in p]
    return sum(p["pick"] == p["outcome"] for p in settled), len(settled)


def last_module(data: Data) -> str | None:
    """The module the learner worked on last."""
    name = data.get("last_module")
    return name if isinstance(name, str) else None


def tried(data: Data, module: Module) -> bool:
    """Whether the learner has worked on the module's lab. To catch up is not to try."""
    tasks = data["modules"].get(module.id, {}).get("tasks", {})
    return any(entry.keys() - {"caught_up_at"} for entry in tasks.values())


def lesson_finished(data: Data, module: Module) -> bool:
    """Whether the learner has come to the lesson's quiz, or went on to the lab."""
    return "lesson_finished_at" in data["modules"].get(module.id, {}) or tried(data, module)


def lesson_ended(module_id: str) -> Change:
    """The change after a lesson's quiz was shown. The first time keeps its date."""
    return lambda data: _module(data, module_id).setdefault("lesson_finished_at", now())


def path_chosen(title: str) -> Change:
    """The change after the learner chose one of the course's paths by its title."""
    return lambda data: data.update(path=title)


def judged(module_id: str, task_id: str, *, passed: bool) -> Change:
    """The change after a check that could judge: one more attempt, and the first pass keeps its date."""

    def change(data: Data) -> None:
        entry = _task(data, module_id, task_id)
        entry["attempts"] = entry.get("attempts", 0) + 1
        entry.setdefault("first_tried_at", now())
        if passed and "passed_at" not in entry:
            entry |= {"passed_at": now(), "passed_after": entry["attempts"]}

    return change


def hint_seen(module_id: str, task_id: str, number: int) -> Change:
    """The change after hint `number` was shown; none after a pass."""

    def change(data: Data) -> None:
        entry = _task(data, module_id, task_id)
        if "passed_at" not in entry:
            entry["hints"] = max(number, entry.get("hints", 0))

    return change


def solution_seen(module_id: str, task_id: str) -> Change:
    """The change after the solution was shown; none after a pass."""

    def change(data: Data) -> None:
        entry = _task(data, module_id, task_id)
        if "passed_at" not in entry:
            entry["solution_shown_at"] = now()

    return change


def predicted(module_id: str, key: str, **fields: str) -> Change:
    """The change after a pick (`pick=`) or after the run (`outcome=`)."""
    return lambda data: _entry(data, module_id, "predictions", key).update(fields)


def _task(data: Data, module_id: str, task_id: str) -> Data:
    return _entry(data, module_id, "tasks", task_id)


def _entry(data: Data, module_id: str, group: str, key: str) -> Data:
    entry: Data = _module(data, module_id).setdefault(group, {}).setdefault(key, {})
    return entry


def _module(data: Data, module_id: str) -> Data:
    module: Data = data["modules"].setdefault(module_id, {})
    module["touched_at"] = now()
    module.setdefault("begun_at", module["touched_at"])
    data["last_module"] = module_id
    return module


def _empty() -> Data:
    return {"version": VERSION, "modules": {}}


def _well_formed(data: object) -> bool:
    """Whether what this code reads has the types it relies on."""

    def groups(module: Data, name: str, kinds: dict[str, type]) -> bool:
        group = module.get(name, {})
        return isinstance(group, dict) and all(
            isinstance(entry, dict) and all(isinstance(entry[k], t) for k, t in kinds.items() if k in entry)
            for entry in group.values()
        )

    return (
        isinstance(data, dict)
        and isinstance(data.get("version"), int)
        and isinstance(data.get("modules"), dict)
        and all(
            isinstance(m, dict)
            and isinstance(m.get("begun_at", ""), str)
            and groups(m, "tasks", _KINDS)
            and groups(m, "predictions", _PICKS)
            for m in data["modules"].values()
        )
    )


def _reason(error: OSError) -> str:
    """Why a file could not be used, without its folder."""
    if isinstance(error, Timeout):
        return f"another notebook has held progress.json for {LOCK_TIMEOUT_S:.0f} seconds"
    return error.strerror or type(error).__name__


def now() -> str:
    """This moment in UTC, as the file has it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
