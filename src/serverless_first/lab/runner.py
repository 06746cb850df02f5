"""Runs a learner's copy of a lab from the command line and tells what passes."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from traitlets.config import Config

from serverless_cloud.client import REGION
from serverless_cloud.notebook import surroundings
from serverless_first import course
from serverless_first.course import Module, UnknownModule, kernel_folder, kernels
from serverless_first.lab.failures import CourseFault, UnknownLab, one_line, shorten

State = Literal["passed", "failed", "not started", "not judged", "error"]
_STATE = re.compile(r"^\S+ (failed|not started|not judged): ")


@dataclass(frozen=True)
class TaskResult:
    """A task, or a cell that ended with an error.

    `task_id` is None for a cell; `title` is then "cell 7" (code and Markdown cells, counted from 1) and
    `state` "error". `message` is one line, empty for a pass.
    """

    task_id: str | None
    title: str
    state: State
    message: str


def run_lab(module_id: str, notebook: Path, *, cell_timeout_s: int = 240) -> list[TaskResult]:
    """Runs a lab in memory, in the folder for its files; the notebook is not saved, progress.json is.

    A cell tagged `check-5.1` runs the check of task 5.1, whatever it contains. A task without such a cell is
    checked at the end.

    Args:
        module_id: id or number of the module.
        cell_timeout_s: seconds after which a cell is interrupted.

    Returns:
        One result for each task in the order of course.toml, then one for each other cell that failed.

    Raises:
        UnknownLab: there is no such module.
        CourseFault: the notebook is missing, or isn't a notebook.
    """
    try:
        module = course.load().module(module_id)
    except UnknownModule as error:
        raise UnknownLab(str(error)) from None
    book = _read(notebook)
    cells_of = _checks(book, module)
    stopped = _run(book, notebook.resolve(), cell_timeout_s)
    results = []
    for task in module.tasks:
        state, message = _verdict(cells_of[task.id], stopped)
        results.append(TaskResult(task.id, task.title, state, message))
    return results + _broken_cells(book, list(cells_of.values()))


def _read(notebook: Path) -> Any:
    try:
        return nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    except FileNotFoundError:
        raise CourseFault(f"{notebook} is missing. `serverless-first lab` copies it to your folder.") from None
    except Exception as error:  # nbformat raises many kinds of errors for such a file
        raise CourseFault(f"{notebook} cannot be read as a notebook ({one_line(str(error))}).") from None


def _checks(book: Any, module: Module) -> dict[str, Any]:
    """The cells that check the tasks, by task; nothing in the book has run any more."""
    cells_of: dict[str, Any] = {}
    for task in module.tasks:
        names = {f"check-{task_id}" for task_id in (task.id, *task.formerly)}
        marked = [cell for cell in book.cells if names & set(cell.metadata.get("tags", []))]
        if not marked:
            marked = [nbformat.v4.new_code_cell()]  # type: ignore[no-untyped-call]
            book.cells += marked
        cells_of[task.id] = marked[-1]
        marked[-1].source = f"from serverless_first.lab import Lab as _Lab; _Lab({module.id!r}).check({task.id!r})"
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return cells_of


def _run(book: Any, notebook: Path, cell_timeout_s: int) -> str:
    """Runs the book of a notebook; why it has stopped early, or nothing."""
    with tempfile.TemporaryDirectory(prefix="serverless-first-", ignore_cleanup_errors=True) as settings:
        # As in the notebooks that `serverless-first lab` opens: without cloud.start() boto3 reaches nothing.
        changes = surroundings.nowhere_environ(os.environ, REGION, Path(settings))
        env = {k: v for k, v in (dict(os.environ) | changes).items() if v is not None}
        env[kernel_folder.NOTEBOOK] = str(notebook)
        client = NotebookClient(
            book,
            timeout=cell_timeout_s,
            interrupt_on_timeout=True,
            allow_errors=True,
            kernel_name="python3",
            config=Config(KernelManager=kernels.private_channels()),
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": str(notebook.parent)}},
        )
        try:
            kernels.started(lambda: client.execute(env=env))
        except DeadKernelError:
            return "the kernel died before this check"
    return ""


def _verdict(cell: Any, stopped: str) -> tuple[State, str]:
    """The state that a check's cell shows, and its message."""
    if message := _error_of(cell):
        match = _STATE.match(message)
        state: State = match[1] if match else "not judged"  # type: ignore[assignment]
        return state, message
    if cell.execution_count is None:
        return "not judged", stopped or "the check did not run"
    return "passed", ""


def _broken_cells(book: Any, checks: list[Any]) -> list[TaskResult]:
    """The cells that ended with an error and were not meant to."""
    results = []
    for number, cell in enumerate(book.cells, 1):
        message = _error_of(cell, named=True)
        tags = cell.metadata.get("tags", [])
        # A lab tags its task cells raises-exception too, so that Run All goes on: their errors are worth telling.
        is_task = any(tag.startswith("task-") for tag in tags)
        expected = any(cell is check for check in checks) or ("raises-exception" in tags and not is_task)
        # An untouched stub isn't a broken cell, because the check says that its task is not started.
        if message and not expected and not message.startswith("NotImplementedError"):
            results.append(TaskResult(None, f"cell {number}", "error", message))
    return results


def _error_of(cell: Any, *, named: bool = False) -> str:
    """The error a cell ended with, on one line; with the name of its class, if asked."""
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            text = one_line(output.evalue)
            return shorten(f"{output.ename}: {text}" if named else text, 1200)
    return ""
