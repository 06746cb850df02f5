"""Serves the live view to a browser tab on this machine."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any

from serverless_cloud.core import peers
from serverless_cloud.guard import is_this_machine
from serverless_cloud.view.moment import Moment

_FILES = {"": ("page.html", "text/html; charset=utf-8"), "view.js": ("view.js", "text/javascript; charset=utf-8")}
_POLICY = "default-src 'self' 'unsafe-inline'; img-src data:; frame-ancestors 'none'"


class Page:
    """The page's server. Its address has a random word in it, and nothing else is answered.

    Args:
        look: what runs now.
        port: where it listens on 127.0.0.1; 0 lets the system choose.

    Attributes:
        url: what to open.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, look: Callable[[], Moment], port: int = 0) -> None:
        word = secrets.token_urlsafe(12)

        class Handler(_Handler):
            prefix, now = f"/{word}/", staticmethod(look)

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/{word}/"
        threading.Thread(target=self._server.serve_forever, name="view", daemon=True).start()

    def close(self) -> None:
        """Stops answering."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One connection of a browser."""

    protocol_version = "HTTP/1.1"
    prefix: str
    now: Callable[[], Moment]

    def handle(self) -> None:
        """Answers its user's requests; other users of this machine are hung up on."""
        if peers.is_ours(self.connection):
            super().handle()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        host = self.headers.get("Host", "").rsplit(":", 1)[0].strip("[]")
        if not is_this_machine(host) or not path.startswith(self.prefix):
            return self._answer(404, b"Open the address that the local cloud has printed.", "text/plain")
        name = path.removeprefix(self.prefix)
        if name == "now":
            return self._answer(200, json.dumps(self.now()).encode(), "application/json")
        if name not in _FILES:
            return self._answer(404, b"There is no such page.", "text/plain")
        file, kind = _FILES[name]
        return self._answer(200, files(__package__).joinpath(file).read_bytes(), kind)

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        for header, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Content-Security-Policy", _POLICY),
            ("X-Content-Type-Options", "nosniff"),
        ):
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing."""
