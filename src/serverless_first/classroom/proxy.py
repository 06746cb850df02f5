"""The hub's proxy, in Python: its package as it is, with room for a whole class, and with what JupyterLab asks for.

- Tornado's client makes ten requests at a time and waits 20 s for each. A class makes a hundred, and a server that
  starts on a busy machine takes longer.
- A browser that asks for a subprotocol of WebSocket, as JupyterLab does for its kernels, breaks off when none is named
  in the answer. The package hands the question on and keeps the answer to itself (version 0.4).
"""

from __future__ import annotations

from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPRequest

AT_ONCE = 2_000
LARGEST_BODY = 512 * 2**20


def main() -> None:
    """Runs the proxy with the arguments that JupyterHub gives it."""
    from configurable_http_proxy import cli, handlers

    plain_request = handlers.ProxyHandler._get_proxy_request

    def select_subprotocol(handler: Any, offered: list[str]) -> str | None:
        """What the server has chosen; the connection to it stands already."""
        chosen: str | None = getattr(handler.ws_client, "selected_subprotocol", None)
        return chosen if chosen in offered else None

    def without_extensions(handler: Any, url: str) -> HTTPRequest:
        """Compression is agreed on for one connection, and this is another one."""
        request: HTTPRequest = plain_request(handler, url)
        for name in [name for name in request.headers if name.lower() == "sec-websocket-extensions"]:
            del request.headers[name]
        return request

    handlers.ProxyHandler.select_subprotocol = select_subprotocol
    handlers.ProxyHandler._get_proxy_request = without_extensions
    AsyncHTTPClient.configure(None, max_clients=AT_ONCE, max_body_size=LARGEST_BODY, defaults={"connect_timeout": 60.0})
    cli.main()


if __name__ == "__main__":
    main()
