"""Seam: the errors of integrations have AWS's names (moto 5.2.5).

moto calls every error of SQS SQS.SdkClientException, gives AWS SDK integrations the name of the service in lower case
("s3.NoSuchKey"), and makes States.Runtime of errors of EventBridge. A missed heartbeat is States.Timeout in moto; here
it is States.HeartbeatTimeout, which a Catch for States.Timeout takes too. Replaced: `_from_error` of the classes for
service calls.

`CustomErrorName.__init__`: moto refuses names that begin with "States.", and so cannot pass on that a branch of
Parallel or an iteration of Map has timed out.

The names are those of AWS's SDK for Java, which Step Functions uses: the error's class, or the service's general one
where the API does not name the error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.eval.callback.callback import HeartbeatTimeoutError

from serverless_cloud.seams import states_task_calls
from serverless_cloud.workflows import integrations, shapes
from serverless_cloud.workflows.integrations import Call

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


def failure(task: Any, env: Any, error: ClientError) -> FailureEvent:
    """The event of a service task that the service has refused."""
    name, cause = error_and_cause(states_task_calls.call_of(task), error)
    details: Any = {
        "taskFailedEventDetails": {
            "resource": task._get_sfn_resource(),
            "resourceType": task._get_sfn_resource_type(),
            "error": name,
            "cause": cause,
        }
    }
    return FailureEvent(env, CustomErrorName(name), HistoryEventType.TaskFailed, details)


def timed_out(event: FailureEvent, ex: Exception) -> FailureEvent:
    """The event of a task that has timed out; a missed heartbeat has a name of its own."""
    if isinstance(ex, HeartbeatTimeoutError):
        changed: Any = event
        changed.error_name = StatesErrorName(typ=StatesErrorNameType.StatesHeartbeatTimeout)
        next(iter(changed.event_details.values()))["error"] = changed.error_name.error_name
    return event


def install() -> None:
    """Names the errors."""
    custom: Any = CustomErrorName

    def init(self: Any, error_name: str | None) -> None:
        ErrorName.__init__(self, error_name=error_name)

    custom.__init__ = init
    for kind in states_task_calls.CLASSES:
        kind._from_error = _naming(kind._from_error)


def _naming(moto: Callable[..., FailureEvent]) -> Callable[..., FailureEvent]:
    def from_error(self: Any, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, ClientError):
            return failure(self, env, ex)
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
