"""Seam: requests, results and errors of integrations (moto 5.2.5).

moto drops parameters that it does not know, passes PascalCase to services whose API has camelCase (KeyError: JobName),
and leaves results as boto3 gives them, without SdkHttpMetadata and SdkResponseMetadata. It calls every error of SQS
SQS.SdkClientException, gives AWS SDK integrations the name of the service in lower case ("s3.NoSuchKey"), and makes
States.Runtime of errors of EventBridge. A missed heartbeat is States.Timeout in moto; here it is
States.HeartbeatTimeout, which a Catch for States.Timeout takes too. Replaced:

- `StateTask._eval_parameters`: all parameters stay.
- `StateTaskService._get_supported_parameters`, `_validate_service_integration_is_supported`: a resource is refused by
  `integrations.resource_problem`, at creation.
- `_eval_service_task` of the classes for SNS, SQS, DynamoDB, EventBridge, Step Functions, Batch, and AWS SDK
  integrations: one call for all, translated by botocore's model of the service. `_normalise_parameters` and
  `_normalise_response` of all service tasks: nothing is left for them, except before the call of a nested execution.
- `_from_error` of the same classes. The names come from AWS's SDK for Java, which Step Functions uses: the error's
  class, or the service's general one where the API does not name the error.
- `CustomErrorName.__init__`: moto refuses names that begin with "States.", and so cannot pass on that a branch of
  Parallel or an iteration of Map has timed out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
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
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.eval.callback.callback import HeartbeatTimeoutError

from serverless_cloud.seams.states_history import failure, task_failure
from serverless_cloud.seams.states_task_clients import Clients
from serverless_cloud.workflows import integrations, shapes
from serverless_cloud.workflows.integrations import Call

#: The classes of moto for the integrations that are served by a call of boto3.
CLASSES: tuple[Any, ...] = (
    state_task_service_aws_sdk.StateTaskServiceAwsSdk,
    state_task_service_batch.StateTaskServiceBatch,
    state_task_service_dynamodb.StateTaskServiceDynamoDB,
    state_task_service_events.StateTaskServiceEvents,
    state_task_service_lambda.StateTaskServiceLambda,
    state_task_service_sfn.StateTaskServiceSfn,
    state_task_service_sns.StateTaskServiceSns,
    state_task_service_sqs.StateTaskServiceSqs,
)
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


def call_of(task: Any) -> Call:
    """The call of a service task of moto."""
    call = integrations.call_of(task.resource.resource_arn)
    assert call is not None, task.resource.resource_arn
    return call


def unfit(env: Any, parameters: Any, problems: list[str]) -> FailureEventException:
    """The failure of a task whose parameters the service does not take. AWS does not try such a task again."""
    cause = (
        f"The Parameters '{shapes.compact(parameters)}' could not be used to start the Task: [{', '.join(problems)}]"
    )
    return failure(env, "States.Runtime", cause, "TaskFailed")


def request(env: Any, call: Call, parameters: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The arguments for boto3, and the shape of its answer.

    Raises:
        FailureEventException: the parameters do not fit.
    """
    operation = integrations.model(call.boto_service).operation_model(call.operation)
    given = _prepared(env, call, parameters) if not call.is_sdk else parameters
    allowed = None if call.is_sdk else integrations.PARAMETERS.get((call.service, call.action))
    try:
        return shapes.to_boto(given, operation.input_shape, allowed), operation.output_shape
    except shapes.UnfitParameters as error:
        raise unfit(env, parameters, error.problems) from error


def install(clients: Clients) -> None:
    """Translates what integrations send and get."""
    task: Any = StateTask
    service: Any = StateTaskService

    def parameters(self: Any, env: Any) -> Any:
        if self.parargs is None:
            return {}
        self.parargs.eval(env=env)
        given = env.stack.pop()
        if not isinstance(given, dict):
            raise unfit(env, given, ["They must be an object"])
        if isinstance(self, CLASSES):
            request(env, call_of(self), given)  # what does not fit is refused before the task is scheduled
        return given

    def is_supported(self: Any) -> None:
        if problem := integrations.resource_problem(self.resource.resource_arn):
            raise ValueError(problem)

    def evaluate(
        self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        _evaluate(clients, self, env, resource_runtime_part.region, normalised_parameters, state_credentials)

    task._eval_parameters = parameters
    service._validate_service_integration_is_supported = is_supported
    service._normalise_parameters = service._normalise_response = lambda *_, **__: None
    for kind in CLASSES:
        for name in ("_validate_service_integration_is_supported", "_normalise_parameters", "_normalise_response"):
            if name in vars(kind):
                delattr(kind, name)
        kind._eval_service_task = evaluate
        kind._from_error = _naming(kind._from_error)
    custom: Any = CustomErrorName
    custom.__init__ = ErrorName.__init__


def client_of(clients: Clients, task: Any, region: str, state_credentials: Any) -> Any:
    """boto3's client for what a service task calls, in the task's role."""
    service = call_of(task).boto_service
    return clients.client(service, region, state_credentials.role_arn, is_given=task.credentials is not None)


def _evaluate(clients: Clients, self: Any, env: Any, region: str, parameters: Any, state_credentials: Any) -> None:
    call = call_of(self)
    arguments, shape = request(env, call, parameters)
    client = client_of(clients, self, region, state_credentials)
    answer = getattr(client, call.method)(**arguments)
    about = answer.pop("ResponseMetadata", {})
    result = shapes.to_states(answer, shape, call.is_sdk)
    if not call.is_sdk:
        result |= shapes.metadata(about)
    if (call.service, call.action) == ("events", "putEvents") and answer.get("FailedEntryCount"):
        failed: Any = state_task_service_events.SfnFailedEntryCountException
        raise failed(cause=shapes.compact(result))
    env.stack.append(result)


def _prepared(env: Any, call: Call, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters after an optimized integration has prepared them for the service."""
    given = dict(parameters)
    if call.service == "lambda":
        payload = lambda_eval_utils.to_payload_type(given.get("Payload")) or b"{}"
        given["Payload"] = payload.decode()
    for name in _JSON.get((call.service, call.action), ()):
        if name in given and not isinstance(given[name], str):
            given[name] = shapes.compact(given[name])
    if call.service == "states":
        given.setdefault("Input", "{}")
    if call.service == "events" and isinstance(given.get("Entries"), list):
        given["Entries"] = [_entry(env, entry) for entry in given["Entries"]]
    return given


def _entry(env: Any, entry: Any) -> Any:
    """An event as the state machine publishes it: it tells where it comes from."""
    if not isinstance(entry, dict):
        return entry
    context = env.states.context_object.context_object_data
    made = dict(entry)
    if isinstance(made.get("Detail"), dict):
        made["Detail"] = shapes.compact(made["Detail"])
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
        prefix = shapes.pascal(str(integrations.model(call.boto_service).service_id).replace(" ", "_"))
        name = f"{prefix}Exception" if is_general else _exception(named)
        return f"{prefix}.{name}", f"{message} (Service: {prefix}, Status Code: {status}, Request ID: {request_id})"
    prefix, general, service = _OPTIMISED[call.service]
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
    """The event of a task that has timed out. A missed heartbeat has its own name."""
    if isinstance(ex, HeartbeatTimeoutError):
        changed: Any = event
        changed.error_name = CustomErrorName("States.HeartbeatTimeout")
        next(iter(changed.event_details.values()))["error"] = changed.error_name.error_name
    return event


def _naming(moto: Callable[..., FailureEvent]) -> Callable[..., FailureEvent]:
    def from_error(self: Any, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, ClientError):
            return task_failure(self, env, *error_and_cause(call_of(self), ex))
        if isinstance(ex, FailureEventException):
            return ex.failure_event
        if isinstance(ex, TimeoutError):  # moto's class for DynamoDB makes an error of the service of it
            return timed_out(StateTask._from_error(self, env=env, ex=ex), ex)
        return moto(self, env=env, ex=ex)

    return from_error


def _exception(name: str) -> str:
    """A class's name in Java."""
    name = name.rsplit(".", 1)[-1]
    return name if name.endswith("Exception") else name + "Exception"
