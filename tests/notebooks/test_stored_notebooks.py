"""What is stored in the notebooks was executed from top to bottom, and holds no error that nobody expects.

nbval compares the outputs; it passes over a cell that was never run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
STORED = sorted([*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "solutions").glob("*.ipynb")])


def problems(notebook: Any) -> list[str]:
    """One line for each code cell that was not run in its turn, or that failed without the tag for it."""
    found = []
    code = [(number, cell) for number, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code"]
    for count, (number, cell) in enumerate(code, 1):
        if cell.execution_count != count:
            found.append(f"cell {number} has the count {cell.execution_count}, not {count}: run `make build`")
        failed = [output.ename for output in cell.outputs if output.output_type == "error"]
        if failed and "raises-exception" not in cell.metadata.get("tags", []):
            found.append(f"cell {number} ended with {failed[0]} and lacks the tag raises-exception")
    return found


@pytest.mark.parametrize("path", STORED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_code_cell_was_executed_in_order_and_without_surprise(path: Path) -> None:
    assert problems(nbformat.read(path, as_version=4)) == []  # type: ignore[no-untyped-call]


def test_a_cell_never_run_a_cell_out_of_order_and_a_stray_error_are_found() -> None:
    new = nbformat.v4
    stray = new.new_output("error", ename="ValueError", evalue="no lamp", traceback=[])  # type: ignore[no-untyped-call]
    cells = [
        new.new_markdown_cell("Hikari"),  # type: ignore[no-untyped-call]
        new.new_code_cell("lamps = 1", execution_count=1),  # type: ignore[no-untyped-call]
        new.new_code_cell("lamps = 2"),  # type: ignore[no-untyped-call]
        new.new_code_cell("lamps = 3", execution_count=2),  # type: ignore[no-untyped-call]
        new.new_code_cell("fail()", execution_count=4, outputs=[stray]),  # type: ignore[no-untyped-call]
    ]
    assert problems(new.new_notebook(cells=cells)) == [  # type: ignore[no-untyped-call]
        "cell 3 has the count None, not 2: run `make build`",
        "cell 4 has the count 2, not 3: run `make build`",
        "cell 5 ended with ValueError and lacks the tag raises-exception",
    ]
