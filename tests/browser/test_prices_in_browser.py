"""Prices look like prices in JupyterLab: no dollar sign of a built notebook begins a formula.

All the cells in which JupyterLab could see one stand in a single notebook: opening every notebook of the course would
take minutes. Left out where there is no Chromium.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from serverless_first.bench.lab_page import READY_MS, opened_lab
from serverless_first.course.chromium import find_chromium

pytestmark = [
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(not pytest.importorskip("playwright"), reason="Playwright is not installed"),
]

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("notebooks", "labs", "solutions", "slides")
SIGNS = ("$", "&#36;", r"\(", r"\[", r"\begin")
# Each cell ends with a formula that is meant: once JupyterLab has set it, MathJax is done with the cell.
LAST_FORMULA = "$x$"
_v4: Any = nbformat.v4  # nbformat carries no types


def cells_with_dollars() -> list[tuple[str, Any]]:
    """(place, cell) of all Markdown cells, and outputs as Markdown or HTML, in which a formula could begin."""
    cells: list[tuple[str, Any]] = []
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.ipynb"))]
    assert paths, "the notebooks are not built"
    seen: set[str] = set()
    for path in paths:
        notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        for number, cell in enumerate(notebook.cells, 1):
            place = f"{path.parent.name}/{path.name}, cell {number}"
            texts = [cell.source] if cell.cell_type == "markdown" else []
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                if "text/markdown" in data or "<script" not in data.get("text/html", "<script"):
                    texts.append(data.get("text/markdown") or data["text/html"])
            for text in texts:
                if any(sign in text for sign in SIGNS) and text not in seen:
                    seen.add(text)
                    cells.append((place, _v4.new_markdown_cell(f"{text}\n\n{LAST_FORMULA}")))
    return cells


def formulas(cells: list[Any]) -> list[list[str]]:
    """For each Markdown cell the formulas that JupyterLab sets before the last one."""
    with opened_lab("prices.ipynb", cells=cells) as lab:
        rendered = lab.page.locator(".jp-MarkdownCell .jp-RenderedMarkdown")
        lab.page.wait_for_function(
            "n => Array.from(document.querySelectorAll('.jp-MarkdownCell .jp-RenderedMarkdown'))"
            ".filter(cell => cell.querySelector(':scope > p:last-child mjx-container')).length === n",
            arg=len(cells),
            timeout=READY_MS,
        )
        texts: list[list[str]] = rendered.evaluate_all(
            "cells => cells.map(cell => Array.from(cell.querySelectorAll('mjx-container'), f => f.textContent))"
        )
    return [of_cell[:-1] for of_cell in texts]


def test_no_dollar_sign_of_the_course_becomes_a_formula() -> None:
    places, cells = zip(*cells_with_dollars(), strict=True)
    control = _v4.new_markdown_cell(f"$0.40 per secret and month, $0.05 a call\n\n{LAST_FORMULA}")
    *of_cells, of_control = formulas([*cells, control])
    assert len(of_control) == 1, "the page sets no formula between two bare dollar signs, so this test shows nothing"
    assert {place: texts for place, texts in zip(places, of_cells, strict=True) if texts} == {}
