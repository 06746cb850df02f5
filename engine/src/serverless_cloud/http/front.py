"""The front doors. Each API and each function URL listens on its own port, so that its paths are as on AWS.

A door knows nothing of APIs: it turns what comes over the wire into a `Request`, with nothing joined, decoded or
dropped, and writes the `Response`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import http.client
import re
import socket
import socketserver
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from serverless_cloud.core import peers
from serverless_cloud.errors import CloudError
from serverless_cloud.guard import is_this_machine
from serverless_cloud.http.bodies import Body
from serverless_cloud.http.pages import answer_without_running
from serverless_cloud.http.request import HOST, Answer, Preflight, Request, Response, message, no_cors

BODY_BYTES = 10_485_760  # API Gateway quotas: payload 10 MB
_NAME = re.compile(
    r"([a-z0-9]+)\.(?:execute-api|lambda-url)\.(?:[a-z0-9-]+\.(?:amazonaws\.com|on\.aws)|(?:[a-z0-9-]+\.)?localhost)"
)
_LINE_ENDS = str.maketrans("\r\n\0", "   ")  # in a header they would begin another header


class FrontDoors:
    """The listeners of a local cloud, by a key of the caller's choice (the API's id)."""

    def __init__(self) -> None:
        self._doors: dict[str, _Door] = {}
        self._lock = threading.Lock()

    def open(self, key: str, answer: Answer, preflight: Preflight = no_cors) -> str:
        """Opens a door, or finds the one that is open.

        Args:
            preflight: decides what pages of other sites may send (`http.pages`).

        Returns:
            Its address without a slash at the end: "http://127.0.0.1:40123".
        """
        with self._lock:
            if key not in self._doors:
                self._doors[key] = _Door(key, answer, functools.partial(answer_without_running, preflight))
            return self._doors[key].url

    def url(self, key: str) -> str | None:
        """The address of an open door; None if there is none."""
        door = self._doors.get(key)
        return door.url if door else None

    def answer(self, key: str, head: Request, body: Body) -> Response:
        """A door's answer to a request that has come another way; 404 if the door is not open."""
        door = self._doors.get(key)
        return message(404, "Not Found") if door is None else door.respond(head, body)

    def close(self, key: str) -> None:
        """Closes a door; a request under way is still answered."""
        with self._lock:
            door = self._doors.pop(key, None)
        if door is not None:
            door.close()

    def clear(self) -> None:
        """Closes all, at the same time: each takes a moment."""
        closing = [threading.Thread(target=self.close, args=(key,)) for key in list(self._doors)]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()


class _Connection(BaseHTTPRequestHandler):
    """One connection of a client, kept open from request to request (HTTP/1.1)."""

    protocol_version = "HTTP/1.1"
    timeout = 65  # an idle connection is closed, so that no thread waits for ever
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        """Adds the connection to the connections that the closing door has to end."""
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        """Closes the connection and forgets it."""
        self.server.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def handle(self) -> None:
        """Answers its user's requests; other users of this machine are hung up on."""
        if peers.is_ours(self.connection):
            super().handle()

    def parse_request(self) -> bool:
        """Reads the head of a request; any method is answered, where the base class wants a `do_GET` for GET."""
        is_read = super().parse_request()
        if is_read:
            setattr(self, f"do_{self.command}", lambda: self._write(self._answered()))
        return is_read

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def _answered(self) -> Response:
        headers = self.headers
        try:
            body = Body(self.rfile, headers.get("Transfer-Encoding", ""), headers.get("Content-Length", ""))
        except ValueError:
            self.close_connection = True  # nobody knows where the next request begins
            return message(400, "Bad Request")
        response = self._stranger_refused() or self.server.door.respond(self._head(), body)
        if not body.skip() or self.server.door.is_closed:
            self.close_connection = True
        return response

    def _stranger_refused(self) -> Response | None:
        for host_header in self.headers.get_all("Host", []):
            host = host_header.rsplit(":", 1)[0].strip("[]")
            # Otherwise any page on the web could come in by its own host name (DNS rebinding).
            if not (id_in_name(host) == self.server.door.key or is_this_machine(host)):
                return message(
                    403, f"This address answers at 127.0.0.1 and localhost, not at {host}. Use one of these names."
                )
        return None

    def _head(self) -> Request:
        target = self.requestline.split()[1]  # self.path has lost slashes at its beginning
        if "://" in target.split("?")[0][:8]:  # the absolute form, as a proxy would send it
            target = "/" + target.split("://", 1)[1].partition("/")[2]
        raw_path, _, raw_query = target.partition("?")
        return Request(
            method=self.command,
            raw_path=raw_path or "/",
            raw_query=raw_query,
            headers=tuple(self.headers.items()),
            source_ip=self.client_address[0],
            protocol=self.request_version,
            port=self.server.server_address[1],
        )

    def _write(self, response: Response) -> None:
        body = b"" if response.status in (204, 304) or response.status < 200 else response.body
        reason = http.client.responses.get(response.status, "Unknown")
        lines = [f"HTTP/1.1 {response.status} {reason}", f"Date: {self.date_time_string()}"]
        headers = [(name, value) for name, value in response.headers if name.lower() != "content-length"]
        lines += [f"{name}: {value}".translate(_LINE_ENDS) for name, value in headers]
        if response.status >= 200 and response.status not in (204, 304):
            lines.append(f"Content-Length: {len(body)}")
        if self.close_connection:
            lines.append("Connection: close")
        elif self.request_version == "HTTP/1.0":
            lines.append("Connection: keep-alive")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self.wfile.write(head if self.command == "HEAD" else head + body)  # one packet, if it is small


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, door: _Door) -> None:
        self.door = door
        self.connections: set[socket.socket] = set()
        super().__init__((HOST, 0), _Connection)

    def handle_error(self, *_: Any) -> None:
        """A connection that breaks is nothing to report; an error of ours is."""
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()


class _Door:
    def __init__(self, key: str, answer: Answer, answer_without_running: Preflight) -> None:
        self.key = key
        self._answer: Answer | None = answer
        self._answer_without_running = answer_without_running
        self._listener = _Listener(self)
        self.port = int(self._listener.server_address[1])
        self.url = f"http://{HOST}:{self.port}"
        threading.Thread(
            target=self._listener.serve_forever, kwargs={"poll_interval": 0.1}, name=f"door-{self.port}", daemon=True
        ).start()

    def close(self) -> None:
        self._answer = None  # requests that still come in get no answer any more
        self._listener.shutdown()
        self._listener.server_close()
        for connection in list(self._listener.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)  # what is being answered still is

    @property
    def is_closed(self) -> bool:
        return self._answer is None

    def respond(self, head: Request, body: Body) -> Response:
        """The answer; nothing of the body is read for a request that the API doesn't run."""
        answer = self._answer
        if answer is None:
            return message(404, "Not Found")
        if (response := self._answer_without_running(head)) is not None:
            return response
        content = body.read(BODY_BYTES + 1)
        if len(content) > BODY_BYTES:
            return message(413, "Request Too Long")
        try:
            return answer(dataclasses.replace(head, body=content))
        except Exception:  # an error of ours, not of the learner's
            traceback.print_exc()
            return message(500, "Internal Server Error")


def id_in_name(host: str) -> str | None:
    """The id in a name of an API or a function URL: AWS's, or one below `localhost`; None for any other host.

    No page on the web can make such a name lead to this machine.

    Args:
        host: "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com", with or without a port.
    """
    match = _NAME.fullmatch(host.lower().partition(":")[0].rstrip("."))
    return match.group(1) if match else None


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
            f"No API or function URL in this cloud has the address {url}. Give the id of a deployed API, or the "
            "address that AWS would give it, such as https://ID.execute-api.us-east-1.amazonaws.com/STAGE."
        )
    return door + url.split(parts.netloc, 1)[1]
