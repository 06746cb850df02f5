"""Folds bookkeeping away into a collapsed cell, below one line that says what its code does.

JupyterLab shows the cell as a gray box. In the reading copy the line is a link that opens the code.

An author marks it where it stands, a whole cell or a part of one:

    orders = aws.at_once("orders", customers(60))
    ### FOLD: Draws who found a seat.
    figures.show(figures.seats(...))
    ### END FOLD
    print("and the cell goes on")

The end of the cell also ends the fold.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

from serverless_first.authoring import cell_code, nbio

#: On the collapsed cell, and on the Markdown cell above it that holds its line.
FOLDED_TAG, LINE_TAG = "folded", "folded-line"
#: How the line begins.
LABEL = "**Folded code.**"
#: The line stays one line on the screen.
LINE_LETTERS = 90

_MARK = re.compile(r"^(?P<indent>[ \t]*)#+ *(?P<word>FOLD|END FOLD)\b:?[ \t]*(?P<line>.*)$", re.MULTILINE)
_OWNED = re.compile(r"(task|check)-\d+\.\d+")


def is_folded(cell: Any) -> bool:
    """Whether JupyterLab opens the notebook with this cell's code collapsed."""
    return bool(cell.cell_type == "code" and cell.metadata.get("jupyter", {}).get("source_hidden"))


def line_of(cell: Any) -> str:
    """The sentence that says what the collapsed cell below this one does; "" if this cell isn't such a line."""
    if LINE_TAG not in cell.metadata.get("tags", []):
        return ""
    return str(cell.source).removeprefix(LABEL).strip()


def split(cells: Sequence[Any], kind: str) -> tuple[list[Any], list[tuple[Any, str]]]:
    """The cells with each marked part as a collapsed cell.

    Lessons and labs get a Markdown cell with the line above each collapsed cell. Slides don't: they show only what the
    code draws or prints.

    Args:
        cells: a source's cells; cells without marks come back as they are.
        kind: "lesson", "lab" or "slides".

    Returns:
        the cells, and for each mark that breaks a rule its cell and what to do. Such a cell comes back as it was.
    """
    split_cells: list[Any] = []
    problems: list[tuple[Any, str]] = []
    for cell in cells:
        if cell.cell_type != "code" or not _MARK.search(cell.source):
            split_cells.append(cell)
        elif problem := _problem(cell):
            problems.append((cell, problem))
            split_cells.append(cell)
        else:
            split_cells += _pieces(cell, kind)
    return split_cells, problems


def _pieces(cell: Any, kind: str) -> list[Any]:
    pieces: list[Any] = []
    for line, code in _parts(cell.source):
        piece = copy.deepcopy(cell)
        piece.source = code
        if line:
            piece.metadata["jupyter"] = {"source_hidden": True}
            hidden = FOLDED_TAG if kind != "slides" else "remove-input"
            piece.metadata["tags"] = [*piece.metadata.get("tags", []), hidden]
            if kind != "slides":
                pieces.append(nbio.markdown(f"{LABEL} {line}", {"tags": [LINE_TAG]}))
        pieces.append(piece)
    for later in pieces[1:]:
        later.metadata.pop("slideshow", None)  # the slide has begun with the first piece
    return pieces


def _parts(source: str) -> list[tuple[str, str]]:
    """The code between the marks in order, each with the line of its fold, or "" where it stays visible."""
    parts: list[tuple[str, str]] = []
    line, begin = "", 0
    for mark in _MARK.finditer(source):
        parts.append((line, source[begin : mark.start()]))
        line = mark["line"].strip() if mark["word"] == "FOLD" else ""
        begin = mark.end()
    parts.append((line, source[begin:]))
    return [(line, code.strip("\n")) for line, code in parts if code.strip()]


def _problem(cell: Any) -> str:
    """The fault of a cell's marks with its remedy, or ""."""
    source, tags = str(cell.source), cell.metadata.get("tags", [])
    if source.startswith("%%"):
        return "learners read the files that a lesson writes, so a %% cell can't be folded: take out ### FOLD"
    if any(_OWNED.fullmatch(tag) for tag in tags):
        return "learners write or run this cell in the lab: move the folded code into its own cell"
    if problem := _marks_problem(source):
        return problem
    parts = _parts(source)
    if "raises-exception" in tags and len(parts) > 1:
        return "a cell that is meant to fail can't be split: move the folded code into its own cell"
    for line, code in parts:
        try:
            cell_code.tree(code)
        except SyntaxError:
            where = f"the code folded as {line!r}" if line else "the code around the fold"
            return f"{where} isn't whole statements: put ### FOLD and ### END FOLD between two statements"
    return ""


def _marks_problem(source: str) -> str:
    is_open = False
    for mark in _MARK.finditer(source):
        line = mark["line"].strip()
        if mark["indent"]:
            return f"{mark[0].strip()!r} must start at the left margin, between two statements"
        if mark["word"] == "END FOLD":
            if not is_open:
                return "### END FOLD without a ### FOLD above it: take it out, or mark where the fold begins"
            is_open = False
            continue
        if is_open:
            return f"{mark[0].strip()!r} is inside another fold: end that one with ### END FOLD"
        if not line or not line[0].isupper() or not line.endswith("."):
            return "### FOLD needs a sentence that says what the code does, as in ### FOLD: Draws who found a seat."
        if len(line) > LINE_LETTERS:
            return f"the line of ### FOLD has {len(line)} characters, {LINE_LETTERS} at most: {line[:40]}…"
        is_open = True
    return ""
