"""Pictures of capacity that is planned or follows the demand: lost requests, idle capacity and costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from serverless_first.course.words import count as count_of
from serverless_first.figures.axes import Moving
from serverless_first.figures.style import BLUE, VERMILION, style
from serverless_first.figures.words import add_alt_text, numbers_in
from serverless_first.simulate import capacity
from serverless_first.simulate.capacity import CapacityResult, Policy
from serverless_first.simulate.traces import DAY_S, HOUR_S, Demand

MOST_POLICIES = 4
IDLE_SKY, LOST = "#CFE6F5", "#F9DCC9"


def capacity_policies(
    demand: Demand, policies: Sequence[Policy], *, title: str, close_up_s: tuple[float, float] | None = None
) -> Figure:
    """Draws up to four policies side by side that meet the same demand: `capacity.simulate`.

    Hatched areas are requests that found no room, pale areas are capacity that served nothing. Above each picture is
    the share of the requests that was lost, how much of the capacity was used, and the cost.

    Args:
        demand: requests per second, step by step.
        policies: 1 to 4, such as `policies.physical(...)`.
        title: the finding, as a sentence.
        close_up_s: as in `capacity_runs`.

    Raises:
        ValueError: no policy, or more than four.
    """
    return capacity_runs([capacity.simulate(demand, policy) for policy in policies], title=title, close_up_s=close_up_s)


def capacity_runs(
    runs: Sequence[CapacityResult], *, title: str, close_up_s: tuple[float, float] | None = None
) -> Figure:
    """Draws runs as `capacity_policies` does, of `capacity.simulate` or `autoscaler.run`.

    Args:
        runs: 1 to 4, each named by its policy.
        title: the finding, as a sentence.
        close_up_s: begin and end, in seconds from 0, of a stretch of an hour or so that each picture shows closer up,
            by the clock; time 0 is midnight. It covers the upper right of the picture.

    Raises:
        ValueError: no run, or more than four, or a close-up that is not within the demand.
    """
    if not 1 <= len(runs) <= MOST_POLICIES:
        raise ValueError(f"{len(runs)} policies were given. Give 1 to {MOST_POLICIES}.")
    rows, columns = -(-len(runs) // 2), min(2, len(runs))
    with style():
        figure = Figure(figsize=(9.0, 1.5 + 1.75 * rows))
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for place, axes in enumerate(grid.flat):
            if place >= len(runs):
                axes.set_visible(False)
                continue
            panel = PolicyPanel(axes, bottom=place + columns >= len(runs), left=place % columns == 0)
            panel.update(runs[place], highest(runs))
            if close_up_s:
                _close_up(axes, runs[place], close_up_s, highest(runs))
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        handles, labels = legend()
        figure.legend(handles, labels, loc="outside lower left", ncols=4, frameon=False, fontsize=9.5)
    demand, most_lost = runs[0].demand, max(run.unmet_share for run in runs)
    return add_alt_text(
        figure,
        title,
        f"The same demand in {len(runs)} pictures, from {np.min(demand.per_s):,.0f} to {demand.peak_per_s:,.0f} "
        "requests a second."
        if len(runs) > 1
        else f"The demand is from {np.min(demand.per_s):,.0f} to {demand.peak_per_s:,.0f} requests a second.",
        *(_run_words(run) for run in runs),
        _close_up_words(close_up_s) if close_up_s else "",
        numbers=[len(runs), *numbers_in(run.policy.name for run in runs)],
        shares=[
            value
            for run in runs
            for value in (run.unmet_share, 1 - run.unmet_share, run.utilisation, 1 - run.utilisation)
        ],
        claims={
            "the guess": runs[0].policy.name == "physical",
            "loses the most": runs[0].unmet_share == most_lost > 0,
        },
    )


def _run_words(run: CapacityResult) -> str:
    """One picture in words."""
    least, most = np.min(run.capacity_per_s), np.max(run.capacity_per_s)
    capacity_words = f"always {most:,.0f}" if least == most else f"from {least:,.0f} to {most:,.0f}"
    minutes = round(np.count_nonzero(run.unmet_per_s) * run.demand.step_s / 60)
    lost = f", and requests are lost in {count_of(minutes, 'minute')}" if minutes else ""
    return f"{policy_words(run)}. Its capacity is {capacity_words} requests a second{lost}."


def _close_up_words(span_s: tuple[float, float]) -> str:
    begin, end = (f"{int(at_s // HOUR_S) % 24}:{int(at_s // 60) % 60:02}" for at_s in span_s)
    return f"A small picture shows the time from {begin} to {end} closer up."


def _close_up(axes: Any, run: CapacityResult, span_s: tuple[float, float], top_per_s: float) -> None:
    """A small picture of a part of the run in a corner of its axes."""
    begin_s, end_s = span_s
    if not 0 <= begin_s < end_s <= run.demand.duration_s:
        raise ValueError(f"close_up_s is {span_s}. Give a beginning and an end within {run.demand.duration_s:,.0f} s.")
    step_s = run.demand.step_s
    part = slice(int(begin_s // step_s), int(-(-end_s // step_s)))
    edges = np.arange(part.start, part.stop + 1) * (step_s / 60)
    demand, capacity_per_s, served = run.demand.per_s[part], run.capacity_per_s[part], run.served_per_s[part]
    inset = axes.inset_axes((0.47, 0.45, 0.5, 0.53))
    inset.stairs(capacity_per_s, edges, baseline=served, fill=True, color=IDLE_SKY)
    inset.stairs(
        demand, edges, baseline=served, fill=True, facecolor=LOST, edgecolor=VERMILION, hatch="xxx", linewidth=0
    )
    inset.stairs(capacity_per_s, edges, color=BLUE, linewidth=1.6, baseline=None)
    inset.plot((edges[:-1] + edges[1:]) / 2, demand, color="black", linewidth=1.2)
    inset.set(xlim=(edges[0], edges[-1]), ylim=(0, top_per_s), yticks=[])
    quarters = range(int(-(-edges[0] // 15)) * 15, int(edges[-1]) + 1, 15)
    inset.set_xticks(quarters, [f"{minute // 60 % 24}:{minute % 60:02}" for minute in quarters])
    inset.tick_params(labelsize=8.5)
    for side in inset.spines.values():
        side.set(visible=True, color="0.5")


def highest(runs: Sequence[CapacityResult]) -> float:
    """The top of the axis, in requests per second: so that the demand fills the picture, and capacity may leave it."""
    peak = max(run.demand.peak_per_s for run in runs)
    most = max(float(np.max(run.capacity_per_s)) for run in runs)
    return min(most, 1.6 * peak) * 1.06 or 1.0


class PolicyPanel(Moving):
    """One policy in its axes. The time axis is not among `moving`: it changes with the length of the demand only.

    Args:
        axes: to draw in.
        bottom: whether it has the words of the time axis.
        left: whether it has the words of the vertical axis.
    """

    def __init__(self, axes: Any, *, bottom: bool, left: bool) -> None:
        self._axes = axes
        nothing: Any = ([0.0], [0.0, 1.0])
        self._idle = axes.stairs(*nothing, fill=True, color=IDLE_SKY)
        self._unmet = axes.stairs(*nothing, fill=True, facecolor=LOST, edgecolor=VERMILION, hatch="xxx", linewidth=0)
        self._capacity = axes.stairs(*nothing, color=BLUE, linewidth=1.6, baseline=None)
        (self._demand,) = axes.plot([], [], color="black", linewidth=1.2)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.0f}"))
        axes.tick_params(labelbottom=bottom, labelleft=left, left=left, labelsize=9.5)
        if left:
            axes.set_ylabel("requests per s", fontsize=10)
        self._names_time = bottom
        self.title = axes.set_title("", fontsize=10.5, parse_math=False)  # a dollar sign isn't a formula
        self.moving = [self._idle, self._unmet, self._capacity, self._demand, self.title]
        if left:
            self.moving.append(axes.yaxis)

    def update(self, run: CapacityResult, top_per_s: float) -> None:
        """Draws one run.

        Args:
            run: of `capacity.simulate`.
            top_per_s: the top of the axis, in requests per second.
        """
        unit, unit_s, every = ("hours", HOUR_S, 6) if run.demand.duration_s <= 3 * DAY_S else ("days", DAY_S, 1)
        edges = np.arange(run.demand.per_s.size + 1) * (run.demand.step_s / unit_s)
        self._idle.set_data(run.capacity_per_s, edges, run.served_per_s)
        self._unmet.set_data(run.demand.per_s, edges, run.served_per_s)
        self._capacity.set_data(run.capacity_per_s, edges)
        self._demand.set_data((edges[:-1] + edges[1:]) / 2, run.demand.per_s)
        self._axes.set_xlim(0, edges[-1])
        self._axes.xaxis.set_major_locator(MultipleLocator(every) if edges[-1] > every else MaxNLocator(4))
        self._axes.set_ylim(0, top_per_s)
        self.title.set_text(policy_words(run))
        if self._names_time:
            self._axes.set_xlabel(f"time, in {unit}", fontsize=10)


def policy_words(run: CapacityResult) -> str:
    """A run in one line: "virtual: 2.2% lost, 49% used, $48.39"."""
    used = f"{run.utilisation * 100:.0f}% used"
    return f"{run.policy.name}: {share(run.unmet_share)} lost, {used}, {usd(run.cost_usd)}"


def share(value: float) -> str:
    """A share as readers take it in: "nothing", "under 0.1%", "2.2%", "42%"."""
    if value == 0:
        return "nothing"
    if value < 0.001:
        return "under 0.1%"
    return f"{value * 100:.0f}%" if value >= 0.0995 else f"{value * 100:.2g}%"


def usd(value: float) -> str:
    """Dollars as readers take them in: whole ones from 100, cents below, two digits below a cent."""
    if value >= 99.995:
        return f"${value:,.0f}"
    return f"${value:.2f}" if value >= 0.00995 or value == 0 else f"${value:.2g}"


def legend() -> tuple[list[Any], list[str]]:
    """Handles and labels of what the marks mean."""
    handles = [
        Line2D([], [], color="black", linewidth=1.2),
        Line2D([], [], color=BLUE, linewidth=1.6),
        Patch(facecolor=IDLE_SKY),
        Patch(facecolor=LOST, edgecolor=VERMILION, hatch="xxx", linewidth=0.5),
    ]
    return handles, ["demand", "capacity", "capacity that serves nothing", "requests that find no room"]
