"""The class's proxy with real connections: frames, subprotocols, host names. No hub is started."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("configurable_http_proxy", reason="a class needs the extra `class`")
websocket = pytest.importorskip("websocket")

from tornado.httpserver import HTTPServer  # noqa: E402
from tornado.testing import bind_unused_port  # noqa: E402
from tornado.web import Application, RequestHandler  # noqa: E402
from tornado.websocket import WebSocketHandler  # noqa: E402

from serverless_first.teach.classroom import ports  # noqa: E402

KERNELS = "v1.kernel.websocket.jupyter.org"  # the subprotocol that JupyterLab asks for
HUB = "http://class.test:8000"
FRAMES: list[bytes | str] = [bytes(range(256)), b"", b"\xff" * 70_000, "lamps", "ランプ", b"lamps", ""]


class Kernel(WebSocketHandler):
    """Sends every frame back as it came: bytes as bytes, text as text."""

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return KERNELS if KERNELS in subprotocols else None

    def on_message(self, message: str | bytes) -> None:
        if message == "end":
            self.close(4000, "the kernel has ended")
        elif message == "large":
            self.write_message(b"x" * 20_000_000, binary=True)
        else:
            self.write_message(message, binary=isinstance(message, bytes))


class Page(RequestHandler):
    """Says which server this is and what it was asked for."""

    def initialize(self, name: str) -> None:
        self.name = name

    def get(self) -> None:
        self.write({"server": self.name, "host": self.request.host, "uri": self.request.uri})


@contextlib.contextmanager
def a_server(name: str) -> Iterator[int]:
    """A student's server, or a hub, on its own port in a thread."""
    listener, port = bind_unused_port()
    ready, loop = threading.Event(), asyncio.new_event_loop()

    def serve() -> None:
        asyncio.set_event_loop(loop)
        rules: list[Any] = [(r".*/channels", Kernel), (r"/.*", Page, {"name": name})]
        HTTPServer(Application(rules, websocket_max_message_size=2**26)).add_socket(listener)
        loop.call_soon(ready.set)
        loop.run_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield port
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@dataclass
class Proxy:
    """A proxy that runs, and what JupyterHub says to it."""

    port: int
    api_port: int
    pid: int

    def route(self, path: str, target: int | str) -> None:
        target = f"http://127.0.0.1:{target}" if isinstance(target, int) else target
        data = json.dumps({"target": target}).encode()
        url = f"http://127.0.0.1:{self.api_port}/api/routes/{path}"
        request = urllib.request.Request(url, data, {"Authorization": "token secret"}, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 201

    def get(self, host: str, path: str) -> tuple[int, str]:
        """The status, and the body or the address that the answer leads to."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers={"Host": host})
        try:
            with urllib.request.build_opener(_Stay).open(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Location", "")

    def channels(self, subprotocols: Sequence[str], host: str | None = None) -> Any:
        url = f"ws://127.0.0.1:{self.port}/user/student-01/channels"
        return websocket.create_connection(
            url, timeout=10, subprotocols=subprotocols, host=host, suppress_origin=True, http_no_proxy=["*"]
        )


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@contextlib.contextmanager
def a_proxy(*options: str, hub: int = 9) -> Iterator[Proxy]:
    with contextlib.ExitStack() as undo:
        yield from _a_proxy(ports.hold(undo), ports.hold(undo), hub, options)


def _a_proxy(port: int, api_port: int, hub: int, options: Sequence[str]) -> Iterator[Proxy]:
    command = [
        *(sys.executable, "-m", "serverless_first.teach.classroom.proxy", "--strays-to", HUB),
        *("--ip", "127.0.0.1", "--port", str(port), "--api-ip", "127.0.0.1", "--api-port", str(api_port)),
        *("--error-target", f"http://127.0.0.1:{hub}/hub/error", "--log-level", "warn", *options),
    ]
    environ = os.environ | {"CONFIGPROXY_AUTH_TOKEN": "secret"}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "The proxy listens.\n"
            yield Proxy(port, api_port, process.pid)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with a_server("student-01") as port:
        yield port


@pytest.fixture(scope="module")
def proxy(server: int) -> Iterator[Proxy]:
    with a_proxy() as running:
        running.route("user/student-01", server)
        yield running


@pytest.fixture(scope="module")
def proxy_with_names(server: int) -> Iterator[Proxy]:
    with a_proxy("--host-routing") as running, a_server("hub") as hub:
        running.route("class.test", hub)
        running.route("student-01.class.test/user/student-01", server)
        yield running


@pytest.mark.parametrize("subprotocols", [[KERNELS], [], [KERNELS, "another"]])
@pytest.mark.parametrize("named", [False, True])
def test_binary_frames_stay_binary_and_text_stays_text_in_both_directions(
    request: pytest.FixtureRequest, subprotocols: list[str], named: bool
) -> None:
    proxy: Proxy = request.getfixturevalue("proxy_with_names" if named else "proxy")
    channels = proxy.channels(subprotocols, "student-01.class.test:8000" if named else None)
    assert channels.subprotocol == (KERNELS if KERNELS in subprotocols else None)
    for frame in FRAMES:
        if isinstance(frame, bytes):
            channels.send_binary(frame)
        else:
            channels.send(frame)
        kind, data = channels.recv_data()
        binary = isinstance(frame, bytes)
        assert kind == (websocket.ABNF.OPCODE_BINARY if binary else websocket.ABNF.OPCODE_TEXT)
        assert data == (frame if isinstance(frame, bytes) else frame.encode())
    channels.close()


def test_a_kernel_may_send_more_than_tornados_10_mb_at_once(proxy: Proxy) -> None:
    channels = proxy.channels([KERNELS])
    channels.send("large")
    kind, data = channels.recv_data()
    assert (kind, len(data)) == (websocket.ABNF.OPCODE_BINARY, 20_000_000)
    channels.close()


def test_a_browser_hears_that_the_server_has_closed_the_connection(proxy: Proxy) -> None:
    channels = proxy.channels([KERNELS])
    channels.send("end")
    kind, data = channels.recv_data()
    assert kind == websocket.ABNF.OPCODE_CLOSE
    assert (int.from_bytes(data[:2], "big"), data[2:]) == (4000, b"the kernel has ended")


def test_a_seat_answers_under_its_own_name_and_the_hub_under_its_own(proxy_with_names: Proxy) -> None:
    status, body = proxy_with_names.get("student-01.class.test:8000", "/user/student-01/lab%2Ftree?a=%2F&b")
    assert status == 200
    assert json.loads(body) == {
        "server": "student-01",
        "host": "student-01.class.test:8000",
        "uri": "/user/student-01/lab%2Ftree?a=%2F&b",
    }
    status, body = proxy_with_names.get("CLASS.test:8000", "/hub/login")
    assert (status, json.loads(body)["server"]) == (200, "hub")
    status, body = proxy_with_names.get("class.test:8000", "/user/student-01/lab")  # not under the hub's name
    assert (status, json.loads(body)["server"]) == (200, "hub")


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("student-01.class.test:8000", "/hub/home"),  # a page of the seat may not share an origin with the hub
        ("student-01.class.test:8000", "/user/student-02/lab"),
        ("student-02.class.test:8000", "/user/student-01/lab"),  # a server that does not run
        ("other.test", "/hub/login?next=%2Fhub%2Fhome"),  # a name of somebody else that leads here
        ("127.0.0.1:8000", "/"),
    ],
)
def test_under_any_other_name_there_is_only_the_way_to_the_hub(proxy_with_names: Proxy, host: str, path: str) -> None:
    assert proxy_with_names.get(host, path) == (302, HUB + path)


def test_a_proxy_that_does_not_know_its_routes_yet_does_not_send_browsers_in_a_circle() -> None:
    with a_proxy("--host-routing") as running:
        assert running.get("class.test:8000", "/hub/home")[0] == 503
        assert running.get("student-01.class.test:8000", "/") == (302, HUB + "/")


def test_a_refused_request_with_a_body_gets_its_answer_and_keeps_the_connection(proxy_with_names: Proxy) -> None:
    """A connection that is closed before it has all of the body is reset, and the answer is lost."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", proxy_with_names.port, timeout=10)) as line:
        for _ in range(2):
            line.putrequest("POST", "/x", skip_host=True)
            line.putheader("Host", "student-02.class.test:8000")
            line.putheader("Content-Length", "10")
            line.endheaders(b"lamps")
            line.send(b"lamps")
            answer = line.getresponse()
            assert (answer.status, answer.getheader("Location"), answer.read()) == (302, f"{HUB}/x", b"")
            assert line.sock is not None  # http.client would open another one
