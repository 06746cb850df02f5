"""A lesson and a lab each work in a folder of their own, so that neither overwrites what the other has written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat.v4
import pytest
from nbclient import NotebookClient

from serverless_first.course import kernel_folder, kernels
from serverless_first.lab.runner import run_lab

pytest_plugins = ["lab_fixtures"]
v4: Any = nbformat.v4  # not typed


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module's folder in the learner's folder, which is where its kernels start."""
    folder = tmp_path / "my 灯 work" / "04-seats"
    folder.mkdir(parents=True)
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(folder.parent))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("notebook", "folder"),
    [
        ("04-lesson.ipynb", "lesson-files"),
        ("04-lab.ipynb", "lab-files"),
        ("04-lab.new-version-2.ipynb", "lab-files"),
        ("04-lab-Copy1.ipynb", "lab-files"),
        ("notes.ipynb", ""),
        ("04-labels.ipynb", ""),
    ],
)
def test_a_notebook_works_in_the_folder_for_its_files(module: Path, notebook: str, folder: str) -> None:
    kernel_folder.enter(module / notebook)
    assert Path.cwd() == module / folder


def test_a_notebook_elsewhere_stays_where_it_is(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVERLESS_FIRST_WORK", str(module.parent.parent))
    kernel_folder.enter(module / "04-lab.ipynb")
    assert Path.cwd() == module


def test_a_kernel_that_was_started_elsewhere_stays_there(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kernel_folder.enter(module / "04-lab.ipynb")
    assert Path.cwd() == tmp_path


def test_a_file_in_the_folders_place_is_left(module: Path) -> None:
    (module / "lab-files").write_text("mine", encoding="utf-8")
    kernel_folder.enter(module / "04-lab.ipynb")
    assert Path.cwd() == module


@pytest.mark.parametrize("variable", [True, False], ids=["Jupyter", "VS Code"])
def test_cells_write_and_import_there(module: Path, variable: bool) -> None:
    notebook = str(module / "04-lab.ipynb")
    sources = [
        f"__vsc_ipynb_file__ = {notebook!r}" if not variable else "",
        "%%writefile orders.py\nseats = 20",
        "import orders\nprint(orders.seats)",
    ]
    book = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
    resources = {"metadata": {"path": str(module)}}
    client = NotebookClient(book, timeout=60, kernel_name="python3", resources=resources)
    environ = {**os.environ, kernel_folder.NOTEBOOK: notebook if variable else ""}
    kernels.started(lambda: client.execute(env=environ))
    assert (module / "lab-files" / "orders.py").read_text(encoding="utf-8") == "seats = 20\n"
    assert book.cells[2].outputs[0].text == "20\n"


def test_the_command_line_checks_a_lab_in_the_same_folder(course_dir: Path) -> None:
    lab = course_dir / "work" / "05-lamps" / "05-lab.ipynb"
    lab.parent.mkdir(parents=True)
    cell = v4.new_code_cell('from pathlib import Path\nPath("shipped.txt").write_text("lamp")')
    lab.write_text(v4.writes(v4.new_notebook(cells=[cell])), encoding="utf-8")
    assert [result.state for result in run_lab("05", lab) if result.task_id == "5.2"] == ["passed"]
    assert (lab.parent / "lab-files" / "shipped.txt").is_file()
