"""Figures of a drill's score: the findings of one run, and several runs side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from serverless_first.figures.connections import heading
from serverless_first.figures.style import style

if TYPE_CHECKING:  # at run time, the drill imports the figures
    from serverless_first.drill.finding import Score

_PASSED, _FAILED = "#CDEBDF", "#F3C6AE"  # the check marks and crosses say the same
_LETTERS_A_COLUMN = 14
_LETTERS_A_LINE, _INCHES_A_LINE = 96, 0.19


def scoreboard(runs: Sequence[tuple[str, Score]], *, title: str) -> Figure:
    """A column for each run, and a row for each finding, passed or failed. The last row has the price.

    Args:
        runs: a label and the score of each drill, from `drill.score(record)`.
        title: the finding, as a sentence.

    Raises:
        ValueError: there are no runs, or their scores have different findings.
    """
    if not runs:
        raise ValueError("There is nothing to compare. Give at least one (label, score).")
    names = [finding.name for finding in runs[0][1].findings]
    for label, of in runs:
        if [finding.name for finding in of.findings] != names:
            raise ValueError(f"The scores of {label!r} and {runs[0][0]!r} have different findings.")
    with style():
        figure = Figure(figsize=(8.0, 1.9 + 0.32 * (len(names) + 2)))
        axes = figure.subplots()
        for x, (_, of) in enumerate(runs):
            for y, finding in enumerate(of.findings):
                _cell(axes, x, y, passed=finding.passed)
            count = sum(not finding.passed for finding in of.findings)
            verdict = "passed" if of.passed else f"{count} failed"
            axes.text(x, len(names), verdict, ha="center", va="center", fontsize=10, fontweight="bold")
            axes.text(x, len(names) + 1, f"{of.cost.usd:.2f}", ha="center", va="center", fontsize=10)
        axes.axhline(len(names) - 0.5, color="black", linewidth=0.9)
        labels = [f"{textwrap.fill(label, _LETTERS_A_COLUMN)}\n{of.orders:,} orders" for label, of in runs]
        axes.set_xticks(range(len(runs)), labels, fontsize=9)
        axes.set_yticks(range(len(names) + 2), [*names, "the drill", "USD per 1,000 orders"])
        axes.set_xlim(-0.5, len(runs) - 0.5)
        axes.set_ylim(len(names) + 1.5, -0.5)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        heading(figure, title)
        keys = [Patch(facecolor=_PASSED, edgecolor="white"), Patch(facecolor=_FAILED, edgecolor="white")]
        figure.legend(keys, ["✓ passed", "✗ failed"], loc="outside lower left", ncols=2, frameon=False, fontsize=9.5)
    return figure


def _cell(axes: Axes, x: int, y: int, *, passed: bool) -> None:
    colour = _PASSED if passed else _FAILED
    axes.add_patch(Rectangle((x - 0.47, y - 0.44), 0.94, 0.88, facecolor=colour, edgecolor="none"))
    weight = "normal" if passed else "bold"
    axes.text(x, y, "✓" if passed else "✗", ha="center", va="center", fontsize=12, fontweight=weight)


def score_card(of: Score, *, title: str) -> Figure:
    """One run: each finding with its observation, and for failed findings their meaning and where to look.

    Args:
        of: the score of a drill, from `drill.score(record)`.
        title: the finding, as a sentence.
    """
    texts = [textwrap.wrap(finding.message, _LETTERS_A_LINE) for finding in of.findings]
    heights = [1 + len(lines) + 0.6 for lines in texts]  # in lines, for the question, the message and a gap
    with style():
        figure = Figure(figsize=(8.0, 0.55 + _INCHES_A_LINE * sum(heights)))
        axes = figure.subplots()
        axes.set_axis_off()
        axes.set_xlim(0, 1)
        axes.set_ylim(sum(heights), 0)
        top = 0.0
        for finding, lines, height in zip(of.findings, texts, heights, strict=True):
            colour = _PASSED if finding.passed else _FAILED
            axes.add_patch(Rectangle((0, top), 0.04, height - 0.3, facecolor=colour, edgecolor="none"))
            axes.text(0.02, top + 0.75, "✓" if finding.passed else "✗", ha="center", va="center", fontsize=12)
            axes.text(0.055, top + 0.1, f"{finding.name}: {finding.question}", va="top", fontsize=10, fontweight="bold")
            axes.text(0.055, top + 1.2, "\n".join(lines), va="top", fontsize=9.5, linespacing=1.15)
            top += height
        heading(figure, title)
    return figure
