"""Tries answers to a task: runs the cells of the solution with an answer in its place, up to the task's check."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

from serverless_first.authoring.answers import Answer
from serverless_first.course import Task, kernels
from serverless_first.course.places import course_root

CELL_TIMEOUT_S = 240
_STANDS_ALONE = "You can start with any task."  # a promise of some labs to the learner, in their first cell
_TASK_HEADING = re.compile(r"^## Task (\d+\.\d+)", re.MULTILINE)


class Kernel:
    """One kernel that runs cells in folder after folder. Its local cloud is emptied between them."""

    def __init__(self, work: Path) -> None:
        self._book: Any = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
        self._client = NotebookClient(
            self._book,
            timeout=CELL_TIMEOUT_S,
            allow_errors=True,
            kernel_name="python3",
            config=Config(KernelManager=kernels.private_channels()),
        )
        kernels.started(lambda: self._start(work))

    def _start(self, work: Path) -> None:
        self._client.create_kernel_manager()
        self._client.start_new_kernel(cwd=str(work), env=learner_environ(work))
        self._client.start_new_kernel_client()

    def run(self, source: str) -> list[Any]:
        """Runs a cell. Returns the errors that it ended with, one or none."""
        cell = nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
        self._book.cells.append(cell)
        self._client.execute_cell(cell, len(self._book.cells) - 1)
        return errors_of(cell)

    def printed(self) -> str:
        """The text that the last cell printed."""
        return "".join(o.text for o in self._book.cells[-1].outputs if o.output_type == "stream" and o.name == "stdout")

    def start_over(self, folder: Path) -> None:
        """Empties the cloud and the namespace, and goes to a new folder."""
        folder.mkdir()
        fresh = (
            "from serverless_first import cloud\ncloud.start(enforce_iam=False).reset()\n"
            "import os\n"
            f"os.chdir({str(folder)!r})\nos.environ['SERVERLESS_FIRST_WORK'] = {str(folder / 'work')!r}"
        )
        # %reset looks through every object there is, several times. The next one leaves out what outlived this one.
        for source in (fresh, "%reset -f", "__import__('gc').freeze()"):
            errors = self.run(source)
            assert not errors, errors[0].evalue

    def end(self) -> None:
        """Stops the cloud and the kernel."""
        self.run("from serverless_first import cloud; cloud.start().stop()")
        self._client._cleanup_kernel()


@dataclass(frozen=True)
class Trial:
    """A judged answer. `message` is the check's, after the class of its error, or empty for a pass."""

    answer: Answer
    message: str
    check_s: float

    @property
    def as_expected(self) -> bool:
        """Whether a right answer passed, or the check rejected a mistake with the expected message."""
        if not self.answer.expects:
            return not self.message
        kind, _, text = self.message.partition(": ")
        return kind == "CheckFailed" and re.search(self.answer.expects, text) is not None


def trials(answers: Sequence[Answer]) -> Iterator[Trial]:
    """Tries answers, one after the other. Each starts with an empty cloud and an empty folder.

    Raises:
        UnfitAnswer: an answer doesn't fit the solution.
    """
    with tempfile.TemporaryDirectory(prefix="serverless-first-", ignore_cleanup_errors=True) as place:
        kernel = Kernel(Path(place))
        try:
            for number, answer in enumerate(answers):
                kernel.start_over(Path(place) / str(number))
                *cells, check = cells_with(answer)
                errors = next((errors for cell in cells if (errors := kernel.run(cell)) and not answer.expects), [])
                begin_s = time.monotonic()
                errors = errors or kernel.run(check)
                message = f"{errors[0].ename}: {errors[0].evalue}" if errors else ""
                yield Trial(answer, message, time.monotonic() - begin_s)
        finally:
            kernel.end()


def cells_with(answer: Answer) -> list[str]:
    """The cells that a learner with this answer runs, up to the task's check.

    Raises:
        UnfitAnswer: the answer doesn't fit the solution.
    """
    path = course_root() / "solutions" / f"{answer.module.id}.ipynb"
    cells = list(code_cells_for(answer.task, nbformat.read(path, as_version=4)))  # type: ignore[no-untyped-call]
    last = next(n for n, cell in enumerate(cells) if is_tagged(cell, f"check-{answer.task.id}"))
    own = [n for n, cell in enumerate(cells) if is_tagged(cell, f"task-{answer.task.id}")]
    sources = [cell.source for cell in cells[: last + 1]]
    place = own[answer.replaces - 1]
    sources[place] = answer.in_place_of(sources[place])
    return sources


def code_cells_for(task: Task, solution: Any, *, with_demos: bool = False) -> Iterator[Any]:
    """The code cells that a learner of `task` runs, without the checks of other tasks.

    A cell that only shows something, tagged demo, runs with `with_demos`. Nothing that it leaves behind may change a
    verdict.

    If the lab promises that each task stands alone, these are the cells above the first task and the task's cells. So
    the promise is tested, and a mistake costs the time of one task. A slow cell of another task is left out: the next
    task of the capstone doesn't need the drill's record.
    """
    any_order = stands_alone(solution)
    section = ""
    for cell in solution.cells:
        if cell.cell_type == "markdown" and (heading := _TASK_HEADING.search(cell.source)):
            section = heading[1]
        elif cell.cell_type == "code" and (not any_order or section in ("", task.id)):
            tags = set(cell.metadata.get("tags", []))
            mine = {f"task-{task.id}", f"check-{task.id}"}
            others = {tag for tag in tags if tag.startswith("check-")} - mine
            if not others and (with_demos or "demo" not in tags) and ("slow" not in tags or tags & mine):
                yield cell


def stands_alone(lab: Any) -> bool:
    """Whether the lab tells its learners that its tasks don't need each other."""
    return _STANDS_ALONE in " ".join(lab.cells[0].source.split())


def is_tagged(cell: Any, tag: str) -> bool:
    """Whether a cell has this tag."""
    return tag in cell.metadata.get("tags", [])


def errors_of(cell: Any) -> list[Any]:
    """The errors among a cell's outputs."""
    return [output for output in cell.get("outputs", []) if output.output_type == "error"]


def learner_environ(work: Path) -> dict[str, str]:
    """The environment variables of a new learner, without a local cloud and without progress."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**inherited, "SERVERLESS_FIRST_WORK": str(work)}
