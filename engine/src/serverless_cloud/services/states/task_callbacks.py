"""Tasks that wait for somebody outside, or for a job.

moto gives all attempts of a task one token, so that a retry gets the answer of the attempt before; refuses a heartbeat
that comes while the task is being sent; looks for a token in all executions except distributed Maps' children; knows no
difference between a token that is over and one that never was; drops the cause of SendTaskFailure; asks for the state
of a job twice a second; and leaves jobs running when nobody waits for them any more.

Rules: Step Functions Developer Guide, "Wait for a Callback with Task Token", "Run a Job (.sync)".
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from threading import Event

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceRuntimePart
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackOutcomeFailure,
    CallbackOutcomeFailureError,
    CallbackTimeoutError,
    HeartbeatTimeoutError,
)
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Patch, Service
from serverless_cloud.services.states import task_calls as states_task_calls
from serverless_cloud.services.states.answers import asked, json_of
from serverless_cloud.services.states.frame import Frame, evaluate
from serverless_cloud.services.states.history import task_failure
from serverless_cloud.services.states.waits import when_over
from serverless_cloud.workflows import parameter_names, task_resources, tokens
from serverless_cloud.workflows.task_resources import Call
from serverless_cloud.workflows.tokens import Outcome, PendingTask, Tokens

patches = Service(
    "states", defect="engine/tests/workflows/test_states_tasks_patches.py::test_stock_moto_gives_all_attempts_one_token"
)

_FIRST_LOOK_S, _SLOWEST_LOOKS_S = 0.02, 0.1  # in lessons that divide time, 0.1 s stands for seconds


def waker(env: Frame) -> Event:
    """An event that is set when the task of `env` has ended, for any reason. Others may also set it."""
    event: Event = env.open_frame().program_state_event
    return event


def result_of(outcome: Outcome, token: str) -> object:
    """The output of a task that a worker has ended.

    Raises:
        CallbackOutcomeFailureError: it has failed.
    """
    if outcome.output is None:
        raise CallbackOutcomeFailureError(CallbackOutcomeFailure(token, outcome.error, outcome.cause))
    return json.loads(outcome.output)


def seconds(env: Frame, declared: EvalComponent | None) -> float | None:
    """The value of a timeout or heartbeat, in seconds; None if there is none."""
    value: float | None = None if declared is None else evaluate(declared, env)
    return value


_TASK = "moto.stepfunctions.parser.asl.component.state.exec.state_task"
_CALLBACK = f"{_TASK}.service.state_task_service_callback:StateTaskServiceCallback"

patches.removes(f"{_CALLBACK}._eval_body")  # it makes the token


@patches.replaces(
    f"{_TASK}.service.state_task_service:StateTaskService._eval_execution",
    upstream="Each attempt of a task has its own token.",
)
def _eval_execution(task: StateTaskService, env: Frame) -> None:
    """Gives each attempt of a task that waits its own token."""
    if not task.resource.condition:
        _eval_execution.original(task, env)
        return
    issued = current.parts[Tokens]
    pending = issued.issue()
    env.states.context_object.context_object_data["Task"] = {"Token": pending.token}
    env.pending_task = pending
    when_over(env, lambda: issued.close(pending))
    try:
        _eval_execution.original(task, env)
    finally:
        issued.close(pending)


@patches.replaces(
    f"{_TASK}.service.state_task_service_batch:StateTaskServiceBatch._attach_aws_environment_variables",
    kind="staticmethod",
    defect="engine/tests/workflows/test_states_tasks_patches.py::test_stock_moto_passes_pascal_case_to_batch",
    upstream="Parameters of Batch are in PascalCase.",
)
def _attach_aws_environment_variables(parameters: JsonObject) -> None:
    overrides = parameters.setdefault("ContainerOverrides", {})
    overrides["Environment"] = [
        *overrides.get("Environment", ()),
        {"Name": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"},
    ]


@patches.replaces(
    f"{_CALLBACK}._eval_integration_pattern",
    expects="self, env, resource_runtime_part, normalised_parameters, state_credentials",
)
def _eval_integration_pattern(
    task: StateTaskService,
    env: Frame,
    resource_runtime_part: ResourceRuntimePart,
    normalised_parameters: JsonObject,
    state_credentials: StateCredentials,
) -> None:
    """Waits for the token, or for the job."""
    del normalised_parameters
    _wait(task, env, states_task_calls.client_of(task, resource_runtime_part.region, state_credentials))


@contextlib.contextmanager
def _in_awss_words() -> Iterator[None]:
    try:
        yield
    except tokens.InvalidToken:
        raise AWSError("Invalid Token: 'Invalid token'", "InvalidToken") from None
    except tokens.TaskTimedOut:
        gone = "Task Timed Out: 'Provided task does not exist anymore'"
        raise AWSError(gone, "TaskTimedOut") from None


@patches.replaces("moto.stepfunctions.parser.models:StepFunctionsParserBackend.send_task_success")
def send_task_success(_: StepFunctionsParserBackend, task_token: str, outcome: str) -> None:
    issued = current.parts[Tokens]
    with _in_awss_words():
        issued.require(task_token)
        json_of(outcome, "Invalid Output", "InvalidOutput")
        issued.end(task_token, Outcome(output=outcome))


@patches.replaces("moto.stepfunctions.parser.models:StepFunctionsParserBackend.send_task_failure")
def send_task_failure(
    _: StepFunctionsParserBackend, task_token: str, error: str | None = None, cause: str | None = None
) -> None:
    with _in_awss_words():
        current.parts[Tokens].end(task_token, Outcome(error=error, cause=cause))


@patches.replaces("moto.stepfunctions.parser.models:StepFunctionsParserBackend.send_task_heartbeat")
def send_task_heartbeat(_: StepFunctionsParserBackend, task_token: str) -> None:
    with _in_awss_words():
        current.parts[Tokens].beat(task_token)


@patches.replaces(
    "moto.stepfunctions.responses:StepFunctionResponse.send_task_failure", upstream="SendTaskFailure keeps its cause."
)
def answer_send_task_failure(response: StepFunctionResponse) -> EmptyResult:
    given = asked(response, "SendTaskFailure")
    about = {name: given.get(name) for name in ("error", "cause")}
    response.stepfunction_backend.send_task_failure(given["taskToken"], **about)
    return EmptyResult()


@patches.replaces_each(
    "moto.stepfunctions.responses:StepFunctionResponse", ("send_task_success", "send_task_heartbeat"), expects="self"
)
def _about_a_task(patch: Patch[..., ActionResult], response: StepFunctionResponse) -> ActionResult:
    asked(response, "SendTaskSuccess" if patch.name == "send_task_success" else "SendTaskHeartbeat")
    return patch.original(response)


def _wait(task: StateTaskService, env: Frame, client: BaseClient) -> None:
    submitted = env.stack.pop()
    pending: PendingTask = env.pending_task
    call = states_task_calls.call_of(task)
    try:
        if call.pattern == "waitForTaskToken":
            outcome = pending.wait(waker(env), seconds(env, task.heartbeat))
            env.stack.append(result_of(outcome, pending.token))
            return
        env.stack.append(_of_job(task, env, call, client, submitted, pending))
    except tokens.HeartbeatMissed:
        raise HeartbeatTimeoutError from None
    except tokens.ExecutionEnded:
        raise CallbackTimeoutError from None


def _of_job(
    task: StateTaskService, env: Frame, call: Call, client: BaseClient, submitted: JsonObject, pending: PendingTask
) -> object:
    """Waits for the end of a job; stops it if nobody waits for it any more."""
    woken, pause_s = waker(env), _FIRST_LOOK_S
    while True:
        status, described = _look(call, client, submitted)
        if status == "SUCCEEDED":
            return described
        if status not in _GOES_ON:
            raise FailureEventException(
                task_failure(task, env, "States.TaskFailed", parameter_names.compact(described))
            )
        if pending.pause(woken, pause_s):
            if pending.outcome is not None:
                return result_of(pending.outcome, pending.token)
            with contextlib.suppress(ClientError):  # it may have ended by itself
                _stop(call, client, submitted)
            raise tokens.ExecutionEnded
        pause_s = min(2 * pause_s, _SLOWEST_LOOKS_S)


#: Statuses of executions and of Batch jobs that are not at their end.
_GOES_ON = ("RUNNING", "PENDING_REDRIVE", "SUBMITTED", "PENDING", "RUNNABLE", "STARTING")


def _look(call: Call, client: BaseClient, submitted: JsonObject) -> tuple[str, JsonObject]:
    """The status of a job, and all that its service tells of it, as a state gets it."""
    model = task_resources.model(call.boto_service)
    if call.service == "batch":
        answer = client.describe_jobs(jobs=[submitted["JobId"]])
        shape = model.operation_model("DescribeJobs").output_shape.members["jobs"].member
        job = answer["jobs"][0]
        return str(job["status"]), parameter_names.to_states(job, shape, is_sdk=False)
    answer = client.describe_execution(executionArn=submitted["ExecutionArn"])
    answer.pop("ResponseMetadata", None)
    described = parameter_names.to_states(answer, model.operation_model("DescribeExecution").output_shape, is_sdk=False)
    if call.pattern == "sync:2":
        for name in ("Input", "Output"):
            if name in described:
                described[name] = json.loads(described[name])
    return str(answer["status"]), described


def _stop(call: Call, client: BaseClient, submitted: JsonObject) -> None:
    why = "The workflow that waited for it no longer waits."
    if call.service == "batch":
        client.terminate_job(jobId=submitted["JobId"], reason=why)
    else:
        client.stop_execution(executionArn=submitted["ExecutionArn"], cause=why)
