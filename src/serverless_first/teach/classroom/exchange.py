"""One request and its answer on their way through the proxy, in pieces of 64 KB: neither is ever held as a whole.

The next piece is read only after the last one has left, so a connection costs the proxy at most some pieces, however
much is sent and however slowly it is read. Each request gets its own connection to the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import SplitResult, quote, unquote, urlsplit

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import (
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPOutputError,
    RequestStartLine,
    ResponseStartLine,
    split_host_and_port,
)
from tornado.iostream import IOStream, StreamClosedError

from serverless_first.teach.classroom.limits import LARGE_AT_ONCE, LARGEST_BODY, SMALL_BODY

PIECE = 2**16
CONNECT_WITHIN_S, ANSWER_WITHIN_S, BODY_WITHIN_S = 60.0, 600.0, 120.0
UNIX = "http+unix"
_BUSY_S = 0.05
_OF_ONE_CONNECTION = ("Connection", "Keep-Alive", "Transfer-Encoding", "Expect", "Proxy-Connection", "TE", "Trailer")
_PING = 16
"""Pings of a WebSocket connection and their answers have fewer bytes. They don't show that anybody is at work."""
_REASONS = {302: "Found", 400: "Bad Request", 404: "Not Found", 413: "Content Too Large", 503: "Service Unavailable"}


@dataclass
class Front:
    """The routes, the addresses and the turns that all requests share.

    Args:
        routes: configurable-http-proxy's, as the hub has set them.
        errors: the hub's address for error pages.
        strays_to: the hub's public address, for requests under unknown host names.
    """

    routes: Any
    errors: SplitResult
    strays_to: str
    large: defaultdict[str, asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(LARGE_AT_ONCE))
    )

    def is_hub(self, target: SplitResult) -> bool:
        """Whether this is the hub's own address, rather than a seat's."""
        return target.netloc == self.errors.netloc


class Refused(Exception):
    """A request that the proxy answers itself, with this status."""

    def __init__(self, code: int, location: str = "") -> None:
        super().__init__(code)
        self.code, self.location = code, location


async def connect(target: SplitResult) -> IOStream:
    """A connection to a server, over TCP or a Unix socket (http+unix://%2Fpath).

    Raises:
        OSError: nobody listens there, or it takes more than a minute.
    """
    is_unix = target.scheme == UNIX
    line = socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET)
    line.setblocking(False)
    try:
        async with asyncio.timeout(CONNECT_WITHIN_S):
            if not is_unix:
                await asyncio.get_running_loop().sock_connect(line, (target.hostname, target.port or 80))
            else:
                while True:  # unix(7): with a full queue, the call fails at once with EAGAIN
                    with contextlib.suppress(BlockingIOError):
                        line.connect(unquote(target.netloc))
                        break
                    await asyncio.sleep(_BUSY_S)
    except BaseException:
        line.close()
        raise
    return IOStream(line)


class Exchange(HTTPMessageDelegate):
    """One request of a browser. Tornado calls the methods of `HTTPMessageDelegate` as the request arrives.

    Args:
        front: what all requests share.
        browser: the connection that the request comes on.
    """

    def __init__(self, front: Front, browser: HTTP1Connection) -> None:
        self.front, self.browser = front, browser
        self.asks_for_upgrade = self.has_begun = self.has_ended = False
        self.upgraded: IOStream | None = None
        self._prefix, self._received, self._most = "", 0, LARGEST_BODY
        self._server: asyncio.Future[HTTP1Connection | None] = asyncio.get_running_loop().create_future()
        self._body_is_here = asyncio.Event()

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
        """Starts the way to the server, while the body arrives."""
        self.start, self.headers = start_line, headers
        self.asks_for_upgrade = headers.get("Upgrade", "").lower() == "websocket"
        self.browser.set_close_callback(self.on_connection_close)
        self.browser.set_body_timeout(BODY_WITHIN_S)
        self._way = asyncio.ensure_future(self._run())

    async def data_received(self, chunk: bytes) -> None:
        """Passes on a piece of the body, and returns when it has left."""
        self._received += len(chunk)
        if self._received > self._most:  # of a body whose length was not announced
            raise HTTPInputError("The body is too large")
        if (server := await self._server) is not None:
            with contextlib.suppress(StreamClosedError):  # it has answered already
                await server.write(chunk)

    def finish(self) -> None:
        """Notes that the whole request is here."""
        self._body_is_here.set()

    def on_connection_close(self) -> None:
        """Ends the way of a request whose browser has gone."""
        self._way.cancel()

    async def _run(self) -> None:
        try:
            await self._pass_on()
        except Refused as refused:
            await self._refuse(refused)
        except (OSError, ValueError, HTTPOutputError) as error:
            self.front.routes.log.error(f"503 {self.start.method} {self.start.path.partition('?')[0]} {error}")
            await self._refuse(Refused(503))
        finally:
            if not self._server.done():
                self._server.set_result(None)

    async def _pass_on(self) -> None:
        target = self._target()
        headers = self._onward()
        is_large = self._is_large(self.front.is_hub(target))
        async with contextlib.AsyncExitStack() as within:
            if is_large:
                await within.enter_async_context(self.front.large[target.netloc])
            await within.enter_async_context(asyncio.timeout(BODY_WITHIN_S if is_large else ANSWER_WITHIN_S))
            await self._ask(target, self.start, headers)
        if self.upgraded is not None:
            await self._tunnel(self.browser.detach(), self.upgraded)

    def _target(self) -> SplitResult:
        """The address of the server.

        With a name for each seat, a request under any other name is redirected to the hub's, because the hub's pages
        must not share an origin with a seat's.
        """
        routes, path = self.front.routes, self.start.path.partition("?")[0]
        if not path.startswith("/"):
            raise Refused(400)
        host = split_host_and_port(self.headers.get("Host", "").lower())[0] if routes.host_routing else ""
        if (route := routes.target_for_req(host, path)) is None:
            if host == urlsplit(self.front.strays_to).hostname:
                raise Refused(503)  # a proxy that has only now started
            raise Refused(302, self.front.strays_to + self.start.path) if routes.host_routing else Refused(404)
        self._prefix = route["prefix"]
        return urlsplit(str(route["target"]))

    def _is_large(self, of_hub: bool) -> bool:
        """Whether the body has to wait for its turn.

        A server holds each body in memory, and reads it before it looks who sends it. So strangers could fill it.
        """
        is_chunked = "Transfer-Encoding" in self.headers
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            raise Refused(400) from None
        if (is_chunked and self.start.method not in ("POST", "PUT", "PATCH")) or length < 0:
            raise Refused(400)
        self._most = SMALL_BODY if of_hub else LARGEST_BODY
        if length > self._most:
            raise Refused(413)
        return not of_hub and (is_chunked or length > SMALL_BODY)

    def _onward(self) -> HTTPHeaders:
        """The headers for the server."""
        headers = self.headers.copy()
        for name in (*_OF_ONE_CONNECTION, *(["Content-Length"] if "Transfer-Encoding" in headers else ())):
            headers.pop(name, None)
        if self.start.method in ("POST", "PUT", "PATCH") and "Transfer-Encoding" not in self.headers:
            headers.setdefault("Content-Length", "0")
        headers["Connection"] = "Upgrade" if self.asks_for_upgrade else "close"
        host, browser = headers.get("Host", ""), cast(Any, self.browser.context)
        for name, value in (
            ("For", browser.remote_ip),
            ("Port", str(split_host_and_port(host)[1] or 80)),
            ("Proto", "http"),
        ):
            headers[f"X-Forwarded-{name}"] = ",".join(filter(None, (headers.get(f"X-Forwarded-{name}"), value)))
        headers.setdefault("X-Forwarded-Host", host)
        return headers

    async def _ask(self, target: SplitResult, start: Any, headers: HTTPHeaders, code: int | None = None) -> None:
        """Asks a server, and passes on its answer.

        Args:
            code: of an error whose page is asked for; None for the browser's own request.
        """
        parameters = HTTP1ConnectionParameters(no_keep_alive=True, max_body_size=2**63)
        server = HTTP1Connection(await connect(target), True, parameters)
        sending = asyncio.ensure_future(self._send(server, start, headers, is_own=code is None))
        try:
            await server.read_response(Answer(self, server, code))
        finally:
            sending.cancel()
            server.close()
        if not self.has_begun:
            raise Refused(503)
        if not self.has_ended and self.upgraded is None:
            self.browser.close()  # so that the browser doesn't take a part for the whole

    async def _send(self, server: HTTP1Connection, start: Any, headers: HTTPHeaders, *, is_own: bool) -> None:
        with contextlib.suppress(StreamClosedError):
            await server.write_headers(start, headers)
            if is_own:
                self._server.set_result(server)
                await self._body_is_here.wait()
            server.finish()

    async def _refuse(self, refused: Refused) -> None:
        """Answers with the hub's page for an error, or with a bare status if there is none."""
        code, errors = refused.code, self.front.errors
        if self.has_begun:
            self.browser.close()
            return
        await self._drop_body()
        if code in (404, 503):
            path = f"{errors.path.rstrip('/')}/{code}?url={quote(self.start.path.partition('?')[0])}"
            method = "HEAD" if self.start.method == "HEAD" else "GET"
            headers = HTTPHeaders({"Host": errors.netloc, "Connection": "close"})
            with contextlib.suppress(OSError, ValueError, HTTPOutputError, Refused):
                async with asyncio.timeout(CONNECT_WITHIN_S):
                    await self._ask(errors, RequestStartLine(method, path, "HTTP/1.1"), headers, code)
                return
        if not self.has_begun:
            headers = HTTPHeaders(
                {"Content-Length": "0"} | ({"Location": refused.location} if refused.location else {})
            )
            self.begin(ResponseStartLine("HTTP/1.1", code, _REASONS[code]), headers)
            self.end()

    async def _drop_body(self) -> None:
        """Waits for the end of a small body. Clients that still send when the connection closes miss the answer."""
        if not self._server.done():
            self._server.set_result(None)
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" not in self.headers and length.isdecimal() and int(length) <= SMALL_BODY:
            await self._body_is_here.wait()

    def begin(self, start: ResponseStartLine, headers: HTTPHeaders) -> asyncio.Future[None]:
        """Begins the answer."""
        self.has_begun = True
        if start.code < 300:
            self.front.routes.update_last_activity(self._prefix)
        return self.browser.write_headers(start, headers)

    def end(self) -> None:
        """Ends the answer."""
        self.has_ended = True
        self.browser.finish()

    async def _tunnel(self, browser: IOStream, server: IOStream) -> None:
        """Passes on what both sides of a WebSocket connection send, until one of them ends it."""

        async def pass_on(source: IOStream, sink: IOStream) -> None:
            try:
                while True:
                    piece = await source.read_bytes(PIECE, partial=True)
                    if len(piece) > _PING:
                        self.front.routes.update_last_activity(self._prefix)
                    await sink.write(piece)
            except StreamClosedError:
                source.close()
                sink.close()

        await asyncio.gather(pass_on(browser, server), pass_on(server, browser))


class Answer(HTTPMessageDelegate):
    """The answer to an exchange's request, as it arrives from a server.

    Args:
        code: the status for the browser, instead of the server's.
    """

    def __init__(self, exchange: Exchange, server: HTTP1Connection, code: int | None) -> None:
        self._exchange, self._server, self._code = exchange, server, code

    async def headers_received(self, start_line: Any, headers: HTTPHeaders) -> None:
        """Passes on the head. After an answer to an upgrade, the connection is no longer HTTP's."""
        exchange, is_upgrade = self._exchange, start_line.code == 101
        if is_upgrade and not exchange.asks_for_upgrade:
            raise HTTPInputError("The server changes the protocol unasked")
        if start_line.code < 200 and not is_upgrade:
            return
        for name in _OF_ONE_CONNECTION:
            headers.pop(name, None)
        if is_upgrade:
            headers["Connection"] = "Upgrade"
        with contextlib.suppress(StreamClosedError):
            start = ResponseStartLine("HTTP/1.1", self._code or start_line.code, start_line.reason)
            await exchange.begin(start, headers)
        if is_upgrade:
            exchange.upgraded = self._server.detach()

    async def data_received(self, chunk: bytes) -> None:
        """Passes on a piece of the body, and returns when it has left."""
        with contextlib.suppress(StreamClosedError):
            await self._exchange.browser.write(chunk)

    def finish(self) -> None:
        """Ends the answer."""
        self._exchange.end()

    def on_connection_close(self) -> None:
        """Leaves it to the exchange, which sees that the answer has not ended."""
