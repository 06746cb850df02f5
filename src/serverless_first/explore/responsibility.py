"""The responsibility explorer: whose is a task, on which service, then and now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from serverless_first.explore.base import Explorer, Preset, View, slider
from serverless_first.figures.axes import grid
from serverless_first.figures.responsibility import LOOKS
from serverless_first.shop import responsibility
from serverless_first.shop.responsibility import OWNERS, TASKS, Owner, Year

_YEARS: dict[Year, str] = {2020: "2020, slide 9 of the deck", 2026: "2026"}
_LANES: dict[Owner, str] = {"AWS": "AWS's", "both": "both have a part", "you": "yours"}

PRESETS = (
    Preset("Lambda today: who patches Python?", {}),
    Preset("Lambda on the slide", {"year": 2020}),
    Preset("EC2: who scales?", {"service": "EC2", "task": "scale with the demand"}),
    Preset("Fargate: who fetches events?", {"service": "Fargate", "task": "fetch events, and try again"}),
    Preset(
        "Lambda Managed Instances: whose network?",
        {"service": "Lambda Managed Instances", "task": "network and firewall"},
    ),
)


@dataclass(frozen=True)
class Share:
    """The owners of a service's tasks in a year.

    Attributes:
        owner: whose the chosen task is; None when the service did not exist in that year.
        counts: how many of the tasks are whose.
    """

    owner: Owner | None
    counts: dict[Owner, int]


class ResponsibilityExplorer(Explorer):
    """Choices of a service, a year and a task; the picture has all tasks in three lanes.

    Attributes:
        service, year, task: the choices.
        result: whose the task is, and how many tasks are whose.
    """

    result: Share

    def __init__(self) -> None:
        choice, years = widgets.SelectionSlider, [(words, year) for year, words in _YEARS.items()]
        self.service = slider(choice, "service", "Lambda", options=responsibility.TODAY)
        self.year = slider(choice, "year", 2026, options=years)
        self.task = slider(choice, "task", "patch the language runtime", options=[task.name for task in TASKS])
        super().__init__("Whose task is it?", size_in=(9.0, 4.6), presets=PRESETS)

    def prepare(self, figure: Figure) -> Sequence[Artist]:
        axes = figure.subplots()
        figure.subplots_adjust(left=0.27, right=0.97, bottom=0.04, top=0.84)
        axes.set_xlim(-0.5, len(OWNERS) - 0.5)
        axes.set_ylim(len(TASKS) - 0.4, -0.6)
        axes.set_xticks(range(len(OWNERS)), [_LANES[owner] for owner in OWNERS])
        axes.set_yticks(range(len(TASKS)), [task.name for task in TASKS])
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        grid(axes, "y")
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        self._bars: dict[str, Any] = {}
        for row, task in enumerate(TASKS):
            (self._bars[task.name],) = axes.barh(row, 0.8, left=-0.4, height=0.74, edgecolor="black", linewidth=0.6)
        self._title = figure.text(0.02, 0.95, "", fontsize=12, fontweight="bold")
        return [*self._bars.values(), self._title]

    def redraw(self) -> View:
        service, year, task_name = self.service.value, self.year.value, self.task.value
        exists = service in responsibility.services(year)
        counts: dict[Owner, int] = dict.fromkeys(OWNERS, 0)
        for task in TASKS:
            bar = self._bars[task.name]
            bar.set_visible(exists)
            if exists:
                owner = task.owner(service, year)
                counts[owner] += 1
                colour, _, hatch = LOOKS[owner]
                bar.set(x=OWNERS.index(owner) - 0.4, facecolor=colour, hatch=hatch)
                bar.set_linewidth(2.6 if task.name == task_name else 0.6)
        if not exists:
            self.result = Share(None, counts)
            self._title.set_text(f"{service}: did not exist in {year}")
            sentence = f"In {year} there was no service called {service}. It is from {responsibility.NEW[service]}."
            return View(sentence, f"An empty picture: {sentence}")
        self.result = Share(responsibility.task(task_name).owner(service, year), counts)
        self._title.set_text(f"{service}, {year}: {counts['you']} of {len(TASKS)} tasks are wholly yours")
        lanes = [f"{_LANES[owner]}: {', '.join(responsibility.of(service, year, owner)) or 'none'}" for owner in OWNERS]
        return View(
            sentence=f"{service}, {year}. {responsibility.why(task_name, service, year)} "
            f"Source: {responsibility.source(service, year)}.",
            picture_in_words=f"Three lanes with {len(TASKS)} tasks. {'; '.join(lanes)}.",
        )
