"""Seam: requests and results of integrations (moto 5.2.5).

moto drops parameters that it does not know, passes PascalCase to services whose API has camelCase (KeyError: JobName),
and leaves results as boto3 gives them, without SdkHttpMetadata and SdkResponseMetadata. Replaced:

- `StateTask._eval_parameters`: all parameters stay.
- `StateTaskService._get_supported_parameters`, `_validate_service_integration_is_supported`: a resource is refused by
  `integrations.resource_problem`, at creation.
- `_eval_service_task` of the classes for SNS, SQS, DynamoDB, EventBridge, Step Functions, Batch, and AWS SDK
  integrations: one call for all, translated by botocore's model of the service. `_normalise_parameters` and
  `_normalise_response` of all service tasks: nothing is left for them, except before the call of a nested execution.
"""

from __future__ import annotations

from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
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
#: Parameters of optimised integrations that take any JSON: it goes to the service as a string.
_JSON = {
    ("sns", "publish"): ("Message",),
    ("sqs", "sendMessage"): ("MessageBody",),
    ("states", "startExecution"): ("Input",),
}


def call_of(task: Any) -> Call:
    """What a service task of moto calls."""
    call = integrations.call_of(task.resource.resource_arn)
    assert call is not None, task.resource.resource_arn
    return call


def unfit(env: Any, parameters: Any, problems: list[str]) -> FailureEventException:
    """The failure of a task whose parameters the service does not take. AWS does not try such a task again."""
    cause = (
        f"The Parameters '{shapes.compact(parameters)}' could not be used to start the Task: [{', '.join(problems)}]"
    )
    error = StatesErrorName(typ=StatesErrorNameType.StatesRuntime)
    details: Any = {"taskFailedEventDetails": {"error": error.error_name, "cause": cause}}
    return FailureEventException(FailureEvent(env, error, HistoryEventType.TaskFailed, details))


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

    def nothing(self: Any, *_: Any, **__: Any) -> None:
        del self

    def evaluate(
        self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        _evaluate(clients, self, env, resource_runtime_part.region, normalised_parameters, state_credentials)

    task._eval_parameters = parameters
    service._validate_service_integration_is_supported = is_supported
    service._normalise_parameters = service._normalise_response = nothing
    for kind in CLASSES:
        for name in ("_validate_service_integration_is_supported", "_normalise_parameters", "_normalise_response"):
            if name in vars(kind):
                delattr(kind, name)
        kind._eval_service_task = evaluate


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
    """What an optimised integration makes of the parameters before it calls the service."""
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
