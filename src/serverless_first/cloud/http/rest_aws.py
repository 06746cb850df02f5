"""AWS integrations: a request to the API of an AWS service of this cloud, as API Gateway would make it.

Sources: API Gateway Developer Guide, "Set up an integration request using the API Gateway console" and API reference
PutIntegration: arn:aws:apigateway:REGION:SERVICE:path/PATH or ...:action/ACTION.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

import urllib3
import xmltodict

from serverless_first.cloud.http.rest_errors import GatewayError
from serverless_first.cloud.http.rest_mapping import Answered, Values
from serverless_first.cloud.permissions import Permissions

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
_RESOURCE_FIELDS = ("stateMachineArn", "executionArn", "TopicArn", "StreamARN", "TableArn")


@dataclass(frozen=True)
class Service:
    """The target of an AWS integration: arn:aws:apigateway:us-east-1:sqs:path/123456789012/orders.

    Args:
        name: "sqs".
        region: "us-east-1".
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
    """The services of this cloud, over HTTP.

    Args:
        port: of this cloud's server.
        permissions: asked for the integration's role.
    """

    def __init__(self, port: Callable[[], int], permissions: Permissions) -> None:
        self._port, self._permissions = port, permissions
        self._http = urllib3.PoolManager(maxsize=32, retries=False, timeout=WAIT_S)

    def send(self, service: Service, method: str, values: Values, body: bytes, role: str | None) -> Answered:
        """Sends a request to a service.

        Args:
            values: the integration's headers and query string.
            role: of the integration, which must be allowed to do it.

        Raises:
            GatewayError: the service is none that the local cloud passes requests to.
            AccessDenied: the role may not.
        """
        if service.name not in TARGETS:
            raise GatewayError("API_CONFIGURATION_ERROR", reason=f"no AWS integration with {service.name} here")
        given = {name.lower(): many[-1] for name, many in values["header"].items()}
        query = {name: many[-1] for name, many in values["querystring"].items()}
        target = TARGETS[service.name]
        is_json = target is not None or "x-amz-json" in given.get("content-type", "")
        action = service.rest if service.kind == "action" else ""
        if is_json:
            prefix, content_type = target or ("AmazonSQS", "application/x-amz-json-1.0")
            given["content-type"] = given.get("content-type", content_type)
            given.setdefault("x-amz-target", f"{prefix}.{action}")
            action = given["x-amz-target"].split(".")[-1]
            fields = _object(body)
        else:
            given.setdefault("content-type", _FORM)
            query |= {"Action": action} if action else {}
            fields = query | ({name: many[-1] for name, many in parse_qs(body.decode("utf-8", "replace")).items()})
            action = action or str(fields.get("Action", ""))
        self._permissions.require(role, f"{service.name}:{action}", _resource(service, fields, role))
        path = "/" + service.rest if service.kind == "path" else "/"
        answer = self._http.request(
            method,
            f"http://127.0.0.1:{self._port()}{path}" + ("?" + urlencode(query) if query else ""),
            headers=given | {"authorization": _authorization(service)},
            body=body,
            redirect=False,
        )
        headers, data = tuple(answer.headers.items()), answer.data
        if not is_json and "xml" not in given.get("accept", "application/json"):
            data = _as_json(data)
            headers = (
                *((n, v) for n, v in headers if n.lower() != "content-type"),
                ("content-type", "application/json"),
            )
        return Answered(answer.status, headers, data, str(answer.status))


def _authorization(service: Service) -> str:
    """Says which service is meant, as any signed request does; this cloud does not check the signature."""
    scope = f"local/20200101/{service.region}/{service.name}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _resource(service: Service, fields: Mapping[str, Any], role: str | None) -> str:
    """The ARN of what the action is for, as policies name it; "*" if the request does not tell."""
    account = (role or "::::123456789012").split(":")[4]
    arn = f"arn:aws:{service.name}:{service.region}:{account}"
    for name in _RESOURCE_FIELDS:
        if fields.get(name):
            return str(fields[name])
    if service.name == "sqs":
        path = service.rest if service.kind == "path" else str(fields.get("QueueUrl", ""))
        return f"{arn}:{path.rstrip('/').rsplit('/', 1)[-1]}" if path else "*"
    if service.name == "dynamodb" and fields.get("TableName"):
        return f"{arn}:table/{fields['TableName']}"
    if service.name == "kinesis" and fields.get("StreamName"):
        return f"{arn}:stream/{fields['StreamName']}"
    if service.name == "events":
        entries = fields.get("Entries") or [{}]
        return f"{arn}:event-bus/{str(entries[0].get('EventBusName') or 'default').rsplit('/', 1)[-1]}"
    return "*"


#: Fields that AWS's JSON has although they are empty.
_ALWAYS = {"SendMessageResult": ("MD5OfMessageAttributes", "MD5OfMessageSystemAttributes", "SequenceNumber")}


def _as_json(data: bytes) -> bytes:
    """The XML of the query protocol as JSON: what a service answers to "Accept: application/json"."""
    try:
        found = xmltodict.parse(data)
    except Exception:  # no XML: left as it is
        return data
    for response in found.values():
        if isinstance(response, dict):
            response.pop("@xmlns", None)
            for name, empty in _ALWAYS.items():
                if isinstance(response.get(name), dict):
                    response[name] = dict.fromkeys(empty) | response[name]
    return json.dumps(found, separators=(",", ":")).encode()
