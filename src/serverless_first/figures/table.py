"""A small table as a figure: for measured values, which differ from run to run and are not compared as text."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from serverless_first.figures.style import style


def table(rows: Mapping[str, Mapping[str, str]], *, title: str) -> Figure:
    """A row of cells for each entry, under the names of the columns.

    Args:
        rows: name of the row -> column -> what stands in the cell. The columns are those of all rows, in the order in
            which they first come; a cell that a row does not have shows a dash.
        title: the finding, as a sentence.

    Raises:
        ValueError: there are no rows, or no columns.
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
    return figure
