"""Two ways of doing the same, compared by several measures: a small pair of bars for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from serverless_first.course.words import count
from serverless_first.figures.style import BLUE, VERMILION, style
from serverless_first.figures.words import add_alt_text, measured, numbers_in

_COLUMNS = 3
_LOOKS = ((VERMILION, "///"), (BLUE, ""))


def two_ways(measures: Mapping[str, Sequence[float]], *, names: Sequence[str], title: str) -> Figure:
    """A panel for each measure, with a bar for each of the two ways and its number at the bar's end.

    Args:
        measures: what is measured, with its unit -> a number for each of the two ways, from 0.
        names: what the two ways are called.
        title: the finding, as a sentence; "" if the slide's heading says it.

    Raises:
        WrongTitle: the title states a number that no bar has.
        ValueError: there is no measure, or one has not two numbers, or a number below 0; or there are not two names.
    """
    if len(names) != 2:
        raise ValueError(f"There are {len(names)} names, but exactly two ways can be compared.")
    if not measures:
        raise ValueError("There is nothing to compare. Give at least one measure.")
    for what, numbers in measures.items():
        if len(numbers) != 2 or min(numbers) < 0:
            raise ValueError(f"{what} has {list(numbers)}. Give one number for each of the two ways, and none below 0.")
    rows = -(-len(measures) // _COLUMNS)
    with style():
        figure = Figure(figsize=(9.0, 0.6 + 1.25 * rows))
        panels = figure.subplots(rows, _COLUMNS, squeeze=False)
        for axes in panels.flat[len(measures) :]:
            axes.set_axis_off()
        for number, (axes, (what, numbers)) in enumerate(zip(panels.flat, measures.items(), strict=False)):
            for place, (length, (colour, hatch)) in enumerate(zip(numbers, _LOOKS, strict=True)):
                axes.barh(place, length, color=colour, hatch=hatch, edgecolor="white", height=0.7)
                axes.annotate(
                    _number(length), (length, place), (4, 0), textcoords="offset points", va="center", fontsize=10
                )
            axes.set_title(what, fontsize=10, fontweight="normal")
            axes.set_xlim(0, (max(numbers) or 1) * 1.3)
            axes.set_ylim(1.6, -0.6)
            axes.set_yticks((0, 1), names if number % _COLUMNS == 0 else ("", ""))
            axes.set_xticks(())
            axes.tick_params(axis="y", length=0)
            axes.spines["bottom"].set_visible(False)
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    return add_alt_text(
        figure,
        title,
        f"Pairs of bars for {count(len(measures), 'measure')}, {names[0]} against {names[1]}.",
        *(f"{what}: {measured(_number(a))} against {measured(_number(b))}." for what, (a, b) in measures.items()),
        numbers=[len(measures), *numbers_in([*measures, *names]), *(n for pair in measures.values() for n in pair)],
    )


def _number(value: float) -> str:
    """Whole numbers as they are, others with two digits that count."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
