"""The network explorer: interfaces, addresses, ports and cold starts in a VPC, before Hyperplane and since."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as widgets
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from serverless_first.course.words import count
from serverless_first.explore.base import Explorer, Preset, View, slider
from serverless_first.figures import interfaces as pictures
from serverless_first.simulate import network
from serverless_first.simulate.network import ColdStart, NetworkResult

PREFIXES = (28, 27, 26, 25, 24, 23, 22, 20)
_SHOWN = pictures.environments_shown()
_MOST_COLD_START_S = 16.0  # the wait for an interface, the longest start, and room for words

PRESETS = (
    Preset("a sale in two subnets of 251 addresses", {}),
    Preset("a small subnet that runs dry", {"environments": 50, "prefix_length": 28, "subnets": 1}),
    Preset("a higher interface quota", {"environments": 1000, "prefix_length": 20, "quota": 2000}),
    Preset("one request a day", {"environments": 1}),
    Preset("many connections, shared interfaces", {"environments": 8000, "connections_each": 30}),
)


class NetworkExplorer(Explorer):
    """Sliders for the environments of a function in a VPC and for its subnets.

    Left: the interfaces they need, then and now. Right: a cold start, and the ports of a shared interface, one for each
    connection to the same destination. Making an interface took ten seconds in 2019, as in the local cloud.

    Attributes:
        environments, prefix_length, subnets, quota, connections_each, start_s: the sliders.
        then, now: the interfaces for the present setting, before Hyperplane and since.
        start_then, start_now: a cold start.
    """

    then: NetworkResult
    now: NetworkResult
    start_then: ColdStart
    start_now: ColdStart

    def __init__(self) -> None:
        ints = widgets.IntSlider
        self.environments = slider(
            widgets.FloatLogSlider, "concurrent environments", 1000, min=0, max=4, step=0.05, readout_format=".0f"
        )
        blocks = [(f"/{prefix}: {network.addresses(prefix):,} addresses", prefix) for prefix in PREFIXES]
        self.prefix_length = slider(widgets.SelectionSlider, "each subnet", 24, options=blocks)
        self.subnets = slider(ints, "subnets", 2, min=1, max=4)
        self.quota = slider(ints, "interface quota of the VPC", network.INTERFACES_PER_VPC, min=50, max=5000, step=50)
        self.connections_each = slider(ints, "connections per environment", 1, min=1, max=50)
        self.start_s = slider(widgets.FloatSlider, "cold start without a VPC, in s", 0.5, min=0.1, max=3.0, step=0.1)
        super().__init__(
            "Functions in a VPC: who gets a network interface?",
            size_in=(9.0, 4.0),
            presets=PRESETS,
        )

    def prepare(self, figure: Figure) -> Sequence[Artist]:
        grid = figure.add_gridspec(2, 2, width_ratios=(1.5, 1.0), height_ratios=(1.3, 0.5))
        figure.subplots_adjust(left=0.09, right=0.975, bottom=0.24, top=0.91, wspace=0.16, hspace=0.95)
        self._curves = pictures.InterfaceCurves(figure.add_subplot(grid[:, 0]), _SHOWN)
        self._starts = pictures.ColdStartBars(figure.add_subplot(grid[0, 1]), _MOST_COLD_START_S)
        self._ports = pictures.PortBar(figure.add_subplot(grid[1, 1]))
        figure.legend(*self._curves.legend(), loc="lower left", ncols=3, frameon=False, fontsize=9.5)
        return [*self._curves.moving, *self._starts.moving, *self._ports.moving]

    def redraw(self) -> View:
        here, connections_each = round(self.environments.value), self.connections_each.value
        blocks = [self.prefix_length.value] * self.subnets.value
        quota = self.quota.value
        self.then = network.simulate(here, blocks, "2019", quota=quota)
        self.now = network.simulate(here, blocks, connections_each=connections_each, quota=quota)
        self.start_then = network.cold_start(self.start_s.value, "2019")
        self.start_now = network.cold_start(self.start_s.value)
        made_then, made_now = self.then.interfaces.item(), self.now.interfaces.item()
        refused, addresses = self.then.refused.item(), self.then.addresses
        ports_share = here * connections_each / (made_now * network.PORTS)
        self._curves.update(
            network.simulate(_SHOWN, blocks, "2019", quota=quota),
            network.simulate(_SHOWN, blocks, connections_each=connections_each, quota=quota),
            (here, made_then, made_now),
        )
        lost = f"{refused:,} of {here:,} environments got none" if refused else "all got one"
        self._curves.title.set_text(f"In 2019, {lost}")
        self._starts.update(self.start_then, self.start_now)
        self._starts.title.set_text(f"2019: {self.start_then.interface_share * 100:.0f}% is the wait for it")
        self._ports.update(ports_share)
        self._ports.title.set_text(f"{count(here * connections_each, 'connection')}, {count(made_now, 'interface')}")
        why = "the quota" if quota <= addresses else "the addresses"
        end = f"{refused:,} cannot start, {why} are used up".replace("quota are", "quota is")
        return View(
            sentence=(
                f"{count(here, 'environment')} with {addresses:,} addresses and at most {quota:,} interfaces. "
                f"In 2019: {count(made_then, 'interface')}, {end if refused else 'all start'}, "
                f"a cold start takes {self.start_then.total_s:.1f} s. "
                f"Now: {count(made_now, 'interface')}, all start, "
                f"a cold start takes {self.start_now.total_s:.1f} s."
            ),
            picture_in_words=(
                f"Left, both axes logarithmic: interfaces rise one by one with the environments to "
                f"{min(quota, addresses):,} in 2019, and further environments get none; now they stay at "
                f"{made_now:,}. Right: a long bar for a cold start in 2019, a short one for now; below, "
                f"{ports_share * 100:.2g}% of each shared interface's ports are in use."
            ),
        )
