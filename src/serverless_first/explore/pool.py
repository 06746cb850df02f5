"""The pool explorer: a burst of orders through a proxy's pool, and what pinning and the borrow timeout do to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from serverless_first.explore.base import Explorer, Preset, View, slider
from serverless_first.explore.million import REQUESTS, LongRun, Million, Work
from serverless_first.figures.axes import grid
from serverless_first.figures.capacity import share
from serverless_first.figures.pool import PERCENTILES, WaitingCurve, share_axis, waiting_curve, within
from serverless_first.figures.style import BLUE, ORANGE, VERMILION
from serverless_first.simulate import connections, pool
from serverless_first.simulate.inputs import Floats
from serverless_first.simulate.pool import PoolResult

BURST_S = 10
SESSION_S = 600.0  # who pins keeps the connection until its environment ends: long after the burst
_MOST_PER_S = 300.0
_SEED = 2026
_DRAWS = 3600  # the burst at the highest rate has 3,000 orders on average
_LEAST_MS, _MOST_MS = 1.0, 100_000.0  # ends of the wait's axis; shorter waits are drawn at its left end
_RUNS = 20  # the million comes in so many runs of many bursts
# From one burst's beginning to the next: longer than anybody waits and then keeps a connection.
_APART_S = 1000.0

PRESETS = (
    Preset("a burst of orders on a small pool", {}),
    Preset("one order in ten pins its connection", {"pinned_percent": 10}),
    Preset("the same, and a long timeout helps nobody", {"pinned_percent": 10, "borrow_timeout_s": 30.0}),
    Preset("too much work for the pool", {"orders_per_s": 100.0, "borrow_timeout_s": 3.0}),
    Preset("short work: ten connections serve 200 orders a second", {"orders_per_s": 200.0, "work_ms": 30}),
)


class PoolExplorer(Explorer):
    """Sliders for a burst of 10 seconds and for the pool that it meets.

    Left: how long orders wait for a connection. Right: the outcomes of the orders that ask in each second. Orders come
    at random moments, the times of their work are exponential, with the same random numbers at each move. An order that
    pins keeps its connection until its environment ends, long after the burst.

    Args:
        max_connections: of the database; an ordinary user of PostgreSQL can take 5 fewer.

    Attributes:
        orders_per_s, work_ms, max_connections_percent, borrow_timeout_s, pinned_percent: the sliders.
        result: what became of the burst for the present setting.
        million: a button for a million orders, in many bursts.

    Raises:
        ValueError: max_connections is not a whole number above 5.
    """

    result: PoolResult

    def __init__(self, max_connections: int = 20) -> None:
        self._max_connections = max_connections
        self._seats = connections.seats("postgres", "db.t4g.micro", max_connections_set=max_connections)
        if not self._seats:
            raise ValueError(
                f"max_connections is {max_connections}. Give 6 or more, because 5 are kept for administrators."
            )
        ints = widgets.IntSlider
        self.orders_per_s = slider(
            widgets.FloatLogSlider, "orders per second", 40, min=0, max=math.log10(_MOST_PER_S), step=0.02,
            readout_format=".3g",
        )  # fmt: skip
        self.work_ms = slider(ints, "work of each, in ms (mean)", 200, min=10, max=500, step=10)
        self.max_connections_percent = slider(ints, "MaxConnectionsPercent, in %", 50, min=5, max=100, step=5)
        self.borrow_timeout_s = slider(
            widgets.FloatLogSlider, "borrow timeout, in s", 1, min=-1, max=math.log10(120), step=0.02,
            readout_format=".2g",
        )  # fmt: skip
        self.pinned_percent = slider(ints, "orders that pin, in %", 0, min=0, max=100)
        rng = np.random.default_rng(_SEED)
        gaps, services = -np.log1p(-rng.random((2, _DRAWS)))  # the stream of `random` is the one numpy changes least
        self._moments, self._services, self._lots = np.cumsum(gaps), services, rng.random(_DRAWS)
        super().__init__(
            "A burst meets a pool: who waits, and who leaves?",
            size_in=(9.0, 3.6),
            presets=PRESETS,
            million=Million("Run a million orders, in many bursts", self._many_bursts),
        )

    def prepare(self, figure: Figure) -> Sequence[Artist]:
        left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": (1.0, 1.0)})
        figure.subplots_adjust(left=0.115, right=0.98, bottom=0.27, top=0.88, wspace=0.26)
        self._waits, self._seconds = _Waits(left), _Seconds(right)
        figure.legend(*left.get_legend_handles_labels(), loc="lower left", frameon=False, fontsize=9.5)
        figure.legend(*right.get_legend_handles_labels(), loc="lower right", ncols=3, frameon=False, fontsize=9.5)
        return [*self._waits.moving, *self._seconds.moving]

    def redraw(self) -> View:
        self.result = run = self._burst()
        curve = waiting_curve(run.wait_s)
        timeout_s = self.borrow_timeout_s.value
        self._waits.update(curve, timeout_s)
        self._seconds.update(run)
        pinned = f", {self.pinned_percent.value}% of them pin" if self.pinned_percent.value else ""
        lost = f"{run.timed_out:,} of {run.requests:,} orders time out after {timeout_s:.2g} s"
        return View(
            sentence=(
                f"{self.orders_per_s.value:.3g} orders a second for {BURST_S} s{pinned}, on {run.connections} "
                f"connections: {lost if run.timed_out else f'all {run.requests:,} orders are served'}; "
                f"{_served_when(curve)} have a connection; "
                f"at most {run.most_waiting:,} wait at the same moment."
            ),
            picture_in_words=(
                f"Left: the share of orders that have a connection, against the time waited; it ends at "
                f"{curve.served_share:.0%}. Right: of the orders that ask in each second of the burst, the share that "
                f"is served at once, after a wait, or not at all."
            ),
        )

    def _size(self) -> int:
        """Connections of the pool."""
        percent: int = self.max_connections_percent.value
        return min(max(1, self._max_connections * percent // 100), self._seats)

    def _burst(self) -> PoolResult:
        arrivals_s = self._moments / self.orders_per_s.value
        here = arrivals_s < BURST_S
        here[0] = True  # a burst has at least one order
        pins = self._lots < self.pinned_percent.value / 100
        services_s = np.where(pins, SESSION_S, self._services * self.work_ms.value / 1000)
        return pool.simulate(arrivals_s[here], services_s[here], self._size(), self.borrow_timeout_s.value)

    def _many_bursts(self) -> Work:
        rng = np.random.default_rng(_SEED + 1)
        mean = self.orders_per_s.value * BURST_S
        bursts = math.ceil(REQUESTS / _RUNS / mean)  # of a run
        waits: list[Floats] = []
        for done in range(_RUNS):
            yield done / _RUNS
            sizes = np.maximum(rng.poisson(mean, bursts), 1)
            arrivals_s = np.sort(
                np.repeat(np.arange(bursts) * _APART_S, sizes) + rng.random(int(sizes.sum())) * BURST_S
            )
            services_s = rng.exponential(self.work_ms.value / 1000, arrivals_s.size)
            services_s[rng.random(arrivals_s.size) < self.pinned_percent.value / 100] = SESSION_S
            waits.append(pool.simulate(arrivals_s, services_s, self._size(), self.borrow_timeout_s.value).wait_s)
        curve = waiting_curve(np.concatenate(waits))
        orders = curve.wait_s.size + curve.timed_out
        lost = f"{share(curve.timed_out / orders)} time out" if curve.timed_out else "none times out"
        words = f"{orders:,} orders in {bursts * _RUNS:,} bursts: {lost}; {_served_when(curve)} have a connection."
        return LongRun(orders, words, {"timed_out_share": curve.timed_out / orders})


class _Waits:
    """Left: the share of orders that have a connection against the time waited, and the borrow timeout."""

    def __init__(self, axes: Any) -> None:
        axes.set_xscale("log")
        axes.set_xlim(_LEAST_MS, _MOST_MS * 1.5)
        axes.xaxis.set_major_formatter(FuncFormatter(_ms_or_s))
        axes.set_xlabel("wait for a connection (log scale)")
        share_axis(axes)
        grid(axes)
        (self._line,) = axes.step([], [], where="post", color=BLUE, linewidth=2.4)
        self._timeout = axes.axvline(1.0, color=VERMILION, linewidth=1.6, linestyle=(0, (6, 2, 1, 2)))
        look: dict[str, Any] = {"markeredgecolor": "black", "markersize": 8, "clip_on": False, "zorder": 3}
        (self._points,) = axes.plot([], [], "o", color=BLUE, **look)
        self._timeout.set_label("borrow timeout")
        self._title = axes.set_title("", pad=10)
        self.moving = [self._line, self._timeout, self._points, self._title]

    def update(self, curve: WaitingCurve, timeout_s: float) -> None:
        """Changes the curve, the points at which it passes 50% and 95%, the timeout and the title."""
        waits_ms = np.clip(curve.wait_s * 1000, _LEAST_MS, None)
        self._line.set_data(
            np.concatenate([[_LEAST_MS], waits_ms, [_MOST_MS * 1.5]]),
            np.concatenate([[0.0], curve.share, [curve.served_share]]),
        )
        self._timeout.set_xdata([timeout_s * 1000] * 2)
        reached = [p for p in PERCENTILES if not math.isnan(curve.within_s(p))]
        self._points.set_data([max(curve.within_s(p) * 1000, _LEAST_MS) for p in reached], [p / 100 for p in reached])
        last = PERCENTILES[-1]
        if last in reached:
            self._title.set_text(f"{last}% have a connection {_within(curve.within_s(last) * 1000)}")
        else:
            self._title.set_text(f"{curve.served_share:.0%} get a connection".replace("%", " %"))


class _Seconds:
    """Right: the outcomes of the orders that ask in each second, as shares stacked on each other."""

    def __init__(self, axes: Any) -> None:
        looks = (("at once", BLUE, ""), ("after a wait", ORANGE, "//"), ("timed out", VERMILION, "xx"))
        seconds = np.arange(BURST_S)
        self._bars = [
            axes.bar(seconds + 0.5, 0.0, 0.84, color=colour, hatch=hatch, edgecolor="black", linewidth=0.5, label=name)
            for name, colour, hatch in looks
        ]
        axes.set_xlim(0, BURST_S)
        axes.set_ylim(0, 1.04)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        axes.set_xlabel("second of the burst in which the order asks")
        axes.set_xticks(range(0, BURST_S + 1, 2))
        axes.set_ylabel("share of orders")
        self._title = axes.set_title("", pad=10)
        self.moving = [*(bar for bars in self._bars for bar in bars), self._title]

    def update(self, run: PoolResult) -> None:
        """Changes the bars and the title."""
        edges = np.arange(BURST_S + 1)
        groups = (run.wait_s == 0, run.wait_s > 0, np.isnan(run.wait_s))
        counted = np.array([np.histogram(run.arrival_s[group], edges)[0] for group in groups])
        shares = counted / np.maximum(counted.sum(axis=0), 1)
        bottoms = np.cumsum(shares, axis=0) - shares
        for bars, heights, lows in zip(self._bars, shares, bottoms, strict=True):
            for bar, height, low in zip(bars, heights, lows, strict=True):
                bar.set_height(height)
                bar.set_y(low)
        total = f"{run.requests:,} orders"
        self._title.set_text(f"{run.timed_out:,} of {total} time out" if run.timed_out else f"All {total} are served")


def _served_when(curve: WaitingCurve) -> str:
    waits_ms = {percent: curve.within_s(percent) * 1000 for percent in PERCENTILES}
    enough = [f"{percent}% {_within(ms)}" for percent, ms in waits_ms.items() if not math.isnan(ms)]
    return " and ".join(enough) or "fewer than half"


def _within(wait_ms: float) -> str:
    return within(wait_ms, "ms") if wait_ms < 1000 else within(wait_ms / 1000, "s")


def _ms_or_s(value_ms: float, _place: object) -> str:
    if value_ms == _LEAST_MS:
        return f"≤ {value_ms:g} ms"  # on a logarithmic axis 0 has no place
    return f"{value_ms:g} ms" if value_ms < 1000 else f"{value_ms / 1000:g} s"
