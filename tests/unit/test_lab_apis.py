"""What checks of API tasks share, as far as it needs no cloud."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from serverless_first import course
from serverless_first.lab import Attempt, CheckFailed
from serverless_first.lab.apis import Answered, http_event, send


def test_an_event_looks_like_that_of_an_http_api() -> None:
    event = http_event("GET /orders/{order_key}", order_key="ord-1")
    assert (event["rawPath"], event["pathParameters"], "body" in event) == (
        "/orders/ord-1",
        {"order_key": "ord-1"},
        False,
    )
    posted = http_event("POST /orders", {"lamp": "Tsuki"})
    assert json.loads(posted["body"]) == {"lamp": "Tsuki"}
    assert posted["requestContext"]["http"]["method"] == "POST"
    assert http_event("POST /orders", "lamp=Tsuki")["body"] == "lamp=Tsuki"


def test_an_answer_may_have_more_than_what_is_wanted() -> None:
    got = Answered("GET /orders", 200, {"lamp": "Tsuki", "quantity": 2})
    assert got.has({"lamp": "Tsuki"})
    assert not got.has({"lamp": "Hoshi"})
    assert not Answered("GET /orders", 502, "no JSON").has({})
    assert str(got) == '200 {"lamp": "Tsuki", "quantity": 2}'


@dataclass(frozen=True)
class Asked:
    """A request as the API got it."""

    verb: str
    path: str
    content_type: str
    other: str
    body: str


class Api:
    """An API on this machine: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.status, self.answer = 200, b"{}"
        self.address = ""


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            kinds = ", ".join(self.headers.get_all("Content-Type", []))
            api.asked.append(Asked(self.command, self.path, kinds, self.headers.get("X-Api-Key", ""), body))
            self.send_response(api.status)
            self.send_header("Content-Length", str(len(api.answer)))
            self.end_headers()
            self.wfile.write(api.answer)

        do_GET = do_PUT = do_DELETE = do_POST

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    api.address = f"http://127.0.0.1:{server.server_port}/prod"
    yield api
    server.shutdown()
    server.server_close()
    thread.join()


ATTEMPT = Attempt(course.load().module("08").tasks[0])


@pytest.mark.parametrize(
    ("body", "headers", "kind", "sent"),
    [
        ({"lamp": "Tsuki"}, {}, "application/json", '{"lamp": "Tsuki"}'),
        ([1, 2], {}, "application/json", "[1, 2]"),
        ('{"lamp": ', {}, "application/json", '{"lamp": '),  # broken on purpose
        ("lamp,quantity", {"Content-Type": "text/csv"}, "text/csv", "lamp,quantity"),
        (
            "lamp=Tsuki",
            {"Content-Type": "application/x-www-form-urlencoded", "X-Api-Key": "k-1"},
            "application/x-www-form-urlencoded",
            "lamp=Tsuki",
        ),
        ({"lamp": "Tsuki"}, {"X-Api-Key": "k-1"}, "application/json", '{"lamp": "Tsuki"}'),
        (None, {}, "application/json", ""),
    ],
)
def test_a_request_is_json_unless_its_headers_say_otherwise(
    api: Api, body: object, headers: dict[str, str], kind: str, sent: str
) -> None:
    send(ATTEMPT, api.address, "POST", "/orders", body, **headers)
    assert api.asked == [Asked("POST", "/prod/orders", kind, headers.get("X-Api-Key", ""), sent)]


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE"])
def test_a_request_without_a_body_has_its_verb_and_path(api: Api, verb: str) -> None:
    got = send(ATTEMPT, api.address, verb, "/orders/ord-1")
    assert [(asked.verb, asked.path, asked.body) for asked in api.asked] == [(verb, "/prod/orders/ord-1", "")]
    assert got.called == f"{verb} /orders/ord-1"


def test_messages_show_what_was_sent(api: Api) -> None:
    got = send(ATTEMPT, api.address, "POST", "/orders", {"lamp": "Tsuki"}, **{"X-Api-Key": "k-1"})
    assert got.called == 'POST /orders with {"lamp": "Tsuki"}, X-Api-Key: k-1'
    assert send(ATTEMPT, api.address, "POST", "/orders", "lamp=Tsuki").called == "POST /orders with lamp=Tsuki"


@pytest.mark.parametrize(
    ("status", "answer", "body"),
    [
        (202, b'{"order_key": "ord-1"}', {"order_key": "ord-1"}),
        (400, b'"no lamp"', "no lamp"),
        (502, b"Bad Gateway", "Bad Gateway"),
        (204, b"", ""),
    ],
)
def test_an_answer_has_its_status_and_its_body_from_json_or_as_text(
    api: Api, status: int, answer: bytes, body: object
) -> None:
    api.status, api.answer = status, answer
    got = send(ATTEMPT, api.address, "GET", "/orders")
    assert (got.status, got.body) == (status, body)


def test_an_api_that_does_not_answer_fails_the_check() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: a port that refuses
        with pytest.raises(CheckFailed, match=r"The API does not answer.*called: GET /orders \| came back: Connection"):
            send(ATTEMPT, f"http://127.0.0.1:{nobody.getsockname()[1]}", "GET", "/orders")
