"""Sends to a target by its ARN, for EventBridge rules, EventBridge Scheduler and Pipes. No moto.

Functions are called in the data plane, all else by ordinary boto3 calls to this same server. Which permission counts:
Amazon EventBridge User Guide, "Using resource-based policies" (functions, queues, topics, log groups) and "Using IAM
roles to access targets" (all others, and whatever Scheduler and Pipes do).
"""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError

from serverless_cloud.core.clients import client
from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.errors import AccessDenied, NotNow
from serverless_cloud.iam.permissions import ACCOUNT_ID, Caller, Permissions
from serverless_cloud.lambda_.calling import FunctionGone, Functions

Principal = Literal["events.amazonaws.com", "scheduler.amazonaws.com", "pipes.amazonaws.com"]

ACTIONS = {
    "lambda": "lambda:InvokeFunction",
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "states": "states:StartExecution",
    "events": "events:PutEvents",
    "kinesis": "kinesis:PutRecord",
    "logs": "logs:PutLogEvents",
}
_OWN_POLICY = ("lambda", "sqs", "sns", "logs")  # of EventBridge rules: the target's own policy allows them
_NAMES = (
    "Lambda functions, SQS queues, SNS topics, Step Functions state machines, event buses, Kinesis streams and "
    "log groups"
)
_NO_QUEUE = "The specified queue does not exist or you do not have access to it."
_GONE = ("NonExistentQueue", "NotFound", "ResourceNotFound", "DoesNotExist", "NoSuch")
_DENIED = ("AccessDenied", "AuthorizationError", "NotAuthorized", "KMSAccessDenied")
_THROTTLED = ("Throttl", "TooManyRequests", "ProvisionedThroughputExceeded", "LimitExceeded", "SlowDown")


class UnsupportedTarget(ValueError):
    """The local cloud sends nothing to such a target. The text names it and says what is allowed."""

    def __init__(self, arn: str) -> None:
        super().__init__(
            f"The local cloud doesn't send to the target {arn}. It would store the target and never use it, so it "
            f"refuses the call. It sends to {_NAMES}; docs/fidelity.md lists what works here."
        )


class TargetFailed(Exception):
    """A target did not take what was sent.

    Args:
        code: EventBridge's error code: "NO_RESOURCE", "NO_PERMISSIONS", "THROTTLING", "ERROR_FROM_TARGET"...
        message: what the target's service said.
        retryable: whether another try can help.
        service_code: the error code of the target's own API, "ResourceNotFoundException".
    """

    def __init__(self, code: str, message: str, retryable: bool, service_code: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.retryable = code, message, retryable
        self.service_code = service_code or code


@dataclass(frozen=True)
class Target:
    """A payload, its target, and the identity that sends it.

    Args:
        payload: JSON text; for a queue, a topic or a log group any text.
        region, account_id: of the rule, schedule or pipe.
        principal: the service that sends.
        source_arn: of the rule, schedule or pipe.
        role_arn: the role that it acts in, or None.
        parameters: the fields of SqsParameters, KinesisParameters, EventBridgeParameters and their like, in one
            mapping: MessageGroupId, MessageDeduplicationId, PartitionKey, Source, DetailType, Resources,
            LogStreamName. What a target does not know is not looked at.
        from_another_bus: the event has come from another bus already (EventBridge rules).
    """

    arn: str
    payload: str
    region: str
    account_id: str
    principal: Principal
    source_arn: str
    role_arn: str | None = None
    parameters: JsonObject = field(default_factory=dict)
    from_another_bus: bool = False

    @property
    def service(self) -> str:
        """ "sqs", as in its ARN."""
        return service_of(self.arn)

    @property
    def name(self) -> str:
        """The end of the ARN: "orders", "stream/orders", "event-bus/orders"."""
        return self.arn.split(":", 5)[5]

    def client(self, service: str) -> BaseClient:
        """boto3's client where the target is."""
        return _client(service, self.arn, self.region)


class Buses(Protocol):
    """Takes an event on to another bus."""

    def forward(self, target: Target) -> None:
        """Sends the event that `target` holds to the bus that it names."""


class Senders(Protocol):
    """The parts of the data plane (plane.DataPlane) that sending needs."""

    @property
    def functions(self) -> Functions:
        """Lambda."""

    @property
    def permissions(self) -> Permissions:
        """Asked before anything is sent."""

    @property
    def events(self) -> Buses:
        """EventBridge's own buses."""


def service_of(arn: str) -> str:
    """The service of a target that the local cloud sends to.

    Raises:
        UnsupportedTarget: it sends nothing to such a target.
    """
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] not in ACTIONS or not _is_kind(parts[2], parts[5]):
        raise UnsupportedTarget(arn)
    return parts[2]


def _is_kind(service: str, resource: str) -> bool:
    beginnings = {"lambda": "function:", "states": "stateMachine:", "events": "event-bus/", "kinesis": "stream/",
                  "logs": "log-group:"}  # fmt: skip
    return resource.startswith(beginnings.get(service, ""))


def send(plane: Senders, target: Target) -> None:
    """Sends once. A function is called asynchronously, a state machine is started; nobody waits for either.

    Raises:
        TargetFailed: the target did not take it.
        UnsupportedTarget: the local cloud sends nothing to such a target.
    """
    with failures():
        _authorise(plane, target, ACTIONS[target.service])
        _SENDERS[target.service](plane, target)


def send_and_wait(plane: Senders, target: Target) -> str:
    """Calls a function, or an express state machine, and waits for its answer (Pipes: REQUEST_RESPONSE).

    Returns: JSON text.

    Raises:
        TargetFailed: the target did not take it, or has failed; the function's or the execution's error is its text.
        UnsupportedTarget: there is no answer to wait for.
    """
    with failures():
        if target.service == "lambda":
            _authorise(plane, target, ACTIONS["lambda"])
            reply = plane.functions.invoke(target.arn, json_of(target), _caller(target))
            answer = reply.payload.decode(errors="replace")
            if reply.function_error:
                raise TargetFailed("ERROR_FROM_TARGET", answer, True, reply.function_error)
            return answer
        if target.service == "states":
            _authorise(plane, target, "states:StartSyncExecution")
            json_of(target)
            done = target.client("stepfunctions").start_sync_execution(
                stateMachineArn=target.arn, input=target.payload, name=str(uuid.uuid4())
            )
            if done["status"] != "SUCCEEDED":
                error = done.get("error") or done["status"]
                raise TargetFailed("ERROR_FROM_TARGET", f"{error}: {done.get('cause', '')}", True, error)
            return str(done.get("output") or "null")
    raise UnsupportedTarget(target.arn)


def dead_letter(
    plane: Senders, queue_arn: str, body: str, attributes: Mapping[str, str], principal: Principal, source_arn: str
) -> None:
    """Sends what was given up to a dead-letter queue, which must let the service do so by its own policy.

    Args:
        attributes: of the message, all strings.
        source_arn: of the rule or schedule.

    Raises:
        TargetFailed: the queue did not take it.
    """
    with failures():
        sqs, url = _queue(queue_arn)
        if plane.permissions.enforced:
            plane.permissions.require_resource_policy(
                queue_policy(queue_arn), principal, ACTIONS["sqs"], queue_arn, source_arn, source_arn.split(":")[4]
            )
        message_attributes = {
            name: {"DataType": "String", "StringValue": text} for name, text in attributes.items() if text
        }
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=message_attributes)


def _authorise(plane: Senders, target: Target, action: str) -> None:
    if not plane.permissions.enforced:
        return
    if target.role_arn or target.principal != "events.amazonaws.com" or target.service not in _OWN_POLICY:
        plane.permissions.require(target.role_arn, action, target.arn, service=target.principal)
    elif target.service != "lambda":  # a function's policy is looked at when it is called
        policies = _POLICIES[target.service](target)
        try:
            plane.permissions.require_resource_policy(
                policies, target.principal, action, target.arn, target.source_arn, target.account_id
            )
        except AccessDenied as error:
            if target.service == "sqs":  # SQS does not tell a stranger whether there is such a queue
                raise TargetFailed(
                    "NO_RESOURCE", _NO_QUEUE, False, "AWS.SimpleQueueService.NonExistentQueue"
                ) from error
            raise


def queue_policy(arn: str) -> str | None:
    """The policy of a queue, JSON text; None if it has none."""
    sqs, url = _queue(arn)
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
    return attributes.get("Policy") or None


def _topic_policy(target: Target) -> str | None:
    attributes = target.client("sns").get_topic_attributes(TopicArn=target.arn)["Attributes"]
    return attributes.get("Policy") or None


def _log_policy(target: Target) -> str | None:
    """All resource policies of CloudWatch Logs in the Region, because a log group doesn't have its own policy."""
    policies = target.client("logs").describe_resource_policies()["resourcePolicies"]
    statements: list[object] = []
    for policy in policies:
        statement = json.loads(policy["policyDocument"]).get("Statement", [])
        statements += statement if isinstance(statement, list) else [statement]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else None


_POLICIES: dict[str, Callable[[Target], str | None]] = {
    "sqs": lambda target: queue_policy(target.arn),
    "sns": _topic_policy,
    "logs": _log_policy,
}


def _caller(target: Target) -> Caller | None:
    """None when a role has been asked: then the function's own policy does not count."""
    if target.role_arn or target.principal != "events.amazonaws.com":
        return None
    return Caller(target.principal, target.source_arn, target.account_id)


def _to_function(plane: Senders, target: Target) -> None:
    plane.functions.submit(target.arn, json_of(target), _caller(target))


def _to_queue(_: Senders, target: Target) -> None:
    sqs, url = _queue(target.arn)
    names = ("MessageGroupId", "MessageDeduplicationId")
    parameters = {name: target.parameters[name] for name in names if target.parameters.get(name)}
    sqs.send_message(QueueUrl=url, MessageBody=target.payload, **parameters)


def _queue(arn: str) -> tuple[BaseClient, str]:
    """A client, and the URL of a queue; nobody is asked whether it exists."""
    sqs = _client("sqs", arn)
    return sqs, f"{sqs.meta.endpoint_url}/{'/'.join(arn.split(':')[4:])}"


def _client(service: str, arn: str, region: str = "") -> BaseClient:
    """In the Region and the account of an ARN."""
    there, account_id = arn.split(":")[3:5]
    return client(service, there or region, "" if account_id == ACCOUNT_ID else account_id)


def _to_topic(_: Senders, target: Target) -> None:
    target.client("sns").publish(TopicArn=target.arn, Message=target.payload)


def _to_state_machine(_: Senders, target: Target) -> None:
    json_of(target)
    target.client("stepfunctions").start_execution(
        stateMachineArn=target.arn, input=target.payload, name=str(uuid.uuid4())
    )


def _to_bus(plane: Senders, target: Target) -> None:
    if target.principal == "events.amazonaws.com":
        plane.events.forward(target)
        return
    entry = {
        "Source": target.parameters.get("Source", ""),
        "DetailType": target.parameters.get("DetailType", ""),
        "Detail": target.payload,
        "Resources": list(target.parameters.get("Resources", [target.source_arn])),
        "EventBusName": target.arn,
    }
    (result,) = target.client("events").put_events(Entries=[entry])["Entries"]
    if "ErrorCode" in result:
        raise TargetFailed("INVALID_PARAMETER", result["ErrorMessage"], False, result["ErrorCode"])


def _to_stream(_: Senders, target: Target) -> None:
    target.client("kinesis").put_record(
        StreamARN=target.arn,
        Data=target.payload.encode(),
        PartitionKey=str(target.parameters.get("PartitionKey") or uuid.uuid4())[:256],
    )


def _to_log_group(_: Senders, target: Target) -> None:
    """A template may name the time and the message; else the message is all that is sent."""
    message, at_ms = target.payload, int(time.time() * 1000)
    with contextlib.suppress(ValueError):
        log_event = json.loads(target.payload)
        if isinstance(log_event, dict) and set(log_event) == {"timestamp", "message"}:
            text = log_event["message"]
            message = text if isinstance(text, str) else json.dumps(text)
    group = target.name.removeprefix("log-group:").removesuffix(":*")
    stream = target.parameters.get("LogStreamName") or str(uuid.uuid5(uuid.NAMESPACE_URL, target.source_arn))
    logs = target.client("logs")
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": at_ms, "message": message}])


_SENDERS: dict[str, Callable[[Senders, Target], None]] = {
    "lambda": _to_function,
    "sqs": _to_queue,
    "sns": _to_topic,
    "states": _to_state_machine,
    "events": _to_bus,
    "kinesis": _to_stream,
    "logs": _to_log_group,
}


def json_of(target: Target) -> bytes:
    """The payload. Raises TargetFailed unless it is JSON."""
    try:
        json.loads(target.payload)
    except (ValueError, RecursionError) as error:
        raise TargetFailed("INVALID_JSON", f"The input for {target.arn} is not JSON: {error}", False) from error
    return target.payload.encode()


@contextlib.contextmanager
def failures() -> Iterator[None]:
    """Whatever goes wrong inside becomes a TargetFailed."""
    try:
        yield
    except FunctionGone as error:
        raise TargetFailed("NO_RESOURCE", str(error), False, "ResourceNotFoundException") from error
    except AccessDenied as error:
        raise TargetFailed("NO_PERMISSIONS", str(error), False, "AccessDeniedException") from error
    except NotNow as error:
        raise TargetFailed("THROTTLING", str(error), True, "TooManyRequestsException") from error
    except ClientError as error:
        raise _of_service(error) from error
    except BotoCoreError as error:
        raise TargetFailed("CONNECTION_FAILURE", str(error), True) from error


def _of_service(error: ClientError) -> TargetFailed:
    code = error.response["Error"]["Code"]
    message = error.response["Error"].get("Message", "")
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if any(part in code for part in _GONE):
        return TargetFailed("NO_RESOURCE", message, False, code)
    if any(part in code for part in _DENIED):
        return TargetFailed("NO_PERMISSIONS", message, False, code)
    if status == 429 or any(part in code for part in _THROTTLED):
        return TargetFailed("THROTTLING", message, True, code)
    if status >= 500:
        return TargetFailed("ERROR_FROM_TARGET", message, True, code)
    return TargetFailed("INVALID_PARAMETER", message, False, code)
