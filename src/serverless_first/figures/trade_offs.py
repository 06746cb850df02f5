"""Curves in place of points: what each way to make capacity costs and loses, and what waiting for it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from serverless_first.figures.style import BLUE, GREEN, ORANGE, PURPLE, VERMILION, style
from serverless_first.simulate.capacity import CapacityResult

_MARKS = (("o", "-", VERMILION), ("s", "--", ORANGE), ("^", "-.", GREEN), ("D", ":", BLUE), ("v", "-", PURPLE))
_AIM = 0.001  # of the requests may be lost
_NOTHING = 1e-5  # where "nothing" stands on an axis of shares, which has no zero


def cost_against_loss(curves: Mapping[str, Sequence[CapacityResult]], *, title: str) -> Figure:
    """A curve for each policy: its runs with a setting that grows, by what they cost and what they lose.

    Args:
        curves: name of the policy -> runs of `capacity.simulate` on one demand, in the order of the setting; 1 to 5.
        title: the finding, as a sentence.

    Raises:
        ValueError: no curve, more than five, or one without a run.
    """
    if not 1 <= len(curves) <= len(_MARKS) or not all(map(len, curves.values())):
        raise ValueError(f"{len(curves)} curves were given. Give 1 to {len(_MARKS)}, each with at least one run.")
    with style():
        figure = Figure(figsize=(8.0, 3.6))
        axes = figure.subplots()
        axes.set_title(title)
        axes.set_yscale("log")
        for (name, runs), (mark, line, colour) in zip(curves.items(), _MARKS, strict=False):
            lost = [max(run.unmet_share, _NOTHING) for run in runs]
            axes.plot([run.cost_usd for run in runs], lost, marker=mark, linestyle=line, color=colour, label=name)
        axes.axhline(_AIM, color="0.4", linewidth=1)
        axes.text(
            1.0, _AIM * 1.15, f"{_AIM * 100:g} % lost", transform=axes.get_yaxis_transform(), ha="right", fontsize=9.5
        )
        axes.set_ylim(_NOTHING / 1.7, 1.0)
        axes.set_yticks([_NOTHING, 1e-4, 1e-3, 1e-2, 1e-1, 1])
        axes.yaxis.set_major_formatter(
            FuncFormatter(lambda share, _place: "nothing" if share <= _NOTHING else f"{share * 100:g} %")
        )
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"\\${value:,.0f}"))
        axes.set(xlabel="cost of the whole time, in US dollars", ylabel="requests lost")
        axes.legend(fontsize=9.5)
    return figure


def headroom(lead_times_s: Sequence[float], times: Sequence[float], cost_usd: Sequence[float], *, title: str) -> Figure:
    """How much more capacity than the present demand needs must stand ready, by the time that new capacity takes.

    Args:
        lead_times_s: from the order until it serves, in seconds, ascending.
        times: capacity in multiples of what the demand of the moment needs, one for each lead time.
        cost_usd: what that costs, one for each lead time.
        title: the finding, as a sentence.

    Raises:
        ValueError: the three differ in length, or are empty.
    """
    if not lead_times_s or not len(lead_times_s) == len(times) == len(cost_usd):
        raise ValueError("Give a multiple and a cost for each lead time, and at least one lead time.")
    minutes = np.asarray(lead_times_s) / 60
    with style():
        figure = Figure(figsize=(8.0, 3.2))
        left, right = figure.subplots(1, 2)
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        left.plot(minutes, times, marker="o", color=BLUE)
        left.set(ylabel="capacity / demand seen", ylim=(0, max(times) * 1.15))
        right.plot(minutes, cost_usd, marker="s", linestyle="--", color=VERMILION)
        right.set(ylabel="cost, in US dollars", ylim=(0, max(cost_usd) * 1.15))
        for axes in (left, right):
            axes.set_xlabel("lead time, in minutes")
            axes.set_xlim(left=0)
            axes.xaxis.set_major_locator(MaxNLocator(6))
            axes.grid(color="0.88")
    return figure
