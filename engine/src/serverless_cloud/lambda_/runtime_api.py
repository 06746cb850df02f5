"""Lambda's half of the Runtime API: the HTTP calls by which a runtime fetches events and hands back results.

    GET  /2018-06-01/runtime/invocation/next              waits for the next event
    POST /2018-06-01/runtime/invocation/{id}/response     what the handler returned
    POST /2018-06-01/runtime/invocation/{id}/error        what it raised
    POST /2018-06-01/runtime/init/error                   Init failed

Each environment has its own listener on 127.0.0.1, as each has its own Runtime API on AWS.
Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
"""

from __future__ import annotations

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol

from serverless_cloud.core import peers
from serverless_cloud.lambda_.function import Invocation

PREFIX = "/2018-06-01/runtime/"


class RuntimeSide(Protocol):
    """The environment's services for its runtime."""

    def next_invocation(self) -> Invocation | None:
        """Waits for an event; None when the environment has ended."""

    def finished(self, request_id: str, kind: str, payload: bytes) -> bool:
        """Takes a "response" or "error"; False when no such invocation is under way."""

    def init_failed(self, payload: bytes) -> None:
        """Takes the error of a failed Init."""


class RuntimeApi:
    """The listener of one environment. Calls are served in threads, one a connection."""

    def __init__(self, side: RuntimeSide) -> None:
        self._side = side
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._closed = False
        threading.Thread(target=self._accept, name="runtime-api", daemon=True).start()

    def _accept(self) -> None:
        with self._listener:
            while True:
                connection, peer = self._listener.accept()
                if self._closed:
                    connection.close()
                    return
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(connection, peer), daemon=True).start()

    def _serve(self, connection: socket.socket, peer: Any) -> None:
        with connection, contextlib.suppress(OSError):  # the process may end at any byte
            if peers.is_ours(connection):  # another user's would get our events
                _Call(connection, peer, self._side)  # type: ignore[arg-type]

    def close(self) -> None:
        """Stops listening."""
        self._closed = True
        host, port = self.address.split(":")
        with contextlib.suppress(OSError):  # wakes the accepting thread, on every system
            socket.create_connection((host, int(port)), timeout=1).close()


class _Call(BaseHTTPRequestHandler):
    """The calls on one connection; `server` is the RuntimeSide. h11 takes five times the processor time for them."""

    protocol_version = "HTTP/1.1"
    server: Any
    raw_requestline: bytes
    _headers: dict[str, str]  # the request's headers; their names in lower case

    def parse_request(self) -> bool:
        """As the base class's, without its limit of 64 KB: the runtime sends a stack trace in a header, up to 1 MB."""
        words = self.raw_requestline.decode("latin-1").split()
        if len(words) != 3:
            self.close_connection = True
            return False
        self.command, self.path, self.request_version = words
        self._headers = {}
        while line := self.rfile.readline().rstrip(b"\r\n"):
            name, _, value = line.decode("latin-1").partition(":")
            self._headers[name.lower()] = value.strip()
        self.close_connection = self._headers.get("connection", "").lower() == "close"
        if self._headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def do_GET(self) -> None:
        if self.path != PREFIX + "invocation/next":
            return self._answer(404, b'{"errorType":"UnknownPath"}')
        invocation = self.server.next_invocation()
        if invocation is None:
            self.close_connection = True
            return self._answer(410, b'{"errorType":"EnvironmentEnded"}')
        call = invocation.call
        headers = {
            "Lambda-Runtime-Aws-Request-Id": call.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline_s * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": call.function_arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
        }
        if call.client_context:
            headers["Lambda-Runtime-Client-Context"] = call.client_context
        return self._answer(200, call.event, **headers)

    def do_POST(self) -> None:
        body = self._body()
        parts = self.path.removeprefix(PREFIX).split("/")
        if parts == ["init", "error"]:
            self.server.init_failed(body)
        elif len(parts) == 3 and parts[0] == "invocation" and parts[2] in ("response", "error"):
            if not self.server.finished(parts[1], parts[2], body):
                return self._answer(400, b'{"errorType":"InvalidRequestID"}')
        else:
            return self._answer(404, b'{"errorType":"UnknownPath"}')
        return self._answer(202, b'{"status":"OK"}')

    def _body(self) -> bytes:
        if self._headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self._headers.get("content-length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        # One write: two would wait for each other on a connection that is kept open.
        lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: the learner's log holds what the handler says."""
