"""The fold between a prediction and its experiment: a heading that JupyterLab keeps collapsed until it is opened.

JupyterLab hides what is below a collapsed heading, up to the next heading of the same or a higher level. So the fold ends
with the section. A second prediction of the section lies in the first one's fold, and has a fold inside it. The panel of the prediction opens it (lab/predict.py);
a click on the heading's arrow, or Shift+Enter on the heading, does it too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from serverless_first.authoring import nbio

TAG = "experiment"
TITLE = "The experiment"
_PREDICTS = re.compile(r"^\s*lab\.predict\(", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6})\s", re.MULTILINE)
_DEEPEST = 6


def with_folds(cells: Sequence[Any]) -> list[Any]:
    """The cells of a lesson with a collapsed heading after each prediction that something follows in its section.

    A Markdown cell that ends a fold by a heading after other text is cut in two there: otherwise the text before the
    heading, which says what the experiment showed, would stay visible.
    """
    made: list[Any] = []
    level, opened = 1, list[int]()  # of the last heading, and of the folds that are open, the innermost last
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        made.append(cell)
        if cell.cell_type == "markdown":
            headings = _headings(cell.source)
            ends = next((place for place, depth in headings if opened and depth <= opened[-1]), 0)
            if ends:
                made.append(nbio.markdown(cell.source[ends:], dict(cell.metadata)))
                cell.source = cell.source[:ends].rstrip()
            for _, level in headings:
                opened = [fold for fold in opened if fold < level]
        elif cell.cell_type == "code" and _PREDICTS.search(cell.source) and _continues(following):
            opened.append(min((opened[-1] if opened else level) + 1, _DEEPEST))
            heading = f"{'#' * opened[-1]} {TITLE}"
            made.append(nbio.markdown(heading, {"tags": [TAG], "jp-MarkdownHeadingCollapsed": True}))
    return made


def is_fold(cell: Any) -> bool:
    """Whether the build has made this cell as a fold."""
    return TAG in cell.get("metadata", {}).get("tags", [])


def _headings(source: str) -> list[tuple[int, int]]:
    """The place and the level of each heading; a comment in a block of code isn't one."""
    prose = _FENCE.sub(lambda block: " " * len(block[0]), source)
    return [(heading.start(), len(heading[1])) for heading in _HEADING.finditer(prose)]


def _continues(cell: Any) -> bool:
    """Whether there is something to fold: a cell that doesn't begin with a heading."""
    return cell is not None and not (cell.cell_type == "markdown" and _HEADING.match(cell.source))
