"""Figures of a function's fleet: the share of cold starts, and the number of environments over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from serverless_first.figures.style import BLUE, GREEN, VERMILION, style
from serverless_first.figures.words import add_alt_text
from serverless_first.simulate import fleet
from serverless_first.simulate.inputs import Floats
from serverless_first.simulate.loops import Integers

# The line and the marker tell the curves apart in gray print.
_LOOKS = (("-", "o", BLUE), ("--", "s", VERMILION), (":", "^", GREEN))
_EXPIRIES_MIN = (1, 10, 60)
_SERVICE_S = 0.2
_RATES_IN_WORDS = (0.01, 1, 100)  # requests per minute
_REQUESTS, _SEED = 20_000, 2020  # of the simulation behind each dot
_SKIPPED = 0.2  # share of a simulation's requests that aren't counted, because the fleet is empty at first


def cold_share(*, title: str) -> Figure:
    """The share of requests with a cold start against the request rate, with theory as lines and simulation as dots.

    Each curve is for one idle expiry. Requests arrive at random times. Service times are exponential with a mean of
    0.2 s, and they are the same for warm and cold starts.

    Args:
        title: the finding, as a sentence.
    """
    rates = np.geomspace(0.01, 100, 121)
    dots = np.geomspace(0.01, 100, 9)
    rng = np.random.default_rng(_SEED)
    with style():
        figure = Figure(figsize=(8.0, 3.8))
        axes = figure.subplots()
        for expiry_min, (line, marker, colour) in zip(_EXPIRIES_MIN, _LOOKS, strict=True):
            theory = fleet.cold_share_theory(rates / 60, _SERVICE_S, expiry_min * 60)
            dot_shares = [_simulated_share(rng, dot / 60, expiry_min * 60) for dot in dots]
            dotted: dict[str, Any] = {
                "markersize": 7,
                "markeredgecolor": "white",
                "markeredgewidth": 0.8,
                "clip_on": False,
            }
            axes.plot(rates, theory, line, color=colour, linewidth=2)
            axes.plot(dots, dot_shares, marker, color=colour, zorder=3, **dotted)
            axes.plot([], [], line + marker, color=colour, label=f"{expiry_min:g} min", linewidth=2, **dotted)
        share_axes(axes, highest=100)
        legend = "lines: theory, markers: simulation\nidle environments are kept for"
        axes.legend(frameon=False, loc="upper right", title=legend, alignment="left")
        axes.set_title(title)
    shares = {
        expiry_min: [fleet.cold_share_theory(rate / 60, _SERVICE_S, expiry_min * 60) for rate in _RATES_IN_WORDS]
        for expiry_min in _EXPIRIES_MIN
    }
    return add_alt_text(
        figure,
        title,
        "The share of requests with a cold start falls as requests per minute grow, on a logarithmic axis.",
        *(_curve_in_words(expiry_min, of_expiry) for expiry_min, of_expiry in shares.items()),
        "Each line is theory, and the markers on it are a simulation.",
        numbers=[*_EXPIRIES_MIN, *_RATES_IN_WORDS],
        shares=[share for of_expiry in shares.values() for share in of_expiry],
        claims={
            "rare": all(of_expiry[0] > 0.5 for of_expiry in shares.values()),
            "hardly ever": all(of_expiry[-1] < 0.01 for of_expiry in shares.values()),
        },
    )


def _curve_in_words(expiry_min: float, shares: Sequence[float]) -> str:
    """A curve as a sentence, with the share at each of the rates in `_RATES_IN_WORDS`."""
    low, middle, high = (f"{_percent(share)} at {rate:g}" for rate, share in zip(_RATES_IN_WORDS, shares, strict=True))
    return f"If idle environments are kept for {expiry_min:g} min, the share is {low} a minute, {middle} and {high}."


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share * 100:.1g}%" if share >= 0.0001 else "under 0.01%"


def _simulated_share(rng: np.random.Generator, rate_per_s: float, expiry_s: float) -> float:
    arrivals_s = np.cumsum(rng.exponential(1 / rate_per_s, _REQUESTS))
    services_s = rng.exponential(_SERVICE_S, _REQUESTS)
    outcomes = fleet.simulate(arrivals_s, services_s, services_s, expiry_s).outcomes
    return float(np.mean(outcomes[int(_REQUESTS * _SKIPPED) :] == fleet.COLD))


def share_axes(axes: Any, *, highest: float) -> None:
    """Sets axes for the share of cold requests (0 to 1) against requests per minute, from 0.01 to `highest`."""
    axes.set_xscale("log")
    axes.set_xlim(0.01, highest)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    axes.set_xlabel("requests per minute (log scale)")
    axes.set_ylim(-0.02, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_ylabel("requests with a cold start")


class Slices(NamedTuple):
    """The number of environments in equal slices of time.

    Attributes:
        edges_s: borders of the slices, in seconds; shape (slices + 1,).
        mean_busy: busy environments, averaged over each slice; shape (slices,).
        most: the most environments that existed at the same time, busy or idle; shape (slices,).
    """

    edges_s: Floats
    mean_busy: Floats
    most: Integers


def slices(result: fleet.FleetResult, begin_s: float, end_s: float, number: int) -> Slices:
    """Counts environments slice by slice, for a picture whose pixels are longer than the service time of a request.

    Args:
        result: of `fleet.simulate`.
        begin_s, end_s: begin and end of the observation, in seconds; end_s is after begin_s.
        number: the number of slices.

    Raises:
        ValueError: the end is not after the beginning, or the number of slices is below 1.
    """
    if not (begin_s < end_s and number >= 1):
        raise ValueError(
            f"{number} slices from {begin_s:g} s to {end_s:g} s can't be drawn. Give an end after the "
            "beginning, and 1 slice or more."
        )
    edges_s = np.linspace(begin_s, end_s, number + 1)
    overlap = (result.start_s < end_s) & (result.idle_until_s > begin_s)  # a throttled request has NaN and is left out
    starts_s, ends_s = result.start_s[overlap], result.end_s[overlap]
    worked_s = _since(starts_s, edges_s) - _since(np.sort(ends_s), edges_s)
    mean_busy = np.diff(worked_s) / np.diff(edges_s)
    return Slices(edges_s, mean_busy, _most(starts_s, result.idle_until_s[overlap], edges_s))


def _since(moments_s: Floats, edges_s: Floats) -> Floats:
    """At each edge, the sum of the times since all earlier moments, which must be in ascending order."""
    before = np.searchsorted(moments_s, edges_s)
    sums_s = np.concatenate([[0.0], np.cumsum(moments_s)])
    since: Floats = before * edges_s - sums_s[before]
    return since


def _most(starts_s: Floats, ends_s: Floats, edges_s: Floats) -> Integers:
    """In each slice, the most intervals that are open at the same time."""
    times_s = np.concatenate([ends_s, starts_s])  # ends first, so they don't overlap begins at the same time
    steps = np.repeat([-1, 1], [ends_s.size, starts_s.size])
    order = np.argsort(times_s, kind="stable")
    levels = np.concatenate([[0], np.cumsum(steps[order])])  # levels[n]: after n changes
    before = np.searchsorted(times_s[order], edges_s, side="right")
    most: Integers = np.maximum(np.maximum.reduceat(levels, before[:-1]), levels[before[1:]])
    return most
