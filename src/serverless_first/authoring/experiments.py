"""What a built lesson does with a prediction: the question's code is collapsed, and its experiment is folded.

The fold is a heading that JupyterLab keeps collapsed. JupyterLab hides what is below such a heading, up to the next
heading of the same or a higher level. So the fold ends with the section. A second prediction of the section lies in the
first one's fold, and has a fold inside it. The buttons of the prediction open it (lab/predict.py), and so does
JupyterLab's own arrow beside the heading.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from serverless_first.authoring import nbio

TAG = "experiment"
TITLE = "The experiment"
#: Stands above a question whose code is collapsed.
LINE = "**Predict.** Run the collapsed cell below, then choose an answer."
_PREDICTS = re.compile(r"^lab\.predict\(", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6})\s", re.MULTILINE)
_DEEPEST = 6


def folded(cells: Sequence[Any]) -> list[Any]:
    """The cells of a lesson, with a collapsed heading after each prediction that something follows in its section.

    A cell that only asks is collapsed, below a line that says so. A Markdown cell that ends a fold by a heading after
    other text is cut in two there: otherwise the text before the heading, which says what the experiment showed, would
    stay visible.
    """
    made: list[Any] = []
    level, opened = 1, list[int]()  # of the last heading, and of the folds that are open, the innermost last
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        if cell.cell_type == "markdown":
            made.append(cell)
            headings = _headings(cell.source)
            ends = next((place for place, depth in headings if opened and depth <= opened[-1]), 0)
            if ends:
                made.append(nbio.markdown(cell.source[ends:], dict(cell.metadata)))
                cell.source = cell.source[:ends].rstrip()
            for _, level in headings:
                opened = [fold for fold in opened if fold < level]
            continue
        asks = cell.cell_type == "code" and _PREDICTS.search(cell.source)
        if asks and _only_asks(cell.source):
            _say_above(made)
            cell.metadata["jupyter"] = {"source_hidden": True}
        made.append(cell)
        if asks and _continues(following):
            opened.append(min((opened[-1] if opened else level) + 1, _DEEPEST))
            heading = f"{'#' * opened[-1]} {TITLE}"
            made.append(nbio.markdown(heading, {"tags": [TAG], "jp-MarkdownHeadingCollapsed": True}))
    return made


def is_fold(cell: Any) -> bool:
    """Whether the build has made this cell as a fold."""
    return TAG in cell.get("metadata", {}).get("tags", [])


def without_line(source: str) -> str:
    """A Markdown cell's text without the line above a question, for pages that show no code of a question."""
    return source.removesuffix(LINE).rstrip() if source.endswith(LINE) else source


def _say_above(made: list[Any]) -> None:
    """Adds the line to the text above a question, or as a cell where no text is above it."""
    if made and made[-1].cell_type == "markdown" and not is_fold(made[-1]):
        made[-1].source = f"{made[-1].source.rstrip()}\n\n{LINE}"
    else:
        made.append(nbio.markdown(LINE, {}))


def _only_asks(source: str) -> bool:
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a magic
        return False
    return len(body) == 1 and isinstance(body[0], ast.Expr)


def _headings(source: str) -> list[tuple[int, int]]:
    """The place and the level of each heading; a comment in a block of code isn't one."""
    prose = _FENCE.sub(lambda block: " " * len(block[0]), source)
    return [(heading.start(), len(heading[1])) for heading in _HEADING.finditer(prose)]


def _continues(cell: Any) -> bool:
    """Whether there is something to fold: a cell that doesn't begin with a heading."""
    return cell is not None and not (cell.cell_type == "markdown" and _HEADING.match(cell.source))
