"""A job in pieces: its calls end to end, beside the limit of one call, and then as they ran."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from serverless_cloud.records import Interval
from serverless_first.course.words import count as count_of
from serverless_first.figures.environments import PHASES
from serverless_first.figures.style import VERMILION, style
from serverless_first.figures.words import add_alt_text, measured

MOST_ENVIRONMENTS = 12
_HEIGHT = 0.6  # of a bar; rows are 1 apart
_SUM_ROW, _FIRST_ROW = 0.0, 1.6


def pieces(intervals: Sequence[Interval], *, limit_s: float, title: str) -> Figure:
    """Draws a job's calls twice: in the top row end to end, and below it in their environments, as they ran.

    Args:
        intervals: as `Cloud.timeline` returns them.
        limit_s: how long one call may take, in seconds. A dashed line marks it.
        title: the finding, as a sentence. "below the limit" and "at least twice as long" are compared with the data.

    Raises:
        ValueError: there is no call, there are too many environments, or the limit isn't above 0.
    """
    calls_s = [span.end_s - span.start_s for span in intervals if span.phase == "invoke"]
    rows = list(dict.fromkeys(span.environment for span in intervals))
    if not calls_s:
        raise ValueError("There is nothing to draw, because this function has not been called yet. Invoke it first.")
    if len(rows) > MOST_ENVIRONMENTS:
        raise ValueError(f"There are {len(rows)} environments, but only up to {MOST_ENVIRONMENTS} can be drawn.")
    if not limit_s > 0:
        raise ValueError(f"limit_s is {limit_s!r}. Give seconds above 0.")
    in_all_s = sum(calls_s)
    with style():
        figure = Figure(figsize=(8.0, 2.2 + 0.36 * len(rows)))
        axes = figure.subplots()
        blocks = [(sum(calls_s[:n]), lasts_s) for n, lasts_s in enumerate(calls_s)]
        axes.broken_barh(blocks, (_SUM_ROW - _HEIGHT / 2, _HEIGHT), **_look("invoke"))
        axes.text(in_all_s, _SUM_ROW, f"  {in_all_s:.1f} s", va="center", fontweight="bold", fontsize=10)
        for number, environment in enumerate(rows):
            for phase in ("init", "invoke"):
                its = [span for span in intervals if (span.environment, span.phase) == (environment, phase)]
                bars = [(span.start_s, span.end_s - span.start_s) for span in its]
                axes.broken_barh(bars, (_FIRST_ROW + number - _HEIGHT / 2, _HEIGHT), **_look(phase))
        axes.axvline(limit_s, color=VERMILION, linestyle="--", linewidth=1.6)
        places = [_SUM_ROW, *(_FIRST_ROW + number for number in range(len(rows)))]
        axes.set_yticks(places, ["end to end", *(f"environment {n + 1}" for n in range(len(rows)))], fontsize=10)
        axes.set_ylim(places[-1] + 0.6, -0.6)
        axes.set_xlim(0, max(in_all_s, limit_s, *(span.end_s for span in intervals if span.phase == "invoke")) * 1.12)
        axes.set_xlabel("seconds")
        axes.set_title(title, parse_math=False)
        handles: list[Any] = [Patch(label=PHASES[phase][2], **_patch(phase)) for phase in ("init", "invoke")]
        limit_words = f"limit of one call: {limit_s:g} s"
        handles.append(Line2D([], [], color=VERMILION, linestyle="--", linewidth=1.6, label=limit_words))
        figure.legend(handles=handles, loc="outside lower left", ncols=3, frameon=False, fontsize=9.5)
    return add_alt_text(
        figure,
        title,
        f"In the top row, {count_of(len(calls_s), 'call')} are drawn end to end. Together they took "
        f"{measured(f'{in_all_s:.1f} s')}. A dashed line marks the limit of one call, {limit_s:g} s.",
        f"The rows below show the same calls as they ran, in {measured(count_of(len(rows), 'environment'))}. The "
        f"longest call took {measured(f'{max(calls_s):.1f} s')}.",
        numbers=[len(calls_s), limit_s],
        claims={
            "below the limit": max(calls_s) < limit_s,
            "at least twice as long": in_all_s >= 2 * limit_s,
        },
    )


def _look(phase: str) -> dict[str, Any]:
    """A phase's color and hatching, as in a time line."""
    color, hatch, _ = PHASES[phase]
    return {"facecolors": color, "hatch": hatch, "edgecolor": "black", "linewidth": 0.6}


def _patch(phase: str) -> dict[str, Any]:
    color, hatch, _ = PHASES[phase]
    return {"facecolor": color, "hatch": hatch, "edgecolor": "black", "linewidth": 0.6}
