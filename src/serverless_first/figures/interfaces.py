"""Pictures of the network interfaces of functions in a VPC, before September 2019 and since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from serverless_first.figures.axes import Moving, log_axes
from serverless_first.figures.style import BLUE, GREY, SKY, VERMILION, style
from serverless_first.figures.words import add_alt_text
from serverless_first.simulate import network
from serverless_first.simulate.network import ColdStart, NetworkResult

MOST_ENVIRONMENTS = 10_000
LOST = "#F9DCC9"
THEN, NOW = "2019: one for each environment", "now: shared, Hyperplane"


def environments_shown() -> list[int]:
    """Numbers of environments, about evenly spread on a logarithmic axis, from 1 to the most."""
    return sorted({round(number) for number in np.geomspace(1, MOST_ENVIRONMENTS, 90).tolist()})


def interfaces_then_and_now(subnets: Sequence[int], *, title: str) -> Figure:
    """How many network interfaces some environments need, before Hyperplane and since: `network.simulate`.

    Args:
        subnets: prefix length of each of the function's subnets.
        title: the finding, as a sentence.

    Raises:
        ValueError: an argument is out of its range.
    """
    environments = environments_shown()
    with style():
        figure = Figure(figsize=(8.0, 3.8))
        curves = InterfaceCurves(figure.subplots(), environments)
        then, now = network.simulate(environments, subnets, "2019"), network.simulate(environments, subnets)
        curves.update(then, now, None)
        curves.title.set_text(title)
        handles, labels = curves.legend()
        figure.legend(handles, labels, loc="outside lower left", ncols=2, frameon=False, fontsize=9.5)
    wall, least, most = int(max(then.interfaces)), int(min(now.interfaces)), int(max(now.interfaces))
    needed = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    return add_alt_text(
        figure,
        title,
        "Network interfaces against environments, both on logarithmic axes.",
        f"The dashed line, for 2019, rises by one with each environment and ends at {wall:,}. A hatched area above it "
        "shows the environments that get none."
        if then.refused.any()
        else "The dashed line, for 2019, rises by one with each environment.",
        f"The solid line, for today, is at {needed} for up to {environments[-1]:,} environments.",
        numbers=[2019, wall, least, most, environments[-1]],
        claims={"wall": bool(then.refused.any()), "two": least == most == 2},
    )


class InterfaceCurves(Moving):
    """Interfaces against environments in axes whose scales stay.

    Args:
        axes: to draw in.
        environments: of the results that will be drawn, ascending from 1.
    """

    def __init__(self, axes: Any, environments: Sequence[int]) -> None:
        self._environments = np.array(environments, dtype=float)
        nothing = np.ones_like(self._environments)
        self._refused = axes.fill_between(
            self._environments, nothing, nothing, facecolor=LOST, edgecolor=VERMILION, hatch="xx", linewidth=0
        )
        (self._then,) = axes.plot(self._environments, nothing, "--", color=VERMILION, linewidth=2.4)
        (self._now,) = axes.plot(self._environments, nothing, "-", color=BLUE, linewidth=2.4, drawstyle="steps-pre")
        (self._here,) = axes.plot([], [], color="black", linewidth=1.4, linestyle=(0, (1, 1.5)))
        look: dict[str, Any] = {"markeredgecolor": "black", "markersize": 8, "linestyle": "", "zorder": 4}
        (self._then_here,) = axes.plot([], [], "s", color=VERMILION, **look)
        (self._now_here,) = axes.plot([], [], "o", color=BLUE, **look)
        self._top = self._environments[-1] * 1.3
        log_axes(axes, (1, self._environments[-1]), (0.8, self._top))
        for scale in (axes.xaxis, axes.yaxis):
            scale.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.0f}"))
        axes.set_xlabel("concurrent environments (log scale)")
        axes.set_ylabel("network interfaces (log scale)")
        self.title = axes.set_title("")
        lines = [self._then, self._now, self._here, self._then_here, self._now_here]
        self.moving = [self._refused, *lines, self.title]

    def update(self, then: NetworkResult, now: NetworkResult, mark: tuple[int, int, int] | None) -> None:
        """Draws both models.

        Args:
            then, now: of `network.simulate`, for the environments that were given first.
            mark: environments, and the interfaces that they get then and now, to be marked; None for nothing.
        """
        interfaces = np.asarray(then.interfaces, dtype=float)
        self._refused.set_data(self._environments, interfaces, interfaces + then.refused)
        self._then.set_ydata(interfaces)
        self._now.set_ydata(now.interfaces)
        if mark:
            here, there_then, there_now = mark
            self._here.set_data([here] * 2, [0.8, self._top])
            self._then_here.set_data([here], [there_then])
            self._now_here.set_data([here], [there_now])

    def legend(self) -> tuple[list[Any], list[str]]:
        """Handles and labels of what the marks mean."""
        refused = Patch(facecolor=LOST, edgecolor=VERMILION, hatch="xx", linewidth=0.5)
        return [self._then, self._now, refused], [THEN, NOW, "environments that get none in 2019"]


class ColdStartBars(Moving):
    """Two bars, a cold start in a VPC then and now: the wait for the interface, and the rest.

    Args:
        axes: to draw in.
        most_s: the end of the axis, in seconds.
    """

    def __init__(self, axes: Any, most_s: float) -> None:
        edge: dict[str, Any] = {"height": 0.55, "edgecolor": "black", "linewidth": 0.6}
        self._waits = list(axes.barh((0, 1), 1.0, color=VERMILION, hatch="xx", label="interface", **edge))
        self._rest = list(axes.barh((0, 1), 1.0, color=SKY, label="the rest", **edge))
        self._words = [axes.text(0, row, "", va="center", fontsize=9.5) for row in (0, 1)]
        axes.set_xlim(0, most_s)
        axes.set_ylim(1.5, -0.5)
        axes.set_yticks((0, 1), ("2019", "now"))
        axes.tick_params(labelsize=9.5, axis="x")
        axes.set_xlabel("cold start, in s", fontsize=10, labelpad=1)
        axes.legend(loc="lower right", frameon=False, fontsize=9.5)
        self.title = axes.set_title("", fontsize=11)
        self.moving = [*self._waits, *self._rest, *self._words, self.title]

    def update(self, then: ColdStart, now: ColdStart) -> None:
        """Draws both cold starts."""
        for start, wait, rest, words in zip((then, now), self._waits, self._rest, self._words, strict=True):
            wait.set_width(start.interface_s)
            rest.set_x(start.interface_s)
            rest.set_width(start.start_s)
            words.set_x(start.total_s)
            words.set_text(f" {start.total_s:.1f} s")


class PortBar(Moving):
    """One bar: the share of a shared interface's ports that the connections take."""

    def __init__(self, axes: Any) -> None:
        axes.barh(0, 1.0, height=0.6, color="white", edgecolor=GREY, linewidth=0.8)
        (self._bar,) = axes.barh(0, 0.0, height=0.6, color=BLUE, edgecolor="black", linewidth=0.6)
        axes.set_xlim(0, 1)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xticks((0, 0.5, 1), ("0", "32,500", "65,000"))
        axes.tick_params(labelsize=9.5)
        axes.set_xlabel("ports in use on each shared interface", fontsize=10, labelpad=1)
        self.title = axes.set_title("", fontsize=11)
        self.moving = [self._bar, self.title]

    def update(self, share: float) -> None:
        """Draws the share, from 0 to 1."""
        self._bar.set_width(share)


def cold_starts(then: ColdStart, now: ColdStart, *, title: str) -> Figure:
    """A cold start in a VPC before Hyperplane and since, and what of it is the wait for the interface.

    Args:
        then, now: of `network.cold_start`.
        title: the finding, as a sentence.
    """
    with style():
        figure = Figure(figsize=(8.0, 2.2))
        bars = ColdStartBars(figure.subplots(), max(then.total_s, now.total_s) * 1.25)
        bars.update(then, now)
        bars.title.set_text(title)
        bars.title.set_fontsize(12)
    return add_alt_text(
        figure,
        title,
        f"Two bars. In 2019, the cold start took {then.total_s:.1f} s, and the hatched part of the bar is the wait for "
        f"the interface, {then.interface_s:.1f} s.",
        f"Now it takes {now.total_s:.1f} s, with a wait of {now.interface_s:.1f} s."
        if now.interface_s
        else f"Now it takes {now.total_s:.1f} s, without this wait.",
        numbers=[2019, then.total_s, then.interface_s, now.total_s],
        shares=[then.interface_share, now.interface_share],
    )
