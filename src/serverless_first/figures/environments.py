"""A timeline of execution environments."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from serverless_cloud.records import Interval
from serverless_first.course.words import count as count_of
from serverless_first.figures.style import BLUE, GREY, ORANGE, style
from serverless_first.figures.waiting import time_words
from serverless_first.figures.words import add_alt_text, measured

# phase -> color, hatching, label; the hatching tells the phases apart in gray print
PHASES = {
    "init": (ORANGE, "//", "Init: start the process, load your code"),
    "invoke": (BLUE, "", "Invoke: your handler runs"),
    "frozen": ("#E4E4E4", "", "frozen: no processor time"),
}

# Up to this many rows, each has its own label. With more rows, every fifth, tenth and so on has a label.
_ROWS_WITH_LABELS = 12


def timeline(intervals: Sequence[Interval], *, title: str, longest_pause_s: float | None = None) -> Figure:
    """One row for each execution environment, with a bar for each phase of its life.

    With up to 12 environments, each has a label. With more, every fifth, tenth and so on has a label. The bars get
    thinner with the number of environments, so that the figure stays below 8 inches in height.

    Args:
        intervals: as `Cloud.timeline` returns them.
        title: the finding, as a sentence.
        longest_pause_s: a longer pause, in which no environment starts or serves a call, is cut to this length. So the
            calls stay visible if somebody has read for ten minutes between them. None cuts nothing.

    Raises:
        ValueError: there are no intervals, because nobody has called the function yet.
    """
    if not intervals:
        raise ValueError(
            "There is nothing to draw, because this function has no execution environment yet. Invoke it first."
        )
    rows = list(dict.fromkeys(i.environment for i in intervals))
    crowded = len(rows) > _ROWS_WITH_LABELS
    times = _Times(intervals, longest_pause_s)
    with style():
        figure = Figure(figsize=(8.0, 1.9 + _height_in(len(rows))))
        axes = figure.subplots()
        for phase, (colour, hatch, label) in PHASES.items():
            for number, row in enumerate(rows):
                bars = [times.bar(i) for i in intervals if (i.environment, i.phase) == (row, phase)]
                look: dict[str, Any] = {"facecolors": colour, "hatch": hatch, "linewidth": 0.2 if crowded else 0.6}
                look["edgecolor"] = GREY if phase == "frozen" else "black"
                axes.broken_barh(bars, (number - 0.3, 0.6), label=label if number == 0 else None, **look)
        ticks = _rows_with_labels(len(rows))
        axes.set_yticks(ticks, [str(n + 1) if crowded else f"environment {n + 1}" for n in ticks])
        if crowded:
            axes.set_ylabel("execution environment")
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.set_xlabel("time since the first environment was started, in seconds")
        times.mark_cuts(axes)
        axes.set_title(title)
        figure.legend(loc="outside lower left", ncols=3, frameon=False, fontsize=9.5)
    lives = [[i for i in intervals if i.environment == row] for row in rows]
    calls = [sum(i.phase == "invoke" for i in life) for life in lives]
    frozen = all(map(_frozen_between_calls, lives))
    claims = {"frozen": frozen, "one environment": len(rows) == 1}
    sentences = _sentences(intervals, calls, frozen)
    if longest_pause_s is not None:
        sentences.append(f"Pauses longer than {longest_pause_s:g} s are cut.")
    return add_alt_text(figure, title, *sentences, numbers=[len(rows), sum(calls), *calls], claims=claims)


class _Times:
    """Times and their places on an axis that cuts long pauses.

    Args:
        longest_s: as `longest_pause_s` of `timeline`.

    Attributes:
        cuts_s: begin and end of each pause that is cut.
    """

    def __init__(self, intervals: Sequence[Interval], longest_s: float | None) -> None:
        self.cuts_s: list[tuple[float, float]] = []
        self._bends_s, self._places = [0.0], [0.0]
        end_s = max(i.end_s for i in intervals)
        quiet_from_s = 0.0
        work_s = sorted((i.start_s, i.end_s) for i in intervals if i.phase != "frozen")
        for begin_s, until_s in [*work_s, (end_s, end_s)]:
            if longest_s is not None and begin_s - quiet_from_s > longest_s:
                self.cuts_s.append((quiet_from_s, begin_s))
                self._bend(quiet_from_s, quiet_from_s - self._bends_s[-1])
                self._bend(begin_s, longest_s)
            quiet_from_s = max(quiet_from_s, until_s)
        self._bend(end_s, end_s - self._bends_s[-1])

    def _bend(self, time_s: float, further: float) -> None:
        self._bends_s.append(time_s)
        self._places.append(self._places[-1] + further)

    def place(self, time_s: float) -> float:
        """Where a time is on the axis."""
        return float(np.interp(time_s, self._bends_s, self._places))

    def bar(self, interval: Interval) -> tuple[float, float]:
        """Where an interval begins on the axis, and its width there."""
        begin = self.place(interval.start_s)
        return begin, self.place(interval.end_s) - begin

    def mark_cuts(self, axes: Axes) -> None:
        """Writes the length of each pause that is cut, and labels the axis with the times at its ends."""
        for begin_s, end_s in self.cuts_s:
            middle = (self.place(begin_s) + self.place(end_s)) / 2
            length_s = end_s - begin_s
            words = time_words(60 * round(length_s / 60) if length_s >= 60 else length_s)
            axes.text(middle, 0, f"// {words} //", ha="center", va="center", zorder=3)
        if self.cuts_s:
            ends_s = [0.0, *(time_s for cut_s in self.cuts_s for time_s in cut_s)]
            axes.set_xticks([self.place(time_s) for time_s in ends_s], [f"{time_s:.1f}" for time_s in ends_s])


def _frozen_between_calls(life: Sequence[Interval]) -> bool:
    """Whether an environment was frozen between any two of its calls."""
    phases = [i.phase for i in sorted(life, key=lambda i: i.start_s)]
    return ("invoke", "invoke") not in pairwise(phases)


def _sentences(intervals: Sequence[Interval], calls: Sequence[int], frozen: bool) -> list[str]:
    """The timeline in sentences.

    Args:
        calls: the number of calls of each environment.
        frozen: whether the environments were frozen between any two calls.
    """
    least, most = min(calls), max(calls)
    served = count_of(most, "call") if least == most else f"{least} to {count_of(most, 'call')}"
    told_rows = [f"The environment's row shows {served}."]
    if len(calls) > 1:
        told_rows = [f"{len(calls)} environments, one below the other, with {served} each."]
    for phase, begin in (("init", "Init took"), ("invoke", "Each call took"), ("frozen", "Each frozen phase took")):
        lasts = [i.end_s - i.start_s for i in intervals if i.phase == phase]
        if lasts:
            short, long = f"{min(lasts):.1f}", f"{max(lasts):.1f}"
            told_rows.append(f"{begin} {measured(f'{short} s' if short == long else f'{short} to {long} s')}.")
    return [*told_rows, "Between two calls, an environment is frozen." if frozen and most > 1 else ""]


def _height_in(rows: int) -> float:
    return 0.45 * rows if rows <= 6 else 2.7 + 0.07 * (min(rows, 50) - 6)


def _rows_with_labels(count: int) -> list[int]:
    """The rows that get a label: all if there are few, else the first and every fifth, tenth and so on, up to eight."""
    if count <= _ROWS_WITH_LABELS:
        return list(range(count))
    step = next(step for step in (5, 10, 20, 50, 100, count) if count <= 7 * step)
    return [0, *range(step - 1, count, step)]
