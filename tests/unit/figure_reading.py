"""Reads figures as a reader sees them: the words, the legends, the bars, and whether anything overlaps."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

#: One line, and two.
TITLES = (
    "Some of them",
    "A long finding that says that most orders of a day fail although the database has free seats, in two lines",
)


def texts(figure: Figure) -> list[Text]:
    """All words that are drawn: a tick outside its axis is not."""
    unseen = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            unseen |= {tick.label1 for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high}
    found = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]
    return [text for text in found if text.get_visible() and text not in unseen]


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in texts(figure))


def legends(figure: Figure) -> list[str]:
    found = [legend for legend in figure.findobj(Legend) if isinstance(legend, Legend)]
    return [text.get_text().replace("\n", " ") for legend in found for text in legend.get_texts()]


def bars(axes: Axes) -> list[list[float]]:
    """The lengths of the bars, one list for each series."""
    return [[round(float(bar.get_width()), 3) for bar in series] for series in axes.containers]


def height_at(axes: Axes, label: str, x: float) -> float:
    """How many connections a state has at a moment: how thick its area is there."""
    found = [a for a in axes.collections if isinstance(a, FillBetweenPolyCollection) and a.get_label() == label]
    corners = [path.vertices for area in found for path in area.get_paths()]
    for corner in map(np.asarray, corners):
        edges = itertools.pairwise(corner)
        crossed = [float(a[1]) for a, b in edges if min(a[0], b[0]) < x < max(a[0], b[0])]
        if crossed:
            return max(crossed) - min(crossed)
    return 0.0


def check_words(figure: Figure, title: str) -> None:
    """All words are on the page, eight inches wide; none hides another; the title is among them."""
    assert figure.get_size_inches()[0] == 8
    check_apart(figure, title)


def check_apart(figure: Figure, title: str) -> None:
    """All words are on the page, however wide it is; none hides another; the title is among them."""
    figure.draw_without_rendering()
    page = figure.bbox
    boxes = {text: text.get_window_extent() for text in texts(figure)}
    for text, box in boxes.items():
        on_page = box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1 and box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1
        assert on_page, f"{text.get_text()!r} leaves the page"
    for (one, box), (other, other_box) in itertools.combinations(boxes.items(), 2):
        wide = min(box.x1, other_box.x1) - max(box.x0, other_box.x0)
        high = min(box.y1, other_box.y1) - max(box.y0, other_box.y0)
        assert wide <= 1 or high <= 1, f"{one.get_text()!r} and {other.get_text()!r} overlap"
    assert title in words(figure).replace("\n", " ")
