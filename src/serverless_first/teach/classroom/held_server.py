"""An HTTP server on a port that the class holds, which strangers cannot fill."""

from __future__ import annotations

import resource
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream

from serverless_first.teach.classroom import ports
from serverless_first.teach.classroom.limits import MOST_CONNECTIONS, SMALL_BODY

IDLE_S = 75
"""For so long a client may keep a connection without a request, or take for the head of one."""


class HeldServer(HTTPServer):
    """The hub's server and the proxy's. Everybody on this machine can connect to them, also without a card.

    A body is at most `SMALL_BODY`, unless `max_body_size` says otherwise. A connection beyond the most is closed at
    once.
    """

    def initialize(self, *arguments: Any, **options: Any) -> None:
        """Prepares the server with Tornado's options."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = min(MOST_CONNECTIONS, files // 3)  # the proxy needs another file for the other side
        options = {"max_body_size": SMALL_BODY, "idle_connection_timeout": IDLE_S} | options
        super().initialize(*arguments, **options)

    def listen(self, port: int, address: str | None = None, *arguments: Any, **options: Any) -> None:
        """Listens at a port that the class holds, with Tornado's options."""
        super().listen(port, address, *arguments, **{"reuse_port": ports.HELD} | options)

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Starts to serve a connection."""
        if len(self._connections) >= self._most:
            stream.close()
        else:
            super().handle_stream(stream, address)
