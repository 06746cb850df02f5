"""The fleet explorer: cold starts against the rate of requests and the idle expiry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from serverless_first.explore.base import Explorer, Preset, View, slider
from serverless_first.explore.million import REQUESTS, LongRun, Million, Work
from serverless_first.figures import fleet as pictures
from serverless_first.figures.style import BLUE, GREY, VERMILION
from serverless_first.simulate import fleet
from serverless_first.simulate.inputs import Floats

MOST_PER_MINUTE = 600.0
EXPIRIES_MIN = (1, 60)  # the slider's ends, and the curves drawn for comparison
_RATES_PER_MINUTE = np.geomspace(0.01, MOST_PER_MINUTE, 100)
_SLICES = 400  # about one for each pixel of the right picture
IDLE_GREY = "#D9D9D9"
_SEED = 2026  # its first picture is a usual one: near the average in requests and cold starts
_DRAWS = 45_000  # ten minutes, and before them the longest expiry, at the highest rate: 42,000 requests on average
_RUNS = 20  # the million comes in so many runs, each with a fleet that begins empty
_SKIPPED = 0.2  # the share of a run that fills the fleet and is not counted

PRESETS = (
    Preset("a function that is called once a minute", {}),
    Preset("a report, about once an hour", {"requests_per_minute": 1 / 60, "service_s": 1.0}),
    Preset("a shop in the evening", {"requests_per_minute": 300.0}),
    Preset("environments that are kept for a minute", {"idle_expiry_min": 1}),
    Preset("2019, in a VPC: three seconds and more", {"requests_per_minute": 0.2, "cold_start_s": 3.0}),
)


@dataclass(frozen=True)
class Span:
    """How much simulated time is drawn: long enough to hold requests, short enough to draw at once."""

    words: str
    length_s: float
    unit: str
    unit_s: float


_DAY = Span("a day", 86400.0, "hours", 3600.0)
_HOUR = Span("an hour", 3600.0, "minutes", 60.0)
_TEN_MINUTES = Span("10 minutes", 600.0, "minutes", 60.0)


def span(requests_per_minute: float) -> Span:
    """A day for rare requests, an hour from one a minute, ten minutes above 60."""
    if requests_per_minute < 1:
        return _DAY
    return _HOUR if requests_per_minute <= 60 else _TEN_MINUTES


@dataclass(frozen=True)
class FleetAverages:
    """Long-run averages, from queueing theory.

    Attributes:
        cold_share: share of the requests with a cold start, from 0 to 1. Theory takes a cold request to last as
            long as a warm one: with the slider's longest cold start the true share is up to a fifth higher.
        mean_busy: environments at work, the time of cold starts included.
        mean_idle: environments that wait for a request.
    """

    cold_share: float
    mean_busy: float
    mean_idle: float

    @property
    def mean_total(self) -> float:
        """Environments that exist."""
        return self.mean_busy + self.mean_idle


class FleetExplorer(Explorer):
    """Sliders for the rate of requests, the idle expiry, the service time and the cold start.

    Left: the share of requests with a cold start, from theory. Right: the environments in a stretch of time,
    simulated with the same random numbers at each move. Requests come at random moments, service times are exponential.

    Attributes:
        requests_per_minute, idle_expiry_min, service_s, cold_start_s: the sliders.
        result: the averages for the present setting.
        million: a button for a million requests, simulated.
    """

    result: FleetAverages

    def __init__(self) -> None:
        highest = math.log10(MOST_PER_MINUTE)
        log, linear = widgets.FloatLogSlider, widgets.FloatSlider
        self.requests_per_minute = slider(
            log, "requests per minute", 1.0, min=-2, max=highest, step=0.05, readout_format=".3g"
        )
        self.idle_expiry_min = slider(widgets.IntSlider, "idle expiry, in minutes", 10, min=1, max=60)
        self.service_s = slider(
            log, "mean service time, in s", 10**-0.7, min=-2, max=1, step=0.05, readout_format=".2g"
        )
        self.cold_start_s = slider(linear, "cold start, in s on top", 0.5, min=0.1, max=3.0, step=0.1)
        rng = np.random.default_rng(_SEED)
        # -log(1 - u): the stream of `random` is the one that numpy changes least.
        self._gaps, self._services = -np.log1p(-rng.random((2, _DRAWS)))
        super().__init__(
            "How many requests wait for a cold start?",
            size_in=(9.0, 3.4),
            presets=PRESETS,
            million=Million("Simulate a million requests", self._many_requests),
        )

    def prepare(self, figure: Figure) -> Sequence[Artist]:
        left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": (1.0, 1.15)})
        figure.subplots_adjust(left=0.095, right=0.985, bottom=0.25, top=0.88, wspace=0.2)
        self._curves, self._environments = _Curves(left), _Environments(right)
        figure.legend(*right.get_legend_handles_labels(), loc="lower right", ncols=3, frameon=False, fontsize=9.5)
        return [*self._curves.moving, right]

    def redraw(self) -> View:
        rate, service_s, expiry_min = self.requests_per_minute.value, self.service_s.value, self.idle_expiry_min.value
        self.result = result = self._averages()
        shares = self._curves.update(service_s, expiry_min, (rate, result.cold_share))
        stretch = span(rate)
        run = self._sample(stretch)
        here = run.start_s >= run.horizon_s - stretch.length_s
        cold = here & (run.outcomes == fleet.COLD)
        counted = f"{np.count_nonzero(cold):,} of {np.count_nonzero(here):,}"
        most = self._environments.update(run, stretch, run.start_s[cold], counted)
        requests = f"{rate:.3g} request{'' if rate == 1 else 's'} a minute"
        return View(
            sentence=(
                f"{requests}, expiry {expiry_min} min: {percent(result.cold_share)} of requests have a cold start "
                f"and wait {self.cold_start_s.value:.2g} s longer; "
                f"on average {count(result.mean_total)} environments exist."
            ),
            picture_in_words=(
                f"Left: with this expiry the share of cold requests falls from {percent(shares[0])} at 0.01 requests a "
                f"minute to {percent(shares[-1])} at {MOST_PER_MINUTE:g}. Right: {stretch.words}, simulated: {counted} "
                f"requests cold; environments at the same moment: at most {most}."
            ),
        )

    def _averages(self) -> FleetAverages:
        rate_s = self.requests_per_minute.value / 60
        setting = (rate_s, self.service_s.value, self.idle_expiry_min.value * 60.0)
        share = fleet.cold_share_theory(*setting)
        return FleetAverages(
            cold_share=share,
            mean_busy=rate_s * (self.service_s.value + share * self.cold_start_s.value),  # Little's law
            mean_idle=fleet.mean_idle_theory(*setting),
        )

    def _sample(self, stretch: Span) -> fleet.FleetResult:
        """A simulation whose last stretch is drawn; one expiry before it, the fleet of a function in use has formed."""
        rate = self.requests_per_minute.value
        expiry_s = self.idle_expiry_min.value * 60.0
        horizon_s = expiry_s + stretch.length_s
        arrivals_s = np.cumsum(self._gaps) * (60 / rate)
        arrivals_s = arrivals_s[arrivals_s < horizon_s]
        services_s = self._services[: arrivals_s.size] * self.service_s.value
        return fleet.simulate(
            arrivals_s, services_s, services_s + self.cold_start_s.value, expiry_s, horizon_s=horizon_s
        )

    def _many_requests(self) -> Work:
        rng = np.random.default_rng(_SEED + 1)
        run_size = round(REQUESTS / _RUNS)
        skipped = round(run_size * _SKIPPED)
        cold: list[int] = []
        total: list[float] = []
        for done in range(_RUNS):
            yield done / _RUNS
            arrivals_s = np.cumsum(rng.exponential(60 / self.requests_per_minute.value, run_size))
            services_s = rng.exponential(self.service_s.value, run_size)
            run = fleet.simulate(
                arrivals_s, services_s, services_s + self.cold_start_s.value, self.idle_expiry_min.value * 60.0
            )
            cold.append(int(np.count_nonzero(run.outcomes[skipped:] == fleet.COLD)))
            total.append(run.mean_total)
        counted = run_size - skipped
        cold_share = sum(cold) / (counted * _RUNS)
        error = float(np.std(cold, ddof=1)) / counted / math.sqrt(_RUNS)
        mean_total = float(np.mean(total))
        words = (
            f"{run_size * _RUNS:,} requests simulated in {_RUNS} runs, of each the last {counted:,} counted: "
            f"{sum(cold):,} of {counted * _RUNS:,} met a cold start, {percent(cold_share)} "
            f"(standard error {percent(error)}); theory says {percent(self.result.cold_share)}. "
            f"On average {count(mean_total)} environments existed."
        )
        return LongRun(
            run_size * _RUNS, words, {"cold_share": cold_share, "standard_error": error, "mean_total": mean_total}
        )


class _Curves:
    """Left: theory, one curve for the chosen expiry and two for comparison, and a point for the present setting."""

    def __init__(self, axes: Any) -> None:
        nothing = np.ones_like(_RATES_PER_MINUTE)
        looks = (("--", 1.2, GREY), (":", 1.8, GREY), ("-", 2.6, BLUE))
        self._lines = [
            axes.plot(_RATES_PER_MINUTE, nothing, line, linewidth=width, color=colour)[0]
            for line, width, colour in looks
        ]
        names = [*(f"{minutes} min" for minutes in EXPIRIES_MIN), "yours"]
        axes.legend(self._lines, names, title="idle expiry", loc="upper right", frameon=False, fontsize=9.5)
        look = {"color": VERMILION, "markeredgecolor": "black", "markersize": 9}
        (self._point,) = axes.plot([], [], "D", clip_on=False, zorder=3, **look)
        pictures.share_axes(axes, highest=MOST_PER_MINUTE)
        axes.set_ylabel("share of cold requests")
        self._title = axes.set_title("", pad=10, y=1.0)
        self.moving = [*self._lines, self._point, self._title]

    def update(self, service_s: float, expiry_min: int, here: tuple[float, float]) -> list[float]:
        """Changes the curves and the point (requests per minute, share); returns the chosen curve's shares."""
        minutes = np.array([*EXPIRIES_MIN, expiry_min])
        shares = fleet.cold_share_theory(_RATES_PER_MINUTE / 60, service_s, minutes[:, np.newaxis] * 60.0)
        for line, share in zip(self._lines, shares, strict=True):
            line.set_ydata(share)
        self._point.set_data([here[0]], [here[1]])
        words = percent(here[1])
        self._title.set_text(f"{words[0].upper()}{words[1:]} of requests are cold")
        curve: list[float] = shares[-1].tolist()
        return curve


class _Environments:
    """Right: the environments that exist, busy below, idle on top, a triangle for each cold start."""

    def __init__(self, axes: Any) -> None:
        self._axes = axes
        self._total = axes.stairs([0], [0, 1], fill=True, facecolor=IDLE_GREY, label="idle")
        self._outline = axes.stairs([0], [0, 1], color=GREY, linewidth=0.8)
        self._busy = axes.stairs([0], [0, 1], fill=True, facecolor=BLUE, label="busy (averaged)")
        look = {"color": VERMILION, "markeredgecolor": "black", "markeredgewidth": 0.5, "markersize": 6}
        (self._cold,) = axes.plot([], [], "v", clip_on=False, label="cold start", **look)
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        axes.set_ylabel("environments")
        # In fixed places: matplotlib would measure each tick's label again, twice a move.
        axes.yaxis.set_label_coords(-0.105, 0.5)
        axes.xaxis.set_label_coords(0.5, -0.13)

    def update(self, run: fleet.FleetResult, stretch: Span, cold_s: Floats, counted: str) -> int:
        """Changes the picture to the end of a simulation; returns the most environments at the same moment."""
        begin_s = run.horizon_s - stretch.length_s
        slices = pictures.slices(run, begin_s, run.horizon_s, _SLICES)
        edges = (slices.edges_s - begin_s) / stretch.unit_s
        for drawn, values in ((self._total, slices.most), (self._outline, slices.most), (self._busy, slices.mean_busy)):
            drawn.set_data(values, edges)
        most = int(np.max(slices.most))
        top = 1.12 * max(most, 1)
        self._cold.set_data((cold_s - begin_s) / stretch.unit_s, np.full(cold_s.size, top))
        self._axes.set_xlim(edges[0], edges[-1])
        self._axes.set_ylim(0, top)
        self._axes.set_xlabel(f"time, in {stretch.unit}")
        self._axes.set_title(f"{stretch.words.capitalize()}, simulated: {counted} cold", pad=10, y=1.0)
        return most


def percent(share: float) -> str:
    """A share as readers take it in: two digits, and no more zeros than mean something."""
    if share < 0.0001:
        return "under 0.01%"
    return f"{share * 100:.0f}%" if share >= 0.0995 else f"{share * 100:.2g}%"


def count(number: float) -> str:
    """An average number of things, in two digits or in whole ones."""
    return f"{number:#.2g}".rstrip(".") if number < 99.5 else f"{number:.0f}"
