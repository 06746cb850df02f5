"""The answers that a function may return to an API or a function URL, in formats 1.0 and 2.0.

Sources: as in proxy.py. Recorded answers of AWS decide which answers are malformed.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from serverless_cloud.http.request import Response

#: Headers that the front door writes itself, or that hold for one connection only.
DOORS_OWN = {"content-length", "connection", "transfer-encoding", "keep-alive", "upgrade", "trailer", "date", "server"}
_ANSWER_KEYS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}


class MalformedAnswer(ValueError):
    """A function's return value is not an answer to an HTTP request. The text says why."""


@dataclass(frozen=True)
class ProxyAnswer:
    """The answer of a function.

    Args:
        headers: in the order in which they are written.
        body: as the function wrote it.
        is_base64: whether `body` is base64 of what the client gets.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    is_base64: bool

    def response(self, content_type: str, *, decode: bool = True) -> Response:
        """The HTTP response.

        Args:
            content_type: if the function has not given one.
            decode: whether a base64-encoded body is decoded; REST APIs do so for binary media types only.

        Raises:
            MalformedAnswer: the body should be base64, and is not.
        """
        headers = self.headers
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers = (("Content-Type", content_type), *headers)
        if not (self.is_base64 and decode):
            return Response(self.status, headers, self.body.encode("utf-8", "replace"))
        try:
            return Response(self.status, headers, base64.b64decode(self.body))
        except (binascii.Error, ValueError) as error:
            raise MalformedAnswer(f"isBase64Encoded is true, but the body is not base64: {error}") from error


def read_1_0(payload: bytes, *, rest: bool) -> ProxyAnswer:
    """An answer in format 1.0: statusCode, headers, multiValueHeaders, body (a string), isBase64Encoded.

    Args:
        payload: what the function returned, JSON.
        rest: a REST API takes an answer without statusCode for 200, and refuses keys that it does not know; an HTTP
            API needs statusCode and ignores other keys.

    Raises:
        MalformedAnswer: a REST API answers 502 then, an HTTP API 500.
    """
    answer = _object(payload)
    if rest and (unknown := set(answer) - _ANSWER_KEYS):
        raise MalformedAnswer(f"it has keys that an answer doesn't have: {', '.join(sorted(unknown))}")
    many = answer.get("multiValueHeaders") or {}
    if not isinstance(many, dict) or not all(isinstance(values, list) for values in many.values()):
        raise MalformedAnswer("multiValueHeaders must be an object of lists")
    headers = [(name, _text(value)) for name, values in many.items() for value in values]
    names, there = {name.lower(): name for name in many}, {(name.lower(), value) for name, value in headers}
    single = [(name, value) for name, value in _headers(answer) if (name.lower(), value) not in there]
    headers += [(names.get(name.lower(), name), value) for name, value in single]  # merged, as the guide says
    status = _status(answer.get("statusCode"), 200 if rest else None)
    return ProxyAnswer(status, _sent(headers), _string_body(answer), _flag(answer))


def read_2_0(payload: bytes) -> ProxyAnswer:
    """An answer in format 2.0. Without statusCode the whole of it is the body, as application/json, status 200.

    Raises:
        MalformedAnswer: it has a statusCode, but is not an answer. An HTTP API then answers 500, and a function URL
            502.
    """
    try:
        answer = json.loads(payload)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "statusCode" not in answer:
        text = answer if isinstance(answer, str) else payload.decode("utf-8", "replace")
        return ProxyAnswer(200, (("Content-Type", "application/json"),), text, False)
    cookies = answer.get("cookies") or []
    if not isinstance(cookies, list):
        raise MalformedAnswer("cookies must be a list of strings")
    headers = [*_headers(answer), *(("Set-Cookie", _text(cookie)) for cookie in cookies)]
    return ProxyAnswer(_status(answer["statusCode"], None), _sent(headers), _string_body(answer), _flag(answer))


def _object(payload: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(payload)
    except ValueError as error:
        raise MalformedAnswer(f"it is not JSON: {error}") from error
    if not isinstance(answer, dict):
        raise MalformedAnswer(f"it must be an object with statusCode and body, not {type(answer).__name__}")
    return answer


def _status(value: Any, default: int | None) -> int:
    if value is None and default is not None:
        return default
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if type(value) is not int or not 200 <= value <= 599:
        raise MalformedAnswer(f"statusCode must be a whole number from 200 to 599, not {value!r}")
    return value


def _headers(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    headers = answer.get("headers") or {}
    if not isinstance(headers, dict):
        raise MalformedAnswer("headers must be an object")
    return [(name, _text(value)) for name, value in headers.items() if value is not None]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise MalformedAnswer(f"the value of a header must be a string, not {value!r}")
    return str(value)


def _sent(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    for name, value in headers:
        try:
            (name + value).encode("latin-1")
        except UnicodeEncodeError as error:
            raise MalformedAnswer(f"the header {name} has characters that headers can't have") from error
        if not name or any(c in name + value for c in "\r\n\0") or " " in name or ":" in name:
            raise MalformedAnswer(f"{name!r} with {value!r} cannot be a header")
    return tuple((name, value) for name, value in headers if name.lower() not in DOORS_OWN)


def _string_body(answer: Mapping[str, Any]) -> str:
    body = answer.get("body")
    if body is not None and not isinstance(body, str):
        raise MalformedAnswer(f"body must be a string, which json.dumps makes, not {type(body).__name__}")
    return body or ""


def _flag(answer: Mapping[str, Any]) -> bool:
    flag = answer.get("isBase64Encoded")
    if flag is not None and not isinstance(flag, bool):
        raise MalformedAnswer(f"isBase64Encoded must be true or false, not {flag!r}")
    return bool(flag)
