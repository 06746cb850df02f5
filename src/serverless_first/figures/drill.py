"""A figure of a drill over time, with CloudWatch's metrics and with samples of the queues and connections."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from serverless_first.figures.connections import heading, round_ticks
from serverless_first.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, style

if TYPE_CHECKING:  # at run time, the drill imports the figures
    from serverless_first.drill.record import Moment, Record

#: Function, as in the stack's outputs -> look of its line.
_LINES: dict[str, dict[str, Any]] = {
    "Front": {"color": BLUE, "linestyle": "-"},
    "Worker": {"color": VERMILION, "linestyle": (0, (9, 2))},
    "Provider": {"color": GREY, "linestyle": "--"},
    "Ledger": {"color": GREEN, "linestyle": "-."},
    "Projector": {"color": PURPLE, "linestyle": ":"},
}


def drill_dashboard(record: Record, *, title: str) -> Figure:
    """A drill over time: calls, concurrency and errors from CloudWatch, and samples of the queues and connections.

    Numbered lines mark the times at which the drill did something, and the list below the figure says what it did.

    Args:
        record: the record of a drill.
        title: the finding, as a sentence.

    Raises:
        ValueError: the record has no samples.
    """
    if not record.samples:
        raise ValueError("There is nothing to draw, because the record has no samples.")
    end_s = max(record.samples[-1].time_s, *(moment.time_s for moment in record.moments), 1.0)
    with style():
        figure = Figure(figsize=(8.0, 9.4 + 0.19 * len(record.moments)))
        calls, running, wrong, queues, database = figure.subplots(5, sharex=True)
        _functions(calls, record, "invocations", "calls per second")
        _functions(running, record, "concurrent", "concurrent\nexecutions")
        _errors(wrong, record)
        _sampled(
            queues, record, "messages\nin the queue",
            {
                "orders": (VERMILION, "-"), "payments": (GREY, "--"), "changes": (PURPLE, ":"),
                "dead": ("black", "-"),
            },
        )  # fmt: skip
        _sampled(database, record, "database\nconnections", {"proxied": (GREEN, "-"), "direct": (VERMILION, "--")})
        seats = record.database.seats
        database.axhline(seats, color="black", linewidth=1.0, linestyle=":")
        database.set_ylim(0, max(database.get_ylim()[1], seats * 1.3))
        database.text(end_s, seats, f"{seats} seats", ha="right", va="bottom", fontsize=9)
        for axes in (calls, running, wrong, queues, database):
            axes.set_xlim(0, end_s)
            if axes.get_legend_handles_labels()[0]:
                axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9)
            for moment in record.moments:
                axes.axvline(moment.time_s, color="black", linewidth=0.7, linestyle=":")
        _number(calls, record.moments, end_s)
        database.set_xlabel(f"time in s since the drill began\n{_key(record.moments)}", loc="left", fontsize=9.5)
        heading(figure, title)
    return figure


def _functions(axes: Axes, record: Record, what: str, label: str) -> None:
    times_s = _grid(record)
    highest = 0.0
    for role, looks in _LINES.items():
        at = {point.time_s: getattr(point, what) for point in record.points if point.role == role}
        if at:
            highest = max(highest, *at.values())
            axes.plot(times_s, [at.get(time_s, 0.0) for time_s in times_s], label=role, linewidth=1.5, **looks)
    _scale(axes, highest, label)


def _grid(record: Record) -> list[float]:
    """The metrics' times in seconds, including the times without a value, when nothing happened."""
    times_s = sorted({point.time_s for point in record.points})
    step_s = min((b - a for a, b in pairwise(times_s)), default=1.0)
    grid = times_s[:1]
    for time_s in times_s[1:]:
        while time_s - grid[-1] > 1.5 * step_s:
            grid.append(grid[-1] + step_s)
        grid.append(time_s)
    return grid


def _errors(axes: Axes, record: Record) -> None:
    highest = 0.0
    for what, colour, marker in (("errors", VERMILION, "x"), ("throttles", ORANGE, "v")):
        at: dict[float, float] = {}
        for point in record.points:
            if number := getattr(point, what):
                at[point.time_s] = at.get(point.time_s, 0.0) + number
        if at:
            highest = max(highest, *at.values())
        (marks,) = axes.plot(list(at), list(at.values()), marker, color=colour, label=what, markersize=6, zorder=3)
        if at:  # a single error beside many throttles is close to the axis
            marks.set_clip_on(False)
    _scale(axes, highest, "errors, throttles\nper second")


def _sampled(axes: Axes, record: Record, label: str, lines: dict[str, tuple[str, str]]) -> None:
    highest = 0
    times_s = [sample.time_s for sample in record.samples]
    names = {"dead": "dead letters", "proxied": "through the proxy", "direct": "direct"}
    for name, (colour, line) in lines.items():
        values = [getattr(sample, name) for sample in record.samples]
        highest = max(highest, *values)
        axes.step(times_s, values, line, where="post", color=colour, linewidth=1.5, label=names.get(name, name))
    _scale(axes, highest, label)


def _scale(axes: Axes, highest: float, label: str) -> None:
    axes.set_ylim(0, 1.08 * highest + 0.5)
    axes.set_yticks(round_ticks(max(highest, 1.0), 4))
    axes.set_ylabel(label, fontsize=9.5)


def _number(axes: Axes, moments: Sequence[Moment], end_s: float) -> None:
    """Draws the moments' numbers above the axes, on two levels where they are close together."""
    raised, is_close = False, False
    for number, moment in enumerate(moments, 1):
        was_close = is_close
        is_close = number < len(moments) and moments[number].time_s - moment.time_s < 0.025 * end_s
        raised = not raised if was_close else is_close
        axes.annotate(
            str(number), (moment.time_s, 1.0), xycoords=("data", "axes fraction"),
            xytext=(0, 12 if raised else 2), textcoords="offset points", ha="center", fontsize=9,
        )  # fmt: skip


def _key(moments: Sequence[Moment]) -> str:
    """The list of the numbered moments, one per line."""
    lines = [f"{number}  {moment.what}, at {moment.time_s:.0f} s" for number, moment in enumerate(moments, 1)]
    return "\n".join(["numbered moments:", *lines]) if lines else "the drill did nothing to the shop"
