"""Loads the checks in `modules/<id>/checks.py`, and runs them.

If one file would be too long, files named `checks_*.py` beside it check some of the tasks.

A check is a function marked with `task("5.1")`. It returns when the task is done and raises `CheckFailed`
(through `Attempt.expect`) when it is not. Any other error is not a verdict on the learner:
`run_check` turns it into a `CheckBroken` or `NotStarted` that says what to do.
"""

from __future__ import annotations

import importlib.util
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from serverless_first.course import Module, Task
from serverless_first.course.places import module_dir
from serverless_first.lab.attempt import Attempt, cloud_is_missing
from serverless_first.lab.failures import CheckBroken, CheckFailed, CourseFault, NotStarted, one_line

Check = Callable[[Attempt], None]
_Marked = TypeVar("_Marked", bound=Callable[[Attempt], None])
_MARK = "__lab_task__"
_ABSENT = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist")


def task(task_id: str) -> Callable[[_Marked], _Marked]:
    """Marks a function as the check of a task, as in `@task("5.1")`."""

    def mark(check: _Marked) -> _Marked:
        setattr(check, _MARK, task_id)
        return check

    return mark


def load_checks(module: Module) -> dict[str, Check]:
    """The checks of a module by task id.

    Raises:
        CourseFault: the file is missing or cannot be loaded, names a task that course.toml lacks, checks
            a task twice, or leaves one out.
    """
    folder, where = module_dir(module.id), f"modules/{module.id}/checks.py"
    if not (folder / "checks.py").is_file():
        raise CourseFault(f"{where} is missing. This is a bug in the course, not your mistake.")
    checks: dict[str, Check] = {}
    for path in sorted(folder.glob("checks*.py")):
        for value in vars(_loaded(module, path)).values():
            task_id = getattr(value, _MARK, None)
            if task_id in checks:
                raise CourseFault(
                    f"{where} checks task {task_id} twice. This is a bug in the course, not your mistake."
                )
            if task_id is not None:
                checks[task_id] = value
    known = {t.id for t in module.tasks}
    if set(checks) != known:
        raise CourseFault(
            f"{where} and course.toml list different tasks: {', '.join(sorted(set(checks) ^ known))}. This is a "
            "bug in the course, not your mistake."
        )
    return checks


def _loaded(module: Module, path: Path) -> ModuleType:
    name = f"serverless_first_{path.stem}_{module.id.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded  # dataclasses look their module up there
    try:
        spec.loader.exec_module(loaded)
    except Exception as error:
        where = f"modules/{module.id}/{path.name}"
        raise CourseFault(
            f"{where} cannot be loaded ({_place(error, path)}). This is a bug in the course, not your mistake."
        ) from error
    return loaded


def run_check(check: Check, of: Task, where: Path) -> None:
    """Runs a check.

    Args:
        where: the check's file or its folder, to name the line of a bug in it.

    Raises:
        CheckFailed: the task is not done.
        NotStarted: the learner has not begun it.
        CheckBroken: the check could not judge.
    """
    # Imported here, so that a lesson without a check does not wait for botocore.
    from botocore.exceptions import (
        ClientError,
        ConnectionClosedError,
        ConnectionError,
        NoCredentialsError,
        NoRegionError,
        ReadTimeoutError,
    )

    from serverless_cloud.guard import RealAwsRefused
    from serverless_first.lab.deployed_code import newer_file

    attempt, began_ms = Attempt(of), int(1000 * time.time())
    try:
        check(attempt)
    except CheckFailed as failure:
        failure.task_id = failure.task_id or of.id
        if not isinstance(failure, CheckBroken) and (newer := newer_file(attempt, began_ms)):
            failure.look_at = f"{newer}. If that changes nothing: {failure.look_at}" if failure.look_at else newer
        raise
    except ClientError as error:
        raise _refused(error, of) from error
    except RealAwsRefused as error:
        raise CheckBroken(
            one_line(str(error)),
            look_at="the cell with cloud.start(). Run it again, then this check",
            task_id=of.id,
        ) from error
    except ReadTimeoutError as error:
        raise CheckBroken(
            "The local cloud did not respond in time.",
            came_back=type(error).__name__,
            look_at="whether another cell is still running. When it has ended, run this check again",
            task_id=of.id,
        ) from error
    except (ConnectionError, ConnectionClosedError, NoCredentialsError, NoRegionError) as error:
        broken = cloud_is_missing(of.id)
        # Only the class, because the error's message holds a port that differs from run to run.
        broken.came_back = type(error).__name__
        raise broken from error
    except Exception as error:
        raise CheckBroken(
            "The check itself has a bug. This says nothing about your work, and it doesn't count as an attempt.",
            came_back=_place(error, where),
            look_at="the next task. Please report this line to the maintainers",
            task_id=of.id,
        ) from error


def _refused(error: Exception, of: Task) -> CheckFailed:
    """The failure for an error from AWS: something is missing, or the call was refused."""
    answer = error.response["Error"]  # type: ignore[attr-defined]
    operation = error.operation_name  # type: ignore[attr-defined]
    code, message = str(answer.get("Code", "")), one_line(str(answer.get("Message", "")))
    absent = any(word in code for word in _ABSENT)
    kind = NotStarted if absent else CheckFailed
    return kind(
        "Something that this task needs does not exist yet." if absent else f"The cloud refused {operation}.",
        called=operation,
        came_back=f"{code}: {message}",
        expected="an answer without an error",
        look_at=f"the cell of task {of.id}. Check the names, and whether you ran the cells above it",
        task_id=of.id,
    )


def _place(error: Exception, path: Path) -> str:
    """The error on one line, with the line of `path` (or of a file in it) it came from and no folder."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if path in (file := Path(f.filename), file.parent)]
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg}, line {error.lineno}"
    at = f", line {frames[-1].lineno} of {Path(frames[-1].filename).name}" if frames else ""
    return f"{type(error).__name__}: {one_line(str(error))}{at}"
