"""Pictures of elasticity: how many environments there are over time, and what an hour costs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from serverless_cloud.records import Interval
from serverless_first.course.words import listed
from serverless_first.figures.environments import PHASES
from serverless_first.figures.style import BLUE, GREY, ORANGE, SKY, VERMILION, style
from serverless_first.figures.words import add_alt_text, measured, numbers_in
from serverless_first.simulate.cost import Bill

_BUSY_FIRST = ("invoke", "init", "frozen")  # from the ground up: work, then what surrounds it
_LOOKS = ((BLUE, ""), (SKY, ".."), (ORANGE, "//"), (VERMILION, "xx"))


def environments_over_time(intervals: Sequence[Interval], *, title: str, from_s: float = 0.0) -> Figure:
    """How many execution environments there are at each moment, stacked by what they do.

    Args:
        intervals: as `Cloud.timeline` returns them.
        title: the finding, as a sentence. It may state how many environments there are at the beginning, at the peak or
            in a phase, and how many calls they serve. "" if a slide's heading says it.
        from_s: where the picture begins, in the seconds of the intervals; it ends a little after the last environment.

    Raises:
        ValueError: there are no intervals: the function has not been called yet.
    """
    if not intervals:
        raise ValueError(
            "There is nothing to draw, because this function has no execution environment yet. Invoke it first."
        )
    end_s = max(i.end_s for i in intervals)
    margin_s = 0.08 * (end_s - from_s)
    moments = {from_s, end_s + margin_s, *(i.start_s for i in intervals), *(i.end_s for i in intervals)}
    edges = np.array(sorted(moment for moment in moments if from_s <= moment <= end_s + margin_s))
    middles = (edges[:-1] + edges[1:]) / 2
    with style():
        figure = Figure(figsize=(8.0, 3.4))
        axes = figure.subplots()
        ground = np.zeros(middles.size)
        peaks: dict[str, int] = {}
        for phase in _BUSY_FIRST:
            colour, hatch, label = PHASES[phase]
            those = [i for i in intervals if i.phase == phase]
            height = np.array([sum(i.start_s <= moment < i.end_s for i in those) for moment in middles])
            look: dict[str, Any] = {"facecolor": colour, "hatch": hatch, "edgecolor": GREY, "linewidth": 0.4}
            axes.stairs(ground + height, edges - from_s, baseline=ground, fill=True, label=label, **look)
            ground = ground + height
            peaks[phase] = int(height.max())
        axes.set_xlim(0, edges[-1] - from_s)
        axes.set_ylim(0, max(1.0, float(ground.max())) * 1.08)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("time, in seconds")
        axes.set_ylabel("execution environments")
        axes.set_title(title)
        figure.legend(loc="outside lower left", ncols=3, frameon=False, fontsize=9.5)
    begins, peak = int(ground[0]), int(ground.max())
    calls = sum(i.phase == "invoke" and i.end_s > from_s for i in intervals)
    return add_alt_text(
        figure,
        title,
        "Execution environments over time, stacked by what they do.",
        f"Their number begins at {begins}, peaks at {peak} and ends at 0.",
        f"Init peaks at {measured(str(peaks['init']))}, Invoke at {measured(str(peaks['invoke']))} and frozen at "
        f"{measured(str(peaks['frozen']))}.",
        f"The last environment ends after {measured(f'{end_s - from_s:.1f} s')}.",
        numbers=[begins, peak, calls, *peaks.values()],
    )


def hour_bills(bills: Mapping[str, Bill], *, title: str) -> Figure:
    """The cost of an hour in each case, item by item, with the sum written behind the bar.

    Args:
        bills: name of the case -> its bill; one to six cases, with up to four items in all.
        title: the finding, as a sentence. It may say "more idle" if an hour without a call costs more than an hour with
            calls. "" if a slide's heading says it.

    Raises:
        ValueError: no case, more than six, or more than four items.
    """
    items = list(dict.fromkeys(item for bill in bills.values() for item in bill.items))
    if not 1 <= len(bills) <= 6 or len(items) > len(_LOOKS):
        raise ValueError(f"There are {len(bills)} cases and {len(items)} items, but at most 6 and 4 can be drawn.")
    most = max(bill.usd for bill in bills.values()) or 1.0
    with style():
        figure = Figure(figsize=(8.0, 1.5 + 0.5 * len(bills)))
        axes = figure.subplots()
        for row, bill in enumerate(bills.values()):
            left = 0.0
            for item, (colour, hatch) in zip(items, _LOOKS, strict=False):
                usd = bill.items.get(item, 0.0)
                axes.barh(row, usd, left=left, height=0.62, color=colour, hatch=hatch, edgecolor="black", linewidth=0.6)
                left += usd
            axes.text(left + most * 0.015, row, f"${left:.4f}" if left else "nothing", va="center", fontweight="bold")
        axes.set_yticks(range(len(bills)), list(bills))
        axes.set_ylim(len(bills) - 0.5, -0.5)
        axes.set_xlim(0, most * 1.22)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"${value:.4f}"))
        axes.set_xlabel("cost of an hour, in US dollars")
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        handles = [
            Patch(facecolor=colour, hatch=hatch, edgecolor="black", linewidth=0.6, label=item)
            for item, (colour, hatch) in zip(items, _LOOKS, strict=False)
        ]
        if handles:
            figure.legend(handles=handles, loc="outside lower left", ncols=4, frameon=False, fontsize=9.5)
    return add_alt_text(
        figure,
        title,
        f"One bar for each case shows the cost of an hour, made of {listed(items)}.",
        *(f"{name}: {measured(f'${bill.usd:.4f}') if bill.usd else 'nothing'}." for name, bill in bills.items()),
        numbers=[len(bills), *numbers_in(bills)],
        claims={"more idle": _idle_costs_more(bills.values())},
    )


def _idle_costs_more(bills: Collection[Bill]) -> bool:
    """Whether an hour without a request costs more than another hour with requests."""
    idle_usd = [bill.usd for bill in bills if not bill.items.get("requests")]
    busy_usd = [bill.usd for bill in bills if bill.items.get("requests")]
    return bool(idle_usd and busy_usd) and max(idle_usd) > min(busy_usd)
