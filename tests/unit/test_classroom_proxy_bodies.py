"""What large requests, large answers and many connections do to the class's proxy: real connections, and no hub."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import http.client
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest

pytest.importorskip("configurable_http_proxy", reason="a class needs the extra `class`")

from tests.unit.test_classroom_proxy import Proxy, a_proxy
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets, bind_unix_socket
from tornado.web import Application, RequestHandler, stream_request_body
from tornado.websocket import WebSocketHandler

from serverless_first.teach.classroom.limits import LARGE_AT_ONCE, LARGEST_BODY, SMALL_BODY

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a class runs on POSIX")
HUGE = 500_000_000
MEMORY_MB = 100
"""More than the proxy may grow by, and a fifth of one of the bodies."""


class Sum(RequestHandler):
    """Says what body it got, or sends as much as it was asked for."""

    def get(self) -> None:
        self.write(b"x" * int(self.get_query_argument("bytes", "0")))

    def post(self) -> None:
        self.write({"sum": hashlib.sha256(self.request.body).hexdigest(), "bytes": len(self.request.body)})


@stream_request_body
class Slow(RequestHandler):
    """Tells the test that a request's head has reached the seat, and answers when the body is there."""

    reached = threading.Semaphore(0)

    def prepare(self) -> None:
        self.reached.release()

    def data_received(self, chunk: bytes) -> None:
        """The body doesn't matter."""

    def post(self) -> None:
        self.write("all of it")


class Flood(WebSocketHandler):
    """Sends as much as it can."""

    async def open(self, *_: str) -> None:
        for _number in range(50):
            self.write_message(b"x" * 10_000_000, binary=True)


@contextlib.contextmanager
def servers(*sockets: socket.socket) -> Iterator[None]:
    """A server in a thread, behind all these sockets."""
    ready, loop = threading.Event(), asyncio.new_event_loop()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        rules: list[Any] = [(r".*/flood", Flood), (r".*/slow", Slow), (r"/.*", Sum)]
        HTTPServer(Application(rules), max_body_size=LARGEST_BODY, max_buffer_size=HUGE).add_sockets(sockets)
        loop.call_soon(ready.set)
        loop.run_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    """A proxy in front of a hub with a port and a seat with a Unix socket."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "student-01"))
        (hub,) = bind_sockets(0, "127.0.0.1")
        with servers(hub, bind_unix_socket(path)), a_proxy(hub=int(hub.getsockname()[1])) as running:
            running.route("", f"http://127.0.0.1:{hub.getsockname()[1]}")
            running.route("user/student-01", f"http+unix://{quote(path, safe='')}")
            yield running


def memory_mb(proxy: Proxy) -> float:
    """The most memory that the proxy has had; where the system doesn't tell, what it has now."""
    status = Path(f"/proc/{proxy.pid}/status")
    if status.exists():  # proc(5)
        return int(dict(line.split(":", 1) for line in status.read_text().splitlines())["VmHWM"].split()[0]) / 2**10
    return float(psutil.Process(proxy.pid).memory_info().rss / 2**20)


def post(proxy: Proxy, path: str, body: Any, **headers: str) -> tuple[int, bytes]:
    line = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
    with contextlib.closing(line):
        line.request("POST", path, body, headers, encode_chunked=isinstance(body, Iterator))
        answer = line.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("size", [0, 1, SMALL_BODY, SMALL_BODY + 1, 20_000_000])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_arrives_at_a_seat_as_it_was_sent(proxy: Proxy, size: int, announced: bool) -> None:
    body = os.urandom(size)
    pieces = iter([body[at : at + 50_000] for at in range(0, size, 50_000)])
    headers = {} if announced else {"Transfer-Encoding": "chunked"}
    status, answer = post(proxy, "/user/student-01/api", body if announced else pieces, **headers)
    assert status == 200, answer
    assert hashlib.sha256(body).hexdigest().encode() in answer


@pytest.mark.parametrize(("path", "size"), [("/hub/login", SMALL_BODY + 1), ("/user/student-01/x", LARGEST_BODY + 1)])
def test_a_body_that_is_too_large_is_refused_before_it_arrives(proxy: Proxy, path: str, size: int) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=30) as line:
        line.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        assert line.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_body_whose_length_was_not_announced_ends_where_the_limit_is(proxy: Proxy) -> None:
    pieces = iter([b"x" * 20_000] * 10)
    with contextlib.suppress(ConnectionError):  # a closed connection, if the answer came before the end of the body
        assert post(proxy, "/hub/login", pieces, **{"Transfer-Encoding": "chunked"})[0] == 400


@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1",
        "GET http://x/hub HTTP/1.1\r\nHost: x",
    ],
)
def test_a_request_that_servers_may_read_in_two_ways_is_refused(proxy: Proxy, head: str) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=30) as line:
        line.sendall(f"{head}\r\n\r\n".encode())
        assert line.recv(1000).startswith(b"HTTP/1.1 400 ")


def send_huge(proxy: Proxy, path: str) -> int:
    """Sends as much of 500 MB as the proxy takes; the number of bytes."""
    sent = 0
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=3) as line, contextlib.suppress(OSError):
        line.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        while sent < HUGE:
            line.sendall(b"f4240\r\n" + b"x" * 1_000_000 + b"\r\n")
            sent += 1_000_000
    return sent


@pytest.mark.parametrize("path", ["/hub/login", "/user/student-01/x"])
def test_eight_bodies_of_500_mb_do_not_fill_the_proxy(proxy: Proxy, path: str) -> None:
    """What ended the proxy in November 2026: it held each body as a whole, up to 512 MB."""
    before_mb = memory_mb(proxy)
    with ThreadPoolExecutor(8) as strangers:
        sending = [strangers.submit(send_huge, proxy, path) for _ in range(8)]
        assert post(proxy, path, b"lamps")[0] == 200  # meanwhile
        assert max(each.result() for each in sending) < HUGE
    assert memory_mb(proxy) < before_mb + MEMORY_MB
    assert post(proxy, path, b"lamps")[0] == 200


def test_only_two_large_bodies_at_a_time_reach_a_seat_and_small_ones_pass_them(proxy: Proxy) -> None:
    head = f"POST /user/student-01/slow HTTP/1.1\r\nHost: x\r\nContent-Length: {SMALL_BODY + 1}\r\n\r\n".encode()
    with contextlib.ExitStack() as undo:
        for _ in range(LARGE_AT_ONCE):
            slow = undo.enter_context(socket.create_connection(("127.0.0.1", proxy.port), timeout=30))
            slow.sendall(head + b"x" * SMALL_BODY)  # all but the last byte
            assert Slow.reached.acquire(timeout=30)
        third = undo.enter_context(socket.create_connection(("127.0.0.1", proxy.port), timeout=30))
        third.sendall(head + b"x" * (SMALL_BODY + 1))
        for _ in range(3):
            assert post(proxy, "/user/student-01/x", b"x" * SMALL_BODY)[0] == 200
        third.setblocking(False)
        with pytest.raises(BlockingIOError):
            third.recv(1)
        third.settimeout(30)
        slow.sendall(b"x")
        assert third.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.thorough
def test_answers_that_nobody_reads_do_not_fill_the_proxy(proxy: Proxy) -> None:
    before_mb = memory_mb(proxy)
    with contextlib.ExitStack() as undo:
        for path in ("/user/student-01/x?bytes=200000000",) * 2 + ("/user/student-01/flood",) * 2:
            line = undo.enter_context(socket.create_connection(("127.0.0.1", proxy.port), timeout=30))
            line.sendall(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            assert line.recv(12) in (b"HTTP/1.1 200", b"HTTP/1.1 101")
        assert post(proxy, "/user/student-01/x", b"lamps")[0] == 200
        assert memory_mb(proxy) < before_mb + MEMORY_MB


def test_a_large_answer_arrives_whole(proxy: Proxy) -> None:
    line = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
    with contextlib.closing(line):
        for size in (30_000_000, 10):  # both on one connection
            line.request("GET", f"/user/student-01/x?bytes={size}")
            assert len(line.getresponse().read()) == size


@pytest.mark.thorough
def test_connections_beyond_the_most_are_closed_and_the_others_served(proxy: Proxy) -> None:
    from serverless_first.teach.classroom.limits import MOST_CONNECTIONS

    with contextlib.ExitStack() as undo:
        undo.enter_context(contextlib.closing(first := http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)))
        first.request("GET", "/user/student-01/x")
        assert first.getresponse().read() == b""
        closed = 0
        for _ in range(MOST_CONNECTIONS + 50):
            line = undo.enter_context(socket.create_connection(("127.0.0.1", proxy.port), timeout=30))
            line.setblocking(False)
        first.request("GET", "/user/student-01/x?bytes=3")  # a browser that was there keeps its connection
        assert first.getresponse().read() == b"xxx"
        with contextlib.suppress(BlockingIOError):
            closed = line.recv(1) == b""
        assert closed


def test_no_stranger_fills_the_proxys_interface_for_the_hub(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.api_port), timeout=30) as line:
        line.sendall(f"POST /api/routes/x HTTP/1.1\r\nHost: x\r\nContent-Length: {SMALL_BODY + 1}\r\n\r\n".encode())
        assert line.recv(1000).startswith(b"HTTP/1.1 400 ")
