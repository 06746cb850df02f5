"""How a request is refused or fails: code, words and form differ by service and protocol. No moto."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape

INVALID_TOKEN = "The security token included in the request is invalid."
EXPIRED_TOKEN = "The security token included in the request is expired"
_UNKNOWN_KEY = "The AWS Access Key Id you provided does not exist in our records."


@dataclass(frozen=True)
class Answer:
    """An answer of HTTP."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def denied(service: str, protocol: str, message: str, *, head: bool = False) -> Answer:
    """The answer to a request that lacks a permission.

    Args:
        head: it is a HEAD request, whose answer has no body.
    """
    if protocol == "query":
        codes = {"sns": "AuthorizationError", "ec2": "UnauthorizedOperation"}
        return _xml(codes.get(service, "AccessDenied"), message, service, head)
    if protocol == "s3":
        return _xml("AccessDenied", message, service, head)
    return _machine("AccessDeniedException", message, service, protocol)


def invalid_credentials(service: str, protocol: str, *, expired: bool = False, head: bool = False) -> Answer:
    """The answer to a request whose access key is not known, or no longer valid."""
    message = EXPIRED_TOKEN if expired else INVALID_TOKEN
    if protocol == "s3":
        if expired:
            return _xml("ExpiredToken", "The provided token has expired.", service, head)
        return _xml("InvalidAccessKeyId", _UNKNOWN_KEY, service, head)
    if protocol == "query":
        return _xml("ExpiredToken" if expired else "InvalidClientTokenId", message, service, head)
    return _machine("ExpiredTokenException" if expired else "UnrecognizedClientException", message, service, protocol)


def not_honoured(service: str, protocol: str, message: str, *, head: bool = False) -> Answer:
    """The answer where the local cloud cannot do, or cannot decide. No SDK tries it again."""
    return failed("NotImplementedException", "400 Bad Request", message, service, protocol, head=head)


def failed(code: str, status: str, message: str, service: str, protocol: str, *, head: bool = False) -> Answer:
    """The answer to a request that failed, in the form that the SDKs of its service read.

    Args:
        code: the error code, "InternalFailure".
        status: of HTTP, "500 Internal Server Error".
        head: it is a HEAD request, whose answer has no body.
    """
    if protocol in ("query", "s3"):
        return _xml(code, message, service, head, status)
    return _machine(code, message, service, protocol, status)


def _machine(code: str, message: str, service: str, protocol: str, status: str = "") -> Answer:
    """For the protocols whose errors carry a type: JSON with and without X-Amz-Target, CBOR."""
    request_id = ("x-amzn-RequestId", str(uuid.uuid4()))
    older = []
    if service in ("sqs", "monitoring"):  # their answers keep the codes of an older protocol beside the new ones
        codes = {"AccessDeniedException": "AccessDenied", "UnrecognizedClientException": "InvalidClientTokenId"}
        older = [("x-amzn-query-error", f"{codes.get(code, code)};Sender")]
    if protocol == "cbor":
        headers = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"), request_id, *older]
        body = _cbor({"__type": f"com.amazonaws#{code}", "message": message})
        return Answer(status or "403 Forbidden", headers, body)
    if protocol == "rest":
        headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", code), request_id]
        body = json.dumps({"Message": message, "message": message}).encode()
        return Answer(status or "403 Forbidden", headers, body)
    headers = [("Content-Type", "application/x-amz-json-1.0"), request_id, *older]
    status = status or ("403 Forbidden" if older else "400 Bad Request")
    content = {"__type": f"com.amazon.coral.service#{code}", "Message": message, "message": message}
    return Answer(status, headers, json.dumps(content).encode())


def _xml(code: str, message: str, service: str, head: bool, status: str = "403 Forbidden") -> Answer:
    text, request_id = escape(message), str(uuid.uuid4())
    error = f"<Code>{code}</Code><Message>{text}</Message>"
    if service == "s3":
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{error}<RequestId>{request_id}</RequestId></Error>'
    elif service == "ec2":
        body = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    else:
        error = f"<Error><Type>Sender</Type>{error}</Error>"
        body = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
    headers = [("Content-Type", "application/xml" if service == "s3" else "text/xml")]
    return Answer(status, headers, b"" if head else body.encode())


def _cbor(texts: dict[str, str]) -> bytes:
    """A map of texts, RFC 8949: major type 5 holds pairs of major type 3."""

    def text(value: str) -> bytes:
        content = value.encode()
        return b"\x79" + len(content).to_bytes(2, "big") + content

    return bytes([0xA0 + len(texts)]) + b"".join(text(key) + text(value) for key, value in texts.items())
