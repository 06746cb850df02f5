"""The table by which a shared interface tells connections apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from serverless_first.course.words import count
from serverless_first.figures.connections import heading
from serverless_first.figures.style import BLUE, ORANGE, style
from serverless_first.figures.words import add_alt_text
from serverless_first.simulate.network import PORTS, Translation

MOST_LINES = 8
_ROW, _TOP, _FLOOR = 0.46, 0.9, 0.45
#: name of the column -> left edge and width, in inches
_COLUMNS = {
    "environment and its port": (0.2, 2.1),
    "port of the interface": (3.0, 1.75),
    "destination": (5.5, 2.25),
}


def translations(lines: Sequence[Translation], *, title: str) -> Figure:
    """Each connection as a line from the environment through a port of the interface to its destination.

    A source port that several environments use is marked: the interface's port is what tells them apart.

    Args:
        lines: of `simulate.network.translate`, 1 to 8.
        title: the finding, as a sentence.

    Raises:
        ValueError: no line, or more than can be drawn.
    """
    if not 1 <= len(lines) <= MOST_LINES:
        raise ValueError(f"{len(lines)} lines were given, but only 1 to {MOST_LINES} can be drawn.")
    height = len(lines) * _ROW
    same = Counter(line.source.rpartition(":")[2] for line in lines)
    with style():
        figure = Figure(figsize=(8.0, height + _TOP + _FLOOR))
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, 8)
        axes.set_ylim(-_FLOOR, height + _TOP)
        axes.axis("off")
        for name, (x, width) in _COLUMNS.items():
            axes.text(x + width / 2, height + 0.1, name, ha="center", va="bottom", fontsize=10, weight="bold")
        for row, line in enumerate(lines):
            _row(axes, height - (row + 0.5) * _ROW, line, marked=same[line.source.rpartition(":")[2]] > 1)
        busiest, most = Counter(line.destination for line in lines).most_common(1)[0]
        axes.text(
            0.2, -0.2, f"ports in use towards {busiest}: {most} of {PORTS:,}", ha="left", va="center", fontsize=10
        )
        heading(figure, title)
    shared = max(same.values())
    return add_alt_text(
        figure,
        title,
        f"A table of {count(len(lines), 'connection')}.",
        *(f"{line.source} to {line.destination} has port {line.port} of the interface." for line in lines),
        f"Towards {busiest}, {most} of {PORTS:,} ports are in use.",
        numbers=[len(lines), shared, most, PORTS, *(line.port for line in lines)],
        claims={
            "same source port": shared > 1,
            "three times": shared == 3,
            "told apart": len({(line.port, line.destination) for line in lines}) == len(lines),
        },
    )


def _row(axes: Axes, y: float, line: Translation, *, marked: bool) -> None:
    """Draws one connection; `marked`: whether other environments use its source port."""
    cells = (line.source, str(line.port), line.destination)
    for (x, width), words in zip(_COLUMNS.values(), cells, strict=True):
        box = FancyBboxPatch((x, y - 0.14), width, 0.28, boxstyle="round,pad=0.02,rounding_size=0.06")
        box.set(facecolor="white", edgecolor="black", linewidth=0.9)
        if words == cells[0] and marked:
            box.set(facecolor="#FBE5B6", edgecolor=ORANGE, linewidth=1.6)
        if words == cells[1]:
            box.set(facecolor="#D6E9F5", edgecolor=BLUE)
        axes.add_patch(box)
        axes.text(x + width / 2, y, words, ha="center", va="center", fontsize=10)
    for (x, width), (following, _) in pairwise(_COLUMNS.values()):
        axes.annotate(
            "", (following - 0.04, y), (x + width + 0.04, y),
            arrowprops={"arrowstyle": "->", "color": BLUE, "linewidth": 1.4},
        )  # fmt: skip
