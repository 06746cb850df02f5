"""Pictures of measurements: how long calls took, and how many ended how."""

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
from serverless_first.figures.words import measured, numbers_in, told

# colour, marker and hatching of each group, in order: any one of them tells the groups apart
_LOOKS = (
    (BLUE, "o", ""),
    (ORANGE, "s", "//"),
    (GREEN, "^", ".."),
    (VERMILION, "D", "xx"),
    (PURPLE, "v", "\\\\"),
    (SKY, "P", "--"),
)
_JITTER_SEED = 3


def distribution(groups: Mapping[str, Sequence[float]], *, title: str, logarithmic: bool = True) -> Figure:
    """A dot for each measurement, a row for each group, the median of the group marked and written.

    Args:
        groups: name of the group -> its measurements in ms, each above 0; up to six groups.
        title: the finding, as a sentence.
        logarithmic: whether the axis is logarithmic, or linear from 0, where lengths show shares of the whole.

    Raises:
        ValueError: no group, a group without measurements, more than six groups, or a measurement that is not
            above 0, which a logarithmic axis has no place for.
    """
    _check_count(groups)
    for name, values in groups.items():
        if not values:
            raise ValueError(f"Group {name!r} has no measurements. Give at least one.")
        wrong = [value for value in values if not 0 < value < float("inf")]
        if wrong:
            raise ValueError(f"Group {name!r} has {wrong[0]!r}, but a duration in ms must be above 0 and finite.")
    # Seeded: the same measurements are the same picture. The height within a row has no meaning.
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
    total_ms = sum(everything)
    return told(
        figure,
        title,
        f"One row of dots for each group, on a {'logarithmic' if logarithmic else 'linear'} axis.",
        *(
            f"{name}: {count_of(len(values), 'call')}, the median is {measured(f'{_ms(median(values))} ms')}."
            for name, values in groups.items()
        ),
        numbers=[
            *(len(groups), *(len(values) for values in groups.values()), *map(median, groups.values())),
            *numbers_in(groups),
        ],
        shares=[sum(values) / total_ms for values in groups.values()],
        varies=True,
    )


def counts(values: Mapping[str, int], *, title: str, xlabel: str = "number of calls") -> Figure:
    """A bar for each outcome with its number written on it: "version 1: 90, version 2: 10".

    Args:
        values: name of the outcome -> how many; up to six.
        title: the finding, as a sentence.
        xlabel: what is counted.

    Raises:
        ValueError: no outcome, more than six, or a number below 0.
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
    bars_in_words = listed([f"{name} {measured(f'{count:,}')}" for name, count in values.items()])
    return told(
        figure,
        title,
        f"{count_of(len(values), 'bar')} of the {xlabel}: {bars_in_words}.",
        numbers=[total, *values.values(), *numbers_in(values)],
        shares=[count / total for count in values.values()] if total else [],
        varies=True,
    )


def _check_count(groups: Mapping[str, object]) -> None:
    if not 1 <= len(groups) <= len(_LOOKS):
        raise ValueError(f"There are {len(groups)} groups to draw, but only 1 to {len(_LOOKS)} can be told apart.")


def _ms(value: float) -> str:
    """A duration for readers: two significant digits below 10, whole numbers from there."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
