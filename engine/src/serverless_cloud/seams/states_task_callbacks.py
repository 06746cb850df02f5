"""Seam: tasks that wait for somebody outside, or for a job (moto 5.2.5).

moto gives all attempts of a task one token, so that a retry gets the answer of the attempt before; refuses a heartbeat
that comes while the task is being sent; looks for a token in all executions but those of a distributed Map; knows no
difference between a token that is over and one that never was; drops the cause of SendTaskFailure; asks for the state
of a job twice a second; and leaves jobs running when nobody waits for them any more. Replaced:

- `StateTaskServiceCallback._eval_body`: no token there; `StateTaskService._eval_execution`: a token for each attempt.
- `_eval_integration_pattern`: waits for the token, or for the job.
- `StepFunctionsParserBackend.send_task_success`, `send_task_failure`, `send_task_heartbeat`, and the response's
  `send_task_failure`.
- `StateTaskServiceBatch._attach_aws_environment_variables`: PascalCase.

Rules: Step Functions Developer Guide, "Wait for a Callback with Task Token", "Run a Job (.sync)".
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

from botocore.exceptions import ClientError
from moto.core.exceptions import AWSError
from moto.core.responses import EmptyResult
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch import (
    StateTaskServiceBatch,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackOutcomeFailure,
    CallbackOutcomeFailureError,
    CallbackTimeoutError,
    HeartbeatTimeoutError,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from serverless_cloud.seams import states_task_calls
from serverless_cloud.seams.states_clock import when_over
from serverless_cloud.seams.states_task_clients import Clients
from serverless_cloud.workflows import integrations, shapes, tokens
from serverless_cloud.workflows.tokens import Outcome, PendingTask, Tokens

_FIRST_LOOK_S, _SLOWEST_LOOKS_S = 0.02, 0.1  # in lessons that divide time, 0.1 s stands for seconds


def waker(env: Any) -> Any:
    """An event that is set when the task of `env` has ended, whoever has ended it; others may set it too."""
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


def install(issued: Tokens, clients: Clients) -> None:
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
    _answers(issued)


def _answers(issued: Tokens) -> None:
    backend: Any = StepFunctionsParserBackend
    response: Any = StepFunctionResponse

    @contextlib.contextmanager
    def in_awss_words() -> Any:
        try:
            yield
        except tokens.InvalidToken:
            raise AWSError("Invalid Token: 'Invalid token'", "InvalidToken") from None
        except tokens.TaskTimedOut:
            gone = "Task Timed Out: 'Provided task does not exist anymore'"
            raise AWSError(gone, "TaskTimedOut") from None

    def success(self: Any, task_token: str, outcome: str) -> None:
        del self
        try:
            json.loads(outcome)
        except ValueError as error:
            raise AWSError(f"Invalid Output: '{error}'", "InvalidOutput") from None
        with in_awss_words():
            issued.end(task_token, Outcome(output=outcome))

    def failure(self: Any, task_token: str, error: str | None = None, cause: str | None = None) -> None:
        del self
        with in_awss_words():
            issued.end(task_token, Outcome(error=error, cause=cause))

    def heartbeat(self: Any, task_token: str) -> None:
        del self
        with in_awss_words():
            issued.beat(task_token)

    def send_task_failure(self: Any) -> Any:
        given = {name: self._get_param(name) for name in ("error", "cause")}
        self.stepfunction_backend.send_task_failure(self._get_param("taskToken"), **given)
        return EmptyResult()

    backend.send_task_success, backend.send_task_failure = success, failure
    backend.send_task_heartbeat = heartbeat
    response.send_task_failure = send_task_failure


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
            details: Any = {
                "taskFailedEventDetails": {
                    "resource": self._get_sfn_resource(),
                    "resourceType": self._get_sfn_resource_type(),
                    "error": StatesErrorNameType.StatesTaskFailed.to_name(),
                    "cause": shapes.compact(described),
                }
            }
            name = StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed)
            raise FailureEventException(FailureEvent(env, name, HistoryEventType.TaskFailed, details))
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
    why = "The workflow that waited for it does not wait any more."
    if call.service == "batch":
        client.terminate_job(jobId=submitted["JobId"], reason=why)
    else:
        client.stop_execution(executionArn=submitted["ExecutionArn"], cause=why)
