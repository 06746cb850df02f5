"""Explorer for cost: a month on Lambda, on Fargate and on EC2, and where the cost lines cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ipywidgets as widgets
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from serverless_first.explore.base import Explorer, Preset, View, slider
from serverless_first.facts import prices
from serverless_first.figures import break_even as pictures
from serverless_first.figures.break_even import Cost, Crossing
from serverless_first.figures.capacity import usd
from serverless_first.simulate import break_even

REGION = "us-east-1"
LEAST, MOST = 1e4, 1e10  # requests a month
_USD_ENDS = (0.1, 1e6)
LAMBDA, PROVISIONED = "Lambda", "Lambda, provisioned"
_FARGATE_VCPU, _FARGATE_GB, _EC2, _EC2_VCPU = 1, 2, "m7i.large", 2
MEMORIES_MB = (128, 256, 512, 1024, 1769, 3538, 7076, 10_240)

PRESETS = (
    Preset("the shop's orders: 10 million a month", {}),
    Preset("the shop's product search", {"requests": 2e8, "memory_mb": 512}),
    Preset("an internal tool for the staff", {"requests": 1e5, "duration_ms": 200.0, "memory_mb": 512}),
    Preset("servers busy day and night", {"requests": 1e9, "utilisation_percent": 80}),
    Preset("photos of lamps: long and heavy work", {"requests": 1e6, "duration_ms": 5000.0, "memory_mb": 3538}),
    Preset("requests that mostly wait for other services", {"duration_ms": 1000.0, "memory_mb": 512, "at_once": 20}),
    Preset("servers that are mostly idle", {"requests": 1e8, "utilisation_percent": 15}),
)


@dataclass(frozen=True)
class CostOfAMonth:
    """The cost of the chosen requests.

    Attributes:
        usd: option -> US dollars a month.
        cheapest: the option that costs the least.
        crossings: where Lambda costs as much as servers, solved numerically.
    """

    usd: Mapping[str, float]
    cheapest: str
    crossings: Sequence[Crossing]


class CostExplorer(Explorer):
    """Sliders for a month's requests and for the servers that could serve them.

    The left picture shows the cost of a month against its requests, the right picture the chosen month. The costs
    include only compute, at us-east-1 prices, without the free tier and load balancers. A server's vCPU does the work
    of a function with 1,769 MB, and requests that wait for other services share a vCPU. Provisioned environments are
    as busy as servers.

    Attributes:
        requests, duration_ms, memory_mb, at_once, utilisation_percent, minimum: the sliders.
        result: the costs for the current setting.
    """

    result: CostOfAMonth

    def __init__(self) -> None:
        log, ints = widgets.FloatLogSlider, widgets.IntSlider
        self.requests = slider(log, "requests a month", 1e7, min=4, max=10, step=0.05, readout_format=".3s")
        self.duration_ms = slider(log, "duration, in ms", 100.0, min=0, max=4, step=0.05, readout_format=".3g")
        self.memory_mb = slider(
            widgets.SelectionSlider, "memory, in MB", 1769, options=[(f"{mb:,}", mb) for mb in MEMORIES_MB]
        )
        self.at_once = slider(ints, "requests at a time per vCPU", 1, min=1, max=50)
        self.utilisation_percent = slider(ints, "utilization of servers, in %", 60, min=5, max=100, step=5)
        self.minimum = slider(ints, "minimum number of servers", 2, min=1, max=6)
        self._prices = prices.of(REGION)
        super().__init__(
            "A month's requests: which kind of computing costs the least?",
            size_in=(9.0, 4.0),
            presets=PRESETS,
        )

    def prepare(self, figure: Figure) -> Sequence[Artist]:
        names = list(self.options())
        left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": (1.7, 1.0)})
        figure.subplots_adjust(left=0.125, right=0.99, bottom=0.27, top=0.91, wspace=0.07)
        self._curves = pictures.CostCurves(left, names, (LEAST, MOST), _USD_ENDS)
        self._bars = pictures.CostBars(right, names)
        figure.legend(*self._curves.legend(), loc="lower left", ncols=3, frameon=False, fontsize=9.5, handlelength=3)
        return [*self._curves.moving, *self._bars.moving]

    def redraw(self) -> View:
        options, requests = self.options(), self.requests.value
        # Provisioned environments are added one by one, so their line has steps and crosses Lambda's often near 60%.
        crossings = pictures.crossings({k: cost for k, cost in options.items() if k != PROVISIONED}, LEAST, MOST)
        costs = {name: cost(requests) for name, cost in options.items()}
        cheapest = min(costs, key=lambda name: costs[name])
        self.result = CostOfAMonth(costs, cheapest, crossings)
        self._curves.update(options, crossings, requests)
        self._bars.update(costs)
        self._curves.title.set_text(_meets(options, crossings))
        self._bars.title.set_text(f"{pictures.amount(requests)} requests")
        amounts = ", ".join(f"{name} {usd(cost)}" for name, cost in costs.items())
        return View(
            sentence=(
                f"{pictures.amount(requests)} requests a month of {pictures.amount(self.duration_ms.value)} ms with "
                f"{self.memory_mb.value:,} MB, servers {self.utilisation_percent.value}% busy: {amounts}. "
                f"{_all_crossings(options, crossings)} Provisioned environments cost less than "
                "environments on demand if they are busy for "
                f"{break_even.provisioned_busy_share(self._prices) * 100:.0f}% of the time or more."
            ),
            picture_in_words=(
                f"Left: dollars a month against requests a month, on logarithmic axes, with one line for each of "
                f"{len(options)} options; Lambda's rises from {usd(options[LAMBDA](LEAST))} at "
                f"{pictures.amount(LEAST)} to {usd(options[LAMBDA](MOST))} at {pictures.amount(MOST)}. The servers' "
                f"lines are level until more are needed. Right: one bar for each option; {cheapest} is the shortest."
            ),
        )

    def options(self) -> dict[str, Cost]:
        """For each option, the function from a month's requests to its cost in US dollars, for the current sliders."""
        duration_ms, memory_mb = self.duration_ms.value, self.memory_mb.value
        share = self.utilisation_percent.value / 100
        here = self._prices
        seats = break_even.cpu_seats(1, memory_mb) * self.at_once.value
        servers = (
            break_even.fargate_server(
                _FARGATE_VCPU, _FARGATE_GB, here,
                seats=seats * _FARGATE_VCPU, utilisation=share, minimum=self.minimum.value,
            ),
            break_even.ec2_server(
                _EC2, here, seats=seats * _EC2_VCPU, utilisation=share, minimum=self.minimum.value
            ),
        )  # fmt: skip

        def one(name: str) -> Cost:
            return lambda requests: (
                break_even.compare(requests, duration_ms, memory_mb, here, servers, provisioned_utilisation=share)[
                    name
                ].usd
            )

        return {name: one(name) for name in (LAMBDA, PROVISIONED, *(server.name for server in servers))}


def _meets(options: Mapping[str, Cost], crossings: Sequence[Crossing]) -> str:
    if crossings:
        first = min(crossings, key=lambda one: one.requests)
        return f"{_short(first.name)} costs less from {pictures.amount(first.requests)} requests"
    lower = [
        name for name in options if name not in (LAMBDA, PROVISIONED) and options[name](LEAST) < options[LAMBDA](LEAST)
    ]
    return "Servers cost less, however few the requests" if lower else "Lambda costs less than servers everywhere"


def _all_crossings(options: Mapping[str, Cost], crossings: Sequence[Crossing]) -> str:
    parts = []
    for name, cost in options.items():
        if name in (LAMBDA, PROVISIONED):
            continue
        if at := [pictures.amount(one.requests) for one in crossings if one.name == name]:
            parts.append(f"as much as {name} at {' and '.join(at)} requests")
        else:
            parts.append(f"{'more' if cost(LEAST) < options[LAMBDA](LEAST) else 'less'} than {name} everywhere")
    return f"Lambda costs {', '.join(parts)}."


def _short(name: str) -> str:
    return name.split()[0]
