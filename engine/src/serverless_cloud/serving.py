"""The connections of the main server, kept open from request to request (HTTP/1.1), as AWS's endpoints keep theirs.

werkzeug closes the connection after each answer, because a body that the application has not read would be taken for
the next request. Here what the application has left of the body is skipped, so nothing of it remains. A call of boto3
costs less than half then: no connection, no thread is made for it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from flask import Flask
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from serverless_cloud.core import peers
from serverless_cloud.http.addresses import HEADERS
from serverless_cloud.http.bodies import Body, Gone

HOST = "127.0.0.1"
IDLE_S = 120


def moto_app(stacks: Callable[[], WSGIApplication]) -> WSGIApplication:
    """moto's WSGI application, which makes each service's application at the service's first call.

    Args:
        stacks: makes CloudFormation's, since moto's imports every service that it has: seconds.
    """

    def app_of(service: Any) -> Any:
        if service is None:
            raise NotImplementedError("no such service")
        app = stacks() if service == "cloudformation" else create_backend_app(service)
        if isinstance(app, Flask):
            # In debug mode, Flask makes a class for each request, which holds the body until a garbage collection.
            app.debug, app.config["PROPAGATE_EXCEPTIONS"] = False, True
        return app

    return DomainDispatcherApplication(app_of)


def listen(app: WSGIApplication, port: int) -> BaseWSGIServer:
    """werkzeug's server, which answers by `app` once it is told to serve. Args: port: 0 lets the system choose.

    Raises:
        OSError: the port is taken.
    """
    try:
        return make_server(HOST, port, app, threaded=True, request_handler=KeptConnection)
    except SystemExit:  # werkzeug's way to say it
        raise OSError(f"Port {port} on {HOST} is taken. Choose another port, or 0 for any free port.") from None


class KeptConnection(MotoRequestHandler):
    """One connection; moto's own handler reads what is sent (it keeps the names of S3's metadata)."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S  # an idle connection is closed, so that no thread waits for ever
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answers its user's requests; other users of this machine are hung up on."""
        if peers.is_ours(self.connection):
            super().handle()

    def run_wsgi(self) -> None:
        """Answers one request."""
        environ = self.make_environ()
        try:
            body = Body(self.rfile, environ.get("HTTP_TRANSFER_ENCODING", ""), environ.get("CONTENT_LENGTH", ""))
        except ValueError:
            self._refuse("400 Bad Request")
            return
        environ["wsgi.input"] = body
        environ[HEADERS] = tuple(self.headers.items())
        head: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
            head[:] = [(status, headers)]

        try:
            answer = b"".join(self.server.app(environ, start_response))
            if not body.skip():
                self.close_connection = True
        except Gone:
            self.close_connection = True
        except Exception:  # an error of ours: the server's own log is the place to say it
            traceback.print_exc()
            self._refuse("500 Internal Server Error")
        else:
            self._write(*head[0], answer)

    def log(self, type: str, message: str, *args: object) -> None:
        """Says nothing."""

    def _refuse(self, status: str) -> None:
        self.close_connection = True
        self._write(status, [("Content-Type", "text/plain")], status.encode())

    def _write(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        is_bare = status[:3] in ("204", "304") or status.startswith("1")
        is_head = self.command == "HEAD"  # its Content-Length is the same as in the answer to GET
        lines = [f"HTTP/1.1 {status}", f"Server: {self.version_string()}"]
        lines += [f"{name}: {value}" for name, value in headers if is_head or name.lower() != "content-length"]
        names = {name.lower() for name, _ in headers}
        if "date" not in names:
            lines.append(f"Date: {self.date_time_string()}")
        if not is_bare and not is_head:
            lines.append(f"Content-Length: {len(body)}")
        elif is_head and not is_bare and "content-length" not in names:
            lines.append("Content-Length: 0")
        if self.close_connection:
            lines.append("Connection: close")
        elif self.request_version == "HTTP/1.0":
            lines.append("Connection: keep-alive")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self.wfile.write(head if is_head or is_bare else head + body)  # one packet, if it is small
