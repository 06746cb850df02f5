"""The front doors: what comes over the wire reaches an API as it was sent, and connections stay open."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import unquote

import pytest

from kits.http_kit import send
from serverless_cloud.http.front import BODY_BYTES, FrontDoors
from serverless_cloud.http.request import Request, Response


def _echo(request: Request) -> Response:
    if request.path == "/error":
        raise ValueError("a defect of ours")
    status = int(request.path[1:]) if request.path[1:].isdigit() else 200
    seen: dict[str, Any] = {
        "method": request.method,
        "raw_path": request.raw_path,
        "raw_query": request.raw_query,
        "headers": request.headers,
        "size": len(request.body),
        "body": request.body[:20].decode(),
    }
    lamp = unquote(request.raw_query)
    return Response(status, (("X-Same", "1"), ("X-Same", "2"), ("X-Lamp", lamp)), json.dumps(seen).encode())


@pytest.fixture
def doors() -> Iterator[FrontDoors]:
    """One door, "echo", that answers with the request that it got."""
    doors = FrontDoors()
    doors.open("echo", _echo)
    yield doors
    doors.clear()


def _raw(doors: FrontDoors, request: bytes) -> bytes:
    port = int((doors.url("echo") or "").rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while some := connection.recv(65_536):
            answer += some
    return answer


def test_a_request_reaches_the_api_as_it_was_sent(doors: FrontDoors) -> None:
    address = doors.url("echo") or ""
    got = send(address, "//a%2Fb/../c//?x=%41&&y=a+b", "PURGE", headers=[("X-Lamp", "a"), ("x-lamp", "b")])
    seen = got.json
    assert (seen["method"], seen["raw_path"], seen["raw_query"]) == ("PURGE", "//a%2Fb/../c//", "x=%41&&y=a+b")
    assert [each for each in seen["headers"] if each[0].lower() == "x-lamp"] == [["X-Lamp", "a"], ["x-lamp", "b"]]
    assert got.all("x-same") == ["1", "2"]
    assert send(address, "/error").status == 500
    split = send(address, "/?on%0D%0ASet-Cookie:%20evil=1")  # no value of a header begins another one
    assert (split.header("X-Lamp"), split.header("Set-Cookie")) == ("on  Set-Cookie: evil=1", None)
    assert send(address, headers=[("Host", "evil.example")]).status == 403
    absolute = _raw(doors, b"GET http://127.0.0.1/a?b=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b'"raw_path": "/a", "raw_query": "b=1"' in absolute
    chunked = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert b'"size": 5, "body": "abcde"' in _raw(doors, chunked)
    assert b" 400 " in _raw(doors, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: lamp\r\n\r\n")
    assert send(address, "/", "POST", b"x" * BODY_BYTES).json["size"] == BODY_BYTES
    too_long = send(address, "/", "POST", b"x" * (BODY_BYTES + 1))
    assert (too_long.status, too_long.json) == (413, {"message": "Request Too Long"})


def _status(connection: http.client.HTTPConnection) -> int | None:
    """The status of an answer; None if the connection cannot be had any more."""
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return None
    return answer.status


def test_a_connection_stays_open_and_ends_with_its_door(doors: FrontDoors) -> None:
    port = int((doors.url("echo") or "").rsplit(":", 1)[1])
    one = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(one):
        ports = set()
        for method, target, size in (
            ("POST", "/", None), ("GET", "/204", 0), ("HEAD", "/", 0), ("GET", "/304", 0), ("DELETE", "/418", None),
        ):  # fmt: skip
            one.request(method, target, b"lamp" if method == "POST" else None)
            answer = one.getresponse()
            body = answer.read()
            assert answer.status == (int(target[1:]) if len(target) > 1 else 200)
            assert len(body) == (int(answer.headers["Content-Length"]) if size is None else size)
            ports.add(one.sock.getsockname()[1])
        assert len(ports) == 1  # all over one connection
        doors.close("echo")
        assert _status(one) in (None, 404)  # closed, or closed after this answer
        assert _status(one) is None
    assert doors.url("echo") is None


def test_what_is_being_answered_is_answered_to_its_end(doors: FrontDoors) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_request: Request) -> Response:
        begun.set()
        go_on.wait(10)
        return Response(200, (), b"done")

    address = doors.open("slow", slow)
    answers: list[bytes] = []
    client = threading.Thread(target=lambda: answers.append(send(address).body))
    client.start()
    assert begun.wait(10)
    doors.close("slow")
    go_on.set()
    client.join(10)
    assert answers == [b"done"]
