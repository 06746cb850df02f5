"""Pictures of a job that is polled, against a service that says when the job is done."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from serverless_first.figures.axes import Moving, log_axes
from serverless_first.figures.style import BLUE, ORANGE, PURPLE, SKY, VERMILION, style
from serverless_first.figures.words import add_alt_text
from serverless_first.simulate import workflow
from serverless_first.simulate.inputs import Floats
from serverless_first.simulate.workflow import WorkflowResult

#: Waits that are drawn, in seconds: Step Functions waits whole seconds, from one.
WAITS_S: Floats = np.geomspace(1, 3600, 70)
FULL = "#F9DCC9"
_LEAST_DELAY_S, _MOST_DELAY_S = 0.1, 10_000.0  # shorter delays are drawn as the least
_MOST_STEPS = 20_000.0


def polling_trade_off(job_s: ArrayLike, *, title: str) -> Figure:
    """The steps that a wait between polls costs, and how late it lets a machine notice the end: `workflow.polling`.

    Args:
        job_s: from the submission of each job to its end, in seconds; the steps and delays of many are averaged.
        title: the finding, as a sentence; "" if the slide's heading says it.

    Raises:
        WrongTitle: the title states a number or a claim that the curves don't show.
        ValueError: an argument is out of its range.
    """
    runs = [workflow.polling(job_s, float(wait_s)) for wait_s in WAITS_S]
    waited = workflow.waiting(job_s)
    is_full = any(run.history_full.any() for run in runs)
    with style():
        figure = Figure(figsize=(9.0, 3.8))
        left, right = figure.subplots(1, 2)
        steps, delays = StepCurves(left), DelayCurves(right)
        steps.update(runs, waited, None)
        delays.update(runs, None)
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        handles, labels = legend(steps, delays, with_full=is_full)
        figure.legend(handles, labels, loc="outside lower left", ncols=3, frameon=False, fontsize=9.5)
    first, last = runs[0], runs[-1]
    steps_fall = bool(last.transitions.mean() < first.transitions.mean() / 10)
    delay_grows = bool(first.history_full.any() or last.delay_s.mean() > 10 * first.delay_s.mean())
    return add_alt_text(
        figure,
        title,
        "Two charts against the wait between polls, from 1 s to 1 h, on logarithmic axes.",
        f"Left, per job: with polling, state transitions change from {first.transitions.mean():,.0f} to "
        f"{last.transitions.mean():,.0f}, and function calls from {first.invocations.mean():,.0f} to "
        f"{last.invocations.mean():,.0f}.",
        f"With .sync, there are {waited.transitions.mean():.0f} transitions and no calls, whatever the wait.",
        "Right, the time until the end is noticed: with .sync, the line stays at the lower edge. With polling, the "
        f"mean delay changes from {_delay(first)} to {_delay(last)}, and a band reaches up to the longest delay.",
        "A hatched area marks the waits at which the history is full." if is_full else "",
        numbers=[float(waited.transitions.mean())],
        claims={
            "many steps": steps_fall,
            "late news": delay_grows,
            "neither": bool(np.max(waited.transitions) <= 2 and np.max(waited.delay_s) == 0),
        },
    )


def _delay(run: WorkflowResult) -> str:
    """The mean delay of jobs in words."""
    mean_s = float(run.delay_s.mean())
    if np.isinf(mean_s):
        return "a full history, which ends the execution,"
    return f"{mean_s:.2g} s" if mean_s < 60 else f"{mean_s / 60:.0f} min"


class _Curves(Moving):
    """Axes over the wait between polls, whose scales stay, and the waits at which a history is full."""

    def __init__(self, axes: Any, least: float, most: float) -> None:
        log_axes(axes, (WAITS_S[0], WAITS_S[-1]), (least, most))
        axes.set_xticks((1, 10, 60, 600, 3600), ("1 s", "10 s", "1 min", "10 min", "1 h"))
        axes.set_xlabel("wait between polls (log scale)")
        self.full = axes.fill_betweenx(
            [least, most], 1, 1, facecolor=FULL, edgecolor=VERMILION, hatch="xx", linewidth=0
        )
        self._ends = (least, most)
        (self._marker,) = axes.plot([], [], color="black", linewidth=1.4, linestyle=(0, (1, 1.5)))
        self.title = axes.set_title("", parse_math=False)  # two dollar signs don't make a formula
        self.moving = [self.full, self._marker, self.title]

    def _mark(self, runs: list[WorkflowResult], chosen_s: float | None) -> None:
        full = [wait_s for wait_s, run in zip(WAITS_S, runs, strict=True) if run.history_full.any()]
        self.full.set_data(list(self._ends), [WAITS_S[0]] * 2, [max(full, default=WAITS_S[0])] * 2)
        if chosen_s is not None:
            self._marker.set_data([chosen_s] * 2, self._ends)


class StepCurves(_Curves):
    """State transitions and functions for one job, against the wait between polls."""

    def __init__(self, axes: Any) -> None:
        super().__init__(axes, 0.8, _MOST_STEPS)
        look: dict[str, Any] = {"linewidth": 2.4}
        (self.transitions,) = axes.plot(WAITS_S, WAITS_S, color=VERMILION, **look)
        (self.invocations,) = axes.plot(WAITS_S, WAITS_S, "--", color=ORANGE, **look)
        (self.waiting,) = axes.plot([WAITS_S[0], WAITS_S[-1]], [2, 2], "-.", color=BLUE, **look)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.0f}"))
        axes.set_ylabel("per job (log scale)")
        self.moving[2:2] = [self.transitions, self.invocations, self.waiting]

    def update(self, runs: list[WorkflowResult], waited: WorkflowResult, chosen_s: float | None) -> None:
        """Draws one setting.

        Args:
            runs: of `workflow.polling`, one for each of `WAITS_S`.
            waited: of `workflow.waiting`.
            chosen_s: the wait that the line marks; None for no line.
        """
        self._mark(runs, chosen_s)
        self.transitions.set_ydata([run.transitions.mean() for run in runs])
        self.invocations.set_ydata([run.invocations.mean() for run in runs])
        self.waiting.set_ydata([waited.transitions.mean()] * 2)


class DelayCurves(_Curves):
    """How late a job's end is noticed, on average and at worst, against the wait between polls."""

    def __init__(self, axes: Any) -> None:
        super().__init__(axes, _LEAST_DELAY_S * 0.7, _MOST_DELAY_S)
        nothing = np.full_like(WAITS_S, _LEAST_DELAY_S)
        self.band = axes.fill_between(WAITS_S, nothing, nothing, color=SKY, alpha=0.45, linewidth=0)
        (self.mean,) = axes.plot(WAITS_S, nothing, color=PURPLE, linestyle=(0, (7, 1.5)), linewidth=2.4)
        axes.plot([WAITS_S[0], WAITS_S[-1]], [_LEAST_DELAY_S] * 2, "-.", color=BLUE, linewidth=2.4)
        axes.set_yticks(
            (_LEAST_DELAY_S, 1, 10, 60, 600, 3600), (f"≤ {_LEAST_DELAY_S:g} s", "1 s", "10 s", "1 min", "10 min", "1 h")
        )
        axes.set_ylabel("until the end is noticed")
        self.moving[2:2] = [self.band, self.mean]

    def update(self, runs: list[WorkflowResult], chosen_s: float | None) -> None:
        """Draws one setting.

        Args:
            runs: of `workflow.polling`, one for each of `WAITS_S`.
            chosen_s: the wait that the line marks; None for no line.
        """
        self._mark(runs, chosen_s)
        # Where a history is full nobody learns of the job's end: the curve has a gap there.
        delays = np.array([run.delay_s for run in runs]).reshape(len(runs), -1)
        delays = np.where(np.isinf(delays).any(axis=1, keepdims=True), np.nan, np.maximum(delays, _LEAST_DELAY_S))
        self.mean.set_ydata(delays.mean(axis=1))
        self.band.set_data(WAITS_S, np.full_like(WAITS_S, _LEAST_DELAY_S), delays.max(axis=1))


def legend(steps: StepCurves, delays: DelayCurves, *, with_full: bool = True) -> tuple[list[Any], list[str]]:
    """Handles and labels of what the marks of both pictures mean.

    Args:
        steps, delays: the two pictures.
        with_full: whether histories can be full in them.
    """
    names = {
        "polling: transitions": steps.transitions,
        "polling: function calls": steps.invocations,
        "waiting (.sync)": steps.waiting,
        "polling: mean delay": delays.mean,
        "polling: delays, up to the longest": delays.band,
    }
    if with_full:
        names["history full: the execution fails"] = steps.full
    return list(names.values()), list(names)
