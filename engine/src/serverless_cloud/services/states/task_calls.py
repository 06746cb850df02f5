"""Requests, results and errors of integrations.

moto drops parameters that it does not know, passes PascalCase to services whose API has camelCase (KeyError: JobName),
and leaves results as boto3 gives them, without SdkHttpMetadata and SdkResponseMetadata. It calls every error of SQS
SQS.SdkClientException, gives AWS SDK integrations the name of the service in lower case ("s3.NoSuchKey"), and makes
States.Runtime of errors of EventBridge. A missed heartbeat is States.Timeout; here a Catch for States.HeartbeatTimeout
takes it too.

Here one function makes the call of all integrations, translated by botocore's model of the service, and
`integrations.resource_problem` refuses a resource at creation. Nothing is left for moto's `_normalise_parameters` and
`_normalise_response`. The names of errors come from AWS's SDK for Java, which Step Functions uses: the error's class,
or the service's general one where the API does not name the error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.model import Shape
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_batch,
    state_task_service_dynamodb,
    state_task_service_events,
    state_task_service_lambda,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceRuntimePart
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.eval.callback.callback import HeartbeatTimeoutError

from serverless_cloud.core import current
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.patches import ANY, Patch, Service
from serverless_cloud.services.states.error_names import MissedHeartbeat
from serverless_cloud.services.states.frame import Frame, evaluate
from serverless_cloud.services.states.history import failure, task_failure
from serverless_cloud.services.states.task_clients import Clients
from serverless_cloud.workflows import parameter_names, task_resources
from serverless_cloud.workflows.task_resources import Call

patches = Service(
    "states",
    defect="engine/tests/workflows/test_states_tasks_patches.py::test_stock_moto_drops_unknown_parameters_and_adds_no_metadata",
)

_TASK = "moto.stepfunctions.parser.asl.component.state.exec.state_task"
_SERVICE = f"{_TASK}.service"
#: The classes of moto for the integrations that are served by a call of boto3.
CLASSES: tuple[type[StateTaskService], ...] = (
    state_task_service_aws_sdk.StateTaskServiceAwsSdk,
    state_task_service_batch.StateTaskServiceBatch,
    state_task_service_dynamodb.StateTaskServiceDynamoDB,
    state_task_service_events.StateTaskServiceEvents,
    state_task_service_lambda.StateTaskServiceLambda,
    state_task_service_sfn.StateTaskServiceSfn,
    state_task_service_sns.StateTaskServiceSns,
    state_task_service_sqs.StateTaskServiceSqs,
)
_EXPECTED = {
    "_eval_service_task": "self, env, resource_runtime_part, normalised_parameters, state_credentials",
    "_from_error": "self, env, ex",
}
#: Parameters of optimized integrations that take any JSON: it goes to the service as a string.
_JSON = {
    ("sns", "publish"): ("Message",),
    ("sqs", "sendMessage"): ("MessageBody",),
    ("states", "startExecution"): ("Input",),
}
#: Optimised integrations: the prefix of error names, the general error, the service in the cause.
_OPTIMISED = {
    "batch": ("Batch", "AWSBatchException", "AWSBatch"),
    "dynamodb": ("DynamoDB", "AmazonDynamoDBException", "AmazonDynamoDBv2"),
    "events": ("EventBridge", "AmazonEventBridgeException", "AmazonEventBridge"),
    "lambda": ("Lambda", "AWSLambdaException", "AWSLambda"),
    "sns": ("SNS", "AmazonSNSException", "AmazonSNS"),
    "sqs": ("SQS", "AmazonSQSException", "AmazonSQS"),
    "states": ("StepFunctions", "AWSStepFunctionsException", "AWSStepFunctions"),
}


_UNQUALIFIED = re.compile(r"Function not found: arn:[\w-]+:lambda:[\w-]+:\d+:function:[^:]+")


def _of_each_service(name: str) -> Callable[[Callable[..., object]], None]:
    """Declares that the decorated function replaces a method of all `CLASSES` but Lambda's, which has its own file."""

    def declare(function: Callable[..., object]) -> None:
        for kind in CLASSES:
            if kind is not state_task_service_lambda.StateTaskServiceLambda:
                patches.replaces_each(f"{kind.__module__}:{kind.__name__}", (name,), expects=_EXPECTED[name])(function)

    return declare


def call_of(task: StateTaskService) -> Call:
    """The call of a service task of moto."""
    call = task_resources.call_of(task.resource.resource_arn)
    assert call is not None, task.resource.resource_arn
    return call


def unfit(env: Frame, parameters: object, problems: list[str]) -> FailureEventException:
    """The failure of a task whose parameters the service does not take. AWS does not try such a task again."""
    text = parameter_names.compact(parameters)
    cause = f"The Parameters '{text}' could not be used to start the Task: [{', '.join(problems)}]"
    return failure(env, "States.Runtime", cause)


def request(env: Frame, call: Call, parameters: JsonObject) -> tuple[JsonObject, Shape | None]:
    """The arguments for boto3, and the shape of its answer.

    Raises:
        FailureEventException: the parameters do not fit.
    """
    operation = task_resources.model(call.boto_service).operation_model(call.operation)
    given = _prepared(env, call, parameters) if not call.is_sdk else parameters
    allowed = None if call.is_sdk else task_resources.PARAMETERS.get((call.service, call.action))
    try:
        return parameter_names.to_boto(given, operation.input_shape, allowed), operation.output_shape
    except parameter_names.UnfitParameters as error:
        raise unfit(env, parameters, error.problems) from error


@patches.replaces(
    f"{_TASK}.state_task:StateTask._eval_parameters", upstream="Parameters of integrations aren't dropped."
)
def _eval_parameters(task: StateTaskService, env: Frame) -> JsonObject:
    """All parameters of a task, those too that moto doesn't know."""
    if task.parargs is None:
        return {}
    given = evaluate(task.parargs, env)
    if not isinstance(given, dict):
        raise unfit(env, given, ["They must be an object"])
    if isinstance(task, CLASSES):
        request(env, call_of(task), given)  # what does not fit is refused before the task is scheduled
    return given


@patches.replaces(f"{_SERVICE}.state_task_service:StateTaskService._validate_service_integration_is_supported")
def _validate_service_integration_is_supported(task: StateTaskService) -> None:
    if problem := task_resources.resource_problem(task.resource.resource_arn):
        raise ValueError(problem)


@patches.replaces_each(
    f"{_SERVICE}.state_task_service:StateTaskService", ("_normalise_parameters", "_normalise_response"), expects=ANY
)
def _normalise_nothing(*_: object, **__: object) -> None:
    """`_evaluate` translates."""


for _target in (
    "state_task_service_aws_sdk:StateTaskServiceAwsSdk._validate_service_integration_is_supported",
    "state_task_service_lambda:StateTaskServiceLambda._normalise_parameters",
    "state_task_service_sfn:StateTaskServiceSfn._normalise_parameters",
    "state_task_service_sqs:StateTaskServiceSqs._normalise_response",
):
    patches.removes(f"{_SERVICE}.{_target}")


def client_of(task: StateTaskService, region: str, state_credentials: StateCredentials) -> BaseClient:
    """boto3's client for what a service task calls, in the task's role."""
    service = call_of(task).boto_service
    is_given = task.credentials is not None
    return current.parts[Clients].client(service, region, state_credentials.role_arn, is_given=is_given)


@_of_each_service("_eval_service_task")
def _evaluate(
    _: Patch[..., None],
    task: StateTaskService,
    env: Frame,
    resource_runtime_part: ResourceRuntimePart,
    normalised_parameters: JsonObject,
    state_credentials: StateCredentials,
) -> None:
    """Makes the call of an integration, and puts its result on the stack."""
    call = call_of(task)
    arguments, shape = request(env, call, normalised_parameters)
    client = client_of(task, resource_runtime_part.region, state_credentials)
    answer = getattr(client, call.method)(**arguments)
    about = answer.pop("ResponseMetadata", {})
    result = parameter_names.to_states(answer, shape, call.is_sdk)
    if not call.is_sdk:
        result |= parameter_names.metadata(about)
    if (call.service, call.action) == ("events", "putEvents") and answer.get("FailedEntryCount"):
        failed: Any = state_task_service_events.SfnFailedEntryCountException
        raise failed(cause=parameter_names.compact(result))
    env.stack.append(result)


def _prepared(env: Frame, call: Call, parameters: JsonObject) -> JsonObject:
    """The parameters after an optimized integration has prepared them for the service."""
    given = dict(parameters)
    if call.service == "lambda":
        payload = lambda_eval_utils.to_payload_type(given.get("Payload")) or b"{}"
        given["Payload"] = payload.decode()
    for name in _JSON.get((call.service, call.action), ()):
        if given.get(name) is not None and not isinstance(given[name], str):
            given[name] = parameter_names.compact(given[name])
    if call.service == "states" and given.get("Input") is None:
        given["Input"] = "{}"
    if call.service == "events" and isinstance(given.get("Entries"), list):
        given["Entries"] = [_entry(env, entry) for entry in given["Entries"]]
    return given


def _entry(env: Frame, entry: object) -> object:
    """An event as the state machine publishes it: it tells where it comes from."""
    if not isinstance(entry, dict):
        return entry
    context = env.states.context_object.context_object_data
    made = dict(entry)
    if isinstance(made.get("Detail"), dict):
        made["Detail"] = parameter_names.compact(made["Detail"])
    made["Resources"] = [*made.get("Resources", ()), context["StateMachine"]["Id"], context["Execution"]["Id"]]
    return made


# ---- errors


def error_and_cause(call: Call, error: ClientError) -> tuple[str, str]:
    """How Step Functions reports what a service has refused."""
    told = error.response
    message, about = told["Error"].get("Message", ""), told["ResponseMetadata"]
    status, request_id = about.get("HTTPStatusCode", 500), about.get("RequestId", "")
    named = type(error).__name__
    is_general = named == "ClientError"
    is_denied = told["Error"]["Code"] == "AccessDeniedException"
    if call.is_sdk:
        prefix = parameter_names.pascal(str(task_resources.model(call.boto_service).service_id).replace(" ", "_"))
        name = f"{prefix}Exception" if is_general else _exception(named)
        ids = f"Request ID: {request_id}"
        if call.service == "s3":
            ids += f", Extended Request ID: {about.get('HostId', request_id)}"
        return f"{prefix}.{name}", f"{message} (Service: {prefix}, Status Code: {status}, {ids})"
    prefix, general, service = _OPTIMISED[call.service]
    if call.service == "lambda" and _UNQUALIFIED.fullmatch(message):
        message += ":$LATEST"  # the integration asks for this version
    if not is_general:
        name = _exception(named)
    else:
        # Lambda's errors have their names even where its API does not list them.
        name = _exception(told["Error"]["Code"]) if call.service == "lambda" and not is_denied else general
    return f"{prefix}.{name}", (
        f"{message} (Service: {service}; Status Code: {status}; Error Code: {told['Error']['Code']}; "
        f"Request ID: {request_id}; Proxy: null)"
    )


def timed_out(event: FailureEvent, ex: Exception) -> FailureEvent:
    """The event of a task that has timed out. Retry and Catch have a second name for a missed heartbeat."""
    if isinstance(ex, HeartbeatTimeoutError):
        changed: Any = event
        changed.error_name = MissedHeartbeat("States.Timeout")
    return event


def named_error(
    original: Callable[..., FailureEvent], task: StateTaskService, env: Frame, ex: Exception
) -> FailureEvent:
    """The event of a service task that has failed. Args: original: moto's function for the class of the task."""
    if isinstance(ex, ClientError):
        return task_failure(task, env, *error_and_cause(call_of(task), ex))
    if isinstance(ex, FailureEventException):
        return ex.failure_event
    if isinstance(ex, TimeoutError):  # moto's class for DynamoDB makes an error of the service of it
        return timed_out(StateTask._from_error(task, env=env, ex=ex), ex)
    return original(task, env=env, ex=ex)


@_of_each_service("_from_error")
def _from_error(patch: Patch[..., FailureEvent], task: StateTaskService, env: Frame, ex: Exception) -> FailureEvent:
    return named_error(patch.original, task, env, ex)


def _exception(name: str) -> str:
    """A class's name in Java."""
    name = name.rsplit(".", 1)[-1]
    return name if name.endswith("Exception") else name + "Exception"


@patches.replaces(
    "moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name:CustomErrorName.__init__",
    defect="engine/tests/workflows/test_states_tasks_patches.py::test_stock_moto_names_errors_otherwise",
)
def init_custom_error(error: CustomErrorName, error_name: str | None) -> None:
    """moto refuses names that begin with "States.", and so can't pass on that a branch or an iteration timed out."""
    ErrorName.__init__(error, error_name)
