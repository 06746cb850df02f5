"""A lab goes through nbgrader's own commands: made from the solution, handed in, graded, exported.

Only `make test-all` runs these; `make test` checks the metadata with nbgrader's library (test_build_nbgrader.py).
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is in the extra `author`")

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[2]
LAB = "00-start-here"
CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "serverless-first"\nc.ExecutePreprocessor.timeout = 600\n'


def nbgrader(folder: Path, *arguments: str) -> str:
    # nbgrader calls alembic by its name: as in an activated environment.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    places = {"SERVERLESS_FIRST_ROOT": str(ROOT), "SERVERLESS_FIRST_WORK": str(folder / "work"), "PATH": path}
    environment = os.environ | places
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


def notebook(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_nbgrader_makes_collects_and_grades_a_lab(tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    source = tmp_path / "source" / LAB / f"{LAB}.ipynb"
    source.parent.mkdir(parents=True)
    shutil.copy(ROOT / "solutions" / source.name, source)
    nbgrader(tmp_path, "generate_assignment", LAB, "--create")
    released = notebook(tmp_path / "release" / LAB / source.name)
    assert "BEGIN SOLUTION" not in json.dumps(released)

    solved, course_copy = notebook(source), notebook(ROOT / "labs" / source.name)
    solved_copy, emptied = notebook(ROOT / "labs" / source.name), notebook(source)
    answers = {cell["metadata"]["nbgrader"]["grade_id"]: cell["source"] for cell in graded(solved)}
    for cell in graded(solved_copy):
        cell["source"] = answers[cell["metadata"]["nbgrader"]["grade_id"]]
    for cell in graded(emptied):
        if cell["metadata"]["nbgrader"]["grade"]:
            cell["source"] = ["pass"]  # the check taken out; nbgrader puts its own back
        else:
            cell["source"] = ["raise NotImplementedError"]
    handed_in = {
        **{"solved": solved, "untouched": released, "course-copy": course_copy, "solved-copy": solved_copy},
        "check-taken-out": emptied,
    }
    for student, book in handed_in.items():
        file = tmp_path / "submitted" / student / LAB / source.name
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(book), encoding="utf-8")
    nbgrader(tmp_path, "autograde", LAB, "--create")
    nbgrader(tmp_path, "export")
    with (tmp_path / "grades.csv").open(encoding="utf-8", newline="") as lines:
        points = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(lines)}
    assert points == {
        "solved": (1, 1),
        "solved-copy": (1, 1),
        "untouched": (0, 1),
        "course-copy": (0, 1),
        "check-taken-out": (0, 1),
    }


def graded(book: Any) -> list[Any]:
    return [cell for cell in book["cells"] if "nbgrader" in cell["metadata"]]
