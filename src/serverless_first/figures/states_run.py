"""Reads an execution's history: its visits to states, their times, and its failures.

Source: the event types and their details in AWS's Step Functions API Reference, HistoryEvent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from serverless_first.figures.asl import END, JOIN, START, Node

Event = Mapping[str, Any]

_ENTERED = re.compile(r"(\w+)StateEntered")
_EXITED = re.compile(r"(\w+)StateExited")
#: Events that begin a Task's attempt, and events that end it.
_BEGINS = ("TaskStarted", "LambdaFunctionStarted", "ActivityStarted")
_GOOD = ("TaskSucceeded", "LambdaFunctionSucceeded", "ActivitySucceeded")
_BAD = ("TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed", "LambdaFunctionFailed",
        "LambdaFunctionTimedOut", "LambdaFunctionScheduleFailed", "LambdaFunctionStartFailed", "ActivityFailed",
        "ActivityTimedOut", "ActivityScheduleFailed")  # fmt: skip
_PLANNED = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled")
_STATE_FAILED = ("MapStateFailed", "ParallelStateFailed", "MapStateAborted", "ParallelStateAborted", "EvaluationFailed")
_OVER = {"ExecutionSucceeded": "succeeded", "ExecutionFailed": "failed", "ExecutionTimedOut": "timed out",
         "ExecutionAborted": "aborted"}  # fmt: skip


@dataclass
class Attempt:
    """One attempt of a Task.

    Attributes:
        planned_s, begun_s, ended_s: when the attempt was scheduled, started and ended, in seconds since the execution
            began; None if that has not happened.
        error: the error's name; "" if there was none.
    """

    planned_s: float
    begun_s: float | None = None
    ended_s: float | None = None
    error: str = ""


@dataclass
class Visit:
    """One visit to a state.

    Attributes:
        state, kind: the state's name and Type.
        entered_s, exited_s: in seconds since the execution began. exited_s is None if the execution didn't leave the
            state, because the state failed or is still running.
        inside: the name of the Parallel or Map state around it; None at the top level.
        came_from: the name of the previous state; None for the first state of a machine or a branch.
        attempts: the attempts, if the state is a Task.
        failed: whether the state ended with an error.
    """

    state: str
    kind: str
    entered_s: float
    exited_s: float | None = None
    inside: str | None = None
    came_from: str | None = None
    attempts: list[Attempt] = field(default_factory=list)
    failed: bool = False


@dataclass(frozen=True)
class Run:
    """An execution.

    Attributes:
        visits: the visits to all states, in the order in which the execution entered them.
        end_s: the time from the first to the last event, in seconds.
        outcome: "succeeded", "failed", "timed out", "aborted" or "running".
        error: why the execution failed; "" if it didn't fail.
    """

    visits: list[Visit]
    end_s: float
    outcome: str
    error: str


@dataclass(frozen=True)
class Visits:
    """How often an execution visited each state, which transitions it took, and which states failed."""

    states: dict[str, int]
    steps: frozenset[tuple[str | None, str]]
    ended: frozenset[str]
    failed: frozenset[str]

    def took(self, source: Node, target: Node) -> bool:
        """Whether the execution went from the source node of the graph to the target node."""
        if target.kind == END:
            return source.name in self.ended and (source.kind != JOIN or source.name not in self.failed)
        if target.kind == JOIN:
            return source.name in self.ended or (source.kind == JOIN and source.name in self.states)
        around = target.frames[:-1] if target.kind in ("Parallel", "Map") else target.frames
        if source.kind == START or source.key in around[-1:]:
            return target.name in self.states and (None, target.name) in self.steps
        return (source.name, target.name) in self.steps


def visits_of(events: Sequence[Event]) -> Visits:
    """Counts the visits to each state.

    Raises:
        ValueError: there are no events, or they are not from an execution's history.
    """
    run = run_of(events)
    states: dict[str, int] = {}
    for visit in run.visits:
        states[visit.state] = states.get(visit.state, 0) + 1
    steps = frozenset((visit.came_from, visit.state) for visit in run.visits)
    left = {visit.state for visit in run.visits if visit.exited_s is not None or visit.kind in ("Fail", "Succeed")}
    went_on = {visit.came_from for visit in run.visits}
    return Visits(
        states,
        steps,
        frozenset(name for name in left if name not in went_on or _also_ended(name, run.visits)),
        frozenset(visit.state for visit in run.visits if visit.failed),
    )


def _also_ended(name: str, visits: Iterable[Visit]) -> bool:
    """Whether a visit to a state had no successor, as in a Map, where one iteration may end and another continue."""
    came = sum(visit.came_from == name for visit in visits)
    return sum(visit.state == name for visit in visits) > came


def run_of(events: Sequence[Event]) -> Run:
    """Reads a history.

    Args:
        events: all events as get_execution_history returns them, in any order.

    Raises:
        ValueError: there are no events, or they are not from an execution's history.
    """
    if not events:
        raise ValueError("There is nothing to draw, because this history has no events.")
    try:
        in_order = sorted(events, key=lambda event: event["id"])
        reader = _Reader(in_order)
        for event in in_order:
            reader.read(event)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"These are not events of get_execution_history: {type(error).__name__}: {error}.") from error
    end_s = reader.moment(in_order[-1])
    return Run(reader.visits, end_s, reader.outcome, reader.error)


class _Reader:
    """Follows each event to the previous event, which tells branches and iterations apart."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._by_id = {event["id"]: event for event in events}
        self._zero = events[0]["timestamp"]
        self.visits: list[Visit] = []
        self._of_event: dict[int, Visit] = {}  # the visit that an event belongs to
        self.outcome, self.error = "running", ""

    def moment(self, event: Event) -> float:
        """The time of an event, in seconds since the first event."""
        return float((event["timestamp"] - self._zero).total_seconds())

    def read(self, event: Event) -> None:
        """Reads the next event; all earlier events must have been read."""
        kind, number = event["type"], event["id"]
        before = self._of_event.get(event.get("previousEventId", 0))
        if match := _ENTERED.fullmatch(kind):
            self._enter(event, match[1])
        elif _EXITED.fullmatch(kind):
            name = event["stateExitedEventDetails"]["name"]
            stay = self._open(name, before)
            if stay is not None:
                stay.exited_s = self.moment(event)
                self._of_event[number] = stay
        elif kind in _OVER:
            self.outcome = _OVER[kind]
            self.error = _error(event)
            self._close_failed()
        elif before is not None:
            self._of_event[number] = before
            self._attempt(event, kind, before)

    def _enter(self, event: Event, kind: str) -> None:
        name, came_from, inside = event["stateEnteredEventDetails"]["name"], None, None
        earlier = self._by_id.get(event.get("previousEventId", 0))
        before = self._of_event.get(earlier["id"]) if earlier is not None else None
        if earlier is not None and before is not None:
            if earlier["type"] == "MapIterationStarted":
                inside = earlier["mapIterationStartedEventDetails"].get("name", before.state)
            elif earlier["type"] in ("ParallelStateStarted", "MapStateStarted", "MapRunStarted"):
                inside = before.state
            else:
                came_from, inside = before.state, before.inside
                if before.exited_s is None:
                    before.failed = True  # a Catch leads out of a state that has no exit event
                    before.exited_s = self.moment(event)
        visit = Visit(name, kind, self.moment(event), None, inside, came_from)
        self.visits.append(visit)
        self._of_event[event["id"]] = visit

    def _open(self, name: str, before: Visit | None) -> Visit | None:
        """The visit that ends now: the previous event's visit, or the visit around its branches."""
        if before is not None and before.state == name:
            return before
        return next((v for v in reversed(self.visits) if v.state == name and v.exited_s is None), None)

    def _attempt(self, event: Event, kind: str, visit: Visit) -> None:
        now_s = self.moment(event)
        if kind in _PLANNED:
            visit.attempts.append(Attempt(now_s))
        elif kind in _BEGINS and visit.attempts:
            visit.attempts[-1].begun_s = now_s
        elif kind in (*_GOOD, *_BAD) and visit.attempts:
            visit.attempts[-1].ended_s = now_s
            if kind in _BAD:
                visit.attempts[-1].error = _error(event) or kind
        elif kind in _STATE_FAILED:
            visit.failed = True

    def _close_failed(self) -> None:
        """Marks the states in which the execution failed; they have no exit event."""
        for visit in self.visits:
            if visit.exited_s is None and self.outcome in ("failed", "timed out"):
                visit.failed = visit.kind != "Succeed"


def _error(event: Event) -> str:
    """The error's name in an event's details; "" if it has none."""
    details: Mapping[str, Any] = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    return str(details.get("error") or "")
