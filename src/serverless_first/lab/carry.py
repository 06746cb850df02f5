"""Carries a learner's progress to the ids that modules and tasks have now (`formerly` in course.toml)."""

from __future__ import annotations

from collections.abc import Iterable

from serverless_first import course
from serverless_first.lab.progress import Data, ProgressFile


def progress_along(file: ProgressFile | None = None) -> None:
    """Renames modules and tasks in progress.json; a file without former ids isn't touched.

    Args:
        file: the progress; by default the learner's.
    """
    file = file or ProgressFile()
    if rename(file.read()):

        def change(data: Data) -> None:
            rename(data)

        file.update(change)


def rename(data: Data) -> bool:
    """Renames in place, and says whether there was something to rename."""
    changed = False
    for module in course.load().modules:
        changed |= _rename_keys(data["modules"], module.id, module.formerly)
        if data.get("last_module") in module.formerly:
            data["last_module"] = module.id
            changed = True
        tasks = data["modules"].get(module.id, {}).get("tasks", {})
        for task in module.tasks:
            changed |= _rename_keys(tasks, task.id, task.formerly)
    return changed


def _rename_keys(entries: Data, now: str, formerly: Iterable[str]) -> bool:
    old_keys = [name for name in formerly if name in entries]
    for name in old_keys:
        entries[now] = _merged(entries.pop(name), entries.get(now, {}))
    return bool(old_keys)


def _merged(old: Data, new: Data) -> Data:
    """Both records of one module or task: a pass beats a try, and what only one of them knows is kept."""
    merged = {**new, **old} if "passed_at" in old else {**old, **new}
    for key in old.keys() & new.keys():
        if isinstance(old[key], dict) and isinstance(new[key], dict):
            merged[key] = _merged(old[key], new[key])
    return merged
