"""The proxy in front of the hub and the seats, in Python, so that a class needs no Node.

It is configurable-http-proxy (the Python package, 0.4) with its own handler for browsers, because the package's

- sends binary WebSocket frames to the server as text. JupyterLab's kernel messages are binary;
- keeps the server's choice of a WebSocket subprotocol to itself. A browser that asked for one then hangs up;
- leaves the browser's connection open when the server closes its connection, and limits a message to 10 MB;
- ignores the host name of a request, so seats cannot have their own names;
- makes ten requests at a time and waits 20 s for each. A class makes a hundred.

JupyterHub starts it with the options of the original configurable-http-proxy, which can take its place (docs/class.md).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
from typing import Any

from configurable_http_proxy import log
from configurable_http_proxy.configproxy import PythonProxy
from configurable_http_proxy.handlers import ProxyHandler
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import Application
from tornado.websocket import WebSocketClosedError, websocket_connect

AT_ONCE = 2_000
LARGEST_BYTES = 512 * 2**20
CONNECT_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 600.0


class Handler(ProxyHandler):  # type: ignore[misc]
    """One request of a browser, or one WebSocket connection."""

    async def get_target_url(self, path: str) -> str | None:
        """The address at the hub or a seat's server, or None if the proxy itself has answered.

        With a name for each seat, a request under any other name is redirected to the hub's, because the hub's pages
        must not share an origin with a seat's.
        """
        del path  # decoded by Tornado; the server must see the address as the browser wrote it
        host = self.request.host_name.lower() if self.proxy.host_routing else ""
        self.target = self.proxy.target_for_req(host, self.request.path)
        if self.target is not None:
            return f"{self.target['target'].rstrip('/')}{self.request.uri}"
        if self.proxy.host_routing:
            self.redirect(self.settings["strays_to"].rstrip("/") + self.request.uri)
        else:
            await self.handle_proxy_error(404, None)
        return None

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """The subprotocol that the server has chosen; the connection to it is already open."""
        chosen: str | None = self.ws_client.selected_subprotocol
        return chosen if chosen in subprotocols else None

    def _get_proxy_request(self, url: str) -> HTTPRequest:
        request: HTTPRequest = super()._get_proxy_request(url)
        # Compression is negotiated for one connection, and the connection to the server is a different one.
        request.headers.pop("Sec-WebSocket-Extensions", None)
        return request

    async def start_ws_client(self, path: str) -> None:
        """Connects to the server, before the browser gets its answer."""
        url = await self.get_target_url(path)
        if url is None:
            return
        request = self._get_proxy_request(url.replace("http", "ws", 1))
        try:
            self.ws_client = await websocket_connect(request, max_message_size=LARGEST_BYTES)
        except HTTPClientError as error:
            self.set_status(error.code)
            self.finish(error.message)
        except OSError as error:
            await self.handle_proxy_error(503, error)

    def open(self, *_: str) -> None:
        """Starts to pass on what the server sends. Tornado reads from the browser only after this returns."""
        self._replies = asyncio.ensure_future(self._hand_on_replies())

    async def _hand_on_replies(self) -> None:
        server = self.ws_client
        with contextlib.suppress(WebSocketClosedError):
            while (message := await server.read_message()) is not None:
                self.proxy.update_last_activity(self.target["prefix"])
                await self.write_message(message, binary=isinstance(message, bytes))
        self.close(server.close_code, server.close_reason)

    async def on_message(self, message: str | bytes) -> None:
        """Passes on what the browser sends."""
        self.proxy.update_last_activity(self.target["prefix"])
        with contextlib.suppress(WebSocketClosedError):  # the task of the replies tells the browser
            await self.ws_client.write_message(message, binary=isinstance(message, bytes))


def main() -> None:
    """Runs the proxy with the options that JupyterHub gives it, until a signal ends it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, about in (
        ("--ip", "address to listen on for browsers"),
        ("--api-ip", "address to listen on for the hub"),
        ("--error-target", "the hub's address for error pages"),
        ("--strays-to", "the hub's public address, to which requests under unknown host names are redirected"),
        ("--log-level", "debug, info, warn or error"),
    ):
        parser.add_argument(name, required=True, help=about)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api-port", type=int, required=True)
    parser.add_argument("--host-routing", action="store_true", help="a route begins with a host name")
    options = parser.parse_args()
    log.setLevel(options.log_level.upper())
    AsyncHTTPClient.configure(
        None, max_clients=AT_ONCE, max_body_size=LARGEST_BYTES, defaults={"connect_timeout": CONNECT_TIMEOUT_S}
    )
    proxy = PythonProxy(
        {
            "auth_token": os.environ["CONFIGPROXY_AUTH_TOKEN"],
            "error_target": options.error_target,
            "host_routing": options.host_routing,
            "proxy_timeout": ANSWER_TIMEOUT_S,
        }
    )
    settings: dict[str, Any] = {"strays_to": options.strays_to, "websocket_max_message_size": LARGEST_BYTES}
    browsers = Application([(r"/(.*)", Handler, {"proxy": proxy})], **settings)
    HTTPServer(browsers, max_body_size=LARGEST_BYTES).listen(options.port, options.ip)
    HTTPServer(proxy.api_app).listen(options.api_port, options.api_ip)
    print("The proxy listens.", flush=True)
    IOLoop.current().start()


if __name__ == "__main__":
    main()
