"""Which call of which API a request is, and with what parameters. No moto.

The protocols are botocore's: query (Action=...), JSON (X-Amz-Target), CBOR (/service/S/operation/O), and REST,
where method and path stand for the operation in botocore's model of the service.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote

from botocore.exceptions import UnknownServiceError
from botocore.session import Session

from serverless_cloud.core.json_types import JsonObject
from serverless_cloud.core.once import once

#: botocore's models of the REST services, by the name in a signature; otherwise the names are equal.
_MODELS = {"apigateway": ("apigateway", "apigatewayv2"), "execute-api": ("apigatewaymanagementapi",), "ses": ("sesv2",)}


@dataclass(frozen=True)
class WebRequest:
    """A request to an AWS API.

    Args:
        service, access_key, region: as in its signature.
        headers: names in lower case.
        query: parameters of the URL; a name without a value has "".
        body: the first bytes of it, as far as it is needed to tell what is asked for.
    """

    service: str
    access_key: str
    region: str
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Call:
    """One call of an API.

    Args:
        service: as in the signature.
        operation: "SendMessage"; empty if it cannot be told.
        parameters: what is sent, by the names of the API as far as they can be told.
        protocol: "query", "json", "cbor", "rest" or "s3": the form in which an error is answered.
    """

    service: str
    operation: str
    parameters: JsonObject
    protocol: str


def call_of(request: WebRequest) -> Call:
    """Which call a request is."""
    if target := request.headers.get("x-amz-target", ""):
        return Call(request.service, target.rpartition(".")[2], _json(request.body), "json")
    if match := re.fullmatch(r"/service/\w+/operation/(\w+)/?", request.path):
        return Call(request.service, match.group(1), {}, "cbor")
    if request.service == "s3":
        return Call("s3", "", {}, "s3")
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    parameters = dict(request.query)
    if form:
        parameters |= query_of(request.body.decode(errors="replace"))
    if "Action" in parameters:
        if request.service == "sqs" and request.path.strip("/"):  # a query to the address of a queue means this queue
            parameters.setdefault("QueueUrl", request.path)
        return Call(request.service, parameters["Action"], parameters, "query")
    if request.service == "apigateway":  # its actions are the HTTP methods
        return Call("apigateway", request.method, _json(request.body), "rest")
    return _rest(request)


def query_of(text: str) -> dict[str, str]:
    """The parameters of a URL or of a form."""
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}


def _json(body: bytes) -> JsonObject:
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _rest(request: WebRequest) -> Call:
    for method, pattern, operation in _routes(request.service):
        if method == request.method and (match := pattern.fullmatch(request.path.rstrip("/") or "/")):
            labels = {name: unquote(value) for name, value in match.groupdict().items()}
            return Call(request.service, operation, {**_json(request.body), **request.query, **labels}, "rest")
    return Call(request.service, "", {}, "rest")


@once()
def _routes(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    """Method, pattern of the path, operation; the paths with the most fixed parts first."""
    routes = []
    for name in _MODELS.get(service, (service,)):
        try:
            model = Session().get_service_model(name)
        except UnknownServiceError:
            continue
        for operation in model.operation_names:
            http = model.operation_model(operation).http
            path = http.get("requestUri", "/").split("?")[0].rstrip("/") or "/"
            routes.append((path.count("{"), http.get("method", "POST"), _pattern(path), operation))
    routes.sort(key=lambda route: route[0])
    return [route[1:] for route in routes]


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)(\+?)\}", path)
    text = re.escape(parts[0])
    for label, greedy, fixed in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        text += f"(?P<{label}>{'.+' if greedy else '[^/]+'}){re.escape(fixed)}"
    return re.compile(text)
