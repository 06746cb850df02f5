"""Sends requests to a local cloud as botocore makes them, without its validation, and reads the answers as it does."""

from __future__ import annotations

import functools
import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

LIMIT_S = 10.0
_SESSION = botocore.session.Session()
#: The name in a signature where it isn't boto3's.
SIGNED = {
    "stepfunctions": "states", "cloudwatch": "monitoring", "apigatewayv2": "apigateway", "dynamodbstreams": "dynamodb",
}  # fmt: skip


@functools.cache
def model_of(service: str) -> Any:
    """botocore's model of a service, by boto3's name."""
    return _SESSION.get_service_model(service)


@dataclass(frozen=True)
class Sent:
    """A request on its way: method, path with query, headers, body."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What came back.

    Args:
        code: the error code that botocore reads; "" for success.
        problem: why no answer of AWS's looks so; "" if one may.
    """

    status: int
    code: str
    message: str
    body: bytes
    problem: str


class Wire:
    """A connection to a local cloud that asks one service."""

    def __init__(self, endpoint_url: str, service: str) -> None:
        self.service, self.model, self._endpoint = service, model_of(service), endpoint_url
        protocol = self.model.resolved_protocol
        self._serializer = create_serializer(protocol, include_validation=False)
        self._parser = create_parser(protocol)
        self._connection: http.client.HTTPConnection | None = None
        scope = f"20260101/us-east-1/{SIGNED.get(service, service)}/aws4_request"
        self._signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential=local/{scope}, SignedHeaders=host, Signature=0"}

    def request(self, operation: str, given: Mapping[str, Any]) -> Sent:
        """The request that botocore makes of parameters, without a look at them."""
        asked = self._serializer.serialize_to_request(given, self.model.operation_model(operation))
        prepare_request_dict(asked, self._endpoint, context={})
        made = create_request_object(asked).prepare()
        url = urlsplit(made.url)
        body = made.body.encode() if isinstance(made.body, str) else made.body or b""
        headers = {k: v.decode() if isinstance(v, bytes) else str(v) for k, v in made.headers.items()}
        headers = {k: v for k, v in headers.items() if k != "Content-Length"}
        return Sent(made.method, url.path + (f"?{url.query}" if url.query else ""), headers | self._signed, bytes(body))

    def send(self, sent: Sent, operation: str) -> Reply:
        """Sends a request, and reads the answer as boto3 does."""
        try:
            status, headers, body = self.exchange(sent)
        except (OSError, http.client.HTTPException) as error:
            self._connection = None
            return Reply(0, "", "", b"", f"no answer: {error!r}")
        return self.read(operation, status, headers, body, sent.method)

    def exchange(self, sent: Sent) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer to a request."""
        if self._connection is None:
            address = urlsplit(self._endpoint)
            self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=LIMIT_S)
        headers = {name: value.encode() for name, value in sent.headers.items()}
        self._connection.request(sent.method, sent.path, sent.body, headers)
        answer = self._connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    def read(self, operation: str, status: int, headers: dict[str, str], body: bytes, method: str) -> Reply:
        """Reads an answer as boto3 does."""
        shape = self.model.operation_model(operation).output_shape
        streams = shape is not None and self.model.operation_model(operation).has_event_stream_output
        if streams and status < 300:
            return Reply(status, "", "", body, "")
        response = {"status_code": status, "headers": Headers(headers), "body": body}
        try:
            parsed = self._parser.parse(response, shape)
        except Exception as problem:
            return Reply(status, "", "", body, f"botocore can't read it: {problem!r}")
        error = parsed.get("Error", {}) if status >= 300 else {}
        code, message = str(error.get("Code", "")), str(error.get("Message", ""))
        return Reply(status, code, message, body, _problem(status, code, body, method))


class Headers(dict[str, str]):
    """Names in any case."""

    def __init__(self, items: Mapping[str, str]) -> None:
        super().__init__({k.lower(): v for k, v in items.items()})

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(str(key).lower())


def _problem(status: int, code: str, body: bytes, method: str) -> str:
    if status >= 500:
        return "the cloud failed"
    if b"Traceback (most recent call last)" in body or b"<!doctype html" in body[:200].lower():
        return "no answer of AWS's looks so"
    if status >= 400 and method != "HEAD" and (not code or code.isdigit()):
        return "an error without a code"
    return ""
