"""Explorer for queueing: a burst as calls that need an answer immediately, and as messages that can wait."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from serverless_first.explore.base import Explorer, Preset, View, slider
from serverless_first.explore.million import REQUESTS, LongRun, Million, Work
from serverless_first.figures import levelling as pictures
from serverless_first.figures.capacity import share
from serverless_first.simulate import queueing
from serverless_first.simulate.inputs import Floats
from serverless_first.simulate.queueing import CallsResult, QueueResult

_SEED = 2026
_MOST_PER_S, _MOST_BURST_S = 100, 120
_DRAWS = 13_000  # the longest burst at the highest rate has 12,000 requests on average

PRESETS = (
    Preset("lamps on television: a burst of orders", {}),
    Preset("enough concurrency for all calls", {"concurrency": 50}),
    Preset("a database that can handle three at once", {"concurrency": 3}),
    Preset("a trickle of orders: no backlog", {"per_s": 5, "burst_s": 120}),
    Preset("long work: Lambda adds pollers by its own rule", {"per_s": 100, "service_s": 4.0, "concurrency": 200}),
)


@dataclass(frozen=True)
class Levelling:
    """The outcome of a burst.

    Attributes:
        called: the outcome if the requests are synchronous calls.
        queued: the outcome if the requests are messages in a queue.
    """

    called: CallsResult
    queued: QueueResult


class QueueingExplorer(Explorer):
    """Sliders for a burst of requests and for the function that serves it.

    Requests arrive at random times, and their service times are exponential. Every slider move uses the same random
    numbers. One slider sets the limit for calls (reserved concurrency) and for the queue (MaximumConcurrency).

    Attributes:
        per_s, burst_s, service_s, concurrency, batch_size: the sliders.
        result: the outcome of the burst for the current setting.
        million: a button for a million requests, in many bursts.
    """

    result: Levelling

    def __init__(self) -> None:
        log, ints = widgets.FloatLogSlider, widgets.IntSlider
        self.per_s = slider(ints, "requests per second", 50, min=5, max=_MOST_PER_S)
        self.burst_s = slider(ints, "length of the burst, in s", 60, min=20, max=_MOST_BURST_S, step=5)
        self.service_s = slider(
            log, "mean work per request, in s", 0.5, min=-2, max=math.log10(5), step=0.02, readout_format=".2g"
        )
        self.concurrency = slider(ints, "maximum concurrency", 10, min=2, max=300)
        self.batch_size = slider(ints, "maximum messages per batch", 1, min=1, max=queueing.MOST_IN_A_BATCH)
        rng = np.random.default_rng(_SEED)
        gaps, self._services = -np.log1p(-rng.random((2, _DRAWS)))  # numpy hardly ever changes the stream of `random`
        self._moments: Floats = np.cumsum(gaps)
        super().__init__(
            "A burst of orders: call the function, or send messages to a queue?",
            size_in=(9.0, 4.7),
            presets=PRESETS,
            million=Million("Run a million requests, in many bursts", self._many_bursts),
        )

    def prepare(self, figure: Figure) -> Sequence[Artist]:
        rows = figure.subplots(3, 1)
        figure.subplots_adjust(left=0.095, right=0.985, bottom=0.185, top=0.94, hspace=0.42)
        self._panels = pictures.LevellingPanels(rows)
        figure.legend(*self._panels.legend(), loc="lower left", ncols=4, frameon=False, fontsize=9.5)
        return self._panels.moving

    def redraw(self) -> View:
        arrivals_s = self._moments / self.per_s.value
        here = arrivals_s < self.burst_s.value
        self.result = burst = self._burst(arrivals_s[here], self._services[here] * self.service_s.value)
        self._panels.update(burst.called, burst.queued)
        called, queued, age = pictures.levelling_words(burst.called, burst.queued)
        lost = share(burst.called.lost / burst.called.calls) if burst.called.lost else "none"
        return View(
            sentence=(
                f"{self.per_s.value} requests a second for {self.burst_s.value} s, {self.service_s.value:.2g} s of "
                f"work each, at most {self.concurrency.value} at a time. {called}. {queued}. {age}."
            ),
            picture_in_words=(
                f"Three panels over {burst.queued.done_s:,.0f} s. Top: calls for as long as the burst lasts, "
                f"{lost} of them refused. Middle: waiting messages, "
                f"up to {burst.queued.most_waiting:,}, then fewer until none is left. Bottom: the age of the oldest."
            ),
        )

    def _burst(self, arrivals_s: Floats, service_s: Floats) -> Levelling:
        most = self.concurrency.value
        return Levelling(
            queueing.calls(arrivals_s, service_s, most),
            queueing.queue(arrivals_s, service_s, maximum_concurrency=most, batch_size=self.batch_size.value),
        )

    def _many_bursts(self) -> Work:
        rng = np.random.default_rng(_SEED + 1)
        burst_s, per_s = self.burst_s.value, self.per_s.value
        done = lost = 0
        shares: list[float] = []
        oldest_s: list[float] = []
        last_percent = -1
        while done < REQUESTS:
            if (percent := done * 100 // REQUESTS) > last_percent:
                last_percent = percent
                yield done / REQUESTS
            size = max(1, int(rng.poisson(per_s * burst_s)))
            arrivals_s = np.sort(rng.random(size)) * burst_s
            burst = self._burst(arrivals_s, rng.exponential(self.service_s.value, size))
            done, lost = done + size, lost + burst.called.lost
            shares.append(burst.called.lost / size)
            oldest_s.append(burst.queued.oldest_s)
        mean_s, worst_s = float(np.mean(oldest_s)), max(oldest_s)
        refused = "no call is refused"
        if lost:
            refused = f"{share(lost / done)} of the calls are refused, {share(max(shares))} in the worst burst"
        words = (
            f"{done:,} requests in {len(shares):,} bursts: {refused}; the oldest message waits {mean_s:.3g} s on "
            f"average, {worst_s:.3g} s at worst."
        )
        return LongRun(done, words)
