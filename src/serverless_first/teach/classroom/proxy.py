"""The proxy in front of the hub and the seats, in Python, so that a class needs no Node.

It takes its routes from JupyterHub, through the interface of configurable-http-proxy (the Python package, 0.4), and has
its own way of passing on requests (`exchange.py`). The package's

- holds each request and each answer in memory as a whole, so a few large ones end it;
- sends binary WebSocket frames to the server as text. JupyterLab's kernel messages are binary;
- ignores the host name of a request, so seats cannot have their own names;
- makes ten requests at a time and waits 20 s for each. A class makes a hundred.
"""

from __future__ import annotations

import argparse
import os
import resource
from pathlib import Path
from urllib.parse import urlsplit

from configurable_http_proxy import log
from configurable_http_proxy.configproxy import PythonProxy
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPConnection, HTTPMessageDelegate, HTTPServerConnectionDelegate
from tornado.ioloop import IOLoop

from serverless_first.teach.classroom import plan
from serverless_first.teach.classroom.exchange import Exchange, Front
from serverless_first.teach.classroom.groups import PROXY
from serverless_first.teach.classroom.held_server import HeldServer


class Browsers(HTTPServerConnectionDelegate):
    """The side of the browsers.

    Args:
        front: what all requests share.
    """

    def __init__(self, front: Front) -> None:
        self._front = front

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """The way of one request."""
        del server_conn
        assert isinstance(request_conn, HTTP1Connection)
        return Exchange(self._front, request_conn)


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
    if folder := os.environ.get(plan.VARIABLE):
        _enter_group(Path(folder))
    routes = PythonProxy({"auth_token": os.environ["CONFIGPROXY_AUTH_TOKEN"], "host_routing": options.host_routing})
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    front = Front(routes, urlsplit(options.error_target), options.strays_to.rstrip("/"))
    # An exchange has its own limits for bodies, and Tornado's answer to a larger one would come beside ours.
    HeldServer(Browsers(front), max_body_size=2**63).listen(options.port, options.ip)
    HeldServer(routes.api_app).listen(options.api_port, options.api_ip)
    print("The proxy listens.", flush=True)
    IOLoop.current().start()


def _enter_group(folder: Path) -> None:
    """Leaves the hub's group for our own, whose memory limit doesn't end the hub."""
    if groups := plan.load(folder).groups:
        groups.enter(PROXY)


if __name__ == "__main__":
    main()
