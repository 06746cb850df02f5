"""The availability explorer: a chain of calls that wait, and the same services with some told by events."""

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
    Preset("orders calls stock, and waits", {}),
    Preset("five services in a row", {"services": 5}),
    Preset("five services, and only the first is waited for", {"services": 5, "by_event": 4}),
    Preset("twelve services, each a little better", {"services": 12, "each_percent": 99.99}),
    Preset("two services, one of them made in a hurry", {"each_percent": 99.0}),
)


@dataclass(frozen=True)
class Promise:
    """What a caller may expect.

    Attributes:
        waiting: the availability when every service is called and waited for.
        by_events: the availability when some are told by events.
        waiting_minutes, by_events_minutes: minutes of a month without an answer.
    """

    waiting: float
    by_events: float
    waiting_minutes: float
    by_events_minutes: float


class AvailabilityExplorer(Explorer):
    """Sliders for the availability of each service, how many there are, and how many of them are told by events.

    Attributes:
        each_percent, services, by_event: the sliders.
        result: the numbers for the present setting.
    """

    result: Promise

    def __init__(self) -> None:
        self.each_percent = slider(
            widgets.FloatSlider,
            "availability of each, in %",
            99.9,
            min=99.0,
            max=99.99,
            step=0.01,
            readout_format=".2f",
        )
        self.services = slider(widgets.IntSlider, "services", 2, min=1, max=MOST_SERVICES)
        self.by_event = slider(widgets.IntSlider, "of these told by events", 0, min=0, max=MOST_SERVICES - 1)
        super().__init__("How long does the caller get no answer?", size_in=(9.0, 4.0), presets=PRESETS)

    def prepare(self, figure: Figure) -> Sequence[Artist]:
        axes = figure.subplots()
        figure.subplots_adjust(left=0.12, right=0.98, bottom=0.27, top=0.9)
        self._curves = ChainCurves(axes)
        figure.legend(*self._curves.legend(), loc="lower left", ncols=3, frameon=False, fontsize=9.5)
        return self._curves.moving

    def redraw(self) -> View:
        each = self.each_percent.value / 100
        services = self.services.value
        by_event = min(self.by_event.value, services - 1)
        waiting = availability.chain([each] * services)
        rest = availability.chain([each] * (services - by_event))
        self.result = Promise(waiting, rest, minutes_a_month(waiting), minutes_a_month(rest))
        self._curves.update(each, services, by_event)
        minutes = f"{self.result.waiting_minutes:,.0f} minutes a month"
        self._curves.title.set_text(f"{count(services, 'service')} in a chain: no answer for {minutes}")
        events = (
            f" With {by_event} of them told by events it is {rest:.2%}, "
            f"{self.result.by_events_minutes:,.0f} minutes: their outages delay the work, and refuse nobody."
            if by_event
            else " None of them is told by an event."
        )
        return View(
            sentence=(
                f"{count(services, 'service')} of {each:.2%}, each waiting for the next: the caller sees "
                f"{waiting:.2%}, {minutes} without an answer." + events
            ),
            picture_in_words=(
                "Minutes a month without an answer against the number of services in the chain, on a logarithmic axis: "
                f"{minutes_a_month(each):,.0f} with one, {minutes_a_month(each**MOST_SERVICES):,.0f} with "
                f"{MOST_SERVICES}. A cross marks {services}"
                + (f", a dot the {services - by_event} that are still waited for." if by_event else ".")
            ),
        )
