"""The history of an execution ends as AWS's does.

moto counts without a limit, and goes on writing after the last event. Here

- event 25,000 of a Standard execution is its last one, and the execution fails unless it succeeds with it (Step
  Functions Developer Guide, "Avoid reaching the history quota"; the cause is AWS's text, seen in public reports, the
  error's name is [recalled, not verified]);
- a failed evaluation is written once (moto: where it fails, and again for the Task around it, without its name);
- a failure of a state is not yet the end (moto writes ExecutionFailed for some that may be caught, and again);
- nothing is written after the event that ends the execution, nor for a task that has timed out before.

For the other files of Step Functions there are functions that write events, and functions that make events of failures.
"""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.api import ExecutionFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext, EventManager

from serverless_cloud.core.patches import Service
from serverless_cloud.services.states.frame import Frame

patches = Service(
    "states",
    defect="engine/tests/workflows/test_states_patches.py::test_stock_moto_still_has_the_defects_that_the_patches_mend",
)

MOST_EVENTS = 25_000
FULL: ExecutionFailedEventDetails = {
    "error": "States.Runtime",
    "cause": f"The execution reached the maximum number of history events ({MOST_EVENTS}).",
}
_LAST = (
    HistoryEventType.ExecutionSucceeded,
    HistoryEventType.ExecutionFailed,
    HistoryEventType.ExecutionAborted,
    HistoryEventType.ExecutionTimedOut,
)


def failure_event(env: Frame, kind: str, error: str, cause: str, **more: object) -> FailureEvent:
    """The event of a failure.

    Args:
        env: of the state.
        kind: the event's type, "TaskFailed".
        error, cause: in AWS's words; moto puts the state's name before the cause of States.Runtime.
        more: what the event's details have besides them.
    """
    details = _details(kind, more | {"error": error, "cause": cause})
    # task_calls.py lets moto's class have names that begin with "States.".
    return FailureEvent(env, CustomErrorName(error), HistoryEventType(kind), details)


@patches.replaces(
    "moto.stepfunctions.parser.asl.component.common.error_name.failure_event:FailureEvent.__init__",
    expects="self, env, error_name, event_type, event_details=None",
    upstream="A cause names the event of entering the state, not the last one.",
)
def init_failure_event(event: FailureEvent, env: Frame, *args: object, **given: object) -> None:
    init_failure_event.original(event, env, *args, **given)
    place: Frame | None = env
    while place is not None and not getattr(place, "entered_id", 0):
        place = getattr(place, "opened_by", None)
    if place is not None:
        vars(event)["source_event_id"] = place.entered_id


_DECORATED = "An error occurred while executing the state '"


@patches.replaces(
    "moto.stepfunctions.parser.asl.component.common.error_name.failure_event:"
    "FailureEventException.get_execution_failed_event_details",
    upstream="A cause that names a state of a branch isn't wrapped by the state around it.",
)
def _execution_failed(error: FailureEventException) -> ExecutionFailedEventDetails | None:
    if not names_a_state(error):
        return _execution_failed.original(error)
    told, cause = error.extract_error_cause_pair() or ("", "")
    return {"error": told or "", "cause": cause or ""}


def names_a_state(error: FailureEventException) -> bool:
    """Whether the cause of a failure already says in which state it occurred."""
    _, cause = error.extract_error_cause_pair() or ("", "")
    return (cause or "").startswith(_DECORATED)


def task_failure(task: StateTaskService, env: Frame, error: str, cause: str) -> FailureEvent:
    """The event of a service task that has failed."""
    where = {"resource": task._get_sfn_resource(), "resourceType": task._get_sfn_resource_type()}
    return failure_event(env, "TaskFailed", error, cause, **where)


def failure(env: Frame, error: str, cause: str, kind: str = "ExecutionFailed") -> FailureEventException:
    """The exception that fails a state. Args: as for `failure_event`."""
    return FailureEventException(failure_event(env, kind, error, cause))


def note(env: Frame, kind: str, details: object) -> None:
    """Writes an event into the history. Args: as for `failure_event`; details: of the event, None: it has none."""
    told = None if details is None else _details(kind, details)
    env.event_manager.add_event(env.event_history_context, HistoryEventType(kind), told)


def _details(kind: str, about: object) -> Any:
    """moto's EventDetails."""
    return {f"{kind[0].lower()}{kind[1:]}EventDetails": about}


@patches.replaces(
    "moto.stepfunctions.parser.asl.eval.event.event_manager:EventManager.add_event",
    expects="self, context, event_type, event_details=None, timestamp=None, update_source_event_id=True",
    upstream="A history ends after 25,000 events, and with the execution.",
)
def add_event(
    manager: EventManager,
    context: EventHistoryContext,
    event_type: HistoryEventType,
    event_details: EventDetails | None = None,
    *args: object,
    **given: object,
) -> int:
    failed = event_details.get("evaluationFailedEventDetails") if event_details else None
    is_unnamed = failed is not None and "state" not in failed
    root = getattr(manager, "root", None)
    is_caught = event_type == HistoryEventType.ExecutionFailed and root is not None and root.is_running()
    if getattr(manager, "has_ended", False) or getattr(context, "is_closed", False) or is_unnamed or is_caught:
        return context.last_published_event_id
    on_full = getattr(manager, "on_full", None)
    if (
        on_full is not None
        and manager._event_id_gen._next_id >= MOST_EVENTS
        and event_type != HistoryEventType.ExecutionSucceeded
    ):
        event_type, event_details = HistoryEventType.ExecutionFailed, _details("ExecutionFailed", FULL.copy())
        vars(manager)["has_ended"] = True
        number = add_event.original(manager, context, event_type, event_details)
        on_full(FULL.copy())
        return number
    if event_type in _LAST:
        vars(manager)["has_ended"] = True
    return add_event.original(manager, context, event_type, event_details, *args, **given)
