"""What each kind of target gets from a rule, and what becomes of a target that does not take it; no cloud."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from serverless_cloud.errors import AccessDenied, TooManyRequests
from serverless_cloud.events import targets
from serverless_cloud.events.targets import Target, TargetFailed, UnsupportedTarget
from serverless_cloud.iam.permissions import Caller
from serverless_cloud.lambda_.calling import FunctionGone
from serverless_cloud.lambda_.function import Reply

RULE = "arn:aws:events:us-east-1:123456789012:rule/shop/paid"
ORDER = '{"order": 7}'


def arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:eu-west-1:123456789012:{name}"


def target(where: str, payload: str = ORDER, **more: Any) -> Target:
    return Target(where, payload, "us-east-1", "123456789012", "events.amazonaws.com", RULE, **more)


class There(Exception):
    """What boto3 raises when a log stream exists."""


class Aws:
    """Takes every call of boto3 and of the functions, and keeps it."""

    enforced = False

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answer: Any = {"Entries": [{"EventId": "1"}]}
        self.errors: dict[str, Exception] = {}  # by call
        self.permissions = self.functions = self.events = self
        self.meta = SimpleNamespace(endpoint_url="http://127.0.0.1:9")
        self.exceptions = SimpleNamespace(ResourceAlreadyExistsException=There)

    def client(self, service: str, region: str, account_id: str) -> Any:
        assert account_id == ""  # the cloud's own
        assert region == "eu-west-1"  # where the target is
        return _Client(self, service)

    def take(self, call: str, /, **given: Any) -> Any:
        self.calls.append((call, given))
        if call in self.errors:
            raise self.errors[call]
        return self.answer

    def invoke(self, arn: str, event: bytes, caller: Caller | None = None) -> Reply:
        reply: Reply = self.take("invoke", arn=arn, event=event, caller=caller)
        return reply

    def submit(self, arn: str, event: bytes, caller: Caller | None = None) -> None:
        self.take("submit", arn=arn, event=event, caller=caller)

    def forward(self, target: Target) -> None:
        self.take("forward", target=target)

    def sent(self) -> dict[str, Any]:
        """What the last call was given."""
        return self.calls[-1][1]


class _Client:
    def __init__(self, aws: Aws, service: str) -> None:
        self._aws, self._service = aws, service
        self.meta, self.exceptions = aws.meta, aws.exceptions

    def __getattr__(self, operation: str) -> Any:
        return lambda **given: self._aws.take(f"{self._service}.{operation}", **given)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Any:
    fake = Aws()
    monkeypatch.setattr(targets, "client", fake.client)
    return fake


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("Order 7 is paid", "Order 7 is paid"),
        ('"Order 7 is paid"', '"Order 7 is paid"'),
        (ORDER, ORDER),
        ("[7, 8]", "[7, 8]"),
        ('{"timestamp": 5, "message": "Order 7 is paid"}', "Order 7 is paid"),
        ('{"timestamp": 5, "message": {"order": 7}}', '{"order": 7}'),
        ('{"timestamp": 5, "message": 7}', "7"),
        ('{"message": "Order 7 is paid"}', '{"message": "Order 7 is paid"}'),
        ('{"timestamp": 5, "message": "a", "order": 7}', '{"timestamp": 5, "message": "a", "order": 7}'),
    ],
)
def test_a_log_line_reads_as_the_template_writes_it(aws: Any, payload: str, message: str) -> None:
    began_ms = int(time.time() * 1000)
    targets.send(aws, target(arn("logs", "log-group:/aws/events/orders:*"), payload))
    assert [name for name, _ in aws.calls] == ["logs.create_log_stream", "logs.put_log_events"]
    (event,) = aws.sent()["logEvents"]
    assert event["message"] == message
    assert began_ms <= event["timestamp"] <= time.time() * 1000
    assert {given["logGroupName"] for _, given in aws.calls} == {"/aws/events/orders"}
    assert len({given["logStreamName"] for _, given in aws.calls}) == 1


def test_a_log_stream_that_exists_takes_the_line_too(aws: Any) -> None:
    aws.errors["logs.create_log_stream"] = There()
    targets.send(aws, target(arn("logs", "log-group:orders"), parameters={"LogStreamName": "today"}))
    assert aws.sent() | {"logEvents": 1} == {"logGroupName": "orders", "logStreamName": "today", "logEvents": 1}


@pytest.mark.parametrize(
    ("where", "parameters", "call", "given"),
    [
        (
            arn("sqs", "orders"),
            {},
            "sqs.send_message",
            {"QueueUrl": "http://127.0.0.1:9/123456789012/orders", "MessageBody": ORDER},
        ),
        (
            arn("sqs", "orders.fifo"),
            {"MessageGroupId": "7", "LogStreamName": "today"},
            "sqs.send_message",
            {"QueueUrl": "http://127.0.0.1:9/123456789012/orders.fifo", "MessageBody": ORDER, "MessageGroupId": "7"},
        ),
        (arn("sns", "paid"), {}, "sns.publish", {"TopicArn": arn("sns", "paid"), "Message": ORDER}),
        (
            arn("kinesis", "stream/orders"),
            {"PartitionKey": "x" * 300},
            "kinesis.put_record",
            {"StreamARN": arn("kinesis", "stream/orders"), "Data": ORDER.encode(), "PartitionKey": "x" * 256},
        ),
        (
            arn("lambda", "function:ship"),
            {},
            "submit",
            {
                "arn": arn("lambda", "function:ship"),
                "event": ORDER.encode(),
                "caller": Caller("events.amazonaws.com", RULE, "123456789012"),
            },
        ),
    ],
)
def test_each_kind_of_target_gets_the_payload(
    aws: Any, where: str, parameters: dict[str, str], call: str, given: dict[str, Any]
) -> None:
    targets.send(aws, target(where, parameters=parameters))
    assert aws.calls == [(call, given)]


def test_a_state_machine_is_started_under_a_new_name_each_time(aws: Any) -> None:
    machine = target(arn("states", "stateMachine:orders"))
    targets.send(aws, machine)
    targets.send(aws, machine)
    assert [name for name, _ in aws.calls] == ["stepfunctions.start_execution"] * 2
    assert [(given["stateMachineArn"], given["input"]) for _, given in aws.calls] == [(machine.arn, ORDER)] * 2
    assert len({given["name"] for _, given in aws.calls}) == 2


def test_a_function_and_a_state_machine_take_json_only(aws: Any) -> None:
    for name in (arn("lambda", "function:ship"), arn("states", "stateMachine:orders")):
        with pytest.raises(TargetFailed, match="is not JSON") as failed:
            targets.send(aws, target(name, "Order 7 is paid"))
        assert (failed.value.code, failed.value.retryable) == ("INVALID_JSON", False)
    assert aws.calls == []


def test_a_role_calls_a_function_in_its_own_right(aws: Any) -> None:
    targets.send(aws, target(arn("lambda", "function:ship"), role_arn="arn:aws:iam::123456789012:role/rules"))
    assert aws.sent()["caller"] is None


def test_a_function_that_fails_is_an_error_with_its_answer(aws: Any) -> None:
    function = target(arn("lambda", "function:ship"))
    aws.answer = Reply(b'{"shipped": true}', None, "", "1")
    assert targets.send_and_wait(aws, function) == '{"shipped": true}'
    aws.answer = Reply(b'{"errorMessage": "no lamp"}', "Unhandled", "", "1")
    with pytest.raises(TargetFailed, match="no lamp") as failed:
        targets.send_and_wait(aws, function)
    assert (failed.value.code, failed.value.service_code) == ("ERROR_FROM_TARGET", "Unhandled")


def of_service(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "words"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "SendMessage")


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (of_service("AWS.SimpleQueueService.NonExistentQueue"), "NO_RESOURCE", False),
        (of_service("ResourceNotFoundException", 404), "NO_RESOURCE", False),
        (of_service("AccessDeniedException", 403), "NO_PERMISSIONS", False),
        (of_service("ThrottlingException"), "THROTTLING", True),
        (of_service("SomethingElse", 429), "THROTTLING", True),
        (of_service("InternalError", 500), "ERROR_FROM_TARGET", True),
        (of_service("InvalidParameterValue"), "INVALID_PARAMETER", False),
        (FunctionGone("gone"), "NO_RESOURCE", False),
        (AccessDenied("no"), "NO_PERMISSIONS", False),
        (TooManyRequests("ReservedFunctionConcurrentInvocationLimitExceeded"), "THROTTLING", True),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), "CONNECTION_FAILURE", True),
    ],
)
def test_what_goes_wrong_is_tried_again_only_if_that_can_help(
    aws: Any, error: Exception, code: str, retryable: bool
) -> None:
    aws.errors["sqs.send_message"] = error
    with pytest.raises(TargetFailed) as failed:
        targets.send(aws, target(arn("sqs", "orders")))
    assert (failed.value.code, failed.value.retryable) == (code, retryable)


@pytest.mark.parametrize(
    "name", [arn("s3", "orders"), arn("states", "activity:pack"), arn("lambda", "layer:lamps"), "orders", ""]
)
def test_a_target_that_nothing_is_sent_to_is_refused_by_its_name(aws: Any, name: str) -> None:
    with pytest.raises(UnsupportedTarget, match=rf"doesn't send to the target {name}\."):
        targets.send(aws, target(name))
    assert aws.calls == []


def test_what_was_given_up_goes_to_the_queue_with_its_attributes(aws: Any) -> None:
    attributes = {"RULE_ARN": RULE, "ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": ""}
    targets.dead_letter(aws, arn("sqs", "lost"), json.dumps({"id": 1}), attributes, "events.amazonaws.com", RULE)
    assert aws.sent()["MessageBody"] == '{"id": 1}'
    assert aws.sent()["MessageAttributes"] == {
        "RULE_ARN": {"DataType": "String", "StringValue": RULE},
        "ERROR_CODE": {"DataType": "String", "StringValue": "NO_RESOURCE"},
    }
