"""The integrations of REST APIs: AWS_PROXY, AWS, HTTP_PROXY, HTTP, MOCK.

Sources: API Gateway Developer Guide, "Choose an API Gateway API integration type", "Lambda proxy integrations", "Set up
mock integrations", "HTTP integrations"; API reference PutIntegration (timeoutInMillis 50 to 29,000).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from serverless_cloud.errors import AccessDenied, CloudError, TooManyRequests
from serverless_cloud.http.answers import MalformedAnswer, read_1_0
from serverless_cloud.http.calls import SERVICE, EventTooLarge, FunctionCalls
from serverless_cloud.http.request import Response
from serverless_cloud.http.rest import parameter_mapping as rest_mapping
from serverless_cloud.http.rest.aws import AwsServices, service_of
from serverless_cloud.http.rest.backends import Backend, Backends, Unreachable
from serverless_cloud.http.rest.exchange import Exchange
from serverless_cloud.http.rest.gateway_responses import GatewayError
from serverless_cloud.http.rest.model import CALLERS_CREDENTIALS, FUNCTION_URI
from serverless_cloud.http.rest.parameter_mapping import Answered, Values
from serverless_cloud.iam.permissions import Caller
from serverless_cloud.lambda_.calling import FunctionGone
from serverless_cloud.lambda_.function import Reply

DEFAULT_TIMEOUT_MS = 29_000
_ASYNC = "X-Amz-Invocation-Type"
T = TypeVar("T")


class Integrations:
    """Passes requests on, and turns what comes back into responses.

    Args:
        calls: of functions; its threads carry all integrations.
    """

    def __init__(self, calls: FunctionCalls, services: AwsServices, backends: Backends) -> None:
        self._calls, self._services, self._backends = calls, services, backends

    def call(self, exchange: Exchange) -> Response:
        """The response of the method's integration.

        Raises:
            GatewayError: there is none.
        """
        kind = exchange.integration["type"]
        if kind == "MOCK":
            return rest_mapping.response(exchange, _mock(exchange))
        if kind == "AWS_PROXY":
            return self._proxy(exchange)
        values = rest_mapping.mapped_parameters(exchange)
        if kind == "HTTP_PROXY":
            return self._http_proxy(exchange, values)
        body = rest_mapping.request_body(exchange)
        values = rest_mapping.overridden(values, exchange.request_override)
        if kind == "HTTP":
            answered = self._within(exchange, lambda: self._backends.send(_backend(exchange, values, body)))
        elif FUNCTION_URI.search(uri(exchange)):
            answered = self._function(exchange, values, body)
        else:
            role = _role(exchange)
            service = service_of(uri(exchange, values["path"]))
            method = str(exchange.integration.get("httpMethod") or exchange.request.method)
            answered = self._within(exchange, lambda: self._services.send(service, method, values, body, role))
        return rest_mapping.response(exchange, answered)

    # ---- functions

    def _proxy(self, exchange: Exchange) -> Response:
        reply = self._invoke(exchange, exchange.event)
        if reply.function_error:
            raise GatewayError(
                "INTEGRATION_FAILURE",
                reason=f"Lambda execution failed with status 200 due to customer function error: {reply.payload!r}",
            )
        try:
            wants_binary = exchange.stage.deployment.is_binary(exchange.request.header("accept"))
            return read_1_0(reply.payload, rest=True).response("application/json", decode=wants_binary)
        except MalformedAnswer as error:
            raise GatewayError("INTEGRATION_FAILURE", reason=f"Malformed Lambda proxy response: {error}") from error

    def _function(self, exchange: Exchange, values: Values, body: bytes) -> Answered:
        kinds = {name.lower(): many[-1] for name, many in values["header"].items()}
        if kinds.get(_ASYNC.lower()) == "Event":
            self._guarded(lambda: self._calls.submit(_arn(exchange), body or b"{}", _caller(exchange), _role(exchange)))
            return Answered(202, (("Content-Type", "application/json"),), b"", "202")
        reply = self._invoke(exchange, body or b"{}")
        message = ""
        if reply.function_error:
            try:
                message = str(json.loads(reply.payload).get("errorMessage", ""))
            except (ValueError, AttributeError):
                message = reply.payload.decode("utf-8", "replace")
        return Answered(200, (("Content-Type", "application/json"),), reply.payload, message)

    def _invoke(self, exchange: Exchange, event: Mapping[str, Any] | bytes) -> Reply:
        if str(exchange.integration.get("httpMethod")) != "POST":
            raise GatewayError(
                "API_CONFIGURATION_ERROR",
                reason="API Gateway calls functions with POST, so integrationHttpMethod must be POST",
            )
        arn, caller, role = _arn(exchange), _caller(exchange), _role(exchange)
        return self._guarded(lambda: self._calls.invoke(arn, event, caller, _timeout_s(exchange), role))

    # ---- HTTP

    def _http_proxy(self, exchange: Exchange, values: Values) -> Response:
        event, sent = exchange.event, values["header"]
        mapped = {name.lower() for name in sent}
        headers = {name: many for name, many in event["multiValueHeaders"].items() if name.lower() not in mapped}
        query = {name: list(many) for name, many in (event["multiValueQueryStringParameters"] or {}).items()}
        for name, many in values["querystring"].items():
            query[name] = [*query.get(name, []), *many]
        merged: Values = {"header": headers | sent, "querystring": query, "path": values["path"]}
        backend = _backend(exchange, merged, exchange.request.body)
        answered = self._within(exchange, lambda: self._backends.send(backend))
        return Response(answered.status, answered.headers, answered.body)

    # ---- limits

    def _within(self, exchange: Exchange, work: Callable[[], T]) -> T:
        """Waits for the integration, at most its timeout; it goes on afterwards."""
        return self._guarded(lambda: self._calls.run(work, _timeout_s(exchange)))

    @staticmethod
    def _guarded(work: Callable[[], T]) -> T:
        try:
            return work()
        except TimeoutError as error:
            raise GatewayError("INTEGRATION_TIMEOUT") from error
        except AccessDenied as error:
            raise GatewayError("API_CONFIGURATION_ERROR", reason=f"Invalid permissions: {error}") from error
        except FunctionGone as error:
            raise GatewayError("API_CONFIGURATION_ERROR", reason=str(error)) from error
        except TooManyRequests as error:
            raise GatewayError("API_CONFIGURATION_ERROR", reason=f"Rate Exceeded: {error.reason}") from error
        except EventTooLarge as error:
            raise GatewayError("REQUEST_TOO_LARGE", reason=str(error)) from error
        except Unreachable as error:
            message = "Network error communicating with endpoint"
            raise GatewayError("INTEGRATION_FAILURE", message, status=504, reason=str(error)) from error
        except CloudError as error:  # the local cloud does not do it, and says why
            raise GatewayError("INTEGRATION_FAILURE", str(error), status=500) from error


def _mock(exchange: Exchange) -> Answered:
    """API Gateway reads the template's result leniently: names without quotes, a comma too many."""
    match = re.search(rb"""["']?statusCode["']?\s*:\s*["']?(\d{3})\b""", rest_mapping.request_body(exchange))
    if match is None:
        reason = "The request template of a mock integration must give an object with statusCode, a number"
        raise GatewayError("API_CONFIGURATION_ERROR", reason=reason)
    status = int(match.group(1))
    return Answered(status, (), b"", str(status))


def _backend(exchange: Exchange, values: Values, body: bytes) -> Backend:
    method = str(exchange.integration.get("httpMethod") or "ANY")
    method = exchange.request.method if method == "ANY" else method
    headers = {name: many for name, many in values["header"].items() if name.lower() not in ("host", "accept-encoding")}
    names = {name.lower() for name in headers}
    if "accept" not in names:
        headers["Accept"] = ["application/json"]
    if "content-type" not in names and method not in ("GET", "HEAD", "OPTIONS"):
        headers["Content-Type"] = [exchange.request.header("content-type") or "application/json"]
    headers |= {
        "x-amzn-apigateway-api-id": [exchange.stage.api_id],
        "X-Amzn-Trace-Id": [exchange.arrival.trace_id],
    }
    if "user-agent" not in names:
        headers["User-Agent"] = [f"AmazonAPIGateway_{exchange.stage.api_id}"]
    return Backend(method, uri(exchange, values["path"]), headers, values["querystring"], body)


def uri(exchange: Exchange, path: Mapping[str, list[str]] | None = None) -> str:
    """The integration's URI with stage variables and {path} parameters filled in."""
    parameters = {name: many[-1] for name, many in (path or {}).items()}
    return _filled(str(exchange.integration.get("uri") or ""), exchange.stage.variables, parameters)


def _filled(text: str, variables: Mapping[str, str], path: Mapping[str, str]) -> str:
    text = re.sub(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}", lambda m: variables.get(m.group(1), ""), text)
    return re.sub(r"\{([A-Za-z0-9_.\-]+)\+?\}", lambda m: path.get(m.group(1), m.group(0)), text)


def _timeout_s(exchange: Exchange) -> float:
    return int(exchange.integration.get("timeoutInMillis") or DEFAULT_TIMEOUT_MS) / 1000


def _role(exchange: Exchange) -> str:
    """The ARN of the integration's role; empty if it has none, or if the caller's rights were judged already."""
    credentials = str(exchange.integration.get("credentials") or "")
    return "" if credentials == CALLERS_CREDENTIALS else _filled(credentials, exchange.stage.variables, {})


def _caller(exchange: Exchange) -> Caller | None:
    """API Gateway itself, unless the integration has a role or the caller's credentials."""
    return (
        None
        if exchange.integration.get("credentials")
        else Caller(SERVICE, exchange.method_arn, exchange.stage.account_id)
    )


def _arn(exchange: Exchange) -> str:
    match = FUNCTION_URI.search(uri(exchange))
    if match is None:
        raise GatewayError("API_CONFIGURATION_ERROR", reason=f"Invalid Lambda URI: {uri(exchange)}")
    return match.group(1)
