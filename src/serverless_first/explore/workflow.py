"""Explorer for workflows: polling a job against waiting for a notification."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from serverless_first.explore.base import Explorer, Preset, View, slider
from serverless_first.facts import prices
from serverless_first.figures import polling as pictures
from serverless_first.figures.break_even import amount
from serverless_first.figures.capacity import usd
from serverless_first.simulate import workflow
from serverless_first.simulate.inputs import Floats

REGION = "us-east-1"
# Jobs last from half to one and a half times the mean. Each of 400 equal parts of this range has one random length,
# because evenly spaced lengths would be in step with some waits, and then all jobs would be noticed late or early.
_JOBS = 400
_SPREAD: Floats = 0.5 + (np.arange(_JOBS) + np.random.default_rng(2026).random(_JOBS)) / _JOBS
_DAY_MIN = 1440.0

PRESETS = (
    Preset("a ten-minute report, polled every minute", {}),
    Preset("a customer waits: polled every second", {"wait_s": 1.0}),
    Preset("a nightly job: few polls, noticed late", {"job_min": 480.0, "wait_s": 1800.0}),
    Preset("a nightly job, polled every second: history full", {"job_min": 480.0, "wait_s": 1.0}),
    Preset("a million short jobs", {"job_min": 0.5, "wait_s": 5.0, "jobs": 1e6}),
)


@dataclass(frozen=True)
class PollingAgainstWaiting:
    """The cost and delay of polling and of waiting, for one setting.

    Attributes:
        transitions, transitions_waited: average state transitions per job with polling and with waiting.
        invocations: average function calls per job with polling; waiting needs none.
        usd, usd_waited: US dollars a month with polling and with waiting.
        delay_s, longest_delay_s: seconds from the end of a job until polling notices it; infinite if a history is full.
        failed_share: share of executions that fail because their history is full, 0 to 1.
    """

    transitions: float
    transitions_waited: float
    invocations: float
    usd: float
    usd_waited: float
    delay_s: float
    longest_delay_s: float
    failed_share: float


class WorkflowExplorer(Explorer):
    """Sliders for the jobs and for the wait between polls, for the deck's two state machines.

    Jobs last from half to one and a half times the mean, all lengths equally often. The bill includes transitions,
    functions with 128 MB and one message, at us-east-1 prices. The jobs themselves cost the same both ways.

    Attributes:
        job_min, wait_s, function_ms, jobs: the sliders.
        result: the numbers for the current setting.
    """

    result: PollingAgainstWaiting

    def __init__(self) -> None:
        log = widgets.FloatLogSlider
        self.job_min = slider(
            log, "mean job length, in minutes", 10.0, min=-1, max=math.log10(_DAY_MIN), step=0.02, readout_format=".3g"
        )
        self.wait_s = slider(
            log, "wait between polls, in s", 60.0, min=0, max=math.log10(3600), step=0.02, readout_format=".0f"
        )
        self.function_ms = slider(widgets.IntSlider, "function duration, in ms", 100, min=10, max=2000, step=10)
        self.jobs = slider(log, "jobs a month", 10_000.0, min=1, max=6, step=0.05, readout_format=".3s")
        self._prices = prices.of(REGION)
        super().__init__(
            "Is the job done yet? Poll, or wait for a notification",
            size_in=(9.0, 3.7),
            presets=PRESETS,
        )

    def prepare(self, figure: Figure) -> Sequence[Artist]:
        left, right = figure.subplots(1, 2)
        figure.subplots_adjust(left=0.085, right=0.98, bottom=0.28, top=0.9, wspace=0.26)
        self._steps, self._delays = pictures.StepCurves(left), pictures.DelayCurves(right)
        handles, labels = pictures.legend(self._steps, self._delays)
        figure.legend(handles, labels, loc="lower left", ncols=3, frameon=False, fontsize=9.5)
        return [*self._steps.moving, *self._delays.moving]

    def redraw(self) -> View:
        job_s, wait_s = _SPREAD * self.job_min.value * 60, float(round(self.wait_s.value))
        function_s = self.function_ms.value / 1000
        polled = workflow.polling(job_s, wait_s, function_s=function_s)
        waited = workflow.waiting(job_s)
        month = self.jobs.value / _JOBS
        self.result = result = PollingAgainstWaiting(
            transitions=float(polled.transitions.mean()),
            transitions_waited=float(waited.transitions.mean()),
            invocations=float(polled.invocations.mean()),
            usd=polled.bill(self._prices).usd * month,
            usd_waited=waited.bill(self._prices).usd * month,
            delay_s=float(polled.delay_s.mean()),
            longest_delay_s=float(np.max(polled.delay_s)),
            failed_share=float(polled.history_full.mean()),
        )
        runs = [workflow.polling(job_s, float(each_s), function_s=function_s) for each_s in pictures.WAITS_S]
        self._steps.update(runs, waited, wait_s)
        self._delays.update(runs, wait_s)
        self._steps.title.set_text(f"{usd(result.usd)} a month against {usd(result.usd_waited)}")
        failed = f"{result.failed_share * 100:.3g}% of executions fail: history full"
        noticed = f"noticed {_time(result.delay_s)} late on average"
        self._delays.title.set_text(failed if result.failed_share else noticed[0].upper() + noticed[1:])
        latest = f"{noticed}, {_time(result.longest_delay_s)} at worst"
        return View(
            sentence=(
                f"{amount(self.jobs.value)} jobs a month, {_time(self.job_min.value * 60)} each, polled every "
                f"{_time(wait_s)}: {result.transitions:,.0f} transitions and {result.invocations:,.0f} function calls "
                f"per job, {usd(result.usd)} a month, {failed if result.failed_share else latest}. Waiting: "
                f"{result.transitions_waited:,.0f} transitions, no calls, {usd(result.usd_waited)}, noticed at once."
            ),
            picture_in_words=(
                f"Two panels against the wait between polls, on logarithmic axes. Left: transitions per job fall from "
                f"{runs[0].transitions.mean():,.0f} at one second to {runs[-1].transitions.mean():,.0f} at one hour. "
                f"Without polling, there are {result.transitions_waited:,.0f}. Right: the longer the wait, the later "
                f"the end is noticed, {_time(float(runs[-1].delay_s.mean()))} late on average at one hour. Without "
                f"polling, it is noticed at once."
            ),
        )


def _time(value_s: float) -> str:
    for size_s, unit in ((3600, "h"), (60, "min")):
        if value_s >= size_s * 0.9995:
            return f"{value_s / size_s:.3g} {unit}"
    return f"{value_s:.2g} s"
