"""Functions as tasks.

moto leaves SdkHttpMetadata out of a result, does not take InvocationType, and calls a payload without an error type, as
well as everything that Lambda itself refuses, "Exception".

Rules: Step Functions Developer Guide, "Handling errors in Step Functions workflows" (Lambda.Unknown), "Invoke Lambda".
"""

from __future__ import annotations

import json

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils import LambdaFunctionErrorException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceRuntimePart
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import Service
from serverless_cloud.services.states import task_calls as states_task_calls
from serverless_cloud.services.states.frame import Frame
from serverless_cloud.services.states.history import failure_event, task_failure
from serverless_cloud.services.states.task_clients import Clients
from serverless_cloud.workflows import parameter_names
from serverless_cloud.workflows.task_resources import Call

patches = Service(
    "states", defect="engine/tests/workflows/test_states_tasks_patches.py::test_stock_moto_names_errors_otherwise"
)

_INVOKE = Call("lambda", "invoke", "", False)


def error_of(payload: str) -> tuple[str, str]:
    """Error and cause of a function that has failed, by its payload: the class of the exception, and all of it."""
    try:
        error = json.loads(payload)["errorType"]
    except (ValueError, KeyError, TypeError):
        error = None
    if isinstance(error, str) and error:
        return error, payload
    return "Lambda.Unknown", (
        f"The cause could not be determined because Lambda did not return an error type. Returned payload: {payload}"
    )


class _NotJson(Exception):
    """A function has returned something that isn't JSON."""


def _not_json(error: _NotJson) -> tuple[str, str]:
    """Error and cause of a function that hasn't returned JSON; AWS's words for the cause aren't known."""
    return "States.DataLimitExceeded", str(error)


_TASK = "moto.stepfunctions.parser.asl.component.state.exec.state_task"
_BY_CALL = f"{_TASK}.service.state_task_service_lambda:StateTaskServiceLambda"


@patches.replaces(f"{_TASK}.state_task_lambda:StateTaskLambda._from_error")
def error_by_arn(task: StateTaskLambda, env: Frame, ex: Exception) -> FailureEvent:
    """The event of a Task with the ARN of a function that has failed."""
    if isinstance(ex, LambdaFunctionErrorException):
        error, cause = error_of(ex.payload)
    elif isinstance(ex, ClientError):
        error, cause = states_task_calls.error_and_cause(_INVOKE, ex)
    elif isinstance(ex, _NotJson):
        error, cause = _not_json(ex)
    else:
        return error_by_arn.original(task, env=env, ex=ex)
    return failure_event(env, "LambdaFunctionFailed", error, cause)


@patches.replaces(f"{_BY_CALL}._from_error", expects="self, env, ex")
def error_by_call(task: StateTaskServiceLambda, env: Frame, ex: Exception) -> FailureEvent:
    """The event of a Task that calls Invoke and has failed."""
    if isinstance(ex, _NotJson):
        return task_failure(task, env, *_not_json(ex))
    if not isinstance(ex, LambdaFunctionErrorException):
        return states_task_calls.named_error(error_by_call.original, task, env, ex)
    return task_failure(task, env, *error_of(ex.payload))


@patches.replaces(f"{_TASK}.lambda_eval_utils:execute_lambda_function_integration", defect="data plane")
def execute(env: Frame, parameters: JsonObject, region: str, state_credentials: StateCredentials) -> None:
    """Of a Task with the ARN of a function: the answer of Invoke is put on the stack."""
    client = current.parts[Clients].client("lambda", region, state_credentials.role_arn)
    env.stack.append({"Payload": _invoked(client, parameters)["Payload"]})


@patches.replaces(
    f"{_BY_CALL}._eval_service_task",
    expects="self, env, resource_runtime_part, normalised_parameters, state_credentials",
)
def evaluate(
    task: StateTaskServiceLambda,
    env: Frame,
    resource_runtime_part: ResourceRuntimePart,
    normalised_parameters: JsonObject,
    state_credentials: StateCredentials,
) -> None:
    """Of a Task that calls Invoke: its whole answer is put on the stack."""
    arguments, shape = states_task_calls.request(env, states_task_calls.call_of(task), normalised_parameters)
    client = states_task_calls.client_of(task, resource_runtime_part.region, state_credentials)
    answer = _invoked(client, arguments)
    about, payload = answer.pop("ResponseMetadata", {}), answer.pop("Payload")
    env.stack.append(
        parameter_names.to_states(answer, shape, is_sdk=False) | {"Payload": payload} | parameter_names.metadata(about)
    )


def _invoked(client: BaseClient, arguments: JsonObject) -> JsonObject:
    """Invoke's answer, with the payload from JSON.

    Raises:
        LambdaFunctionErrorException: the function has failed.
        _NotJson: its payload isn't JSON, as with bytes.
    """
    answer: JsonObject = client.invoke(**arguments)
    text = answer["Payload"].read().decode("utf-8", "replace")
    try:
        payload = json.loads(text) if text else ""
    except ValueError as not_json:
        raise _NotJson(f"The function {arguments['FunctionName']} returned a payload that isn't JSON.") from not_json
    if error := answer.get("FunctionError"):
        raise LambdaFunctionErrorException(error, parameter_names.compact(payload))
    answer["Payload"] = payload
    return answer
