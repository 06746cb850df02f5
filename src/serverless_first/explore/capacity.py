"""Explorer for capacity: a day's demand against servers, instances, tasks and execution environments."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import ipywidgets as widgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from serverless_first.explore.base import Explorer, Preset, View, slider
from serverless_first.facts import prices
from serverless_first.figures import capacity as pictures
from serverless_first.simulate import break_even, capacity, policies, traces
from serverless_first.simulate.capacity import CapacityResult, Policy

REGION = "us-east-1"
SERVICE_S = 0.1  # of one vCPU; the work is the same with all four policies
_CROWD_AT_S = 10 * 3600.0
_SERVER_IN_LARGE = 4  # a server has the vCPUs of four m5.large instances and costs as much per hour

PRESETS = (
    Preset("lamps on television: a flash crowd", {}),
    Preset("an ordinary day", {"crowd_times": 1.0}),
    Preset("a guess below the peak", {"crowd_times": 1.0, "guess_times": 0.5}),
    Preset("a guess far above the peak", {"crowd_times": 1.0, "guess_times": 6.0}),
    Preset("servers bought for the flash crowd", {"guess_times": 9.0}),
    Preset("a crowd that builds up slowly", {"rise_min": 60}),
    Preset("a small shop", {"mean_per_s": 1.0, "crowd_times": 1.0}),
)


class CapacityExplorer(Explorer):
    """Sliders for a day's demand and for the planned capacity; four policies serve the same demand.

    A request takes 0.1 s of one vCPU. An instance is an m5.large, a task has 1 vCPU and 2 GB, and an execution
    environment has 1,769 MB and therefore one vCPU. Prices are for us-east-1. AWS doesn't list a price for your own
    server, so the model assumes 8 vCPUs at the price of four m5.large instances, without space, power and staff.

    Attributes:
        mean_per_s, crowd_times, rise_min, guess_times, target_percent: the sliders.
        result: the run of each policy, by its name: "physical", "virtual", "container", "serverless".
    """

    result: Mapping[str, CapacityResult]

    def __init__(self) -> None:
        self.mean_per_s = slider(
            widgets.FloatLogSlider, "requests per second (mean)", 100, min=0, max=math.log10(500), step=0.05,
            readout_format=".3g",
        )  # fmt: skip
        self.crowd_times = slider(
            widgets.FloatSlider, "flash crowd, times usual demand", 5.0, min=1, max=20, step=0.5, readout_format=".1f"
        )
        self.rise_min = slider(widgets.IntSlider, "time until its peak, in minutes", 5, min=1, max=60)
        self.guess_times = slider(
            widgets.FloatSlider, "guessed peak, times the mean", 2.0, min=0.5, max=20, step=0.5, readout_format=".1f"
        )
        self.target_percent = slider(widgets.IntSlider, "target utilization, in %", 60, min=20, max=95, step=5)
        here = prices.of(REGION)
        self._large_usd = break_even.ec2_server("m5.large", here).usd_per_hour
        self._task_usd = break_even.fargate_server(1, 2, here).usd_per_hour
        self._busy_usd = break_even.busy_hour_usd(break_even.MB_PER_VCPU, here, duration_ms=SERVICE_S * 1000)
        super().__init__(
            "A day's demand: which capacity is enough, and at what cost?",
            size_in=(9.0, 4.9),
            presets=PRESETS,
        )

    def prepare(self, figure: Figure) -> Sequence[Artist]:
        grid = figure.subplots(2, 2)
        figure.subplots_adjust(left=0.085, right=0.985, bottom=0.17, top=0.935, wspace=0.06, hspace=0.26)
        self._panels = [
            pictures.PolicyPanel(axes, bottom=place >= 2, left=place % 2 == 0) for place, axes in enumerate(grid.flat)
        ]
        figure.legend(*pictures.legend(), loc="lower left", ncols=4, frameon=False, fontsize=9.5)
        self.redraw()  # the time axis is part of the background
        return [artist for panel in self._panels for artist in panel.moving]

    def redraw(self) -> View:
        demand = self.demand()
        runs = [capacity.simulate(demand, policy) for policy in self.policies()]
        self.result = {run.policy.name: run for run in runs}
        top = pictures.highest(runs)
        for panel, run in zip(self._panels, runs, strict=True):
            panel.update(run, top)
        crowd = self.crowd_times.value
        came = f"with a flash crowd of {crowd:g} times the usual demand" if crowd > 1 else "without a flash crowd"
        return View(
            sentence=(
                f"A day of {self.mean_per_s.value:.3g} requests a second on average, {came}: "
                f"{'; '.join(pictures.policy_words(run) for run in runs)} for the day."
            ),
            picture_in_words=(
                f"Four panels show the day's demand, from {np.min(demand.per_s):,.2g} to {demand.peak_per_s:,.0f} "
                f"requests a second, each with the capacity of one policy: at most "
                + ", ".join(f"{np.max(run.capacity_per_s):,.0f} ({run.policy.name})" for run in runs)
                + "."
            ),
        )

    def demand(self) -> traces.Demand:
        """The day's demand for the current sliders, in steps of a minute."""
        day = traces.week(self.mean_per_s.value, 1)
        rise_s = self.rise_min.value * 60.0
        return traces.flash_crowd(day, _CROWD_AT_S, self.crowd_times.value, rise_s=rise_s)

    def policies(self) -> list[Policy]:
        """The four policies for the current sliders."""
        target, per_vcpu_s = self.target_percent.value / 100, 1 / SERVICE_S
        guess_per_s = self.guess_times.value * self.mean_per_s.value
        server = 2 * _SERVER_IN_LARGE * per_vcpu_s, _SERVER_IN_LARGE * self._large_usd
        return [
            policies.physical(guess_per_s, *server),
            policies.virtual(2 * per_vcpu_s, self._large_usd, target=target),
            policies.container(per_vcpu_s, self._task_usd, target=target),
            policies.serverless(SERVICE_S, self._busy_usd),
        ]
