"""A cell that runs before the notebook's first code cell says which cell to run, in any kernel of the environment."""

from __future__ import annotations

import json
from typing import Any

import nbformat.v4
import pytest
from nbclient import NotebookClient

from serverless_first.course import kernels
from serverless_first.course.places import course_root

v4: Any = nbformat.v4  # not typed
SAYS = (
    "NameError: {} is not defined yet. Run the notebook's first code cell, then the cells below it down to this one. "
    "After each restart of the kernel, begin there again."
)


@pytest.fixture(scope="module")
def book() -> Any:
    """A notebook that a kernel has run."""
    sources = ['lab.check("0.1")', "aws.environments()", "lamps", "import math\nmath.lab", "%%time\nlab.progress()"]
    book = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
    client = NotebookClient(book, timeout=60, allow_errors=True, kernel_name="python3")
    kernels.started(client.execute)
    return book


@pytest.fixture(scope="module")
def errors(book: Any) -> dict[str, Any]:
    """The error of each cell, by its source."""
    return {cell.source: error for cell in book.cells for error in cell.outputs if error.output_type == "error"}


@pytest.mark.parametrize(
    ("source", "name"), [('lab.check("0.1")', "lab"), ("aws.environments()", "aws"), ("%%time\nlab.progress()", "lab")]
)
def test_a_name_of_the_first_cell_is_explained(errors: dict[str, Any], source: str, name: str) -> None:
    assert errors[source].traceback == [SAYS.format(name)]
    assert (errors[source].ename, errors[source].evalue) == ("NameError", f"name '{name}' is not defined")


@pytest.mark.parametrize(("source", "name"), [("lamps", "NameError"), ("import math\nmath.lab", "AttributeError")])
def test_another_error_keeps_its_traceback(errors: dict[str, Any], source: str, name: str) -> None:
    assert errors[source].ename == name
    assert "Traceback" in errors[source].traceback[1]
    assert "first code cell" not in "".join(errors[source].traceback)


def test_the_kernel_adds_nothing_to_the_metadata_of_a_lesson(book: Any) -> None:
    # nbclient writes what the kernel says about its language into the notebook, as JupyterLab does when it opens one.
    lesson = json.loads((course_root() / "notebooks" / "00-start-here.ipynb").read_text(encoding="utf-8"))
    assert book.metadata["language_info"] == lesson["metadata"]["language_info"]
