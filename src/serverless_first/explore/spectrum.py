"""The explorer of operational load: choose a service in each row of slide 27, and see which tasks stay yours."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as widgets
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from serverless_first.explore.base import Explorer, Preset, View, slider
from serverless_first.figures.spectrum import TaskBars
from serverless_first.shop import spectrum

_NAMES = {row: [service.name for service in spectrum.row(row)] for row in spectrum.ROWS}
PRESETS = (
    Preset("all on your own machines", {}),
    Preset("the same, on EC2", {"compute": "EC2", "database": "MySQL on EC2", "analytics": "Hadoop on EC2"}),
    Preset(
        "containers and a managed database",
        {"compute": "Fargate", "database": "RDS", "storage": "S3", "messaging": "Amazon MQ", "analytics": "EMR"},
    ),
    Preset(
        "all the way to the right",
        {"compute": "Lambda", "database": "DynamoDB", "storage": "S3", "messaging": "SQS, SNS", "analytics": "Athena"},
    ),
)


class SpectrumExplorer(Explorer):
    """A service for each row of slide 27, and the tasks that they leave to you.

    Attributes:
        compute, database, storage, messaging, analytics: the rows; a test sets `value` to a service's name.
        counts: for each task the number of chosen services that leave it to you.
    """

    counts: dict[str, int]

    def __init__(self) -> None:
        rows = [slider(widgets.SelectionSlider, row, names[0], options=names) for row, names in _NAMES.items()]
        self.compute, self.database, self.storage, self.messaging, self.analytics = rows
        super().__init__("Slide 27 today: which tasks stay yours?", size_in=(8.0, 3.9), presets=PRESETS)

    def prepare(self, figure: Figure) -> Sequence[Artist]:
        figure.subplots_adjust(left=0.36, right=0.97, bottom=0.15, top=0.91)
        self._bars = TaskBars(figure.add_subplot(), len(_NAMES))
        return self._bars.moving

    def redraw(self) -> View:
        services = [
            next(service for service in spectrum.row(row) if service.name == one.value)
            for row, one in zip(_NAMES, self.sliders, strict=True)
        ]
        self.counts = self._bars.update(services)
        all_in_all = sum(self.counts.values())
        most = len(spectrum.TASKS) * len(services)
        self._bars.title.set_text(f"{all_in_all} of {most} tasks stay yours")
        lost_tasks = [spectrum.TASKS[task] for task, count in self.counts.items() if not count]
        done = "No task has gone away for all five services."
        if lost_tasks:
            done = f"You no longer have to think about these tasks: {'; '.join(lost_tasks)}."
        return View(
            sentence=f"Of {most} tasks, {all_in_all} stay yours. {done}",
            picture_in_words="A bar for each task. "
            + " ".join(f"{spectrum.TASKS[task]}: {count} of {len(services)}." for task, count in self.counts.items()),
        )
