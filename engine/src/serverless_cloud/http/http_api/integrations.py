"""The integrations of an HTTP API's routes: a function, an address on this machine, a service.

Sources: API Gateway Developer Guide, "Create integrations for HTTP APIs" and "Integration subtype reference".
"""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from serverless_cloud.errors import AccessDenied, CloudError, TooManyRequests
from serverless_cloud.guard import is_this_machine
from serverless_cloud.http.answers import DOORS_OWN, MalformedAnswer, read_1_0, read_2_0
from serverless_cloud.http.calls import EventTooLarge, FunctionCalls
from serverless_cloud.http.front import id_in_name
from serverless_cloud.http.http_api.model import Integration, Route
from serverless_cloud.http.http_api.parameter_mapping import Values
from serverless_cloud.http.proxy_events import Arrival, http_event_1_0, http_event_2_0
from serverless_cloud.http.request import Request, Response, message
from serverless_cloud.iam.permissions import Caller
from serverless_cloud.lambda_.calling import FunctionGone

TEXT_PLAIN = "text/plain; charset=utf-8"  # what an HTTP API says of a body whose type the function has not told
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "content-length"}


@dataclass(frozen=True)
class Service:
    """A service integration.

    Args:
        action: what its role must be allowed: "sqs:SendMessage".
        resource: the parameter that names what it acts on.
        required: parameters that the integration has to give.
    """

    action: str
    resource: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


#: The subtypes that work here.
SERVICES = {
    "SQS-SendMessage": Service("sqs:SendMessage", "QueueUrl", ("QueueUrl", "MessageBody"),
                               ("DelaySeconds", "MessageAttributes", "MessageDeduplicationId", "MessageGroupId")),
    "EventBridge-PutEvents": Service("events:PutEvents", "EventBusName", ("Detail", "DetailType", "Source"),
                                     ("Time", "EventBusName", "Resources", "TraceHeader")),
    "StepFunctions-StartExecution": Service("states:StartExecution", "StateMachineArn", ("StateMachineArn",),
                                            ("Name", "Input")),
    "StepFunctions-StartSyncExecution": Service("states:StartSyncExecution", "StateMachineArn", ("StateMachineArn",),
                                                ("Name", "Input", "TraceHeader")),
}  # fmt: skip

#: Calls a service: subtype, Region, parameters, role. Returns its answer; raises `ServiceCallError`.
ServiceCall = Callable[[str, str, Mapping[str, str], str], Mapping[str, Any]]


class ServiceCallError(Exception):
    """The service has refused the call; `status` and `answer` go to the client."""

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(str(answer))
        self.status, self.answer = status, answer


class Integrations:
    """Carries requests on.

    Args:
        local_url: where an address of AWS (of another API of this cloud) is reached here.
    """

    def __init__(self, calls: FunctionCalls, call_service: ServiceCall, local_url: Callable[[str], str]) -> None:
        self._calls, self._call_service, self._local_url = calls, call_service, local_url

    def answer(
        self,
        route: Route,
        integration: Integration,
        request: Request,
        arrival: Arrival,
        path: str | None,
        values: Values,
    ) -> Response:
        """The response for the client.

        Args:
            path: replaces the request's own path, if parameter mapping sets it.
            values: of mapping expressions.
        """
        try:
            if integration.subtype:
                return self._service(integration, arrival, values)
            if integration.kind == "HTTP_PROXY":
                return _forward(integration, request, arrival, path, values, self._local_url)
            return self._function(route, integration, request, arrival, values)
        except TimeoutError:
            return message(503, "Service Unavailable")

    def _function(
        self, route: Route, integration: Integration, request: Request, arrival: Arrival, values: Values
    ) -> Response:
        make = http_event_2_0 if integration.format == "2.0" else http_event_1_0
        where = f"arn:aws:execute-api:{arrival.region}:{arrival.account_id}:{arrival.api_id}/{arrival.stage}"
        source = f"{where}/{request.method}{route.path}" if route.path else f"{where}/$default"
        caller = None if integration.role_arn else Caller("apigateway.amazonaws.com", source, arrival.account_id)
        arn = values.of(integration.uri)
        try:
            event = make(request, arrival)
            reply = self._calls.invoke(arn, event, caller, integration.timeout_s, integration.role_arn)
        except TooManyRequests:
            return message(503, "Service Unavailable")
        except EventTooLarge:
            return message(413, "Request Entity Too Large")
        except (FunctionGone, AccessDenied, CloudError) as error:
            print(f"{route.key}: {arn} could not be called: {error}", file=sys.stderr)
            return message(500, "Internal Server Error")
        if reply.function_error:
            print(f"{route.key}: {arn} ended with an error: {reply.payload!r}", file=sys.stderr)
            return message(500, "Internal Server Error")
        try:
            read = read_2_0(reply.payload) if integration.format == "2.0" else read_1_0(reply.payload, rest=False)
            return read.response(TEXT_PLAIN)
        except MalformedAnswer as error:
            print(f"{route.key}: the answer of {arn} is malformed: {error}", file=sys.stderr)
            return message(500, "Internal Server Error")

    def _service(self, integration: Integration, arrival: Arrival, values: Values) -> Response:
        parameters = {name: values.of(text) for name, text in integration.request_parameters.items()}
        region = parameters.pop("Region", "") or arrival.region
        try:
            answer = self._call_service(integration.subtype, region, parameters, integration.role_arn)
        except ServiceCallError as refusal:
            return _json(refusal.status, refusal.answer)
        except AccessDenied as error:
            print(f"{integration.subtype}: {error}", file=sys.stderr)
            return _json(403, {"message": "Forbidden"})
        return _json(200, answer)


def _json(status: int, answer: Mapping[str, Any]) -> Response:
    body = json.dumps(answer, default=lambda moment: moment.timestamp())  # JSON of AWS's services has Unix times
    return Response(status, (("Content-Type", "application/json"),), body.encode())


def refuse_foreign(uri: str) -> None:
    """Raises unless an address can be reached: it is on this machine, or AWS's of an API or function URL.

    Raises:
        ValueError: with what is allowed.
    """
    parts = urlsplit(uri)
    if id_in_name(parts.hostname or ""):
        return
    if parts.scheme != "http" or not parts.hostname or not is_this_machine(parts.hostname):
        raise ValueError(
            f"The integration {uri} is not on this machine, and requests never leave this machine. Give an address "
            "such as http://127.0.0.1:PORT/path."
        )


def _forward(
    integration: Integration,
    request: Request,
    arrival: Arrival,
    path: str | None,
    values: Values,
    local_url: Callable[[str], str],
) -> Response:
    address = values.of(integration.uri)
    for name, value in arrival.path_parameters.items():
        address = address.replace(f"{{{name}}}", quote(value, safe="/:@!$&'()*+,;=~"))
    try:
        refuse_foreign(address)  # stage variables may have changed it
        parts = urlsplit(local_url(address) if id_in_name(urlsplit(address).hostname or "") else address)
        port = parts.port
    except (ValueError, CloudError) as error:
        print(error, file=sys.stderr)
        return message(500, "Internal Server Error")
    query = "&".join(part for part in (parts.query, request.raw_query) if part)
    target = (path or parts.path or "/") + (f"?{query}" if query else "")
    method = request.method if integration.method == "ANY" else integration.method
    host = request.header("host")
    forwarded = f"by={request.source_ip};for={request.source_ip};host={host};proto=http"
    headers = [(n, v) for n, v in request.headers if n.lower() not in _HOP_BY_HOP]
    connection = http.client.HTTPConnection(parts.hostname or "", port, timeout=integration.timeout_s)
    with contextlib.closing(connection):
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in [*headers, ("Forwarded", forwarded), ("Via", "HTTP/1.1 AmazonAPIGateway")]:
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body)
            answer = connection.getresponse()
            body = answer.read()
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException):
            return message(503, "Service Unavailable")
    answer_headers = tuple((name, value) for name, value in answer.getheaders() if name.lower() not in DOORS_OWN)
    return Response(answer.status, answer_headers, body)
