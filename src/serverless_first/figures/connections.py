"""Figures of a database's connections over time, and of what happens to orders that get no connection."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from serverless_cloud.records import CallResult, DatabaseSession, Sample
from serverless_first.course.words import count as count_of, listed
from serverless_first.figures.style import BLUE, GREY, ORANGE, VERMILION, style
from serverless_first.figures.words import add_alt_text, measured

# state -> color, hatching; PostgreSQL's remaining states come last
_STATES = {
    "active": (BLUE, ""),
    "idle": ("#D6E9F5", ".."),
    "idle in transaction": (ORANGE, "//"),
    "other": (GREY, "xx"),
}
# outcome -> color, hatching, meaning
_OUTCOMES = {
    "answered": (BLUE, "", "placed"),
    "failed": (VERMILION, "xx", "failed"),
    "throttled": (ORANGE, "//", "refused by Lambda, safe to retry"),
}
_MESSAGE = re.compile(r"(?:FATAL|ERROR|PANIC): +([^\n]*)")
_GAP_S = 0.5  # a longer time without a sample counts as a gap
INCH_A_LETTER = 0.076  # approximate, at 9.5 points
_SMALL = 9.5
TITLE_LETTERS = 76  # per line


def connections_over_time(
    samples: Sequence[Sample],
    *,
    title: str,
    max_connections: int,
    reserved: int = 5,
    marks: Mapping[float, str] | None = None,
) -> Figure:
    """A database's sessions over time, stacked by state, with a line at its number of seats.

    The axis begins at the first sample, so you can leave out time by leaving out samples. A gray band marks a gap
    between samples, when the database didn't respond.

    Args:
        samples: from a `DatabaseWatch`.
        title: the finding, as a sentence.
        max_connections: the database's parameter.
        reserved: how many seats are reserved, the sum of superuser_reserved_connections and reserved_connections.
        marks: time in seconds on the samples' clock -> a label of a few words.

    Raises:
        ValueError: there are fewer than two samples, or more reserved seats than seats.
    """
    if len(samples) < 2:
        raise ValueError(
            f"There are {len(samples)} samples, but a timeline needs two. Read them after the `with` block."
        )
    check_reserved(max_connections, reserved)
    begin_s, end_s = samples[0].time_s, samples[-1].time_s
    runs = _runs(samples)
    with style():
        figure = Figure(figsize=(8.0, 3.8))
        axes = figure.subplots()
        for run in runs:
            _stack(axes, run)
        for before, after in pairwise(runs):
            axes.axvspan(before[-1].time_s, after[0].time_s, color="#F0F0F0", label="the database isn't responding")
        axes.axhline(max_connections, color="black", linewidth=1.6)
        side: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "fontsize": _SMALL}
        axes.text(1.01, max_connections, f"max_connections\n{max_connections}", va="bottom", **side)
        if reserved:
            first = max_connections - reserved
            axes.axhline(first, color="black", linewidth=1.2, linestyle="--")
            axes.text(1.01, first, f"above {first}:\nreserved", va="top", **side)
        axes.set_xlim(begin_s, end_s)
        axes.set_ylim(0, max_connections * 1.2)
        draw_marks(axes, marks or {})
        axes.set_yticks(round_ticks(max_connections))
        axes.set_xlabel("time in seconds")
        axes.set_ylabel("connections")
        axes.set_title(textwrap.fill(title, TITLE_LETTERS))
        legend(figure, axes)
    gap = "A gray band shows when the database isn't responding." if len(runs) > 1 else ""
    return _told_over_time(figure, title, samples, max_connections, reserved, marks or {}, gap)


def _told_over_time(
    figure: Figure,
    title: str,
    samples: Sequence[Sample],
    max_connections: int,
    reserved: int,
    marks: Mapping[float, str],
    gap: str,
) -> Figure:
    """Adds the alt text to the figure of `connections_over_time`."""
    open_at = [len(sample.sessions) for sample in samples]
    states = Counter(map(_state, samples[-1].sessions))
    named = listed([f"{measured(f'at {time_s:.1f} s')} {text}" for time_s, text in marks.items()])
    lines = f"A line marks max_connections, {max_connections}."
    if reserved:
        lines = f"Lines mark max_connections, {max_connections}, and the {reserved} reserved seats below it."
    return add_alt_text(
        figure,
        title,
        f"Open connections over time. Their number begins at {open_at[0]}, peaks at {max(open_at)} and ends at "
        f"{open_at[-1]}{_in_states(states)}.",
        f"Marked: {named}." if named else "",
        lines,
        gap,
        numbers=[open_at[0], max(open_at), open_at[-1], max_connections, reserved, max_connections - reserved],
        claims={"idle": not open_at[-1] or states["idle"] > 0},
    )


def _in_states(states: Mapping[str, int]) -> str:
    """The states of the connections as the end of a sentence: ", all idle" or ", 3 active and 14 idle"."""
    if len(states) == 1:
        return f", all {next(iter(states))}"
    return f", {listed([f'{count} {state}' for state, count in states.items()])}" if states else ""


def _runs(samples: Sequence[Sample]) -> list[list[Sample]]:
    """The samples, split at each gap."""
    usual_s = median(after.time_s - before.time_s for before, after in pairwise(samples))
    runs = [[samples[0]]]
    for before, after in pairwise(samples):
        if after.time_s - before.time_s > max(_GAP_S, 5 * usual_s):
            runs.append([])
        runs[-1].append(after)
    return runs


def _stack(axes: Axes, run: Sequence[Sample]) -> None:
    times_s = [sample.time_s for sample in run]
    counts = [Counter(_state(session) for session in sample.sessions) for sample in run]
    below = [0] * len(run)
    for state, (colour, hatch) in _STATES.items():
        above = [low + count[state] for low, count in zip(below, counts, strict=True)]
        if above != below:
            look: dict[str, Any] = {"facecolor": colour, "hatch": hatch, "edgecolor": "black", "linewidth": 0.4}
            axes.fill_between(times_s, below, above, step="post", label=state, **look)
        below = above


def _state(session: DatabaseSession) -> str:
    state = session.state.removesuffix(" (aborted)")
    return state if state in _STATES else "other"


def draw_marks(axes: Axes, marks: Mapping[float, str]) -> None:
    """Draws a thin line at each mark, with its label above the contents of the axes, on as many levels as needed.

    Args:
        axes: their limits must be set; this function raises the upper limit of the y-axis.
        marks: position on the x-axis -> a label of a few words.
    """
    if not marks:
        return
    left, right = axes.get_xlim()
    per_inch = (right - left) / 6.0  # the approximate width of the axes
    ends: list[float] = []  # of the labels on each level
    placed: list[tuple[float, str, bool, int]] = []
    for x, words in sorted(marks.items()):
        width = (len(words) * INCH_A_LETTER + 0.12) * per_inch
        turned = x + width > right  # the label is to the left of its line
        begin = x - width if turned else x
        level = next((n for n, end in enumerate(ends) if end <= begin), len(ends))
        ends[level : level + 1] = [begin + width]
        placed.append((x, words, turned, level))
    bottom, top = axes.get_ylim()
    line = 0.085 * (top - bottom)
    axes.set_ylim(bottom, top + line * len(ends))
    for x, words, turned, level in placed:
        y = top + line * (level + 0.45)
        axes.plot([x, x], [bottom, y + 0.4 * line], color="black", linewidth=0.9, linestyle=":", zorder=5)
        label = axes.annotate(
            words,
            (x, y),
            xytext=(-4 if turned else 4, 0),
            textcoords="offset points",
            va="center",
            ha="right" if turned else "left",
            fontsize=_SMALL,
            zorder=6,
        )
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # hides other lines


def round_ticks(highest: float, intervals: int = 5) -> list[float]:
    """Whole-number ticks from 0 to `highest`, with at most this many intervals."""
    locator = MaxNLocator(intervals, integer=True, steps=[1, 2, 5, 10])
    return [tick for tick in locator.tick_values(0, highest) if tick <= highest]


def heading(figure: Figure, title: str) -> None:
    """Draws the title from the figure's left edge, for axes that begin far to the right."""
    figure.suptitle(textwrap.fill(title, TITLE_LETTERS), x=0.01, ha="left", fontsize=12, fontweight="bold")


def legend(figure: Figure, axes: Axes, *, columns: int = 4, order: Sequence[str] = ()) -> None:
    """Draws a legend below the figure with each label once, in this order or in drawing order."""
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    entries = [label for label in order if label in once] if order else list(once)
    if entries:
        marks = [once[label] for label in entries]
        figure.legend(marks, entries, loc="outside lower left", ncols=columns, frameon=False, fontsize=_SMALL)


def short_message(error: str) -> str:
    """A database's message, without the address and the driver's own words, or the first line of any other error.

    Args:
        error: the text of an error, as psycopg reports it.
    """
    match = _MESSAGE.search(error)
    return (match[1] if match else error.strip().partition("\n")[0]).strip()


def mitigations(rows: Mapping[str, Sequence[CallResult]], *, title: str) -> Figure:
    """For each approach, how many orders were placed, failed or were refused, and how long placing an order took.

    Args:
        rows: name of the approach -> the outcome of each call, as `Cloud.at_once` returns it.
        title: the finding, as a sentence.

    Raises:
        ValueError: there is no approach, an approach has no calls, or an outcome is not "answered", "failed" or
            "throttled".
    """
    if not rows:
        raise ValueError("There is nothing to compare. Give at least one approach with its calls.")
    for name, calls in rows.items():
        if not calls:
            raise ValueError(f"{name!r} has no calls. Give the outcome of each call.")
        for call in calls:
            if call.outcome not in _OUTCOMES:
                raise ValueError(
                    f"{name!r} has the outcome {call.outcome!r}. Known outcomes are {', '.join(_OUTCOMES)}."
                )
    with style():
        figure = Figure(figsize=(8.0, 1.3 + 0.52 * len(rows)))
        figure.set_layout_engine("constrained", wspace=0.05)
        axes, times = figure.subplots(1, 2, sharey=True, width_ratios=(5, 2))
        left = [0] * len(rows)
        for outcome, (colour, hatch, words) in _OUTCOMES.items():
            counts = [sum(call.outcome == outcome for call in calls) for calls in rows.values()]
            look: dict[str, Any] = {"color": colour, "hatch": hatch, "edgecolor": "black", "linewidth": 0.6}
            bars = axes.barh(range(len(rows)), counts, left=left, height=0.6, label=words, **look)
            texts = axes.bar_label(bars, [str(c) if c else "" for c in counts], label_type="center", weight="bold")
            for text in texts:  # readable on any hatching
                text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.2})
            left = [a + b for a, b in zip(left, counts, strict=True)]
        axes.set_yticks(range(len(rows)), [textwrap.fill(name, 24) for name in rows])
        axes.tick_params(left=False)  # beside the number of a short bar, a tick would look like a minus sign
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, max(left))
        axes.set_xticks(round_ticks(max(left)))
        axes.set_xlabel("orders")
        placed = [
            [call.duration_ms for call in calls if call.outcome == "answered" and call.duration_ms is not None]
            for calls in rows.values()
        ]
        middles_ms = [median(took_ms) if took_ms else 0.0 for took_ms in placed]
        bars = times.barh(range(len(rows)), middles_ms, height=0.22, color=GREY, edgecolor="black", linewidth=0.6)
        words_ms = [f"{ms:,.0f}" if took_ms else "none placed" for ms, took_ms in zip(middles_ms, placed, strict=True)]
        times.bar_label(bars, words_ms, padding=4)
        times.set_xlim(0, max(1.0, *middles_ms) * 1.35)
        times.tick_params(left=False)
        times.set_xticks(round_ticks(max(1.0, *middles_ms), 3))
        times.set_xlabel("median Duration of a\nplaced order in ms")
        heading(figure, title)
        legend(figure, axes)
    return add_alt_text(
        figure, title, "One row for each approach.", *map(_try_in_words, rows.items()), numbers=[len(rows)], varies=True
    )


def _try_in_words(row: tuple[str, Sequence[CallResult]]) -> str:
    """One approach as a sentence; which orders find a seat differs from run to run."""
    name, calls = row
    counted = Counter(call.outcome for call in calls)
    ended = [f"{counted[outcome]} {words}" for outcome, (_, _, words) in _OUTCOMES.items() if counted[outcome]]
    return f"{name[0].upper()}{name[1:]}: of {count_of(len(calls), 'order')}, {measured(listed(ended))}."


def check_reserved(max_connections: int, reserved: int) -> None:
    """Raises ValueError if a database with these max_connections can't reserve so many seats."""
    if max_connections < 1 or not 0 <= reserved <= max_connections:
        raise ValueError(f"{reserved} of {max_connections} seats can't be reserved.")
