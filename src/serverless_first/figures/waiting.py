"""How long you wait for capacity, measured here and published elsewhere, from milliseconds to months on one axis."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, NullLocator

from serverless_first.figures.style import BLUE, ORANGE, style
from serverless_first.figures.words import add_alt_text, measured

SECONDS = {"ms": 0.001, "s": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0, "week": 604_800.0}
_MARKS = {
    0.001: "1 ms", 0.03: "30 ms", 1.0: "1 s", 60.0: "1 min", 3600.0: "1 h", 86_400.0: "1 day", 2_592_000.0: "30 days",
}  # fmt: skip
_AMOUNT = re.compile(r"([\d.,]+)\s*(ms|s|minute|hour|day|week)s?\b")
_BARE = re.compile(r"([\d.,]+)\s+to\s+[\d.,]+\s*(ms|s|minute|hour|day|week)s?\b")


def span_s(text: str) -> tuple[float, float]:
    """Returns the shortest and the longest time that a text names, such as a fact's value, in seconds.

    >>> span_s("at most 125 ms"), span_s("from under 100 ms to over 1 s"), span_s("4 to 30 weeks")
    ((0.125, 0.125), (0.1, 1.0), (2419200.0, 18144000.0))

    Raises:
        ValueError: the text names no time.
    """
    amounts = [*_AMOUNT.findall(text), *_BARE.findall(text)]
    times_s = [float(number.replace(",", "")) * SECONDS[unit] for number, unit in amounts]
    if not times_s:
        raise ValueError(f"{text!r} does not name a time. Give a time such as 125 ms or 4 to 30 weeks.")
    return min(times_s), max(times_s)


def time_words(time_s: float) -> str:
    """A time as readers take it in: "0.9 ms", "54 ms", "1.4 s", "2 min", "12 weeks".

    >>> [time_words(t) for t in (0.00094, 0.054, 1.43, 30, 120, 7257600)]
    ['0.9 ms', '54 ms', '1.4 s', '30 s', '2 min', '12 weeks']
    """
    for unit, size_s, plural in (
        ("week", 604_800.0, "s"),
        ("day", 86_400.0, "s"),
        ("h", 3600.0, ""),
        ("min", 60.0, ""),
    ):
        if time_s >= size_s:
            number = time_s / size_s
            return f"{number:.3g} {unit}{plural if round(number, 2) != 1 else ''}"
    number, unit = (time_s, "s") if time_s >= 1 else (time_s * 1000, "ms")
    return f"{number:.1f}".removesuffix(".0") + f" {unit}" if number < 10 else f"{number:.0f} {unit}"


def _draw_legend(axes: Axes, *, has_measured: bool, has_published: bool) -> None:
    kinds = {
        "measured here": (has_measured, Patch(facecolor=BLUE)),
        "published": (has_published, Patch(facecolor=ORANGE, edgecolor="black", hatch="//")),
    }
    patches = {kind: patch for kind, (is_there, patch) in kinds.items() if is_there}
    axes.legend(patches.values(), patches.keys(), loc="upper right", frameon=True, fontsize=9.5)


def _draw_published(axes: Axes, place: int, span_s: tuple[float, float], first_s: float) -> None:
    """The bar of one published time, from the beginning of the axis."""
    low_s, high_s = span_s
    axes.barh(place, low_s - first_s, left=first_s, height=0.62, facecolor="#FBE3B3", edgecolor=ORANGE, hatch="//")
    if high_s > low_s:
        axes.barh(place, high_s - low_s, left=low_s, height=0.62, facecolor=ORANGE, edgecolor="black", hatch="//")
    _label(axes, high_s, place, _span_words(low_s, high_s))


def waiting_times(
    measured_s: Mapping[str, Sequence[float]], published_s: Mapping[str, tuple[float, float]], *, title: str
) -> Figure:
    """A bar for each kind of capacity on one axis of time, which is logarithmic.

    Measured bars are plain and end at the median, with a dot for each measurement. Published ones are hatched, pale up
    to the shortest time and dark from there to the longest.

    Args:
        measured_s: name of the capacity -> how long it took, each time, in seconds.
        published_s: name -> the shortest and the longest time that its source gives, in seconds.
        title: the finding, as a sentence.

    Raises:
        ValueError: nothing to show, or a time that is not above 0.
    """
    names = [*measured_s, *published_s]
    times = [
        *(time for durations_s in measured_s.values() for time in durations_s),
        *(t for span in published_s.values() for t in span),
    ]
    if not times or min(times) <= 0 or not all(map(len, measured_s.values())):
        raise ValueError("Give at least one time above 0 s for each kind of capacity.")
    first_s = min(0.0003, min(times) / 2)
    with style():
        figure = Figure(figsize=(8.0, 1.3 + 0.36 * len(names)))
        axes = figure.subplots()
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        axes.set_xscale("log")
        for place, each_s in enumerate(measured_s.values()):
            middle_s = median(each_s)
            axes.barh(place, middle_s - first_s, left=first_s, height=0.62, color=BLUE)
            axes.plot(each_s, [place] * len(each_s), "o", markersize=3.5, color="black", clip_on=False)
            _label(axes, max(each_s), place, time_words(middle_s))
        for place, span_s in enumerate(published_s.values(), len(measured_s)):
            _draw_published(axes, place, span_s, first_s)
        axes.set_yticks(range(len(names)), names, fontsize=10)
        axes.invert_yaxis()
        _time_axis(axes, first_s, max(times))
        _draw_legend(axes, has_measured=bool(measured_s), has_published=bool(published_s))
    middles_s = [median(each_s) for each_s in measured_s.values()]
    longest_s = [high_s for _, high_s in published_s.values()]
    return add_alt_text(
        figure,
        title,
        "One bar for each kind of capacity, on a logarithmic axis of time.",
        *(
            f"Measured here: {name}, {measured(time_words(middle_s))}."
            for name, middle_s in zip(measured_s, middles_s, strict=True)
        ),
        *(f"Published: {name}, {_span_words(low_s, high_s)}." for name, (low_s, high_s) in published_s.items()),
        claims={
            "a process starts in milliseconds": bool(middles_s) and middles_s[0] < 1,
            "a server takes weeks": bool(longest_s) and longest_s[-1] >= 2 * SECONDS["week"],
        },
    )


def _span_words(low_s: float, high_s: float) -> str:
    return time_words(high_s) if high_s == low_s else f"{time_words(low_s)} to {time_words(high_s)}"


def _time_axis(axes: Any, first_s: float, longest_s: float) -> None:
    axes.set_xlim(first_s, first_s * (longest_s / first_s) ** 1.4)  # room for the words behind the longest bar
    marks = [mark for mark in _MARKS if first_s <= mark <= longest_s * 4]
    axes.xaxis.set_major_locator(FixedLocator(marks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([_MARKS[mark] for mark in marks], fontsize=9.5)
    axes.set_xlabel("how long until it can work (each step of the axis is a multiple)", fontsize=10)
    axes.grid(axis="x", color="0.88")
    axes.set_axisbelow(True)


def _label(axes: Any, end_s: float, place: int, words: str) -> None:
    axes.annotate(words, (end_s, place), (6, 0), textcoords="offset points", va="center", fontsize=9.5)
