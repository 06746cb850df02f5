"""What the build keeps of a run: a notebook's outputs, here without a kernel."""

from __future__ import annotations

import base64
import copy
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from PIL import Image

pytest.importorskip("jupytext", reason="the build needs the extra `author`")

from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from serverless_first import course
from serverless_first.authoring import BuildFailed, execute, nbio
from serverless_first.authoring.sources import Page

Ran = Callable[..., Any]
new: Any = nbformat.v4
METADATA = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
SOURCE = "modules/00-start-here/lesson.md"


class Client:
    """Stands in for the kernel: gives the cells their outputs, and what a run leaves behind besides."""

    outputs: list[list[Any]]  # of each code cell; a cell without an entry did not run
    error: Exception | None

    def __init__(self, notebook: Any, **_: Any) -> None:
        self.notebook = notebook

    def execute(self, env: dict[str, str]) -> None:
        assert env["SERVERLESS_FIRST_QUIET"] == "1"
        code = [cell for cell in self.notebook.cells if cell.cell_type == "code"]
        for count, (cell, outputs) in enumerate(zip(code, self.outputs, strict=False), 7):
            cell.outputs, cell.execution_count = outputs, count
            cell.metadata["execution"] = {"iopub.execute_input": "2026-11-28T10:00:00Z"}
        self.notebook.metadata["widgets"] = {"state": {}}
        self.notebook.metadata["language_info"] = {"name": "python", "version": "3.11.9"}
        if self.error:
            raise self.error


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ran:
    """Runs a lesson of one code cell for each of the outputs' lists, below a cell of words; gives its code cells."""
    monkeypatch.setattr(execute, "NotebookClient", Client)

    def run(*outputs: list[Any], cells: int = 0, tags: tuple[str, ...] = (), error: Exception | None = None) -> Any:
        monkeypatch.setattr(Client, "outputs", list(outputs), raising=False)
        monkeypatch.setattr(Client, "error", error, raising=False)
        code = [new.new_code_cell(f"lamp({n})", metadata={"tags": list(tags)}) for n in range(cells or len(outputs))]
        notebook = nbio.new([new.new_markdown_cell("# Lamps"), *code], dict(METADATA))
        page = Page(course.load().module("00"), "lesson", SOURCE, "notebooks/00-start-here.ipynb", notebook)
        made = execute.execute(page, tmp_path)
        assert [cell.outputs for cell in notebook.cells[1:]] == [[]] * len(code), "the page is not changed"
        assert made.metadata == METADATA
        return made.cells[1:]

    return run


def error(*traceback: str, says: str = "no lamp") -> Any:
    return new.new_output("error", ename="TypeError", evalue=says, traceback=list(traceback))


def picture(mode: str, **metadata: Any) -> Any:
    png = io.BytesIO()
    Image.new(mode, (3, 2)).save(png, format="png")
    data = {"image/png": base64.b64encode(png.getvalue()).decode(), "text/plain": "<Figure>"}
    return new.new_output("display_data", data=data, metadata=metadata)


@pytest.mark.parametrize(
    ("traceback", "stored"),
    [
        (["CheckFailed: 0.1 failed."], ["CheckFailed: 0.1 failed."]),
        (["Cell In[7], line 1\n----> 1 lamp(0)\nTypeError: no lamp"], ["TypeError: no lamp"]),
        (["---------", "TypeError", "File /tmp/lamps.py:1", "TypeError: no lamp"], ["TypeError: no lamp"]),
        (["TypeError\nno lamp"], ["TypeError: no lamp"]),
        (["TypeError", "no lamp"], ["TypeError: no lamp"]),
        ([], []),
    ],
)
def test_a_checks_one_line_stays_and_a_traceback_becomes_one_line(
    ran: Ran, traceback: list[str], stored: list[str]
) -> None:
    (cell,) = ran([error(*traceback)], tags=("raises-exception",))
    assert cell.outputs[0].traceback == stored


def test_an_error_keeps_what_the_cell_printed_before_it(ran: Ran) -> None:
    printed = new.new_output("stream", name="stdout", text="two lamps\n")
    (cell,) = ran([printed, error("a\nb")], tags=("raises-exception",))
    assert [output.output_type for output in cell.outputs] == ["stream", "error"]
    assert cell.outputs[0].text == "two lamps\n"


def test_cells_are_counted_from_one_and_lose_the_time_of_their_run(ran: Ran) -> None:
    result = new.new_output("execute_result", data={"text/plain": "2400"}, execution_count=7)
    first, second, third = ran([result], [], [copy.deepcopy(result)])
    assert [cell.execution_count for cell in (first, second, third)] == [1, 2, 3]
    assert [first.outputs[0].execution_count, third.outputs[0].execution_count] == [1, 3]
    assert not any("execution" in cell.metadata for cell in (first, second, third))


def test_of_a_widget_only_its_text_is_stored(ran: Ran) -> None:
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "9f"}}
    with_text = new.new_output("display_data", data={**view, "text/plain": "IntSlider(value=0)"})
    with_text["transient"] = {"display_id": "4e"}
    (cell,) = ran([with_text, new.new_output("display_data", data=view)])
    assert [output.data for output in cell.outputs] == [{"text/plain": "IntSlider(value=0)"}]
    assert "transient" not in cell.outputs[0]


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (picture("P"), "the picture has no alt text"),
        (picture("P", **{"image/png": {"alt": " "}}), "the picture has no alt text"),
        (picture("RGB", **{"image/png": {"alt": "Two bars"}}), "the picture has thousands of colors"),
        (new.new_output("stream", name="stdout", text="<Lamp at 0x7f3a5c20>\n"), "the output holds 'at 0x7f3a5c20'"),
        (
            new.new_output("display_data", data={"text/html": "<b>at 0x7f3a5c20</b>"}),
            "the output holds 'at 0x7f3a5c20'",
        ),
    ],
)
def test_an_output_that_must_not_be_stored_is_named_with_its_cell(ran: Ran, output: Any, says: str) -> None:
    with pytest.raises(BuildFailed) as failed:
        ran([], [output])
    (problem,) = failed.value.problems
    assert problem.startswith(f"{SOURCE}, cell 3 (lamp(1)): {says}")


def test_a_path_of_the_machine_is_not_stored_and_a_good_picture_is(ran: Ran, tmp_path: Path) -> None:
    good = picture("P", **{"image/png": {"alt": "Two bars"}})
    assert ran([good])[0].outputs == [good]
    with pytest.raises(BuildFailed, match="a path on this machine"):
        ran([error("one line", says=f"no file {tmp_path}/lamps.py")], tags=("raises-exception",))


@pytest.mark.parametrize(
    ("stops", "says"),
    [
        (CellExecutionError("Traceback", "TypeError", "no\n lamp"), "cell 3 (lamp(1)): TypeError: no lamp"),
        (CellTimeoutError("late"), "cell 3 (lamp(1)): took longer than 60 s"),
        (DeadKernelError("gone"), "cell 3 (lamp(1)): the kernel died"),
    ],
    ids=["an error", "too long", "a dead kernel"],
)
def test_the_cell_that_stopped_the_run_is_named(ran: Ran, stops: Exception, says: str) -> None:
    with pytest.raises(BuildFailed) as failed:
        ran([], [error("a\nb")], cells=3, error=stops)
    assert failed.value.problems == [f"{SOURCE}, {says}"]
