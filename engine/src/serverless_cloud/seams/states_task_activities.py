"""Seam: activities have workers (moto 5.2.5).

moto's server has no GetActivityTask, gives executions an empty list of activities, so that each Task of an activity
fails, and breaks on a task that no worker takes in time (AttributeError). Replaced:

- `StateTaskActivity._eval_execution`, `_from_error`; added: `StepFunctionResponse.get_activity_task`.
- `StepFunctionBackend.create_activity`: made twice, it is the same one, as on AWS (moto: ActivityAlreadyExists).

Rules: Step Functions Developer Guide, "Activities"; API Reference, CreateActivity, GetActivityTask.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import ActivityDoesNotExist
from moto.stepfunctions.models import StepFunctionBackend
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_activitiy import StateTaskActivity
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackTimeoutError, HeartbeatTimeoutError
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.responses import StepFunctionResponse

from serverless_cloud.seams.states_clock import when_over
from serverless_cloud.seams.states_task_callbacks import result_of, seconds, waker
from serverless_cloud.seams.states_task_errors import timed_out
from serverless_cloud.workflows import shapes, tokens
from serverless_cloud.workflows.activities import Activities, Scheduled
from serverless_cloud.workflows.tokens import PendingTask, Tokens


def install(issued: Tokens, activities: Activities) -> None:
    """Lets activities have workers."""
    task_kind: Any = StateTaskActivity
    response: Any = StepFunctionResponse
    backend: Any = StepFunctionBackend
    moto_create, moto_error = backend.create_activity, task_kind._from_error

    def evaluate(self: Any, env: Any) -> None:
        if self.parargs:
            self.parargs.eval(env=env)
        given = shapes.compact(env.stack.pop())
        arn = self.resource.resource_arn
        if not _exists(arn):
            raise _missing(env, arn)
        task = issued.issue()
        scheduled = Scheduled(task, given)
        about: dict[str, Any] = {"resource": arn, "input": given, "inputDetails": {"truncated": False}}
        if not self.timeout.is_default_value():
            about["timeoutInSeconds"] = seconds(env, self.timeout)
        if (heartbeat_s := seconds(env, self.heartbeat)) is not None:
            about["heartbeatInSeconds"] = heartbeat_s
        _note(env, HistoryEventType.ActivityScheduled, {"activityScheduledEventDetails": about})

        def over() -> None:
            activities.withdraw(arn, scheduled)
            issued.close(task)

        activities.schedule(arn, scheduled)
        when_over(env, over)
        try:
            _work(env, task, heartbeat_s)
        except tokens.HeartbeatMissed:
            raise HeartbeatTimeoutError from None
        except tokens.ExecutionEnded:
            raise CallbackTimeoutError from None
        finally:
            over()

    def get_activity_task(self: Any) -> Any:
        arn = self._get_param("activityArn")
        self.stepfunction_backend.describe_activity(arn)
        scheduled = activities.take(arn, self._get_param("workerName"))
        # AWS answers an empty poll with a token that is null.
        found = {} if scheduled is None else {"taskToken": scheduled.task.token, "input": scheduled.given}
        return ActionResult(found)

    def describe_activity(self: Any, activity_arn: str) -> Any:
        self._validate_activity_arn(activity_arn)
        if activity_arn not in self.activities:
            raise ActivityDoesNotExist(_gone(activity_arn))
        return self.activities[activity_arn]

    def create_activity(self: Any, name: str, *args: Any, **given: Any) -> Any:
        for activity in self.activities.values():
            if activity.name == name:
                return activity
        return moto_create(self, name, *args, **given)

    task_kind._eval_execution = evaluate

    def from_error(self: Any, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, FailureEventException):
            return ex.failure_event
        return timed_out(moto_error(self, env=env, ex=ex), ex)

    task_kind._from_error = from_error
    response.get_activity_task = get_activity_task
    backend.create_activity, backend.describe_activity = create_activity, describe_activity


def _work(env: Any, task: PendingTask, heartbeat_s: float | None) -> None:
    """Waits for a worker, and for what it makes of the task."""
    task.wait_for_worker(waker(env))
    started = {} if task.worker is None else {"workerName": task.worker}
    _note(env, HistoryEventType.ActivityStarted, {"activityStartedEventDetails": started})
    outcome = task.wait(waker(env), heartbeat_s)
    env.stack.append(result_of(outcome, task.token))
    done = {"output": outcome.output, "outputDetails": {"truncated": False}}
    _note(env, HistoryEventType.ActivitySucceeded, {"activitySucceededEventDetails": done})


def _exists(arn: str) -> bool:
    parts = arn.split(":")
    return arn in stepfunctions_parser_backends[parts[4]][parts[3]].activities


def _missing(env: Any, arn: str) -> FailureEventException:
    details: Any = {
        "activityScheduleFailedEventDetails": {
            "error": "StepFunctions.ActivityDoesNotExistException",
            "cause": _gone(arn),
        }
    }
    name = CustomErrorName("StepFunctions.ActivityDoesNotExistException")
    return FailureEventException(FailureEvent(env, name, HistoryEventType.ActivityScheduleFailed, details))


def _gone(arn: str) -> str:
    return f"Activity Does Not Exist: '{arn}'"


def _note(env: Any, kind: Any, details: Any) -> None:
    env.event_manager.add_event(context=env.event_history_context, event_type=kind, event_details=details)
