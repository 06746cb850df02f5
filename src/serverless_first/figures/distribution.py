"""Figures of measurements: the durations of calls, and the number of calls per outcome."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from serverless_first.course.words import count as count_of, listed
from serverless_first.figures.axes import grid
from serverless_first.figures.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, style
from serverless_first.figures.words import add_alt_text, measured, numbers_in

# color, marker and hatching of each group, in order; each of the three is enough to tell the groups apart
_LOOKS = (
    (BLUE, "o", ""),
    (ORANGE, "s", "//"),
    (GREEN, "^", ".."),
    (VERMILION, "D", "xx"),
    (PURPLE, "v", "\\\\"),
    (SKY, "P", "--"),
)
_JITTER_SEED = 3


def _check_durations(groups: Mapping[str, Sequence[float]]) -> None:
    for name, values in groups.items():
        if not values:
            raise ValueError(f"Group {name!r} has no measurements. Give at least one.")
        wrong = [value for value in values if not 0 < value < float("inf")]
        if wrong:
            raise ValueError(f"Group {name!r} has {wrong[0]!r}, but a duration in ms must be above 0 and finite.")


def distribution(groups: Mapping[str, Sequence[float]], *, title: str, logarithmic: bool = True) -> Figure:
    """One row of dots for each group, with a dot for each measurement and a label at the group's median.

    Args:
        groups: name of the group -> its measurements in ms, each above 0; one to six groups.
        title: the finding, as a sentence.
        logarithmic: whether the axis is logarithmic. A linear axis starts at 0, so lengths show shares of the whole.

    Raises:
        ValueError: there are no groups or more than six, a group has no measurements, or a measurement is not above 0,
            so that a logarithmic axis can't show it.
    """
    _check_count(groups)
    _check_durations(groups)
    # Seeded, so that the same measurements give the same picture. The height within a row has no meaning.
    jitter = random.Random(_JITTER_SEED)
    with style():
        figure = Figure(figsize=(8.0, 1.5 + 0.8 * len(groups)))
        axes = figure.subplots()
        for row, ((name, values), (colour, marker, _)) in enumerate(zip(groups.items(), _LOOKS, strict=False)):
            heights = [row + jitter.uniform(-0.24, 0.24) for _ in values]
            dots: dict[str, Any] = {"s": 26, "edgecolor": "black", "linewidth": 0.4, "alpha": 0.75}
            axes.scatter(values, heights, color=colour, marker=marker, label=name, **dots)
            middle = median(values)
            axes.plot([middle, middle], [row - 0.36, row + 0.36], color="black", linewidth=2.2)
            above: dict[str, Any] = {"xytext": (0, 2), "textcoords": "offset points", "ha": "center", "va": "bottom"}
            axes.annotate(f"median {_ms(middle)} ms", (middle, row - 0.36), fontsize=9.5, **above)
        everything = [value for values in groups.values() for value in values]
        if logarithmic:
            axes.set_xscale("log")
            axes.set_xlim(min(everything) / 1.6, max(everything) * 1.6)
            ticks = (1, 2, 5) if max(everything) < 100 * min(everything) else (1,)
            axes.xaxis.set_major_locator(LogLocator(subs=ticks))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _ms(value)))
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            axes.set_xlim(0, max(everything) * 1.1)
        axes.set_yticks(range(len(groups)), list(groups))
        axes.set_ylim(len(groups) - 0.5, -0.75)
        grid(axes, "x")
        axes.set_xlabel("duration of a call in ms" + (", logarithmic axis" if logarithmic else ""))
        axes.set_title(title)
    medians_ms = [median(values) for values in groups.values()]
    return add_alt_text(
        figure,
        title,
        f"One row of dots for each group, on a {'logarithmic' if logarithmic else 'linear'} axis.",
        *(
            f"{name}: {count_of(len(values), 'call')} with a median of {measured(f'{_ms(median(values))} ms')}."
            for name, values in groups.items()
        ),
        numbers=[
            *(len(groups), *(len(values) for values in groups.values()), *medians_ms),
            *numbers_in(groups),
        ],
        shares=[middle_ms / sum(medians_ms) for middle_ms in medians_ms],
        varies=True,
    )


def counts(values: Mapping[str, int], *, title: str, xlabel: str = "number of calls") -> Figure:
    """One bar for each outcome, with the count as its label.

    Args:
        values: name of the outcome -> count; one to six outcomes.
        title: the finding, as a sentence.
        xlabel: the name of the counted thing.

    Raises:
        ValueError: there is no outcome, there are more than six, or a count is below 0.
    """
    _check_count(values)
    for name, count in values.items():
        if count < 0:
            raise ValueError(f"{name!r} is {count}, but a count must be 0 or more.")
    with style():
        figure = Figure(figsize=(8.0, 1.2 + 0.5 * len(values)))
        axes = figure.subplots()
        for row, ((_, count), (colour, _, hatch)) in enumerate(zip(values.items(), _LOOKS, strict=False)):
            bar = axes.barh(row, count, height=0.62, color=colour, hatch=hatch, edgecolor="black", linewidth=0.6)
            axes.bar_label(bar, labels=[f"{count:,}"], padding=5, fontweight="bold")
        axes.set_yticks(range(len(values)), list(values))
        axes.set_ylim(len(values) - 0.5, -0.5)
        axes.set_xlim(0, max(1, *values.values()) * 1.1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(xlabel)
        axes.set_title(title)
    total = sum(values.values())
    bars_in_words = listed([f"{name}: {measured(f'{count:,}')}" for name, count in values.items()])
    return add_alt_text(
        figure,
        title,
        f"{count_of(len(values), 'bar shows', 'bars show')} the {xlabel}. {bars_in_words}.",
        numbers=[total, *values.values(), *numbers_in(values)],
        shares=[count / total for count in values.values()] if total else [],
        varies=True,
    )


def _check_count(groups: Mapping[str, object]) -> None:
    if not 1 <= len(groups) <= len(_LOOKS):
        raise ValueError(f"There are {len(groups)} groups to draw. Give 1 to {len(_LOOKS)}.")


def _ms(value: float) -> str:
    """A duration for readers, with two significant digits below 10 and as a whole number from 10 up."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
