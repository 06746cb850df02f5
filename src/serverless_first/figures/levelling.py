"""Pictures of a burst that meets a function at once, or waits in a queue."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from serverless_first.figures.axes import Moving
from serverless_first.figures.style import BLUE, PURPLE, SKY, VERMILION, style
from serverless_first.figures.words import add_alt_text
from serverless_first.simulate import queueing
from serverless_first.simulate.queueing import CallsResult, QueueResult

LOST = "#F9DCC9"
_BINS = 80


def burst_levelling(arrivals_s: ArrayLike, service_s: ArrayLike, concurrency: int, *, title: str) -> Figure:
    """The same burst as synchronous calls and as messages of a queue: `queueing.calls`, `queueing.queue`.

    Args:
        arrivals_s: when each request comes, in seconds from 0, ascending; one at least.
        service_s: how long it takes, in seconds, above 0; one number, or one for each.
        concurrency: of the function: of its calls, and of the mapping as MaximumConcurrency; from 2.
        title: the finding, as a sentence. It may say that calls are "refused", or "most" of them, that messages are
            "late", or that "none" is lost, if the simulation shows it.

    Raises:
        ValueError: an argument is out of its range, or there is no request.
    """
    called = queueing.calls(arrivals_s, service_s, concurrency)
    queued = queueing.queue(arrivals_s, service_s, maximum_concurrency=concurrency)
    with style():
        figure = Figure(figsize=(8.0, 4.6))
        panels = LevellingPanels(figure.subplots(3, 1, sharex=True))
        panels.update(called, queued)
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        handles, labels = panels.legend()
        figure.legend(handles, labels, loc="outside lower left", ncols=2, frameon=False, fontsize=9.5)
    return add_alt_text(
        figure,
        title,
        "Three panels over one time axis.",
        *(f"{words}." for words in levelling_words(called, queued)),
        numbers=[called.calls, called.lost, queued.lost, queued.most_waiting, queued.oldest_s, queued.done_s],
        shares=[called.lost / called.calls],
        claims={
            "refused": called.lost > 0,
            "most": 2 * called.lost > called.calls,
            "late": queued.oldest_s > 0,
            "none": queued.lost == 0,
        },
    )


class LevellingPanels(Moving):
    """Three panels over one time axis show what becomes of calls, how many messages wait, and the oldest one's age.

    Args:
        rows: the three axes, from top to bottom.
    """

    def __init__(self, rows: Any) -> None:
        self._rows = list(rows)
        calls, backlog, age = self._rows
        nothing: Any = ([0.0], [0.0, 1.0])
        self._served = calls.stairs(*nothing, fill=True, color=SKY)
        self._lost = calls.stairs(*nothing, fill=True, facecolor=LOST, edgecolor=VERMILION, hatch="xxx", linewidth=0)
        self._waiting = backlog.fill_between([0, 1], [0, 0], color=PURPLE, alpha=0.55, linewidth=0)
        (self._age,) = age.plot([], [], color=BLUE, linewidth=2.2)
        for axes, words in zip(self._rows, ("calls per s", "waiting", "oldest, in s"), strict=True):
            axes.set_ylabel(words, fontsize=10)
            axes.tick_params(labelsize=9.5, labelbottom=axes is age, bottom=axes is age)
            axes.yaxis.set_major_locator(MaxNLocator(3))
            axes.yaxis.set_major_formatter(
                FuncFormatter(lambda value, _place: f"{value:,.3g}" if value < 1e3 else f"{value:,.0f}")
            )
        age.set_xlabel("time, in s", fontsize=10)
        age.xaxis.set_major_locator(MaxNLocator(8))
        self._titles = [axes.set_title("", fontsize=10.5, pad=4) for axes in self._rows]
        drawn = [self._served, self._lost, self._waiting, self._age]
        self.moving = [*drawn, *self._titles, *(axes.yaxis for axes in self._rows), age.xaxis]

    def update(self, called: CallsResult, queued: QueueResult) -> None:
        """Draws one burst.

        Args:
            called: of `queueing.calls`; one call at least.
            queued: of `queueing.queue`, for the same requests.

        Raises:
            ValueError: there is no request.
        """
        if not called.calls:
            raise ValueError("There are no requests to draw. Give arrivals_s with at least one request.")
        end_s = max(queued.done_s, float(called.arrival_s[-1])) * 1.02 or 1.0
        edges = np.linspace(0, end_s, _BINS + 1)
        each_s = edges[1]
        arrived = np.histogram(called.arrival_s, edges)[0] / each_s
        lost = np.histogram(called.arrival_s[np.isnan(called.begin_s)], edges)[0] / each_s
        self._served.set_data(arrived - lost, edges, 0)
        self._lost.set_data(arrived, edges, arrived - lost)
        times_s = np.linspace(0, end_s, 4 * _BINS)
        waiting, age_s = queued.backlog(times_s), queued.oldest_age_s(times_s)
        self._waiting.set_data(times_s, np.zeros_like(times_s), waiting)
        self._age.set_data(times_s, age_s)
        tops = (float(np.max(arrived)), max(float(np.max(waiting)), 1.0), max(float(np.max(age_s)), 0.1))
        for axes, top in zip(self._rows, tops, strict=True):
            axes.set_xlim(0, end_s)
            axes.set_ylim(0, top * 1.08)
        for drawn, words in zip(self._titles, levelling_words(called, queued), strict=True):
            drawn.set_text(words)

    def legend(self) -> tuple[list[Any], list[str]]:
        """Handles and labels of what the marks mean."""
        refused = Patch(facecolor=LOST, edgecolor=VERMILION, hatch="xxx", linewidth=0.5)
        labels = ["calls: served", "calls: refused", "queue: messages that wait", "queue: age of the oldest message"]
        return [self._served, refused, self._waiting, self._age], labels


def levelling_words(called: CallsResult, queued: QueueResult) -> tuple[str, str, str]:
    """Returns a line for each of the three panels."""
    lost = f"{called.lost:,} of {called.calls:,} are refused" if called.lost else f"all {called.calls:,} are served"
    lost_messages = f"{queued.lost:,} are lost" if queued.lost else "none is lost"
    return (
        f"Calls: {lost}",
        f"Queue: at most {queued.most_waiting:,} wait, {lost_messages}",
        f"The oldest waits {queued.oldest_s:,.3g} s, the last is done after {queued.done_s:,.0f} s",
    )
