"""A small table as a figure, for measured values, which differ from run to run and can't be compared as text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from serverless_first.course.words import listed
from serverless_first.figures.style import style
from serverless_first.figures.words import add_alt_text, measured, numbers_in

_QUANTITY = re.compile(r"[\d.,]+ \S+")  # a number with its unit, which differs from run to run


def table(rows: Mapping[str, Mapping[str, str]], *, title: str) -> Figure:
    """A row of cells for each entry, under the names of the columns.

    Args:
        rows: row -> column -> content of the cell. The columns are in the order of their first appearance. A missing
            cell shows a dash.
        title: the finding, as a sentence. It may state how many rows have a column, or how many have the same cell.

    Raises:
        ValueError: there are no rows or no columns.
    """
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    if not columns:
        raise ValueError("There is nothing to show. Give at least one row with one column.")
    with style():
        figure = Figure(figsize=(8.0, 0.7 + 0.3 * len(rows)))
        axes = figure.subplots()
        axes.set_axis_off()
        axes.set_title(title)
        axes.table(
            [[row.get(column, "–") for column in columns] for row in rows.values()],
            rowLabels=[f"{name} " for name in rows],
            colLabels=columns,
            cellLoc="center",
            bbox=Bbox.unit(),
        )
    cells = [(column, cell) for row in rows.values() for column, cell in row.items()]
    return add_alt_text(
        figure,
        title,
        "A table.",
        *(_row_in_words(name, row, columns) for name, row in rows.items()),
        numbers=[
            *(len(rows), len(columns), *Counter(cells).values(), *Counter(column for column, _ in cells).values()),
            *numbers_in([*rows, *columns, *(cell for _, cell in cells)]),
        ],
    )


def _row_in_words(name: str, row: Mapping[str, str], columns: Sequence[str]) -> str:
    """A row as a sentence: "cold: Duration 2 ms and Billed Duration 3 ms, and no Init Duration"."""
    there = [f"{column} {measured(row[column]) if _QUANTITY.fullmatch(row[column]) else row[column]}" for column in row]
    missing = [column for column in columns if column not in row]
    return f"{name}: {listed(there)}{f', and no {listed(missing)}' if missing else ''}."
