"""Seam: tasks that wait for somebody outside, for a job, or for an activity's worker (moto 5.2.5).

moto gives all attempts of a task one token, so that a retry gets the answer of the attempt before; refuses a heartbeat
that comes while the task is being sent; looks for a token in all executions except distributed Maps' children; knows no
difference between a token that is over and one that never was; drops the cause of SendTaskFailure; asks for the state
of a job twice a second; and leaves jobs running when nobody waits for them any more. Its server has no GetActivityTask,
gives executions an empty list of activities, so that each Task of an activity fails, and breaks on a task that no
worker takes in time (AttributeError). Replaced:

- `StateTaskServiceCallback._eval_body`: no token there; `StateTaskService._eval_execution`: a token for each attempt.
- `_eval_integration_pattern`: waits for the token, or for the job.
- `StepFunctionsParserBackend.send_task_success`, `send_task_failure`, `send_task_heartbeat`, and the response's
  `send_task_failure`.
- `StateTaskServiceBatch._attach_aws_environment_variables`: PascalCase.
- `StateTaskActivity._eval_execution`, `_from_error`; added: `StepFunctionResponse.get_activity_task`.
- `StepFunctionBackend.create_activity`: made twice, it is the same one, as on AWS (moto: ActivityAlreadyExists).

Rules: Step Functions Developer Guide, "Wait for a Callback with Task Token", "Run a Job (.sync)", "Activities"; API
Reference, CreateActivity, GetActivityTask.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError
from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.exceptions import ActivityDoesNotExist
from moto.stepfunctions.models import StepFunctionBackend
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch import (
    StateTaskServiceBatch,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_activitiy import StateTaskActivity
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackOutcomeFailure,
    CallbackOutcomeFailureError,
    CallbackTimeoutError,
    HeartbeatTimeoutError,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends
from moto.stepfunctions.responses import StepFunctionResponse

from serverless_cloud.seams import states_task_calls
from serverless_cloud.seams.replacement import Replacement
from serverless_cloud.seams.states_clock import when_over
from serverless_cloud.seams.states_history import failure, note, task_failure
from serverless_cloud.seams.states_task_clients import Clients
from serverless_cloud.workflows import integrations, shapes, tokens
from serverless_cloud.workflows.activities import Activities, Scheduled
from serverless_cloud.workflows.tokens import Outcome, PendingTask, Tokens

_FIRST_LOOK_S, _SLOWEST_LOOKS_S = 0.02, 0.1  # in lessons that divide time, 0.1 s stands for seconds


def waker(env: Any) -> Any:
    """An event that is set when the task of `env` has ended, for any reason. Others may also set it."""
    return env.open_frame().program_state_event


def result_of(outcome: Outcome, token: str) -> Any:
    """The output of a task that a worker has ended.

    Raises:
        CallbackOutcomeFailureError: it has failed.
    """
    if outcome.output is None:
        raise CallbackOutcomeFailureError(CallbackOutcomeFailure(token, outcome.error, outcome.cause))
    return json.loads(outcome.output)


def seconds(env: Any, declared: Any) -> Any:
    """The value of a timeout or heartbeat, in seconds; None if there is none."""
    if declared is None:
        return None
    declared.eval(env=env)
    return env.stack.pop()


def install(issued: Tokens, clients: Clients, activities: Activities) -> None:
    """Lets tasks wait."""
    callback: Any = StateTaskServiceCallback
    service: Any = StateTaskService
    batch: Any = StateTaskServiceBatch
    moto_execution = service._eval_execution

    def evaluate(self: Any, env: Any) -> None:
        if not self.resource.condition:
            moto_execution(self, env)
            return
        task = issued.issue()
        env.states.context_object.context_object_data["Task"] = {"Token": task.token}
        env.pending_task = task
        when_over(env, lambda: issued.close(task))
        try:
            moto_execution(self, env)
        finally:
            issued.close(task)

    def attach(parameters: dict[str, Any]) -> None:
        overrides = parameters.setdefault("ContainerOverrides", {})
        overrides["Environment"] = [
            *overrides.get("Environment", ()),
            {"Name": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"},
        ]

    def wait(
        self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        del normalised_parameters
        client = states_task_calls.client_of(clients, self, resource_runtime_part.region, state_credentials)
        _wait(self, env, client)

    del callback._eval_body
    service._eval_execution = evaluate
    callback._eval_integration_pattern = wait
    batch._attach_aws_environment_variables = staticmethod(attach)
    _Backend.install(issued=issued)
    response: Any = StepFunctionResponse
    response.send_task_failure = _send_task_failure
    _install_activities(issued, activities)


@contextlib.contextmanager
def _in_awss_words() -> Iterator[None]:
    try:
        yield
    except tokens.InvalidToken:
        raise AWSError("Invalid Token: 'Invalid token'", "InvalidToken") from None
    except tokens.TaskTimedOut:
        gone = "Task Timed Out: 'Provided task does not exist anymore'"
        raise AWSError(gone, "TaskTimedOut") from None


class _Backend(Replacement, of=StepFunctionsParserBackend):
    issued: Tokens

    def send_task_success(self: Any, task_token: str, outcome: str) -> None:
        try:
            json.loads(outcome)
        except ValueError as error:
            raise AWSError(f"Invalid Output: '{error}'", "InvalidOutput") from None
        with _in_awss_words():
            _Backend.issued.end(task_token, Outcome(output=outcome))

    def send_task_failure(self: Any, task_token: str, error: str | None = None, cause: str | None = None) -> None:
        with _in_awss_words():
            _Backend.issued.end(task_token, Outcome(error=error, cause=cause))

    def send_task_heartbeat(self: Any, task_token: str) -> None:
        with _in_awss_words():
            _Backend.issued.beat(task_token)


def _send_task_failure(self: Any) -> Any:
    given = {name: self._get_param(name) for name in ("error", "cause")}
    self.stepfunction_backend.send_task_failure(self._get_param("taskToken"), **given)
    return EmptyResult()


def _wait(self: Any, env: Any, client: Any) -> None:
    submitted = env.stack.pop()
    task: PendingTask = env.pending_task
    call = states_task_calls.call_of(self)
    try:
        if call.pattern == "waitForTaskToken":
            outcome = task.wait(waker(env), seconds(env, self.heartbeat))
            env.stack.append(result_of(outcome, task.token))
            return
        env.stack.append(_of_job(self, env, call, client, submitted, task))
    except tokens.HeartbeatMissed:
        raise HeartbeatTimeoutError from None
    except tokens.ExecutionEnded:
        raise CallbackTimeoutError from None


def _of_job(self: Any, env: Any, call: integrations.Call, client: Any, submitted: Any, task: PendingTask) -> Any:
    """Waits for the end of a job; stops it if nobody waits for it any more."""
    woken, pause_s = waker(env), _FIRST_LOOK_S
    while True:
        status, described = _look(call, client, submitted)
        if status == "SUCCEEDED":
            return described
        if status not in _GOES_ON:
            raise FailureEventException(task_failure(self, env, "States.TaskFailed", shapes.compact(described)))
        if task.pause(woken, pause_s):
            if task.outcome is not None:
                return result_of(task.outcome, task.token)
            with contextlib.suppress(ClientError):  # it may have ended by itself
                _stop(call, client, submitted)
            raise tokens.ExecutionEnded
        pause_s = min(2 * pause_s, _SLOWEST_LOOKS_S)


#: Statuses of executions and of Batch jobs that are not at their end.
_GOES_ON = ("RUNNING", "PENDING_REDRIVE", "SUBMITTED", "PENDING", "RUNNABLE", "STARTING")


def _look(call: integrations.Call, client: Any, submitted: dict[str, Any]) -> tuple[str, Any]:
    """The status of a job, and all that its service tells of it, as a state gets it."""
    model = integrations.model(call.boto_service)
    if call.service == "batch":
        answer = client.describe_jobs(jobs=[submitted["JobId"]])
        shape = model.operation_model("DescribeJobs").output_shape.members["jobs"].member
        job = answer["jobs"][0]
        return str(job["status"]), shapes.to_states(job, shape, is_sdk=False)
    answer = client.describe_execution(executionArn=submitted["ExecutionArn"])
    answer.pop("ResponseMetadata", None)
    described = shapes.to_states(answer, model.operation_model("DescribeExecution").output_shape, is_sdk=False)
    if call.pattern == "sync:2":
        for name in ("Input", "Output"):
            if name in described:
                described[name] = json.loads(described[name])
    return str(answer["status"]), described


def _stop(call: integrations.Call, client: Any, submitted: dict[str, Any]) -> None:
    why = "The workflow that waited for it no longer waits."
    if call.service == "batch":
        client.terminate_job(jobId=submitted["JobId"], reason=why)
    else:
        client.stop_execution(executionArn=submitted["ExecutionArn"], cause=why)


# ---- activities


def _install_activities(issued: Tokens, activities: Activities) -> None:
    """Lets activities have workers."""
    task_kind: Any = StateTaskActivity
    response: Any = StepFunctionResponse
    moto_error = task_kind._from_error

    def evaluate(self: Any, env: Any) -> None:
        if self.parargs:
            self.parargs.eval(env=env)
        given = shapes.compact(env.stack.pop())
        arn = self.resource.resource_arn
        if not _exists(arn):
            error = "StepFunctions.ActivityDoesNotExistException"
            raise failure(env, error, _gone(arn), "ActivityScheduleFailed")
        task = issued.issue()
        scheduled = Scheduled(task, given)
        about: dict[str, Any] = {"resource": arn, "input": given, "inputDetails": {"truncated": False}}
        if not self.timeout.is_default_value():
            about["timeoutInSeconds"] = seconds(env, self.timeout)
        if (heartbeat_s := seconds(env, self.heartbeat)) is not None:
            about["heartbeatInSeconds"] = heartbeat_s
        note(env, "ActivityScheduled", about)

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

    def from_error(self: Any, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, FailureEventException):
            return ex.failure_event
        return states_task_calls.timed_out(moto_error(self, env=env, ex=ex), ex)

    task_kind._eval_execution, task_kind._from_error = evaluate, from_error
    response.get_activity_task = get_activity_task
    _Activities.install()


class _Activities(Replacement, of=StepFunctionBackend):
    def describe_activity(self: Any, activity_arn: str) -> Any:
        self._validate_activity_arn(activity_arn)
        if activity_arn not in self.activities:
            raise ActivityDoesNotExist(_gone(activity_arn))
        return self.activities[activity_arn]

    def create_activity(self: Any, name: str, *args: Any, **given: Any) -> Any:
        for activity in self.activities.values():
            if activity.name == name:
                return activity
        return _Activities.moto.create_activity(self, name, *args, **given)


def _work(env: Any, task: PendingTask, heartbeat_s: float | None) -> None:
    """Waits for a worker, and for what it makes of the task."""
    task.wait_for_worker(waker(env))
    started = {} if task.worker is None else {"workerName": task.worker}
    note(env, "ActivityStarted", started)
    outcome = task.wait(waker(env), heartbeat_s)
    env.stack.append(result_of(outcome, task.token))
    note(env, "ActivitySucceeded", {"output": outcome.output, "outputDetails": {"truncated": False}})


def _exists(arn: str) -> bool:
    parts = arn.split(":")
    return arn in stepfunctions_parser_backends[parts[4]][parts[3]].activities


def _gone(arn: str) -> str:
    return f"Activity Does Not Exist: '{arn}'"
