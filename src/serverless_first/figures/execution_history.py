"""Histories of executions as time lines: a lane for each state, a bar for each stay, its attempts inside."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from serverless_first.course.words import listed
from serverless_first.figures.asl import shortened
from serverless_first.figures.state_machine import FILLS, width_in
from serverless_first.figures.states_run import Event, Run, Visit, run_of
from serverless_first.figures.style import BLUE, GREY, VERMILION, style
from serverless_first.figures.words import add_alt_text, measured, numbers_in

_ROW_IN = 0.3  # of a lane
_ROWS_SIDE_BY_SIDE = 6  # stays at the same time that have a row each; of more the number is drawn
_NAME_LETTERS, _NAME_PT = 30, 9.5
_TITLE_LETTERS = 76
_AGAIN_AND_AGAIN, _NEARLY_ALL = 5, 0.8  # the least that titles may claim: stays in one state, a share of the time
_MARK = {"succeeded": "black", "failed": VERMILION, "timed out": VERMILION, "aborted": VERMILION, "running": GREY}


@dataclass
class _Lane:
    """All stays in one state.

    Attributes:
        name, kind, depth: of the state; depth counts the Parallel and Map states around it.
        visits: the stays.
        rows: for each stay the row that it is drawn in, so that stays at the same time are side by side.
    """

    name: str
    kind: str
    depth: int
    visits: list[Visit] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    @property
    def row_count(self) -> int:
        return max(self.rows, default=0) + 1

    @property
    def is_folded(self) -> bool:
        """Too many at the same time to draw each."""
        return self.row_count > _ROWS_SIDE_BY_SIDE

    @property
    def height(self) -> float:
        """In lanes of one row."""
        return 1.0 if self.row_count == 1 else 1.6 if self.is_folded else 0.4 + 0.5 * self.row_count


def execution_histories(histories: Mapping[str, Sequence[Event]], *, title: str) -> Figure:
    """Time lines of executions, one below the other, on the same axis.

    Each has a lane for each state, in the order in which they were first entered. States inside a Parallel or a Map
    are below it, indented. A Map with many iterations at once is drawn as their number.

    Args:
        histories: the heading of each -> the events of a Standard execution, as get_execution_history gives them;
            it may still be running.
        title: the finding, as a sentence. "again and again" needs a state that an execution entered five times or more,
            and "waits in one state" an execution that spent four fifths of its time in one stay.

    Raises:
        WrongTitle: the title states a number or a claim that the histories don't show.
        ValueError: there is none; or one has no events, or none of an execution.
    """
    if not histories:
        raise ValueError("There is nothing to draw. Give at least one history.")
    runs = {name: run_of(events) for name, events in histories.items()}
    lanes = {name: _lanes(run) for name, run in runs.items()}
    heights = [sum(lane.height for lane in run_lanes) * _ROW_IN + 0.35 for run_lanes in lanes.values()]
    lines = textwrap.wrap(title, _TITLE_LETTERS)
    with style():
        looks = _legend([lane for run_lanes in lanes.values() for lane in run_lanes])
        rows = -(-len(looks) // 4)
        figure = Figure(figsize=(8.0, sum(heights) + 0.75 + 0.24 * len(lines) + 0.26 * rows))
        drawn = figure.subplots(len(runs), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        longest_s = max(run.end_s for run in runs.values()) or 1e-3
        unit, per_s = ("ms", 1000.0) if longest_s < 2 else ("seconds", 1.0)
        for axes, (name, run) in zip(drawn, runs.items(), strict=True):
            _draw(axes, run, lanes[name], per_s, longest_s)
            axes.set_title(f"{name}: {_summary(run)}", fontsize=10, fontweight="normal")
        drawn[-1].set_xlabel(f"time since the execution began, in {unit}")
        figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=12, fontweight="bold")
        figure.legend(handles=looks, loc="outside lower left", ncols=4, frameon=False, fontsize=9)
    most = max((len(lane.visits) for run_lanes in lanes.values() for lane in run_lanes), default=0)
    return add_alt_text(
        figure,
        title,
        "Time lines on the same axis of time, with a lane for each state and a bar for each stay in it.",
        *(_in_words(name, run, lanes[name]) for name, run in runs.items()),
        numbers=[
            *numbers_in(histories),
            *(len(run.visits) for run in runs.values()),
            *(len(lane.visits) for run_lanes in lanes.values() for lane in run_lanes),
        ],
        claims={
            "again and again": most >= _AGAIN_AND_AGAIN,
            "waits in one state": any(_longest_share(run) >= _NEARLY_ALL for run in runs.values()),
        },
    )


def _summary(run: Run) -> str:
    return _ended(run, _time(run.end_s))


def _ended(run: Run, time: str) -> str:
    if run.outcome == "running":
        return f"still runs after {time}"
    what = {"failed": "failed", "timed out": "timed out", "aborted": "was stopped"}.get(run.outcome, run.outcome)
    return f"{what} after {time}" + (f" with {run.error}" if run.error else "")


def _in_words(name: str, run: Run, lanes: Sequence[_Lane]) -> str:
    """Puts into words what one execution did; times, and numbers of stays above one, differ from run to run."""
    stays = [f"{lane.name} {measured(f'{len(lane.visits):,} times') if lane.visits[1:] else 'once'}" for lane in lanes]
    return f"{name}: {_ended(run, measured(_time(run.end_s)))}. It was in {listed(stays) or 'no state'}."


def _longest_share(run: Run) -> float:
    """The part of an execution's time that its longest stay took, from 0 to 1."""
    longest_s = max((_end(visit, run) - visit.entered_s for visit in run.visits), default=0.0)
    return longest_s / run.end_s if run.end_s else 0.0


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _end(visit: Visit, run: Run) -> float:
    return run.end_s if visit.exited_s is None else visit.exited_s


def _lanes(run: Run) -> list[_Lane]:
    """A lane for each state. The states of a branch are below the state that has the branch."""
    lanes: dict[str, _Lane] = {}
    inside: dict[str | None, list[str]] = {}
    for visit in run.visits:
        if visit.state not in lanes:
            above = lanes[visit.inside].depth + 1 if visit.inside in lanes else 0
            lanes[visit.state] = _Lane(visit.state, visit.kind, above)
            inside.setdefault(visit.inside if above else None, []).append(visit.state)
        lanes[visit.state].visits.append(visit)
    for lane in lanes.values():
        free_s: list[float] = []
        for visit in lane.visits:
            row = next((n for n, until_s in enumerate(free_s) if until_s <= visit.entered_s), len(free_s))
            free_s[row : row + 1] = [_end(visit, run)]
            lane.rows.append(row)

    def below(name: str | None) -> list[_Lane]:
        return [lane for child in inside.get(name, []) for lane in (lanes[child], *below(child))]

    return below(None)


def _draw(axes: Axes, run: Run, lanes: Sequence[_Lane], per_s: float, longest_s: float) -> None:
    top, places = 0.0, []
    for lane in lanes:
        _draw_lane(axes, lane, top, run, per_s, longest_s)
        places.append(top + lane.height / 2)
        top += lane.height
    end = run.end_s * per_s
    axes.axvline(end, color=_MARK[run.outcome], linestyle="-" if run.outcome == "succeeded" else "--", linewidth=1.2)
    names = ["    " * lane.depth + shortened(lane.name, _NAME_LETTERS) for lane in lanes]
    axes.set_yticks(places, [name.replace("$", r"\$") for name in names])
    for label in axes.get_yticklabels():
        label.set_horizontalalignment("left")  # so that what is inside of a state stands further in
    widest_in = max(width_in(name.replace(" ", "n"), _NAME_PT) for name in names)
    axes.set_ylim(max(top, 1.0), 0)
    axes.set_xlim(0, longest_s * per_s * 1.02)
    axes.tick_params(axis="y", length=0, labelsize=_NAME_PT, pad=72 * widest_in + 5)
    axes.tick_params(axis="x", labelbottom=True)


def _draw_lane(axes: Axes, lane: _Lane, top: float, run: Run, per_s: float, longest_s: float) -> None:
    if lane.is_folded:
        _draw_number(axes, lane, top, run, per_s)
        return
    row_height = (lane.height - 0.3) / lane.row_count
    for visit, row in zip(lane.visits, lane.rows, strict=True):
        low, height = top + 0.15 + row * row_height, row_height * (0.86 if lane.row_count > 1 else 1.0)
        begin, end = visit.entered_s * per_s, _end(visit, run) * per_s
        # A stay that takes next to no time must be visible.
        width = max(end - begin, 0.004 * longest_s * per_s)
        axes.add_patch(
            Rectangle(
                (begin, low), width, height, facecolor=FILLS.get(lane.kind, "white"),
                edgecolor=VERMILION if visit.failed else "black", linewidth=1.6 if visit.failed else 0.7,
                hatch="///" if lane.kind == "Wait" else None, gid=f"stay {lane.name}", zorder=2,
            )
        )  # fmt: skip
        for attempt in visit.attempts:
            begun_s = attempt.planned_s if attempt.begun_s is None else attempt.begun_s
            until_s = _end(visit, run) if attempt.ended_s is None else attempt.ended_s
            axes.add_patch(
                Rectangle(
                    (begun_s * per_s, low + height * 0.25), max(until_s - begun_s, 0) * per_s, height * 0.5,
                    facecolor=VERMILION if attempt.error else BLUE, edgecolor="none", gid=f"attempt {lane.name}",
                    zorder=3,
                )
            )  # fmt: skip
            if attempt.error:
                axes.plot(until_s * per_s, low + height / 2, "X", color=VERMILION, markeredgecolor="black",
                          markersize=7, zorder=4)  # fmt: skip


def _draw_number(axes: Axes, lane: _Lane, top: float, run: Run, per_s: float) -> None:
    """How many stays there were at each moment."""
    changes = sorted(
        [(visit.entered_s, 1) for visit in lane.visits] + [(_end(visit, run), -1) for visit in lane.visits]
    )
    times, counts, count = [0.0], [0], 0
    for moment_s, change in changes:
        count += change
        times.append(moment_s * per_s)
        counts.append(count)
    most = max(counts)
    scale = (lane.height - 0.45) / most
    low = top + lane.height - 0.1
    axes.fill_between(times, low, [low - n * scale for n in counts], step="post", facecolor=FILLS[lane.kind],
                      edgecolor="black", linewidth=0.7, gid=f"number {lane.name}", zorder=2)  # fmt: skip
    words = f"{len(lane.visits)} in all, at most {most} at once"
    failed = sum(visit.failed for visit in lane.visits)
    words += f", {failed} failed" if failed else ""
    axes.text(0.965, top + 0.3, words, ha="right", va="center", fontsize=8.5, zorder=5,
              transform=axes.get_yaxis_transform(),
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip


def _legend(lanes: Sequence[_Lane]) -> list[Any]:
    kinds = list(dict.fromkeys(lane.kind for lane in lanes))
    looks: list[Any] = []
    for kind in kinds:
        hatch = "///" if kind == "Wait" else None
        looks.append(Patch(facecolor=FILLS[kind], edgecolor="black", linewidth=0.7, hatch=hatch, label=kind))
    attempts = [attempt for lane in lanes for visit in lane.visits for attempt in visit.attempts]
    if attempts:
        looks.append(Patch(facecolor=BLUE, label="what the task called is at work"))
    if any(attempt.error for attempt in attempts):
        looks.append(Line2D([], [], linestyle="", marker="X", color=VERMILION, markeredgecolor="black",
                            markersize=7, label="an attempt that failed"))  # fmt: skip
    if any(visit.failed for lane in lanes for visit in lane.visits):
        looks.append(Patch(facecolor="white", edgecolor=VERMILION, linewidth=1.6, label="an error left the state"))
    return looks
