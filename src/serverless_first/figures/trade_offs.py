"""Curves of what each kind of capacity costs and loses, and of how much must be ready while new capacity comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from serverless_first.figures.capacity import share, usd
from serverless_first.figures.style import BLUE, GREEN, ORANGE, PURPLE, VERMILION, style
from serverless_first.figures.words import add_alt_text, numbers_in
from serverless_first.simulate.capacity import CapacityResult

_MARKS = (("o", "-", VERMILION), ("s", "--", ORANGE), ("^", "-.", GREEN), ("D", ":", BLUE), ("v", "-", PURPLE))
_AIM = 0.001  # of the requests may be lost
_NOTHING = 1e-5  # the place of "nothing" on an axis of shares, which has no zero
#: The names of the policies -> the words for them in a title.
_CALLED = {
    "physical": "servers", "virtual": "virtual machines", "container": "containers", "serverless": "functions",
}  # fmt: skip


def cost_against_loss(curves: Mapping[str, Sequence[CapacityResult]], *, title: str) -> Figure:
    """Draws a curve for each policy: its runs with a setting that grows, by what they cost and what they lose.

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
            1.0, _AIM * 1.15, f"{_AIM * 100:g}% lost", transform=axes.get_yaxis_transform(), ha="right", fontsize=9.5
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
    at_0, at_1 = _cheapest(curves, 0.0), _cheapest(curves, 0.01)
    names = [_CALLED.get(runs[0].policy.name, name) for name, runs in curves.items()]
    return add_alt_text(
        figure,
        title,
        "The share of requests lost, on a logarithmic axis, against the cost in US dollars, with one curve for each "
        "policy.",
        *(
            f"{name}: from {_point(min(runs, key=_cost))} to {_point(max(runs, key=_cost))}."
            for name, runs in curves.items()
        ),
        numbers=numbers_in(curves),
        shares=[_AIM, 0.01],
        claims={f"{name} cost the least if nothing may be lost": at_0 == place for place, name in enumerate(names)}
        | {f"{name} if 1% may be": at_1 == place for place, name in enumerate(names)},
    )


def _cost(run: CapacityResult) -> float:
    return run.cost_usd


def _point(run: CapacityResult) -> str:
    """A point of a curve in words."""
    return f"{share(run.unmet_share)} lost at {usd(run.cost_usd)}"


def _cheapest(curves: Mapping[str, Sequence[CapacityResult]], lost: float) -> int:
    """The place of the curve that costs the least if at most this share may be lost; -1 if none loses so little."""
    least = {
        place: min(map(_cost, good))
        for place, runs in enumerate(curves.values())
        if (good := [run for run in runs if run.unmet_share <= lost])
    }
    return min(least, key=lambda place: least[place], default=-1)


def headroom(lead_times_s: Sequence[float], times: Sequence[float], cost_usd: Sequence[float], *, title: str) -> Figure:
    """Draws how much more capacity than the present demand needs must be ready, by the lead time of new capacity.

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
    return add_alt_text(
        figure,
        title,
        f"Two curves against the lead time, from {minutes[0]:g} to {minutes[-1]:g} minutes.",
        f"Left: capacity as a multiple of the demand seen, from {times[0]:.2f} to {times[-1]:.2f}.",
        f"Right: the cost, from {usd(cost_usd[0])} to {usd(cost_usd[-1])}.",
        *(
            f"At {minute:g} min, {many:.2f} times the demand must be ready, at {usd(cost)}."
            for minute, many, cost in list(zip(minutes, times, cost_usd, strict=True))[1:-1]
        ),
        numbers=[*minutes.tolist(), *times],
        claims={"the longer": list(times) == sorted(times)},
    )
