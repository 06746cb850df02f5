"""The front doors: each API and each function URL listens on a port of its own, so that its paths are as on AWS.

A door knows nothing of APIs: it turns what comes over the wire into a `Request`, with nothing joined, decoded or
dropped, and writes the `Response`.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from serverless_first.cloud.errors import CloudError
from serverless_first.guard import is_this_machine

HOST = "127.0.0.1"
BODY_BYTES = 10_485_760  # API Gateway quotas: payload 10 MB
_HEADERS = "serverless_first.headers"


@dataclass(frozen=True)
class Request:
    """One HTTP request as it came.

    Args:
        method: "GET".
        raw_path: the path, percent-encoding kept, without the query string.
        raw_query: the query string without "?", as it came; "" if there is none.
        headers: names as they were written, repeated ones as often as they came, in order.
        body: decoded from chunks, nothing else.
        source_ip: the client's address.
        protocol: "HTTP/1.1".
        port: the door's.
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
        """The path with its percent-encoding undone; bytes that are no UTF-8 are replaced."""
        return unquote_to_bytes(self.raw_path).decode("utf-8", "replace")

    def header(self, name: str, default: str = "") -> str:
        """The last value of a header, whatever the case of its name."""
        values = self.all_headers(name)
        return values[-1] if values else default

    def all_headers(self, name: str) -> list[str]:
        """All the values of a header, in order."""
        return [value for each, value in self.headers if each.lower() == name.lower()]


@dataclass(frozen=True)
class Response:
    """What is written back; Content-Length, Date and Connection are the door's business.

    Args:
        status: 100 to 599.
        headers: repeated names are written repeatedly.
        body: the bytes themselves.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


#: Answers a request; may raise nothing.
Answer = Callable[[Request], Response]


class FrontDoors:
    """The listeners of a local cloud, by a key of the caller's choice (the API's id)."""

    def __init__(self) -> None:
        self._doors: dict[str, _Door] = {}
        self._lock = threading.Lock()

    def open(self, key: str, answer: Answer) -> str:
        """Opens a door, or finds the one that is open.

        Returns:
            Its address without a slash at the end: "http://127.0.0.1:40123".
        """
        with self._lock:
            if key not in self._doors:
                self._doors[key] = _Door(answer)
            return self._doors[key].url

    def url(self, key: str) -> str | None:
        """The address of an open door; None if there is none."""
        door = self._doors.get(key)
        return door.url if door else None

    def close(self, key: str) -> None:
        """Closes a door; a request under way is still answered."""
        with self._lock:
            door = self._doors.pop(key, None)
        if door is not None:
            door.close()

    def clear(self) -> None:
        """Closes all."""
        for key in list(self._doors):
            self.close(key)


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 65  # an idle connection is closed, so that no thread waits for ever

    def make_environ(self) -> dict[str, Any]:
        """WSGI joins repeated headers, and changes their names: here they are as they came."""
        return super().make_environ() | {_HEADERS: tuple(self.headers.items())}

    def log(self, type: str, message: str, *args: Any) -> None:
        """Says nothing."""


class _Door:
    def __init__(self, answer: Answer) -> None:
        self._answer: Answer | None = answer
        self._server: BaseWSGIServer = make_server(HOST, 0, self._wsgi, threaded=True, request_handler=_Handler)
        self.port = int(self._server.server_port)
        self.url = f"http://{HOST}:{self.port}"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name=f"door-{self.port}", daemon=True
        ).start()

    def close(self) -> None:
        self._answer = None  # connections that are kept open get no answer any more
        self._server.shutdown()
        self._server.server_close()

    def _wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        response = self._respond(environ)
        names = {name.lower() for name, _ in response.headers}
        headers = [*response.headers]
        if "content-length" not in names and response.status not in (204, 304) and response.status >= 200:
            headers.append(("Content-Length", str(len(response.body))))
        reason = http.client.responses.get(response.status, "Unknown")
        start_response(f"{response.status} {reason}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.body]

    def _respond(self, environ: dict[str, Any]) -> Response:
        answer = self._answer
        if answer is None:
            return message(404, "Not Found")
        host = environ.get("HTTP_HOST", HOST).rsplit(":", 1)[0].strip("[]")
        if not is_this_machine(host):  # else any page on the web could come in by a name of its own (DNS rebinding)
            return message(403, f"This address answers to 127.0.0.1 and localhost, not to {host}.")
        raw_path, _, raw_query = environ.get("RAW_URI", "/").partition("?")
        if "://" in raw_path.split("?")[0][:8]:  # the absolute form, as a proxy would send it
            raw_path = "/" + raw_path.split("://", 1)[1].partition("/")[2]
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > BODY_BYTES:
            return message(413, "Request Too Long")
        chunked = environ.get("wsgi.input_terminated", False)
        body = environ["wsgi.input"].read() if chunked else environ["wsgi.input"].read(length)
        if len(body) > BODY_BYTES:
            return message(413, "Request Too Long")
        request = Request(
            method=environ["REQUEST_METHOD"],
            raw_path=raw_path,
            raw_query=raw_query,
            headers=environ[_HEADERS],
            body=body,
            source_ip=environ.get("REMOTE_ADDR", HOST),
            protocol=environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            port=self.port,
        )
        try:
            return answer(request)
        except Exception:  # an error of ours, not of the learner's
            traceback.print_exc()
            return message(500, "Internal Server Error")


def message(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """A response as API Gateway writes its own: {"message": text}."""
    body = json.dumps({"message": text}, separators=(",", ":")).encode()
    return Response(status, (("Content-Type", "application/json"), *headers), body)


def local_url(doors: FrontDoors, url: str) -> str:
    """Where an address of AWS is reached on this machine: the host is replaced, the rest stays.

    Args:
        doors: open ones; the key is the first label of the host, the id of the API or function URL.
        url: "https://a1b2c3.execute-api.us-east-1.amazonaws.com/prod/orders"; a bare id stands for its root.

    Raises:
        CloudError: there is no door for it.
    """
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if parts.hostname == HOST:
        return url
    key = (parts.hostname or "").split(".")[0]
    door = doors.url(key)
    if door is None:
        raise CloudError(
            f"No API and no function URL of this cloud has the address {url}. Give the id of a deployed API, or the "
            "address that AWS would have for it: https://ID.execute-api.us-east-1.amazonaws.com/STAGE."
        )
    return door + url.split(parts.netloc, 1)[1]
