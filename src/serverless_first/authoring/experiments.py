"""Folds the experiment that follows a prediction, and collapses the code of the question.

The fold is a heading that JupyterLab keeps collapsed. JupyterLab hides the cells below such a heading, up to the next
heading of the same or a higher level. So the fold ends with the section. If a section asks twice, the second question
is in the first one's fold, and has its own fold inside. The buttons of the prediction open the fold (lab/predict.py),
and so does JupyterLab's own arrow beside the heading.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from serverless_first.authoring import cell_code, nbio, reading

TAG = "experiment"
TITLE = "The experiment"
#: The line above a question whose code is collapsed. JupyterLab shows collapsed code as a gray box.
LINE = "**Predict.** Run the cell in the gray box below, then choose an answer."
_PREDICTS = re.compile(r"^lab\.predict\(", re.MULTILINE)
_DEEPEST = 6


def folded(cells: Sequence[Any]) -> list[Any]:
    """The cells of a lesson, with a collapsed heading between each prediction and the rest of its section.

    A cell that only asks is collapsed, below a line that says so. A Markdown cell that ends a fold by a heading after
    other text is cut in two there: otherwise the text before the heading, which says what the experiment showed, would
    stay visible.
    """
    new_cells: list[Any] = []
    level, opened = 1, list[int]()  # of the last heading, and of the folds that are open, the innermost last
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        if cell.cell_type == "markdown":
            new_cells.append(cell)
            parts = reading.sections(cell.source)
            ends = next((n for n, part in enumerate(parts) if opened and 0 < part.level <= opened[-1]), 0)
            if ends:
                new_cells.append(nbio.markdown(_joined(parts[ends:]), dict(cell.metadata)))
                cell.source = _joined(parts[:ends]).rstrip()
            for level in (part.level for part in parts if part.level):
                opened = [fold for fold in opened if fold < level]
            continue
        asks = cell.cell_type == "code" and _PREDICTS.search(cell.source)
        if asks and _only_asks(cell.source):
            _say_above(new_cells)
            cell.metadata["jupyter"] = {"source_hidden": True}
        new_cells.append(cell)
        if asks and _continues(following):
            opened.append(min((opened[-1] if opened else level) + 1, _DEEPEST))
            heading = f"{'#' * opened[-1]} {TITLE}"
            new_cells.append(nbio.markdown(heading, {"tags": [TAG], "jp-MarkdownHeadingCollapsed": True}))
    return new_cells


def is_fold(cell: Any) -> bool:
    """Whether the build has made this cell as a fold."""
    return TAG in cell.get("metadata", {}).get("tags", [])


def without_line(source: str) -> str:
    """A Markdown cell's text without the line above a question, for pages that show no code of a question."""
    return source.removesuffix(LINE).rstrip() if source.endswith(LINE) else source


def _say_above(cells: list[Any]) -> None:
    """Adds the line to the text above a question, or as a cell where no text is above it."""
    if cells and cells[-1].cell_type == "markdown" and not is_fold(cells[-1]):
        cells[-1].source = f"{cells[-1].source.rstrip()}\n\n{LINE}"
    else:
        cells.append(nbio.markdown(LINE, {}))


def _only_asks(source: str) -> bool:
    try:
        body = cell_code.tree(source).body
    except SyntaxError:
        return False
    return len(body) == 1 and isinstance(body[0], ast.Expr)


def _joined(parts: Sequence[reading.Section]) -> str:
    return "\n".join(part.source for part in parts)


def _continues(cell: Any) -> bool:
    """Whether there is something to fold: a cell that doesn't begin with a heading."""
    if cell is None:
        return False
    first = reading.sections(cell.source)[:1] if cell.cell_type == "markdown" else []
    return not (first and first[0].level)
