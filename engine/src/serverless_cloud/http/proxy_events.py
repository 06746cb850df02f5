"""Proxy events that a function gets from an API or a function URL, formats 1.0 and 2.0. Its answers: answers.py.

Sources: API Gateway Developer Guide, "Lambda proxy integrations in API Gateway" (REST) and "Create AWS Lambda proxy
integrations for HTTP APIs"; Lambda Developer Guide, "Invoking Lambda function URLs". Where the guides are silent
(which paths are decoded, which headers are added) this follows events that were recorded on AWS.
"""

from __future__ import annotations

import base64
import secrets
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from serverless_cloud.http.answers import DOORS_OWN
from serverless_cloud.http.request import Request

#: Facts about a caller from a REST API; null unless something has identified it.
IDENTITY = (
    "cognitoIdentityPoolId", "accountId", "cognitoIdentityId", "caller", "sourceIp", "principalOrgId", "accessKey",
    "cognitoAuthenticationType", "cognitoAuthenticationProvider", "userArn", "userAgent", "user",
)  # fmt: skip

_TEXT = ("application/json", "application/javascript", "application/xml")  # and text/*, ...+json, ...+xml
_AS_SENT_BY_REST = ("Host", "User-Agent")  # REST APIs write these names so, whatever the client wrote


@dataclass(frozen=True)
class Arrival:
    """Where a request has arrived, and who sent it.

    Args:
        api_id: of the API; of a function URL, the first label of its host name.
        stage: "$default" or the stage's name.
        route: the route's key ("GET /orders/{id}"); of a REST API the resource's path ("/orders/{id}").
        path: percent-encoding kept. Of a REST API without the stage, of an HTTP API with it.
        path_parameters: as the event carries them; empty if there are none.
        stage_variables: empty if there are none.
        authorizer: what the authorizer has found, as the event carries it; None if nothing was authorized.
        identity: what is known of the caller beside its address: `apiKey`, `accessKey`, `userArn`...
        resource_id, deployment_id: REST APIs only.
        request_id, extended_request_id: as in the answer's headers.
    """

    api_id: str
    stage: str
    route: str
    path: str
    account_id: str = "123456789012"
    region: str = "us-east-1"
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    authorizer: Mapping[str, Any] | None = None
    identity: Mapping[str, Any] = field(default_factory=dict)
    resource_id: str = ""
    deployment_id: str = ""
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    extended_request_id: str = field(default_factory=lambda: short_request_id())
    trace_id: str = field(default_factory=lambda: f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}")

    @property
    def domain_name(self) -> str:
        """The host name that the API has on AWS."""
        return f"{self.api_id}.execute-api.{self.region}.amazonaws.com"


def short_request_id() -> str:
    """A request id as HTTP APIs write it, and the extended one of REST APIs: "ATfSmjLgPHcESJw="."""
    return base64.b64encode(secrets.token_bytes(11)).decode().replace("+", "A").replace("/", "B")


def gateway_time(seconds: float) -> str:
    """Unix time as access logs write it: "10/Jul/2026:19:19:05 +0000"."""
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(seconds))


def rest_event(request: Request, arrival: Arrival, binary: bool = False) -> dict[str, Any]:
    """The event of a Lambda proxy integration of a REST API: format 1.0, paths as they came.

    Args:
        binary: whether the API's binaryMediaTypes hold the body's type: it is base64-encoded then. Any other body is
            taken for UTF-8 text, and an image that is sent so is damaged ("Content type conversions in API Gateway").
    """
    names = {name.lower(): name for name in _AS_SENT_BY_REST}
    headers = [(names.get(n.lower(), n), v) for n, v in request.headers if n.lower() not in DOORS_OWN]
    all_headers = _with_forwarding(headers, request, arrival, title=True)
    context = _context_1_0(request, arrival) | {
        "resourceId": arrival.resource_id,
        "resourcePath": arrival.route,
        "path": f"/{arrival.stage}{arrival.path}",
        "deploymentId": arrival.deployment_id,
        "requestId": arrival.request_id,
        "extendedRequestId": arrival.extended_request_id,
    }
    event = {"resource": arrival.route, "path": arrival.path} | _common_1_0(request, arrival, all_headers, context)
    if binary or not request.body:
        return event | _body_as(request, binary)
    return event | {"body": request.body.decode("utf-8", "replace"), "isBase64Encoded": False}


def http_event_1_0(request: Request, arrival: Arrival) -> dict[str, Any]:
    """The event of an HTTP API, payload format version 1.0: names of headers in lower case, paths decoded."""
    path = _decoded(arrival.path)
    resource = arrival.route.split(" ", 1)[-1]
    headers = _with_forwarding(_lower(request, arrival), request, arrival, title=False)
    context = _context_1_0(request, arrival) | {
        "resourceId": arrival.route,
        "resourcePath": resource,
        "path": path,
        "requestId": arrival.extended_request_id,
        "extendedRequestId": arrival.extended_request_id,
    }
    event = {"version": "1.0", "resource": resource, "path": path}
    return event | _common_1_0(request, arrival, headers, context) | _body(request)


def http_event_2_0(request: Request, arrival: Arrival) -> dict[str, Any]:
    """The event of an HTTP API, payload format version 2.0. Empty values are left out, and the path is decoded."""
    path = _decoded(arrival.path)
    headers = _with_forwarding(_lower(request, arrival), request, arrival, title=False)
    without_cookies = [(name, value) for name, value in headers if name != "cookie"]
    return _event_2_0(request, arrival, path, without_cookies, arrival.domain_name, arrival.extended_request_id)


def function_url_event(request: Request, arrival: Arrival) -> dict[str, Any]:
    """The event of a function URL: format 2.0, with the path as it came and the cookies in the headers too."""
    domain_name = f"{arrival.api_id}.lambda-url.{arrival.region}.on.aws"
    headers = _with_forwarding(_lower(request, None), request, arrival, title=False)
    return _event_2_0(request, arrival, arrival.path, headers, domain_name, arrival.request_id)


def _event_2_0(
    request: Request, arrival: Arrival, raw_path: str, headers: list[tuple[str, str]], domain_name: str, request_id: str
) -> dict[str, Any]:
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": arrival.route,
        "rawPath": raw_path,
        "rawQueryString": request.raw_query,
    }
    if cookies := [c.strip() for v in request.all_headers("cookie") for c in v.split(";") if c.strip()]:
        event["cookies"] = cookies
    event["headers"] = {name: ",".join(values) for name, values in grouped(headers).items()}
    if query := grouped(_query(request)):
        event["queryStringParameters"] = {name: ",".join(values) for name, values in query.items()}
    context: dict[str, Any] = {"accountId": arrival.account_id, "apiId": arrival.api_id}
    if arrival.authorizer is not None:
        context["authorizer"] = dict(arrival.authorizer)
    event["requestContext"] = context | {
        "domainName": domain_name,
        "domainPrefix": arrival.api_id,
        "http": {
            "method": request.method,
            "path": _decoded(arrival.path),
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": request.header("user-agent"),
        },
        "requestId": request_id,
        "routeKey": arrival.route,
        "stage": arrival.stage,
        "time": gateway_time(request.received_s),
        "timeEpoch": int(request.received_s * 1000),
    }
    if arrival.path_parameters:
        event["pathParameters"] = dict(arrival.path_parameters)
    if arrival.stage_variables:
        event["stageVariables"] = dict(arrival.stage_variables)
    body = _body(request)
    return event | ({"isBase64Encoded": False} if body["body"] is None else body)


def _context_1_0(request: Request, arrival: Arrival) -> dict[str, Any]:
    """The fields of requestContext that REST APIs and format 1.0 of HTTP APIs have in common."""
    identity: dict[str, Any] = dict.fromkeys(IDENTITY) | {
        "sourceIp": request.source_ip,
        "userAgent": request.header("user-agent") or None,
    }
    context: dict[str, Any] = {
        "accountId": arrival.account_id,
        "apiId": arrival.api_id,
        "domainName": arrival.domain_name,
        "domainPrefix": arrival.api_id,
        "httpMethod": request.method,
        "identity": identity | dict(arrival.identity),
        "protocol": request.protocol,
        "requestTime": gateway_time(request.received_s),
        "requestTimeEpoch": int(request.received_s * 1000),
        "stage": arrival.stage,
    }
    if arrival.authorizer is not None:
        context["authorizer"] = dict(arrival.authorizer)
    return context


def _common_1_0(
    request: Request, arrival: Arrival, headers: list[tuple[str, str]], context: dict[str, Any]
) -> dict[str, Any]:
    many, query = grouped(headers), grouped(_query(request))
    return {
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in many.items()},
        "multiValueHeaders": many,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(arrival.path_parameters) or None,
        "stageVariables": dict(arrival.stage_variables) or None,
        "requestContext": context,
    }


def _lower(request: Request, api: Arrival | None) -> list[tuple[str, str]]:
    """Headers with names in lower case; HTTP APIs always tell the length of the body."""
    dropped = DOORS_OWN - {"content-length", "date"}
    headers = [(name.lower(), value) for name, value in request.headers if name.lower() not in dropped]
    if api is not None and "content-length" not in dict(headers):
        headers.append(("content-length", str(len(request.body))))
    return headers


def _with_forwarding(
    headers: Iterable[tuple[str, str]], request: Request, arrival: Arrival, *, title: bool
) -> list[tuple[str, str]]:
    """Adds the headers of API Gateway and Lambda. They replace headers of the same names from the client."""
    before = request.all_headers("x-forwarded-for")
    added = {
        "X-Amzn-Trace-Id": request.header("x-amzn-trace-id") or arrival.trace_id,
        "X-Forwarded-For": ", ".join([*before, request.source_ip]),
        "X-Forwarded-Port": str(request.port),
        "X-Forwarded-Proto": "http",
    }
    names = {name.lower() for name in added}
    others = [(name, value) for name, value in headers if name.lower() not in names]
    return others + [(name if title else name.lower(), value) for name, value in added.items()]


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The values by their names."""
    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return groups


def _query(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.raw_query, keep_blank_values=True, errors="replace") if request.raw_query else []


def _decoded(path: str) -> str:
    return Request("GET", path).path


def _is_text(content_type: str) -> bool:
    """Whether HTTP APIs and function URLs hand a body of this type over as it is; others are base64-encoded."""
    kind = content_type.split(";")[0].strip().lower()
    return not kind or kind.startswith("text/") or kind in _TEXT or kind.endswith(("+json", "+xml"))


def _body(request: Request) -> dict[str, Any]:
    encoded = request.header("content-encoding", "identity").lower() != "identity"
    return _body_as(request, encoded or not _is_text(request.header("content-type")))


def _body_as(request: Request, binary: bool) -> dict[str, Any]:
    if not request.body:
        return {"body": None, "isBase64Encoded": False}
    if not binary:
        try:
            return {"body": request.body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass  # no text, whatever its type says: nothing of it may get lost
    return {"body": base64.b64encode(request.body).decode(), "isBase64Encoded": True}
