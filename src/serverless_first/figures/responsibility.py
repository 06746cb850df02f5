"""The responsibility matrix: a row for each task, a column for each service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from serverless_first.course.words import listed
from serverless_first.figures.style import BLUE, style
from serverless_first.figures.words import add_alt_text
from serverless_first.shop import responsibility
from serverless_first.shop.responsibility import Owner, Year

#: Fill, color of the word, hatching. The word in the cell says the same.
LOOKS: dict[Owner, tuple[str, str, str]] = {
    "AWS": (BLUE, "white", ""),
    "both": ("#BFD9EA", "black", "..."),
    "you": ("#FBE3C4", "black", "///"),
}
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_WORDS: dict[Owner, str] = {"AWS": "AWS's", "both": "both have a part", "you": "yours"}


def responsibilities(years: Sequence[Year] = (2020, 2026), *, title: str) -> Figure:
    """The responsibility matrix of one year or of both, side by side.

    A dot marks a service that is not on slide 9, a star a cell that differs from the slide.

    Args:
        years: 2020 as on slide 9 with three more rows, 2026 as in AWS's guides, or both.
        title: the finding, as a sentence. It may state, also in words, how many tasks there are, how many of them are
            whose, and how many columns or cells are new. "" if a slide's heading says it.

    Raises:
        ValueError: no year, or a year that has no matrix.
    """
    unknown = [year for year in years if year not in responsibility.YEARS]
    if unknown or not years:
        raise ValueError(f"There is a matrix of 2020 and one of 2026; {list(years)} was asked for.")
    columns = [len(responsibility.services(year)) for year in years]
    with style():
        figure = Figure(figsize=(2.3 + 0.72 * sum(columns) + 0.2 * len(years), 5.4))
        grid: Any = figure.subplots(1, len(years), sharey=True, squeeze=False, width_ratios=columns)
        for axes, year in zip(grid[0], years, strict=True):
            _matrix(axes, year)
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        handles = [
            Patch(facecolor=colour, hatch=hatch, edgecolor="black", linewidth=0.6, label=_WORDS[owner])
            for owner, (colour, _, hatch) in LOOKS.items()
        ]
        if 2026 in years:
            handles.append(
                Patch(facecolor="none", edgecolor="none", label="★ differs from the slide   ● newer than it")
            )
        figure.legend(handles=handles, loc="outside lower left", ncols=4, frameon=False, fontsize=9.5)
    numbers = {*_counts(years), *years, *columns, len(responsibility.TASKS)}
    if 2026 in years:
        numbers |= {len(responsibility.NEW), len(responsibility.MOVES)}
    return add_alt_text(
        figure,
        title,
        f"A row for each of {len(responsibility.TASKS)} tasks, a column for each service.",
        *(_year_in_words(year) for year in years),
        f"In every column, these tasks are yours: {listed(_always_yours(years))}.",
        *(_changes_in_words() if 2026 in years else ()),
        numbers=numbers,
        claims={word: number in numbers for number, word in enumerate(_NUMBERS, 2)},
    )


def _counts(years: Sequence[Year]) -> set[int]:
    """How many tasks are one owner's on one service, for all owners and services of these years."""
    return {
        len(responsibility.of(service, year, owner))
        for year in years
        for service in responsibility.services(year)
        for owner in responsibility.OWNERS
    }


def _year_in_words(year: Year) -> str:
    services = responsibility.services(year)
    counts = [f"{len(responsibility.of(service, year, 'you'))} on {service}" for service in services]
    return f"Wholly yours in {year}: {listed(counts)}."


def _always_yours(years: Sequence[Year]) -> list[str]:
    columns = [(service, year) for year in years for service in responsibility.services(year)]
    return [task.name for task in responsibility.TASKS if all(task.owner(*column) == "you" for column in columns)]


def _changes_in_words() -> list[str]:
    """The dots and the stars in words."""
    starred = [f"{move.task} on {move.service}" for move in responsibility.MOVES]
    return [
        f"Newer than the slide: {listed(list(responsibility.NEW))}.",
        f"Stars mark cells that differ from the slide: {'; '.join(starred)}.",
    ]


def _matrix(axes: Any, year: Year) -> None:
    names = responsibility.services(year)
    for row, task in enumerate(responsibility.TASKS):
        for column, service in enumerate(names):
            owner = task.owner(service, year)
            colour, ink, hatch = LOOKS[owner]
            axes.add_patch(
                Rectangle(
                    (column - 0.47, row - 0.42), 0.94, 0.84, facecolor=colour, hatch=hatch, edgecolor="black", lw=0.6
                )
            )
            star = " ★" if year == 2026 and responsibility.move(task.name, service) else ""
            # On a plain ground: letters on hatching are hard to read.
            ground = {"facecolor": colour, "edgecolor": "none", "pad": 1.2}
            axes.text(column, row, owner + star, ha="center", va="center", color=ink, fontsize=9, bbox=ground)
    axes.set_xlim(-0.55, len(names) - 0.45)
    axes.set_ylim(len(responsibility.TASKS) - 0.5, -0.5)
    axes.set_xticks(range(len(names)), [_two_lines(name) for name in names], fontsize=9)
    axes.set_yticks(range(len(responsibility.TASKS)), [task.name for task in responsibility.TASKS])
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel(str(year), fontsize=11, fontweight="bold")


def _two_lines(service: str) -> str:
    words = service.replace("Managed Instances", "Managed\nInstances").replace("ECS/EKS on", "ECS/EKS\non")
    first, _, rest = words.partition(" ")
    broken = words if "/" in words or not rest else f"{first}\n{rest}"
    return f"● {broken}" if service in responsibility.NEW else broken
