"""Draws lesson 07's figures: slide 27 as rows of boxes, the work of operating a store, the tasks that stay yours."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch

from serverless_first.course.words import count as count_of, listed
from serverless_first.figures.axes import Moving
from serverless_first.figures.state_machine import width_in
from serverless_first.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LEAST_PT,
    ORANGE,
    PURPLE,
    SKY,
    SLIDE_IN,
    TALL_SLIDE_IN,
    YELLOW,
    on_slide,
    style,
)
from serverless_first.figures.words import add_alt_text, numbers_in
from serverless_first.shop import spectrum as slide
from serverless_first.shop.operations import KINDS, Kind, Ledger


class _Sizes(NamedTuple):
    """The layout of slide 27, in columns and rows.

    Attributes:
        letters: the most in a line of a box, if its words are that short.
        box_pt, name_pt: the size of the letters in a box, and of a row's name.
        line: the distance of two lines in a box, in heights of its letters; None for the usual distance.
        half: half a box's height.
        name_at: where a row's name begins, from the middle of the row's first box.
        load_y: the axis of the load.
        x: the left and the right edge.
        above, below: the room above the axis of the load, and below the middle of the last row.
    """

    letters: int
    box_pt: float
    name_pt: float
    line: float | None
    half: float
    name_at: tuple[float, float]
    load_y: float
    x: tuple[float, float]
    above: float
    below: float


_ON_PAPER = _Sizes(12, 8.0, 11.0, None, 0.3, (-1.58, 0.0), -0.5, (-1.6, 8.5), 0.25, 0.4)
_ON_A_SLIDE = _Sizes(8, LEAST_PT, LEAST_PT, 1.0, 0.325, (-0.43, -0.5), -0.72, (-0.47, 8.5), 0.29, 0.4)
#: Each mark has a color, a kind of line and a sign, so that readers without color can tell the marks apart.
_MARKS: Mapping[str, tuple[str, Any, str]] = {
    "": ("white", "solid", "as on the slide"),
    "other name": (YELLOW, "dashed", "≈ new name or version"),
    "new": (SKY, "solid", "+ added since the deck"),
}
_SIGNS = {"": "", "other name": "≈ ", "new": "+ "}
_KIND_LOOKS = ((BLUE, ""), (ORANGE, "///"), (GREEN, "..."), (PURPLE, "xx"))
#: How the alt text names the kinds of operations: a noun that it counts, and the words behind it.
_KIND_WORDS: Mapping[Kind, tuple[str, str]] = {
    "actions": ("action", ""),
    "settings": ("value", " chosen"),
    "patch": ("thing", " to patch"),
    "watch": ("thing", " to watch"),
}


def spectrum(*, title: str, when: slide.When = "now") -> Figure:
    """The five rows of slide 27, from more to less operational load.

    Args:
        title: the finding, as a sentence. It may state how many rows and services there are, how many services are new
            and how many have another name. "" if a slide's heading states it.
        when: "then" for the slide of January 2020, "now" for today, with what changed marked.
    """
    sizes = _ON_A_SLIDE if on_slide() else _ON_PAPER
    with style():
        figure = Figure(figsize=(SLIDE_IN[0], TALL_SLIDE_IN) if on_slide() else (10.5, 5.4))
        axes = figure.subplots()
        if on_slide():
            figure.set_layout_engine("none")  # `figures.show` would make it lower
            axes.set_position((0, 0.07 if when == "now" else 0, 1, 0.93 if when == "now" else 1))
        axes.set_axis_off()
        axes.set_title(title, pad=16)
        axes.set_xlim(sizes.x)
        axes.set_ylim(len(slide.ROWS) - 1 + sizes.below, sizes.load_y - sizes.above)
        most = max(len(slide.row(name)) for name in slide.ROWS)
        for y, name in enumerate(slide.ROWS):
            x_name, above = sizes.name_at
            axes.text(x_name, y + above, name, va="center", weight="bold", fontsize=sizes.name_pt)
            services = slide.row(name, when)
            for x, service in zip(_places(services, most - 1), services, strict=True):
                _box(axes, x, y, service, when, sizes)
        load: dict[str, Any] = {"arrowprops": {"arrowstyle": "->", "linewidth": 1.5}, "annotation_clip": False}
        axes.annotate("", (8.43, sizes.load_y), (-0.43, sizes.load_y), **load)
        axes.text(-0.43, sizes.load_y - 0.05, "more operational load", va="bottom", fontsize=9.5)
        axes.text(8.43, sizes.load_y - 0.05, "less: serverless", va="bottom", ha="right", fontsize=9.5)
        if when == "now":
            handles = [
                Patch(facecolor=colour, linestyle=line, edgecolor="black", label=words)
                for colour, line, words in _MARKS.values()
            ]
            figure.legend(
                handles=handles,
                loc="lower left" if on_slide() else "outside lower left",
                ncols=3,
                frameon=False,
                fontsize=9.5,
            )
    drawn = [service for name in slide.ROWS for service in slide.row(name, when)]
    news = Counter(service.news for service in drawn) if when == "now" else Counter[str]()
    return add_alt_text(
        figure,
        title,
        f"{len(slide.ROWS)} rows of boxes, from more to less operational load.",
        *(_row_in_words(name, when) for name in slide.ROWS),
        numbers=[len(slide.ROWS), len(drawn), news["new"], news["other name"]],
    )


def _places(services: Sequence[slide.Service], last: int) -> list[float]:
    """Where the boxes of a row stand: the fewer tasks stay yours, the further to the right; none overlap."""
    least = min(len(service.yours) for name in slide.ROWS for service in slide.row(name))
    places = [last * (len(slide.TASKS) - len(service.yours)) / (len(slide.TASKS) - least) for service in services]
    for number in range(len(places) - 2, -1, -1):
        places[number] = min(places[number], places[number + 1] - 1)
    return [max(place, float(number)) for number, place in enumerate(places)]


def _box(axes: Any, x: float, y: float, service: slide.Service, when: slide.When, sizes: _Sizes) -> None:
    news = service.news if when == "now" else ""
    colour, line, _ = _MARKS[news]
    sign, name = _SIGNS[news], service.then if when == "then" else service.name
    words = textwrap.fill(name if on_slide() else sign + name, sizes.letters, break_long_words=False)
    half = 0.4 if on_slide() else 0.43
    if on_slide():  # wide letters: a box is as wide as its words, and its sign is above it
        column_in = SLIDE_IN[0] / (sizes.x[1] - sizes.x[0])
        half = max(half, max(width_in(text, sizes.box_pt) / 2 + 0.02 for text in words.splitlines()) / column_in)
        axes.text(x + half, y + sizes.name_at[1], sign.strip(), va="center", ha="right", weight="bold", fontsize=12)
    box = FancyBboxPatch((x - half, y - sizes.half), 2 * half, 2 * sizes.half, boxstyle="round,pad=0.02")
    box.set(facecolor=colour, edgecolor="black", linestyle=line, linewidth=1.0)
    axes.add_patch(box)
    axes.text(x, y, words, va="center", ha="center", fontsize=sizes.box_pt, linespacing=sizes.line)


def _row_in_words(row: str, when: slide.When) -> str:
    """A row's services, each with what changed: "Database: MySQL, own; RDS; Aurora DSQL (new)"."""
    marked = []
    for service in slide.row(row, when):
        if when == "then":
            marked.append(service.then)
        elif service.news == "other name":
            marked.append(f"{service.name} (on the slide: {service.then})")
        else:
            marked.append(service.name + (" (new)" if service.news else ""))
    return f"{row}: {'; '.join(marked)}."


def operations(ledgers: Sequence[Ledger], *, title: str) -> Figure:
    """The work that each way to run a store has taken, as stacked bars.

    Args:
        ledgers: one bar each, in this order.
        title: the finding, as a sentence. It may state the parts of a bar and its whole length. "" if a slide's heading
            states it.

    Raises:
        ValueError: there is no ledger.
    """
    if not ledgers:
        raise ValueError("There is nothing to show. Give at least one ledger.")
    with style():
        figure = Figure(figsize=(8.0, 1.5 + 0.5 * len(ledgers)))
        axes = figure.subplots()
        left = [0] * len(ledgers)
        for (kind, words), (colour, hatch) in zip(KINDS.items(), _KIND_LOOKS, strict=True):
            counts = [ledger.total(kind) for ledger in ledgers]
            bars = axes.barh(
                range(len(ledgers)), counts, left=left, color=colour, hatch=hatch, edgecolor="white", label=words
            )
            for bar, count in zip(bars, counts, strict=True):
                if count:
                    middle = bar.get_x() + bar.get_width() / 2
                    box = {"facecolor": "white", "edgecolor": "none", "boxstyle": "round,pad=0.12"}
                    axes.text(middle, bar.get_y() + 0.4, str(count), va="center", ha="center", fontsize=9, bbox=box)
            left = [before + count for before, count in zip(left, counts, strict=True)]
        axes.set_yticks(range(len(ledgers)), [ledger.name for ledger in ledgers])
        axes.invert_yaxis()
        axes.set_xlabel("number, counted during the work")
        axes.set_title(title)
        figure.legend(loc="outside lower left", ncols=4, frameon=False, fontsize=9)
    totals = [ledger.total(kind) for ledger in ledgers for kind in KINDS]
    return add_alt_text(
        figure,
        title,
        f"{count_of(len(ledgers), 'stacked bar')}.",
        *(f"{ledger.name}: {_work_in_words(ledger)}." for ledger in ledgers),
        numbers=[*totals, *left, *numbers_in(ledger.name for ledger in ledgers)],
    )


def _work_in_words(ledger: Ledger) -> str:
    """The parts of a ledger's bar: "20 actions, 48 values chosen, 3 things to patch and 1 thing to watch"."""
    return listed([count_of(ledger.total(kind), thing) + rest for kind, (thing, rest) in _KIND_WORDS.items()])


class TaskBars(Moving):
    """For each task the number of chosen services that leave it to you.

    Args:
        axes: to draw in.
        most: how many services are chosen.
    """

    def __init__(self, axes: Any, most: int) -> None:
        rows = range(len(slide.TASKS))
        axes.barh(rows, most, color="white", edgecolor=GREY, linewidth=0.8, height=0.66)
        self._bars = list(axes.barh(rows, 0, color=BLUE, edgecolor="black", linewidth=0.8, height=0.66))
        self._words = [axes.text(0, y, "", va="center", ha="left", fontsize=9.5) for y in rows]
        axes.set_yticks(list(rows), list(slide.TASKS.values()))
        axes.set_xticks(range(most + 1))
        axes.set_xlim(0, most + 0.3)
        axes.invert_yaxis()
        axes.set_xlabel("number of services that leave this task to you")
        self.title = axes.set_title("")
        self.moving = [*self._bars, *self._words, self.title]

    def update(self, services: Iterable[slide.Service]) -> dict[str, int]:
        """Draws the tasks that these services leave; returns the number of services for each task."""
        counts = slide.left(services)
        for bar, words, count in zip(self._bars, self._words, counts.values(), strict=True):
            bar.set_width(count)
            words.set_x(count + 0.06)
            words.set_text(str(count) if count else "0: none of them")
        return counts
