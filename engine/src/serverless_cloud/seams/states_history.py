"""Seam: the history of an execution ends as AWS's does (moto 5.2.5).

Replaced: `EventManager.add_event`. moto counts without a limit, and goes on writing after the last event. Here

- event 25,000 of a Standard execution is its last one, and the execution fails unless it succeeds with it (Step
  Functions Developer Guide, "Avoid reaching the history quota"; the cause is AWS's text, seen in public reports, the
  error's name is [recalled, not verified]);
- a failed evaluation is written once (moto: where it fails, and again for the Task around it, without its name);
- a failure of a state is no end yet (moto writes ExecutionFailed for some, though they may be caught, and once more);
- nothing is written after the event that ends the execution, nor for a task that has timed out before.
"""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

from serverless_cloud.plane import DataPlane

MOST_EVENTS = 25_000
FULL = {
    "error": "States.Runtime",
    "cause": f"The execution reached the maximum number of history events ({MOST_EVENTS}).",
}
_LAST = (
    HistoryEventType.ExecutionSucceeded,
    HistoryEventType.ExecutionFailed,
    HistoryEventType.ExecutionAborted,
    HistoryEventType.ExecutionTimedOut,
)


def reopen(manager: Any) -> None:
    """An execution that has ended goes on: RedriveExecution."""
    manager.has_ended = False


def install(plane: DataPlane) -> None:
    """Lets histories end."""
    del plane
    kind: Any = EventManager
    moto_add = kind.add_event

    def add(self: Any, context: Any, event_type: Any, event_details: Any = None, *args: Any, **given: Any) -> int:
        if getattr(self, "has_ended", False) or getattr(context, "is_closed", False):
            return int(context.last_published_event_id)
        failed = (event_details or {}).get("evaluationFailedEventDetails")
        if failed is not None and "state" not in failed:
            return int(context.last_published_event_id)
        root = getattr(self, "root", None)
        if event_type == HistoryEventType.ExecutionFailed and root is not None and root.is_running():
            return int(context.last_published_event_id)
        on_full = getattr(self, "on_full", None)
        if (
            on_full is not None
            and self._event_id_gen._next_id >= MOST_EVENTS
            and event_type != HistoryEventType.ExecutionSucceeded
        ):
            event_type, event_details = HistoryEventType.ExecutionFailed, {"executionFailedEventDetails": dict(FULL)}
            self.has_ended = True
            number = moto_add(self, context, event_type, event_details)
            on_full(dict(FULL))
            return int(number)
        if event_type in _LAST:
            self.has_ended = True
        return int(moto_add(self, context, event_type, event_details, *args, **given))

    kind.add_event = add
