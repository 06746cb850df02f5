"""Pictures of a pool of connections: how long requests wait for one, and what pinning does to it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter
from numpy.typing import ArrayLike

from serverless_first.course.words import count as count_of, listed
from serverless_first.figures.axes import grid
from serverless_first.figures.connections import TITLE_LETTERS, round_ticks
from serverless_first.figures.style import BLUE, GREEN, ORANGE, PURPLE, VERMILION, style
from serverless_first.figures.words import add_alt_text, measured as varying
from serverless_first.simulate import pool
from serverless_first.simulate.inputs import Floats

# Line and marker tell the curves apart in gray print.
_LOOKS = (("-", "o", BLUE), ("--", "s", ORANGE), (":", "^", GREEN))
_MEASURED = (("D", VERMILION), ("P", PURPLE), ("X", "black"))
PERCENTILES = (50, 95)
_TIMEOUT_S, _SEED = 3.0, 2020  # of the bursts that are simulated


class WaitingCurve(NamedTuple):
    """How many of all requests have their connection after which wait.

    Attributes:
        wait_s: the waits of the served requests, ascending.
        share: of all requests, including the ones that timed out, the share that waited no longer, from 0 to 1.
        timed_out: how many requests got none.
    """

    wait_s: Floats
    share: Floats
    timed_out: int

    @property
    def served_share(self) -> float:
        """The share of the requests that got a connection."""
        return self.wait_s.size / (self.wait_s.size + self.timed_out)

    def within_s(self, percent: float) -> float:
        """The wait after which this share of all requests have a connection, in seconds; NaN if that is never."""
        # 1e-9: in floating point, 7% of 100 is a little above 7.
        place = max(math.ceil(percent / 100 * (self.wait_s.size + self.timed_out) - 1e-9) - 1, 0)
        return float(self.wait_s[place]) if place < self.wait_s.size else math.nan


def waiting_curve(wait_s: ArrayLike) -> WaitingCurve:
    """Orders the waits of requests, simulated or measured.

    Args:
        wait_s: one wait for each request, in seconds, NaN where it timed out; at least one.

    Raises:
        ValueError: there is none, or one is below 0 or infinite.
    """
    waits = np.asarray(wait_s, dtype=np.float64).ravel()
    if not waits.size:
        raise ValueError("There are no waits to draw. Give one for each request, in seconds.")
    served = np.sort(waits[~np.isnan(waits)])
    if served.size and not (served[0] >= 0 and served[-1] < math.inf):
        raise ValueError(
            f"A wait is {served[0] if served[0] < 0 else served[-1]:g} s. Give finite waits of 0 s or more."
        )
    return WaitingCurve(served, np.arange(1, served.size + 1) / waits.size, waits.size - served.size)


def borrow_waits(
    wait_s: ArrayLike | Mapping[str, ArrayLike], *, title: str, borrow_timeout_s: float | None = None
) -> Figure:
    """How long requests wait for a connection: the share that has one against the time waited.

    The curve of requests that time out ends below 100%. The points where it passes 50% and 95% are marked, and
    written in the legend.

    Args:
        wait_s: one wait for each request, in seconds, NaN where it timed out, as `pool.simulate` gives and as a proxy
            measures them; or up to three such lists by name: {"measured": ..., "simulated": ...}. The waits of a list
            whose name begins with "measured" differ from run to run.
        title: the finding, as a sentence.
        borrow_timeout_s: how long a request waits at most, in seconds: drawn as a line where somebody timed out.

    Raises:
        ValueError: no waits, more than three lists, or a wait below 0 or infinite.
    """
    groups = wait_s if isinstance(wait_s, Mapping) else {"": wait_s}
    if not 1 <= len(groups) <= len(_LOOKS):
        raise ValueError(f"There are {len(groups)} lists of waits, but only 1 to {len(_LOOKS)} can be told apart.")
    curves = {name: waiting_curve(waits) for name, waits in groups.items()}
    lost = any(curve.timed_out for curve in curves.values())
    longest_s = max([float(curve.wait_s[-1]) for curve in curves.values() if curve.wait_s.size], default=0.0)
    if lost and borrow_timeout_s is not None:
        longest_s = max(longest_s, borrow_timeout_s)
    longest_s = longest_s or 0.001
    unit, factor = ("s", 1.0) if longest_s >= 2 else ("ms", 1000.0)
    end = longest_s * factor * 1.06
    with style():
        figure = Figure(figsize=(8.0, 3.6))
        axes = figure.subplots()
        for (name, curve), (line, marker, colour) in zip(curves.items(), _LOOKS, strict=False):
            x = np.concatenate([[0.0], curve.wait_s * factor, [end]])
            y = np.concatenate([[0.0], curve.share, [curve.served_share]])
            axes.step(x, y, line, where="post", color=colour, linewidth=2.2)
            marks = [percent for percent in PERCENTILES if not math.isnan(curve.within_s(percent))]
            _mark(axes, curve, marks, factor, marker, colour)
            label = _label(name, curve, marks, unit, factor)
            axes.plot([], [], line + marker, label=label, linewidth=2.2, **_marker_look(colour, 8))
        if lost and borrow_timeout_s is not None:
            _draw_timeout(axes, borrow_timeout_s * factor)
        axes.set_xlim(0, end)
        share_axis(axes)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,g}"))
        axes.set_xlabel(f"wait for a connection, in {unit}")
        grid(axes)
        axes.set_title(textwrap.fill(title, TITLE_LETTERS))
        figure.legend(loc="outside lower left", frameon=False, fontsize=9.5)
    totals = [curve.wait_s.size + curve.timed_out for curve in curves.values()]
    longest = [float(curve.wait_s[-1]) for curve in curves.values() if curve.wait_s.size]
    return add_alt_text(
        figure,
        title,
        "The share of the orders that have a connection, against the time waited.",
        *(_curve_in_words(name, curve, unit, factor) for name, curve in curves.items()),
        numbers=[*totals, *(curve.timed_out for curve in curves.values()), *longest, *(1000 * s for s in longest)],
        shares=[curve.served_share for curve in curves.values()],
        varies=any(map(_varies, curves)),
    )


def _draw_timeout(axes: Axes, x: float) -> None:
    axes.axvline(x, color=VERMILION, linewidth=1.4, linestyle=(0, (6, 2, 1, 2)))
    beside: dict[str, Any] = {"xytext": (-5, 0), "textcoords": "offset points", "ha": "right"}
    axes.annotate("borrow timeout", (x, 0.03), color=VERMILION, fontsize=9.5, **beside)


def _marker_look(colour: str, size: int) -> dict[str, Any]:
    return {"color": colour, "markeredgecolor": "black", "markersize": size}


def _mark(axes: Axes, curve: WaitingCurve, percents: Sequence[int], factor: float, marker: str, colour: str) -> None:
    """Marks where a curve passes shares. Args: factor: from seconds to the unit of the axis."""
    waits = [curve.within_s(percent) * factor for percent in percents]
    shares = [percent / 100 for percent in percents]
    axes.plot(waits, shares, marker, markeredgewidth=0.7, zorder=3, clip_on=False, **_marker_look(colour, 8))


def _varies(name: str) -> bool:
    """Whether the waits of this list differ from run to run."""
    return name.startswith("measured")


def _curve_in_words(name: str, curve: WaitingCurve, unit: str, factor: float) -> str:
    """One curve as a sentence."""
    marks = [percent for percent in PERCENTILES if not math.isnan(curve.within_s(percent))]
    parts = [f"{percent} percent have one {within(curve.within_s(percent) * factor, unit)}" for percent in marks]
    if curve.wait_s.size:
        parts.append(f"the longest wait is {number(float(curve.wait_s[-1]) * factor)} {unit}")
    if curve.timed_out:
        parts.append(f"{curve.timed_out:,} time out")
    words = varying(listed(parts)) if _varies(name) else listed(parts)
    return f"{name or 'The curve'}, {count_of(curve.wait_s.size + curve.timed_out, 'order')}: {words}."


def share_axis(axes: Any) -> None:
    """The vertical axis of a waiting curve: a share of all orders, from 0 to 1."""
    axes.set_ylim(0, 1.04)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_ylabel("orders that have\na connection by then")


def _label(name: str, curve: WaitingCurve, marks: Sequence[int], unit: str, factor: float) -> str:
    total = curve.wait_s.size + curve.timed_out
    words = [f"{percent}% {within(curve.within_s(percent) * factor, unit)}" for percent in marks]
    if curve.timed_out:
        words.append(f"{curve.timed_out:,} of {total:,} timed out")
    return (f"{name}: " if name else "") + (", ".join(words) or f"{total:,} orders")


def within(value: float, unit: str) -> str:
    """A wait in words: "at once", "within 0.4 s"."""
    return f"within {number(value)} {unit}" if value else "at once"


def number(value: float) -> str:
    """A duration for readers: two significant digits below 10, whole numbers from there."""
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.2g}"


def pinned_share(
    *,
    title: str,
    measured: Mapping[str, tuple[float, float]] | None = None,
    clients: int = 60,
    connections: Sequence[int] = (10,),
    work_s: float = 0.02,
    draws: int = 200,
) -> Figure:
    """How many clients of a burst get a connection, against how many of them pin theirs.

    Simulated by `pool.simulate`: all ask at the same moment, in a random sequence. Clients that pin keep the connection
    for longer than anybody waits. The line is the mean of many sequences; the band reaches from the worst to the best.

    Args:
        title: the finding, as a sentence.
        measured: points beside the simulation: name -> (clients that pin, clients that get a connection); up to three.
        clients: how many ask at the same moment.
        connections: size of the pool; one curve each, at most three.
        work_s: how long a client that does not pin keeps its connection, in seconds.
        draws: how many random sequences are simulated for each number of clients that pin.

    Raises:
        ValueError: no curve or too many, too many measured points or one outside the axes, or an argument that
            `pool.simulate` refuses.
    """
    points = _measured(measured or {}, clients)
    if not 1 <= len(connections) <= len(_LOOKS):
        raise ValueError(f"{len(connections)} sizes of the pool were given. Give one to {len(_LOOKS)}.")
    if clients < 1 or draws < 1:
        raise ValueError(f"{clients} clients and {draws} draws were asked for. Give 1 or more of each.")
    with style():
        figure = Figure(figsize=(8.0, 3.9))
        axes = figure.subplots()
        rng = np.random.default_rng(_SEED)
        pinning = np.arange(clients + 1)
        curves: dict[int, Floats] = {}
        for size, (line, _, colour) in zip(sorted(connections), _LOOKS, strict=False):
            served = np.array([_served(rng, clients, int(k), size, work_s, draws) for k in pinning])
            curves[size] = served.mean(axis=1)
            axes.fill_between(pinning, served.min(axis=1), served.max(axis=1), color=colour, alpha=0.18, linewidth=0)
            label = f"simulated, pool of {size}"
            axes.plot(pinning, curves[size], line, color=colour, linewidth=2.4, label=label, clip_on=False)
        for (name, point), (marker, colour) in zip(points.items(), _MEASURED, strict=False):
            look = _marker_look(colour, 9)
            axes.plot(*point, marker, label=f"measured: {name}", linestyle="", clip_on=False, zorder=4, **look)
        label = f"worst to best of {draws} random sequences"
        axes.fill_between([], [], [], color=_LOOKS[0][2], alpha=0.18, linewidth=0, label=label)
        _scale(axes, clients)
        axes.set_title(title)
        figure.legend(loc="outside lower left", ncols=3, frameon=False, fontsize=9.5)
    return add_alt_text(
        figure,
        title,
        f"The number of {clients} clients that get a connection, against the number that pin theirs.",
        *(_starving_in_words(size, curve) for size, curve in curves.items()),
        *(f"Measured, {name}: {x:g} pin, {y:g} get a connection." for name, (x, y) in points.items()),
        numbers=[clients, *curves, *(_pins_until(curve) for curve in curves.values())],
    )


def _scale(axes: Axes, clients: int) -> None:
    axes.set_xlim(0, clients)
    axes.set_ylim(0, 1.02 * clients)
    axes.set_xticks(round_ticks(clients, 6))
    axes.set_yticks(round_ticks(clients, 6))
    axes.set_xlabel(f"clients that pin their connection, of {clients}")
    axes.set_ylabel("clients that get\na connection")
    grid(axes)


def _pins_until(served: Floats) -> int:
    """The smallest number of pinning clients at which somebody gets no connection; all of them if that never is."""
    return next((pinning for pinning, mean in enumerate(served) if mean < served.size - 1), served.size - 1)


def _starving_in_words(size: int, served: Floats) -> str:
    """One curve of `pinned_share` as a sentence."""
    clients, first = served.size - 1, _pins_until(served)
    if served[-1] == clients:
        return f"Simulated with a pool of {size}: all {clients} get one, however many pin."
    return (
        f"Simulated with a pool of {size}: all {clients} get one while fewer than {first} pin. From there the curve "
        f"falls steeply, then more slowly, to {served[-1]:.0f} when all pin."
    )


def _measured(points: Mapping[str, tuple[float, float]], clients: int) -> Mapping[str, tuple[float, float]]:
    """The points, if they can be drawn."""
    if len(points) > len(_MEASURED):
        raise ValueError(f"{len(points)} measured points were given. Give at most {len(_MEASURED)}.")
    for name, point in points.items():
        if not all(0 <= count <= clients for count in point):
            raise ValueError(f"The measured point {name!r} is {point}. Give two numbers of clients, 0 to {clients}.")
    return points


def _served(
    rng: np.random.Generator, clients: int, pinning: int, connections: int, work_s: float, draws: int
) -> list[int]:
    """How many clients are served, in each of many random sequences."""
    session_s = _TIMEOUT_S + clients * work_s + 1  # nobody waits that long
    services_s = np.where(np.arange(clients) < pinning, session_s, work_s)
    arrivals_s = np.zeros(clients)
    return [
        pool.simulate(arrivals_s, rng.permutation(services_s), connections, _TIMEOUT_S).served for _ in range(draws)
    ]
