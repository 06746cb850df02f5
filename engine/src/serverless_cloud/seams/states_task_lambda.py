"""Seam: functions as tasks (moto 5.2.5).

moto leaves SdkHttpMetadata out of a result, does not take InvocationType, and calls a payload without an error type, as
well as everything that Lambda itself refuses, "Exception". Replaced: `execute_lambda_function_integration`, the
`_from_error` of both classes, `StateTaskServiceLambda._eval_service_task`.

Rules: Step Functions Developer Guide, "Handling errors in Step Functions workflows" (Lambda.Unknown), "Invoke Lambda".
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils import LambdaFunctionErrorException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda

from serverless_cloud.seams import states_task_calls
from serverless_cloud.seams.states_history import failure_event, task_failure
from serverless_cloud.seams.states_task_clients import Clients
from serverless_cloud.workflows import shapes
from serverless_cloud.workflows.integrations import Call

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


def install(clients: Clients) -> None:
    """Lets functions be tasks as on AWS."""
    by_arn: Any = StateTaskLambda
    by_call: Any = StateTaskServiceLambda
    utilities: Any = lambda_eval_utils
    moto_by_arn, moto_by_call = by_arn._from_error, by_call._from_error

    def error_by_arn(self: Any, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, LambdaFunctionErrorException):
            error, cause = error_of(ex.payload)
        elif isinstance(ex, ClientError):
            error, cause = states_task_calls.error_and_cause(_INVOKE, ex)
        else:
            found: FailureEvent = moto_by_arn(self, env=env, ex=ex)
            return found
        return failure_event(env, "LambdaFunctionFailed", error, cause)

    def error_by_call(self: Any, env: Any, ex: Exception) -> FailureEvent:
        if not isinstance(ex, LambdaFunctionErrorException):
            found: FailureEvent = moto_by_call(self, env=env, ex=ex)
            return found
        return task_failure(self, env, *error_of(ex.payload))

    by_arn._from_error, by_call._from_error = error_by_arn, error_by_call

    def execute(env: Any, parameters: dict[str, Any], region: str, state_credentials: Any) -> None:
        """Of a Task with the ARN of a function: the answer of Invoke is put on the stack."""
        client = clients.client("lambda", region, state_credentials.role_arn)
        env.stack.append(_invoked(client, parameters))

    def evaluate(
        self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        arguments, shape = states_task_calls.request(env, states_task_calls.call_of(self), normalised_parameters)
        client = states_task_calls.client_of(clients, self, resource_runtime_part.region, state_credentials)
        answer = _invoked(client, arguments)
        about, payload = answer.pop("ResponseMetadata", {}), answer.pop("Payload")
        env.stack.append(shapes.to_states(answer, shape, is_sdk=False) | {"Payload": payload} | shapes.metadata(about))

    by_call._eval_service_task = evaluate
    utilities.execute_lambda_function_integration = execute


def _invoked(client: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Invoke's answer, with the payload from JSON.

    Raises:
        LambdaFunctionErrorException: the function has failed.
    """
    answer: dict[str, Any] = client.invoke(**arguments)
    text = answer["Payload"].read().decode("utf-8", "replace")
    payload = json.loads(text) if text else ""
    if error := answer.get("FunctionError"):
        raise LambdaFunctionErrorException(error, shapes.compact(payload))
    answer["Payload"] = payload
    return answer
