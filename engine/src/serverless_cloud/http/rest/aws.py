"""AWS integrations: a request to the API of an AWS service of this cloud, as API Gateway would make it.

Sources: API Gateway Developer Guide, "Set up an integration request using the API Gateway console" and API reference
PutIntegration: arn:aws:apigateway:REGION:SERVICE:path/PATH or ...:action/ACTION.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3
import xmltodict

from serverless_cloud.http.rest.gateway_responses import GatewayError
from serverless_cloud.http.rest.parameter_mapping import Answered, Values

WAIT_S = 30.0  # no integration waits longer: its timeout is 29 s at most
_FORM = "application/x-www-form-urlencoded"
#: By the service's name in the URI: the prefix of X-Amz-Target and the content type; None: the query protocol.
TARGETS: dict[str, tuple[str, str] | None] = {
    "sqs": None,
    "sns": None,
    "states": ("AWSStepFunctions", "application/x-amz-json-1.0"),
    "dynamodb": ("DynamoDB_20120810", "application/x-amz-json-1.0"),
    "kinesis": ("Kinesis_20131202", "application/x-amz-json-1.1"),
    "events": ("AWSEvents", "application/x-amz-json-1.1"),
}

#: Finds access key and session token ("" for none) of a role that API Gateway acts in; raises AccessDenied.
KeysOf = Callable[[str], tuple[str, str]]


@dataclass(frozen=True)
class Service:
    """The target of an AWS integration: arn:aws:apigateway:us-east-1:sqs:path/123456789012/orders.

    Args:
        kind: "path" or "action".
        rest: what comes after it.
    """

    name: str
    region: str
    kind: str
    rest: str


def service_of(uri: str) -> Service:
    """Reads the URI of an AWS integration.

    Raises:
        GatewayError: it is none.
    """
    parts = uri.split(":", 5)
    kind, _, rest = parts[5].partition("/") if len(parts) == 6 else ("", "", "")
    if kind not in ("path", "action"):
        raise GatewayError("API_CONFIGURATION_ERROR", reason=f"Invalid integration URI: {uri}")
    return Service(parts[4].split(".")[-1], parts[3], kind, rest)


class AwsServices:
    """The services of this cloud, over HTTP. They judge themselves what the integration's role may do, as on AWS.

    Args:
        port: of this cloud's server.
        keys_of: finds the keys of an integration's role.
    """

    def __init__(self, port: Callable[[], int], keys_of: KeysOf) -> None:
        self._port, self._keys_of = port, keys_of
        self._http = urllib3.PoolManager(maxsize=32, retries=False, timeout=WAIT_S)

    def send(self, service: Service, method: str, values: Values, body: bytes, role: str) -> Answered:
        """Sends a request to a service.

        Args:
            values: the integration's headers and query string.
            role: the ARN of the role that API Gateway acts in.

        Raises:
            GatewayError: the service is none that the local cloud passes requests to.
            AccessDenied: API Gateway may not assume the role.
        """
        if service.name not in TARGETS:
            raise GatewayError(
                "API_CONFIGURATION_ERROR",
                reason=f"the local cloud doesn't support AWS integrations with {service.name}",
            )
        request_headers = {name.lower(): many[-1] for name, many in values["header"].items()}
        query = {name: many[-1] for name, many in values["querystring"].items()}
        target = TARGETS[service.name]
        is_json = target is not None or "x-amz-json" in request_headers.get("content-type", "")
        action = service.rest if service.kind == "action" else ""
        access_key, token = self._keys_of(role)
        if is_json:
            prefix, content_type = target or ("AmazonSQS", "application/x-amz-json-1.0")
            request_headers = {"content-type": content_type, "x-amz-target": f"{prefix}.{action}"} | request_headers
            if not _is_object(body):
                return _no_object(request_headers["content-type"])
        else:
            request_headers.setdefault("content-type", _FORM)
            query |= {"Action": action} if action else {}
        request_headers["authorization"] = _authorization(service, access_key)
        request_headers |= {"x-amz-security-token": token} if token else {}
        path = "/" + service.rest if service.kind == "path" else "/"
        answer = self._http.request(
            method,
            f"http://127.0.0.1:{self._port()}{path}" + ("?" + urlencode(query) if query else ""),
            headers=request_headers,
            body=body,
            redirect=False,
        )
        headers, data = tuple(answer.headers.items()), answer.data
        if not is_json and "xml" not in request_headers.get("accept", "application/json"):
            data = as_json(data)
            headers = (
                *((n, v) for n, v in headers if n.lower() != "content-type"),
                ("content-type", "application/json"),
            )
        return Answered(answer.status, headers, data, str(answer.status))


def _authorization(service: Service, access_key: str) -> str:
    """Says which service is meant and who asks; this cloud does not check the signature."""
    scope = f"{access_key}/20200101/{service.region}/{service.name}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body or b"{}"), dict)
    except ValueError:
        return False


def _no_object(content_type: str) -> Answered:
    """The answer of services with JSON protocols to a body that isn't a JSON object, such as a template's with a comma
    too many. moto would fail."""
    body = b'{"__type":"com.amazon.coral.service#SerializationException"}'
    return Answered(400, (("content-type", content_type),), body, "400")


#: Fields that AWS's JSON has although they are empty.
_ALWAYS = {"SendMessageResult": ("MD5OfMessageAttributes", "MD5OfMessageSystemAttributes", "SequenceNumber")}
#: Elements that repeat, and the name of their list in JSON.
_LISTS = {
    "ListQueuesResult": ("QueueUrl", "queueUrls"),
    "ListDeadLetterSourceQueuesResult": ("QueueUrl", "queueUrls"),
    "ReceiveMessageResult": ("Message", "messages"),
}


def as_json(data: bytes) -> bytes:
    """The XML of the query protocol as JSON, as a service answers "Accept: application/json"."""
    try:
        document = xmltodict.parse(data)
    except Exception:  # no XML: left as it is
        return data
    if isinstance(failed := document.get("ErrorResponse"), dict):
        return _error_as_json(failed)
    for response in document.values():
        if isinstance(response, dict):
            response.pop("@xmlns", None)
            for name, empty in _ALWAYS.items():
                if isinstance(response.get(name), dict):
                    response[name] = dict.fromkeys(empty) | response[name]
            for name, (element, many) in _LISTS.items():
                if name in response:
                    one_or_more = (response[name] or {}).get(element) or []
                    response[name] = {many: one_or_more if isinstance(one_or_more, list) else [one_or_more]}
    return json.dumps(document, separators=(",", ":")).encode()


def _error_as_json(failed: dict[str, Any]) -> bytes:
    """{"Error": {"Code", "Message", "Type"}, "RequestId"}, as execution logs on AWS show it."""
    error = failed.get("Error") or {}
    fields = {name: error.get(name) for name in ("Code", "Message", "Type")}
    return json.dumps({"Error": fields, "RequestId": failed.get("RequestId")}, separators=(",", ":")).encode()
