"""An instructor with nbgrader takes solutions/ as source notebooks: nbgrader itself says whether it can."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

pytest.importorskip("nbgrader", reason="nbgrader is in the extra `author`")

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import CheckCellMetadata
from nbgrader.validator import Validator

from serverless_first.authoring import build

COURSE = Path(__file__).parent / "data" / "build_course"
NAME = "00-lamps.ipynb"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built course whose lab has only one code cell of each kind."""
    folder = Path(shutil.copytree(COURSE, tmp_path_factory.mktemp("nbgrader") / "course"))
    for name in ("lesson.md", "slides.md"):
        (folder / "modules" / "00-lamps" / name).unlink()
    course = (folder / "course.toml").read_text(encoding="utf-8")
    course = course.replace("lesson_minutes = 5", "lesson_minutes = 0").replace("[1, 2]", "[]")
    (folder / "course.toml").write_text(course, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERVERLESS_FIRST_ROOT", str(folder))
        build(report=lambda _: None)
    return folder


def read(root: Path, target: str) -> Any:
    notebook: Any = nbformat
    return notebook.read(root / target, as_version=4)


@pytest.mark.parametrize("folder", ["solutions", "labs"])
def test_nbgrader_accepts_the_metadata_of_cells(root: Path, folder: str) -> None:
    CheckCellMetadata().preprocess(read(root, f"{folder}/{NAME}"), {})


def test_nbgrader_makes_its_own_release_version_from_a_solution(root: Path) -> None:
    notebook, resources = read(root, f"solutions/{NAME}"), {"nbgrader": {}, "metadata": {"name": "lamps"}}
    steps = [step for step in GenerateAssignment.preprocessors.default_args[0] if step.__name__ != "SaveCells"]
    assert {"ClearSolutions", "LockCells", "ComputeChecksums", "CheckCellMetadata"} <= {s.__name__ for s in steps}
    for step in steps:
        notebook, resources = step().preprocess(notebook, resources)
    marked = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert [(m.grade_id, m.solution, m.grade, m.get("points")) for m in marked] == [
        ("task-0-1", True, False, None),
        ("check-0-1", False, True, 1),
    ]
    assert "price_yen * quantity" not in "".join(cell.source for cell in notebook.cells)


def test_nbgraders_validator_passes_a_solution_and_fails_a_wrong_answer(root: Path, tmp_path: Path) -> None:
    def verdict(text: str) -> str:
        (tmp_path / NAME).write_text(text, encoding="utf-8")
        stream = io.StringIO()
        validator = Validator()
        validator.stream = stream
        validator.validate_and_print(str(tmp_path / NAME))
        return stream.getvalue()

    solution = (root / "solutions" / NAME).read_text(encoding="utf-8")
    assert "Success! Your notebook passes all the tests." in verdict(solution)
    assert "VALIDATION FAILED" in verdict(solution.replace("price_yen * quantity", "price_yen + quantity")).upper()
