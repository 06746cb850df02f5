"""Pictures of execution environments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from matplotlib.figure import Figure

from serverless_first.figures.style import BLUE, GREY, ORANGE, style

# phase -> colour, hatching, label; the hatching tells them apart in grey print
PHASES = {
    "init": (ORANGE, "//", "Init: start the process, load your code"),
    "invoke": (BLUE, "", "Invoke: your handler runs"),
    "frozen": ("#E4E4E4", "", "frozen: no processor time"),
}


class Phase(Protocol):
    """What `Cloud.timeline` returns: one environment in one phase, times in seconds."""

    @property
    def environment(self) -> str: ...
    @property
    def phase(self) -> str: ...
    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...


def timeline(intervals: Sequence[Phase], *, title: str) -> Figure:
    """One row for each execution environment, a bar for each phase of its life.

    Args:
        intervals: as `Cloud.timeline` returns them.
        title: the finding, as a sentence.

    Raises:
        ValueError: there are no intervals: the function has not been called yet.
    """
    if not intervals:
        raise ValueError("There is nothing to draw: this function has no execution environment yet. Invoke it first.")
    rows = list(dict.fromkeys(i.environment for i in intervals))
    with style():
        figure = Figure(figsize=(8.0, 1.9 + 0.45 * len(rows)))
        axes = figure.subplots()
        for phase, (colour, hatch, label) in PHASES.items():
            for number, row in enumerate(rows):
                bars = [(i.start_s, i.end_s - i.start_s) for i in intervals if (i.environment, i.phase) == (row, phase)]
                axes.broken_barh(
                    bars,
                    (number - 0.3, 0.6),
                    facecolors=colour,
                    hatch=hatch,
                    edgecolor=GREY if phase == "frozen" else "black",
                    linewidth=0.6,
                    label=label if number == 0 else None,
                )
        axes.set_yticks(range(len(rows)), [f"environment {n + 1}" for n in range(len(rows))])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.set_xlabel("time since the first environment was started, in seconds")
        axes.set_title(title)
        figure.legend(loc="outside lower left", ncols=3, frameon=False, fontsize=9.5)
    return figure
