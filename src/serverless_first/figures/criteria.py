"""The picture of criteria then and now: what a service could do when the deck was shown, and what it can do since."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from serverless_first.figures.style import BLUE, GREY, ORANGE, style

THEN, NEVER = "then", "no"
_SINCE = re.compile(r"\d{4}")
_NAMES = {THEN: "when the deck was shown", "since": "since the year beside it", NEVER: "no"}
_LOOKS: dict[str, dict[str, Any]] = {
    THEN: {"marker": "o", "color": BLUE, "markeredgecolor": "black", "markeredgewidth": 0.7},
    "since": {"marker": "D", "color": ORANGE, "markeredgecolor": "black", "markeredgewidth": 0.7},
    NEVER: {"marker": "_", "color": GREY},
}
_PER_ROW_IN = 0.31


def criteria(rows: Mapping[str, Mapping[str, str]], *, title: str) -> Figure:
    """A row for each criterion, a column for each service: a dot, a diamond with its year, or a dash.

    Args:
        rows: criterion -> service -> "then", a year such as "2021", or "no". The services are those of the first row.
        title: the finding, as a sentence.

    Raises:
        ValueError: there are no rows, a row has other services than the first, or a mark is none of these.
    """
    if not rows:
        raise ValueError("There is nothing to show. Give at least one criterion.")
    services = list(next(iter(rows.values())))
    for criterion, row in rows.items():
        if list(row) != services:
            raise ValueError(
                f"{criterion!r} has the services {', '.join(row)}, but the first row has {', '.join(services)}."
            )
        for mark in row.values():
            if mark not in (THEN, NEVER) and not _SINCE.fullmatch(mark):
                raise ValueError(f"{criterion!r} has {mark!r}. Give {THEN!r}, a year such as '2021', or {NEVER!r}.")
    with style():
        figure = Figure(figsize=(8.0, 1.15 + _PER_ROW_IN * len(rows)))
        axes = figure.subplots()
        plain: dict[str, Any] = {"linestyle": "", "markersize": 9}
        for height, row in enumerate(rows.values()):
            for place, mark in enumerate(row.values()):
                kind = mark if mark in _LOOKS else "since"
                axes.plot([place], [height], **plain, **_LOOKS[kind])
                if kind == "since":
                    axes.text(place + 0.09, height, mark, va="center", fontsize=10)
        axes.set_xlim(-0.5, len(services) - 0.35)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks(range(len(rows)), list(rows), fontsize=10)
        axes.set_xticks(range(len(services)), services, fontweight="bold", fontsize=10)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        for line in range(1, len(rows)):
            axes.axhline(line - 0.5, color="#E4E4E4", linewidth=0.8)
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        handles = [
            Line2D([], [], linestyle="", markersize=9, label=_NAMES[kind], **look) for kind, look in _LOOKS.items()
        ]
        figure.legend(handles=handles, loc="outside lower left", ncols=3, frameon=False, fontsize=9.5)
    return figure
