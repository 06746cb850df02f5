"""Explorer for connections: the most that a function can need, against the seats of each instance class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ipywidgets as widgets
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from serverless_first.explore.base import Explorer, Preset, View, slider
from serverless_first.figures.limits import CLASSES, SeatBars
from serverless_first.simulate import connections
from serverless_first.simulate.connections import Engine

_ENGINES: dict[Engine, str] = {"postgres": "PostgreSQL", "mysql": "MySQL"}
_MOST_CONCURRENT = 2000

PRESETS = (
    Preset("a function on the smallest class", {}),
    Preset("a sale", {"concurrency": 1000}),
    Preset("a deployment: two versions are live", {"concurrency": 100, "versions_alive": 2}),
    Preset("a pool of ten in each environment", {"connections_each": 10}),
    Preset("a class with enough seats", {"instance_class": "db.t4g.large"}),
)


@dataclass(frozen=True)
class Need:
    """The connections that the function needs, and how many the chosen instance class accepts.

    Attributes:
        needed: open connections if every environment has its own.
        seats: how many connections the function's database user can open.
        refused: how many connections the database refuses.
        safe_concurrency: the highest concurrency at which the database refuses no connection.
    """

    needed: int
    seats: int
    refused: int
    safe_concurrency: int


class ConnectionsExplorer(Explorer):
    """Sliders for the instance class, the engine, the concurrency and the connections per environment.

    The picture has a row for each class with its seats, from AWS's formulas, and the connections that it refuses.

    Attributes:
        instance_class, engine, concurrency, connections_each, versions_alive: the sliders.
        result: the numbers for the current setting.
    """

    result: Need

    def __init__(self) -> None:
        self.instance_class = slider(widgets.SelectionSlider, "instance class", CLASSES[0], options=CLASSES)
        engines = [(words, engine) for engine, words in _ENGINES.items()]
        self.engine = slider(widgets.SelectionSlider, "engine", "postgres", options=engines)
        self.concurrency = slider(
            widgets.IntSlider, "concurrent environments", 200, min=10, max=_MOST_CONCURRENT, step=10
        )
        self.connections_each = slider(widgets.IntSlider, "connections per environment", 1, min=1, max=10)
        self.versions_alive = slider(widgets.IntSlider, "live versions", 1, min=1, max=2)
        super().__init__("How many connections get a seat?", size_in=(9.0, 4.2), presets=PRESETS)

    def prepare(self, figure: Figure) -> Sequence[Artist]:
        axes = figure.subplots()
        figure.subplots_adjust(left=0.16, right=0.74, bottom=0.22, top=0.92)
        self._bars = SeatBars(axes, CLASSES)
        figure.legend(*self._bars.legend(), loc="lower left", ncols=3, frameon=False, fontsize=9.5)
        return self._bars.moving

    def redraw(self) -> View:
        engine: Engine = self.engine.value
        instance = self.instance_class.value
        connections_each, versions = self.connections_each.value, self.versions_alive.value
        needed = connections.needed(self.concurrency.value, connections_each, versions)
        seats = connections.seats(engine, instance)
        safe = connections.safe_concurrency(seats, connections_each, versions)
        self.result = Need(needed, seats, max(0, needed - seats), safe)
        refused = self._bars.update(engine, needed, instance)
        fits = sum(1 for number in refused if not number)
        has = f"{instance} has {seats:,} seats"
        finding = f" and refuses {self.result.refused:,}" if self.result.refused else ", which is enough"
        self._bars.title.set_text(f"{needed:,} needed: {has}{finding}")
        opened = f"{connections_each} connection{'' if connections_each == 1 else 's'}"
        version_note = " in each of 2 versions" if versions == 2 else ""
        end = f"{self.result.refused:,} connections are refused" if self.result.refused else "all get a seat"
        return View(
            sentence=(
                f"{self.concurrency.value:,} environments{version_note} with {opened} each need {needed:,} seats. "
                f"With {_ENGINES[engine]}, {has} for the function's user: {end}. "
                f"Up to a concurrency of {safe:,}, no connection is refused."
            ),
            picture_in_words=(
                f"One bar for each of {len(CLASSES)} instance classes, from {CLASSES[0]} with "
                f"{connections.seats(engine, CLASSES[0]):,} seats to {CLASSES[-1]} with "
                f"{connections.seats(engine, CLASSES[-1]):,}, on a logarithmic axis. A line marks the {needed:,} "
                f"connections needed. "
                + ("All of them have" if fits == len(CLASSES) else f"{fits} of them have" if fits else "None has")
                + " enough seats."
            ),
        )
