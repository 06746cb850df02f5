"""How long a REST API waits for its integration, and what the client reads when nothing comes; no cloud."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pytest

from serverless_cloud.errors import AccessDenied, CloudError, TooManyRequests
from serverless_cloud.http.calls import EventTooLarge, FunctionCalls
from serverless_cloud.http.proxy_events import Arrival
from serverless_cloud.http.request import Request
from serverless_cloud.http.rest.backends import Backend, Unreachable
from serverless_cloud.http.rest.exchange import Exchange
from serverless_cloud.http.rest.gateway_responses import GatewayError
from serverless_cloud.http.rest.integrations import Integrations
from serverless_cloud.http.rest.model import Deployment, Resource, Stage
from serverless_cloud.http.rest.parameter_mapping import Answered
from serverless_cloud.iam.permissions import Caller
from serverless_cloud.lambda_.calling import FunctionGone
from serverless_cloud.lambda_.function import Reply

T = TypeVar("T")
LIMIT_S = 10.0  # for what must come; only a failure waits as long
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:price"
FUNCTION_URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
QUEUE_URI = "arn:aws:apigateway:us-east-1:sqs:path/123456789012/orders"
SERVER_URI = "http://127.0.0.1:9/lamps"

#: An integration of each type that waits for somebody.
KINDS: dict[str, dict[str, Any]] = {
    "function": {"type": "AWS_PROXY", "uri": FUNCTION_URI},
    "mapped function": {"type": "AWS", "uri": FUNCTION_URI},
    "service": {"type": "AWS", "uri": QUEUE_URI, "credentials": "arn:aws:iam::123456789012:role/api"},
    "server": {"type": "HTTP_PROXY", "uri": SERVER_URI},
    "mapped server": {"type": "HTTP", "uri": SERVER_URI},
}


def exchange(kind: str, **settings: Any) -> Exchange:
    """A request that has arrived at a method with such an integration."""
    answers = {"200": {"statusCode": "200", "responseTemplates": {}}}
    integration = {"httpMethod": "POST", "integrationResponses": answers} | KINDS[kind] | settings
    method = {"httpMethod": "POST", "methodIntegration": integration, "methodResponses": {"200": {"statusCode": "200"}}}
    resource = Resource("a1", "/lamps", {"POST": method})
    stage = Stage("a1b2c3", "123456789012", "us-east-1", "prod", Deployment("d1", (resource,)))
    request = Request("POST", "/prod/lamps", headers=(("Content-Type", "application/json"),), body=b"{}")
    return Exchange(request, stage, resource, "POST", method, Arrival("a1b2c3", "prod", "/lamps", "/lamps"))


class Behind:
    """Everything that a request may be passed on to; notes how long it would be waited for.

    Args:
        error: raised instead of an answer.
    """

    def __init__(self, error: Exception | None = None) -> None:
        self.waits_s: list[float] = []
        self._error = error

    def call(self, exchange: Exchange) -> int:
        """The status that the client reads."""
        this: Any = self
        return Integrations(this, this, this).call(exchange).status

    def invoke(
        self, arn: str, event: Mapping[str, Any] | bytes, caller: Caller | None, timeout_s: float, role_arn: str = ""
    ) -> Reply:
        assert (arn, role_arn) == (FUNCTION, "")
        assert caller is not None
        assert event
        return self.run(lambda: Reply(b'{"statusCode": 200}', None, "", "1"), timeout_s)

    def run(self, work: Callable[[], T], timeout_s: float) -> T:
        self.waits_s.append(timeout_s)
        if self._error is not None:
            raise self._error
        return work()

    def send(self, *_: Any) -> Answered:
        return Answered(200, (), b"{}", "200")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("setting", "wait_s"),
    [
        ({}, 29.0),
        ({"timeoutInMillis": 29_000}, 29.0),
        ({"timeoutInMillis": 1_500}, 1.5),
        ({"timeoutInMillis": 50}, 0.05),
    ],
)
def test_an_integration_has_as_long_as_it_says_and_29_seconds_otherwise(
    kind: str, setting: dict[str, int], wait_s: float
) -> None:
    behind = Behind()
    assert behind.call(exchange(kind, **setting)) == 200
    assert behind.waits_s == [pytest.approx(wait_s)]


def test_a_client_gets_an_error_after_the_timeout_and_the_server_goes_on() -> None:
    released, finished = threading.Event(), threading.Event()

    class Slow:
        def send(self, backend: Backend) -> Answered:
            assert backend.url == SERVER_URI
            released.wait(LIMIT_S)
            finished.set()
            return Answered(200, (), b"", "200")

    unused: Any = None
    slow: Any = Slow()
    calls = FunctionCalls(unused, unused)
    with pytest.raises(GatewayError, match="Endpoint request timed out") as timed_out:
        Integrations(calls, unused, slow).call(exchange("server", timeoutInMillis=50))
    assert (timed_out.value.status, finished.is_set()) == (504, False)
    released.set()
    assert finished.wait(LIMIT_S)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("error", "status", "message", "reason"),
    [
        (TimeoutError(), 504, "Endpoint request timed out", ""),
        (AccessDenied("may not"), 500, "Internal server error", "Invalid permissions: may not"),
        (FunctionGone("no price"), 500, "Internal server error", "no price"),
        (TooManyRequests("Limit"), 500, "Internal server error", "Rate Exceeded: Limit"),
        (EventTooLarge("7 MB"), 413, "Request Too Long", "7 MB"),
        (Unreachable("refused"), 504, "Network error communicating with endpoint", "refused"),
        (CloudError("not on this machine"), 500, "not on this machine", ""),
    ],
)
def test_what_the_client_reads_when_nothing_comes(
    kind: str, error: Exception, status: int, message: str, reason: str
) -> None:
    with pytest.raises(GatewayError) as failed:
        Behind(error).call(exchange(kind))
    assert (failed.value.status, failed.value.message, failed.value.reason) == (status, message, reason)
