"""Which notebooks a build runs, and how many at a time; nothing runs in a kernel here."""

from __future__ import annotations

import contextlib
import shutil
import threading
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("jupytext", reason="the build needs the extra `author`")

from serverless_first import facts
from serverless_first.authoring import BuildFailed, build, builder, cache
from serverless_first.authoring.sources import Page, pages
from serverless_first.course import load

COURSE = Path(__file__).parent / "data" / "build_course"
ROOM = "modules/00-lamps"
LESSON, LAB, SLIDES = TARGETS = [f"{folder}/00-lamps.ipynb" for folder in ("notebooks", "solutions", "slides")]


class Kernels:
    """Runs notebooks without doing anything: a notebook's outputs stay as they are.

    Attributes:
        ran: the targets, in the order in which their runs began.
        fails: the targets whose run fails.
        together: so many runs must be under way at the same time before the first of them ends.
    """

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.fails: set[str] = set()
        self.together = 1
        self._lock = threading.Lock()
        self._first: threading.Barrier | None = None

    def execute(self, page: Page, _root: Path) -> Any:
        with self._lock:
            self.ran.append(page.target)
            number = len(self.ran)
            self._first = self._first or threading.Barrier(self.together)
        if number <= self.together:
            self._first.wait(10)  # breaks if too few run at the same time
        if page.target in self.fails:
            raise BuildFailed([f"{page.source}, cell 2 (lamp): TypeError: no lamp"])
        return page.notebook


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources of a small course with a lesson, a lab and slides."""
    root = Path(shutil.copytree(COURSE, tmp_path / "光 lamps"))
    (root / "src" / "lab").mkdir(parents=True)
    (root / "src" / "lab" / "show.py").touch()
    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(root))
    monkeypatch.setattr(cache, "CODE", root / "src")
    return root


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> Kernels:
    made = Kernels()
    monkeypatch.setattr(builder, "execute", made.execute)
    return made


def quiet(_: str) -> None:
    """Reports nothing."""


def change(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write("\n")


# --- which


@pytest.mark.parametrize(
    "path",
    [
        *(f"{ROOM}/lesson.md", f"{ROOM}/lab.md", f"{ROOM}/slides.md", f"{ROOM}/checks.py", f"{ROOM}/given/lamps.csv"),
        *("facts/facts.yml", "facts/releases.yml", "facts/prices.yml", "course.toml"),
        *("src/lab/show.py", "src/lab/new.py"),
    ],
)
def test_a_change_in_a_file_that_notebooks_depend_on_runs_them_again(course: Path, kernels: Kernels, path: str) -> None:
    build(report=quiet)
    assert sorted(kernels.ran) == sorted(TARGETS)
    change(course / path)
    build(report=quiet)
    assert sorted(kernels.ran) == sorted(2 * TARGETS)


@pytest.mark.parametrize(
    "path", ["README.md", "tests/test_lamps.py", "src/lab/notes.txt", f"{ROOM}/__pycache__/checks.cpython-311.pyc"]
)
def test_a_change_in_another_file_runs_nothing(course: Path, kernels: Kernels, path: str) -> None:
    build(report=quiet)
    change(course / path)
    assert {each.state for each in build(report=quiet)} == {"unchanged"}
    assert len(kernels.ran) == 3


@pytest.mark.usefixtures("course")
def test_another_version_of_a_package_runs_them_again(kernels: Kernels, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        return "0.0.1" if name == "matplotlib" else metadata.version(name)

    build(report=quiet)
    newer = SimpleNamespace(version=version, PackageNotFoundError=metadata.PackageNotFoundError)
    monkeypatch.setattr(cache, "metadata", newer)
    build(report=quiet)
    assert len(kernels.ran) == 6


def test_a_stored_notebook_that_was_changed_or_deleted_is_run_again_and_no_other(
    course: Path, kernels: Kernels
) -> None:
    build(report=quiet)
    change(course / LAB)
    (course / SLIDES).unlink()
    build(report=quiet)
    assert sorted(kernels.ran[3:]) == sorted([LAB, SLIDES])


@pytest.mark.usefixtures("course")
def test_force_runs_everything_again(kernels: Kernels) -> None:
    build(report=quiet)
    build(force=True, report=quiet)
    assert len(kernels.ran) == 6


def test_a_notebook_that_fails_stays_as_it_was_and_is_run_again_and_the_others_are_built(
    course: Path, kernels: Kernels
) -> None:
    build(report=quiet)
    before = (course / LAB).read_bytes()
    kernels.fails = {LAB}
    change(course / ROOM / "checks.py")
    lines: list[str] = []
    with pytest.raises(BuildFailed) as failed:
        build(report=lines.append)
    assert failed.value.problems == [f"{ROOM}/lab.md, cell 2 (lamp): TypeError: no lamp"]
    assert (course / LAB).read_bytes() == before
    assert f"failed     {LAB}: the stored version stays" in lines
    kernels.fails = set()
    kernels.ran.clear()
    build(report=quiet)
    assert kernels.ran == [LAB]


# --- how many


def most_at_once(lines: list[str]) -> int:
    """How many notebooks a reader of the report sees running at the same time, at most."""
    running = most = 0
    for line in lines:
        running += {"running": 1, "built": -1, "failed": -1}.get(line.split()[0], 0) * any(t in line for t in TARGETS)
        most = max(most, running)
    assert running == 0
    return most


@pytest.mark.usefixtures("course")
@pytest.mark.parametrize(("jobs", "at_once"), [(1, 1), (2, 2), (3, 3), (7, 3)])
@pytest.mark.parametrize("fails", [set[str](), {LESSON, LAB, SLIDES}], ids=["built", "failed"])
def test_as_many_notebooks_run_at_a_time_as_you_ask_for(
    kernels: Kernels, jobs: int, at_once: int, fails: set[str]
) -> None:
    kernels.together, kernels.fails = at_once, fails
    lines: list[str] = []
    with contextlib.suppress(BuildFailed):
        build(jobs=jobs, report=lines.append)
    assert [line.startswith("failed ") for line in lines].count(True) == len(fails)
    assert most_at_once(lines) == at_once
    assert sorted(kernels.ran) == sorted(TARGETS)


# --- what nbgrader reads


def test_a_task_is_the_learners_answer_and_its_check_is_locked_and_graded(course: Path) -> None:
    _, lab, _ = pages(load(course).module("00"), course, facts.load(course), set())
    marked = {cell.id: dict(cell.metadata["nbgrader"]) for cell in lab.notebook.cells if "nbgrader" in cell.metadata}
    common = {"schema_version": 3, "task": False}
    assert marked == {
        "task-0-1": {"grade_id": "task-0-1", "solution": True, "grade": False, "locked": False, **common},
        "check-0-1": {"grade_id": "check-0-1", "solution": False, "grade": True, "locked": True, "points": 1, **common},
    }
