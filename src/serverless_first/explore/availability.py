"""Explorer for availability: a chain of synchronous calls against the same services with some notified by events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ipywidgets as widgets
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from serverless_first.course.words import count
from serverless_first.explore.base import Explorer, Preset, View, slider
from serverless_first.figures.availability import MOST_SERVICES, ChainCurves, minutes_a_month
from serverless_first.simulate import availability

PRESETS = (
    Preset("orders calls stock and waits for the answer", {}),
    Preset("five services in a row", {"services": 5}),
    Preset("five services, four of them notified by events", {"services": 5, "by_event": 4}),
    Preset("twelve services, each slightly more available", {"services": 12, "each_percent": 99.99}),
    Preset("two services, both built in a hurry", {"each_percent": 99.0}),
)


@dataclass(frozen=True)
class Promise:
    """The availability that a caller can expect.

    Attributes:
        waiting: the availability if every caller waits for the service that it calls, 0 to 1.
        by_events: the availability if some services are notified by events, 0 to 1.
        waiting_minutes, by_events_minutes: minutes a month without an answer.
    """

    waiting: float
    by_events: float
    waiting_minutes: float
    by_events_minutes: float


class AvailabilityExplorer(Explorer):
    """Sliders for each service's availability, the number of services, and how many are notified by events.

    Attributes:
        each_percent, services, by_event: the sliders.
        result: the numbers for the current setting.
    """

    result: Promise

    def __init__(self) -> None:
        self.each_percent = slider(
            widgets.FloatSlider,
            "availability per service, in %",
            99.9,
            min=99.0,
            max=99.99,
            step=0.01,
            readout_format=".2f",
        )
        self.services = slider(widgets.IntSlider, "services", 2, min=1, max=MOST_SERVICES)
        self.by_event = slider(widgets.IntSlider, "of these, notified by events", 0, min=0, max=MOST_SERVICES - 1)
        super().__init__("How long is the caller without an answer?", size_in=(9.0, 4.0), presets=PRESETS)

    def prepare(self, figure: Figure) -> Sequence[Artist]:
        axes = figure.subplots()
        figure.subplots_adjust(left=0.12, right=0.98, bottom=0.27, top=0.9)
        self._curves = ChainCurves(axes)
        figure.legend(*self._curves.legend(), loc="lower left", ncols=3, frameon=False, fontsize=9.5)
        return self._curves.moving

    def redraw(self) -> View:
        uptime = self.each_percent.value / 100
        services = self.services.value
        by_event = min(self.by_event.value, services - 1)
        waiting = availability.chain([uptime] * services)
        rest = availability.chain([uptime] * (services - by_event))
        self.result = Promise(waiting, rest, minutes_a_month(waiting), minutes_a_month(rest))
        self._curves.update(uptime, services, by_event)
        minutes = f"{self.result.waiting_minutes:,.0f} minutes a month"
        self._curves.title.set_text(f"{count(services, 'service')} in a chain: no answer for {minutes}")
        events = (
            f" With {by_event} of them notified by events, the caller gets {rest:.2%}, or "
            f"{self.result.by_events_minutes:,.0f} minutes. An outage of these services only delays their work."
            if by_event
            else " None of them is notified by an event."
        )
        return View(
            sentence=(
                f"{count(services, 'service')} with an availability of {uptime:.2%}, each waiting for the next: the "
                f"caller gets {waiting:.2%}, or {minutes} without an answer." + events
            ),
            picture_in_words=(
                "Minutes a month without an answer against the number of services in the chain, on a logarithmic axis: "
                f"{minutes_a_month(uptime):,.0f} with one service, {minutes_a_month(uptime**MOST_SERVICES):,.0f} with "
                f"{MOST_SERVICES}. A cross marks {count(services, 'service')}"
                + (f", and a dot marks the {services - by_event} that callers still wait for." if by_event else ".")
            ),
        )
