"""A figure of the seats that each instance class has, against the connections that a function needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullFormatter

from serverless_first.course.words import listed
from serverless_first.figures.axes import Moving, grid
from serverless_first.figures.style import BLUE, SKY, VERMILION, style
from serverless_first.figures.words import add_alt_text
from serverless_first.simulate import connections
from serverless_first.simulate.connections import Engine

#: From 1 GiB of memory to 128 GiB, each about twice as large as the one before.
CLASSES = (
    "db.t4g.micro",
    "db.t4g.small",
    "db.t4g.medium",
    "db.t4g.large",
    "db.r6g.large",
    "db.r6g.xlarge",
    "db.r6g.2xlarge",
    "db.r6g.4xlarge",
)
_LEAST, _MOST = 10.0, 100_000.0  # ends of the axis; numbers beyond an end are drawn at the end


def instance_limits(
    needed: int,
    *,
    title: str,
    engine: Engine = "postgres",
    instance_classes: Sequence[str] = CLASSES,
    chosen: str | None = None,
) -> Figure:
    """The seats of each instance class against the connections needed, with the refused connections hatched.

    The seats are for an ordinary database user and come from AWS's formulas (`connections.seats`).

    Args:
        needed: how many connections must be open at the same time, from 0 (`connections.needed`).
        title: the finding, as a sentence.
        engine: "postgres" or "mysql".
        instance_classes: one to ten rows, smallest class first.
        chosen: the class to highlight.

    Raises:
        ValueError: there are no classes or more than ten, a class is unknown, the chosen class has no row, or `needed`
            is below 0.
    """
    if needed < 0:
        raise ValueError(f"needed is {needed}. Give a number of connections, from 0.")
    if chosen is not None and chosen not in instance_classes:
        raise ValueError(f"The chosen class {chosen!r} has no row. The rows are {', '.join(instance_classes)}.")
    with style():
        figure = Figure(figsize=(8.0, 1.7 + 0.32 * len(instance_classes)))
        bars = SeatBars(figure.subplots(), instance_classes)
        refused = bars.update(engine, needed, chosen)
        bars.title.set_text(title)
        figure.legend(*bars.legend(), loc="outside lower left", ncols=4, frameon=False, fontsize=9.5)
    seats = {name: connections.seats(engine, name) for name in instance_classes}
    enough = [name for name, lost in zip(instance_classes, refused, strict=True) if not lost]
    return add_alt_text(
        figure,
        title,
        f"One bar for each instance class shows the seats of an ordinary user, and a line shows the {needed:,} "
        f"connections needed: {listed([f'{name} has {count:,}' for name, count in seats.items()])}.",
        f"{listed(enough)} {'has' if len(enough) == 1 else 'have'} enough." if enough else "None of them has enough.",
        numbers=[needed, *seats.values(), *refused],
        claims={name: name in enough for name in instance_classes},
    )


class SeatBars(Moving):
    """The bars for the instance classes.

    Args:
        axes: to draw in.
        instance_classes: one to ten rows.

    Raises:
        ValueError: there are no classes, or more than ten.
    """

    def __init__(self, axes: Any, instance_classes: Sequence[str]) -> None:
        if not 1 <= len(instance_classes) <= 10:
            raise ValueError(f"{len(instance_classes)} instance classes were given. Give one to ten.")
        self._classes = list(instance_classes)
        rows = range(len(self._classes))
        edge: dict[str, Any] = {"height": 0.62, "edgecolor": "black", "linewidth": 0.6}
        self._seats = list(axes.barh(rows, 1.0, left=_LEAST, color=SKY, **edge))
        self._refused = list(axes.barh(rows, 1.0, left=_LEAST, color="white", hatch="xx", **edge))
        for bar in self._refused:
            bar.set_edgecolor(VERMILION)
        self._words = [axes.text(_MOST, row, "", va="center", ha="left", fontsize=9.5) for row in rows]
        span = [-0.5, len(self._classes) - 0.5]
        (self._line,) = axes.plot([1, 1], span, color="black", linestyle="--", linewidth=1.6)
        axes.set_xscale("log")
        axes.set_xlim(_LEAST, _MOST)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.0f}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("connections (logarithmic axis)")
        axes.set_yticks(list(rows), self._classes)
        axes.set_ylim(len(self._classes) - 0.4, -0.6)
        grid(axes, "x")
        self.title = axes.set_title("")
        self.moving = [*self._seats, *self._refused, self._line, *self._words, self.title]

    def update(self, engine: Engine, needed: int, instance_class: str | None) -> list[int]:
        """Draws one setting; returns how many connections each class refuses.

        Args:
            engine: "postgres" or "mysql".
            needed: how many connections must be open at the same time.
            instance_class: the class to highlight, if any.
        """
        refused = []
        self._line.set_xdata([_inside(needed)] * 2)
        for name, bar, rest, words in zip(self._classes, self._seats, self._refused, self._words, strict=True):
            seats = connections.seats(engine, name)
            refused.append(max(0, needed - seats))
            bar.set_width(_inside(min(seats, _MOST)) - _LEAST)
            bar.set_facecolor(BLUE if name == instance_class else SKY)
            bar.set_linewidth(1.8 if name == instance_class else 0.6)
            rest.set_x(_inside(seats))
            rest.set_width(max(0.0, _inside(needed) - _inside(seats)))
            rest.set_visible(refused[-1] > 0)
            words.set_text(f" {seats:,} seats" + (f",\u2009{refused[-1]:,} refused" if refused[-1] else ""))
            words.set_fontweight("bold" if name == instance_class else "normal")
        return refused

    def legend(self) -> tuple[list[Any], list[str]]:
        """The handles and labels of the legend."""
        seats = Patch(facecolor=SKY, edgecolor="black", linewidth=0.6)
        refused = Patch(facecolor="white", edgecolor=VERMILION, hatch="xx", linewidth=0.6)
        labels = ["seats for the function's user", "connections that are refused", "connections needed"]
        return [seats, refused, self._line], labels


def _inside(number: float) -> float:
    """The position of a number, moved into the axis, because a logarithmic axis has no 0."""
    return min(max(float(number), _LEAST), _MOST)
