"""A check's own functions, to call with made-up values instead of a learner's work."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from serverless_first import course
from serverless_first.course.places import module_dir
from serverless_first.lab import Attempt


def checks_in(module_id: str, name: str) -> ModuleType:
    """A module's check file, loaded anew, so that a test may replace what it calls."""
    spec = importlib.util.spec_from_file_location(f"tested_{name}", module_dir(module_id) / f"{name}.py")
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def attempt_at(task_id: str) -> Attempt:
    """An attempt at a task of the course."""
    module = course.load().module(f"{int(task_id.partition('.')[0]):02}")
    return Attempt(next(task for task in module.tasks if task.id == task_id))
