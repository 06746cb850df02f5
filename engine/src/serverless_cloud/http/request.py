"""A request to an API or a function URL, and its response, as they are on the wire."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Request:
    """One HTTP request as it came.

    Args:
        method: "GET".
        raw_path: the path, percent-encoding kept, without the query string.
        raw_query: the query string without "?", as it came; "" if there is none.
        headers: names as they were written, repeated ones as often as they came, in order.
        body: decoded from chunks, nothing else.
        protocol: "HTTP/1.1".
        received_s: Unix time in seconds.
    """

    method: str
    raw_path: str
    raw_query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    source_ip: str = HOST
    protocol: str = "HTTP/1.1"
    port: int = 80
    received_s: float = field(default_factory=time.time)

    @property
    def path(self) -> str:
        """The path with its percent-encoding undone; bytes that aren't UTF-8 are replaced."""
        return unquote_to_bytes(self.raw_path).decode("utf-8", "replace")

    def header(self, name: str, default: str = "") -> str:
        """The last value of a header, whatever the case of its name."""
        values = self.all_headers(name)
        return values[-1] if values else default

    def all_headers(self, name: str) -> list[str]:
        """All the values of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass(frozen=True)
class Response:
    """The response to write. The door adds Content-Length, Date and Connection.

    Args:
        status: 100 to 599.
        headers: repeated names are written repeatedly.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


#: Answers a request; may raise nothing.
Answer = Callable[[Request], Response]
#: Answers a preflight request from an API's configuration, without running anything; None if it has no answer.
Preflight = Callable[[Request], Response | None]


def no_cors(_: Request) -> Response | None:
    """The preflight of an API without CORS."""
    return None


def message(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """A response as API Gateway writes its own: {"message": text}."""
    body = json.dumps({"message": text}, separators=(",", ":")).encode()
    return Response(status, (("Content-Type", "application/json"), *headers), body)
