"""A board on a free port, in a thread of the test, and students who send to it."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import random
import threading
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tornado.testing import bind_unused_port

from serverless_first import course
from serverless_first.course.chromium import arguments, find_chromium
from serverless_first.teach.board.keys import Keys
from serverless_first.teach.board.server import Board, http_server
from serverless_first.teach.board.store import Store

NAMES = [
    *("Abe Haruto", "佐藤 さくら", "O'Brien, Pat", '"Q" Quill', "=HYPERLINK(1)", "<img src=x onerror=alert(1)>"),
    *("Aiko Mori", "Ben Okafor", "Chen Wei", "Dana Levi", "Emil Novák", "Fatima Zahra", "Gus & Sons", "Hana Kim"),
    *("Ines Ferreira", "Jan Kowalski", "Kenji Ōta", "Lena Groß", "Maximiliana von und zu Hohenlohe-Langenburg", "Noor"),
]


class Answer:
    """What came back: a status, headers and a text."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Running:
    """A board that listens; `folder` is where it keeps its file."""

    def __init__(self, url: str, keys: Keys, folder: Path) -> None:
        self.url, self.keys, self.folder = url, keys, folder

    def ask(
        self,
        path: str,
        token: str = "",
        *,
        method: str = "GET",
        body: object = None,
        raw: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; redirects are not followed."""
        data = raw or (None if body is None else json.dumps(body).encode())
        request = urllib.request.Request(self.url + path, data, dict(headers or {}), method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        opener = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def send(self, student: str, **fields: object) -> Answer:
        """A check of a student."""
        return self.ask("api/progress", self.keys.student(student), method="POST", body=event(**fields))

    def send_all(self, sent: Sequence[tuple[str, dict[str, object]]]) -> None:
        """Checks of many students, over one connection."""
        place = urllib.parse.urlsplit(self.url)
        with contextlib.closing(http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)) as connection:
            for name, each in sent:
                headers = {"Authorization": f"Bearer {self.keys.student(name)}"}
                connection.request("POST", f"{place.path}api/progress", json.dumps(each), headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 204

    def shown(self, module: str = "05-rds-proxy") -> Any:
        """What the page is told."""
        answer = self.ask(f"api/board?module={module}", self.keys.instructor())
        assert answer.status == 200
        return answer.json

    def stored(self) -> bytes:
        """Every byte that the board has on disk, its secret left out."""
        return b"".join(file.read_bytes() for file in sorted(self.folder.glob("board.sqlite*")))


@contextmanager
def running(folder: Path, students: Sequence[str] = (), port: int = 0, prefix: str = "/board/") -> Iterator[Running]:
    """A board; what it had in this folder before is there again."""
    ready: list[Any] = []
    listens = threading.Event()

    async def serve() -> None:
        store = Store(folder)
        store.add_students(students)
        keys = Keys.open(folder)
        server = http_server(Board(store, keys, course.load(), prefix))
        if port:
            server.listen(port, "127.0.0.1")
        else:
            sock, _ = bind_unused_port()
            server.add_sockets([sock])
        number = port or sock.getsockname()[1]
        stop = asyncio.Event()
        ready[:] = [Running(f"http://127.0.0.1:{number}{prefix}", keys, folder), asyncio.get_running_loop(), stop]
        listens.set()
        await stop.wait()
        server.stop()
        await server.close_all_connections()
        store.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert listens.wait(60)
    yield ready[0]
    ready[1].call_soon_threadsafe(ready[2].set)
    thread.join(60)


def event(**fields: object) -> dict[str, object]:
    """A failed check of task 5.1, with other fields if given."""
    return {
        "id": uuid.uuid4().hex,
        "module": "05-rds-proxy",
        "task": "5.1",
        "passed": False,
        "tries": 1,
        "hints": 0,
        "message": "The proxy takes 60 of 60 seats. It may have half of them.",
        "when": "2026-11-25T14:40:00Z",
        **fields,
    }


def names(students: int) -> list[str]:
    """So many names, the awkward ones first."""
    return [NAMES[n] if n < len(NAMES) else f"Student {n + 1}" for n in range(students)]


def a_class(students: int, seed: int = 1) -> list[tuple[str, dict[str, object]]]:
    """Who sends what in a lesson, in order: some pass at once, some are stuck, some have not begun."""
    choose = random.Random(seed)
    module = course.load().module("05")
    sent = []
    for name in names(students):
        pace = choose.random()
        for place, task in enumerate(module.tasks):
            if pace < 0.15 + 0.2 * place:
                break
            needed = choose.choice([1, 1, 1, 2, 2, 3, 4, 6, 9])
            stays = needed > 4 or choose.random() < 0.15
            for tries in range(1, needed + 1):
                passed = tries == needed and not stays
                message = "" if passed else choose.choice(MESSAGES)
                hints = min(3, tries // 3)
                sent.append((name, event(task=task.id, passed=passed, tries=tries, hints=hints, message=message)))
            if stays:
                break
    return sent


MESSAGES = [
    "The proxy takes 60 of 60 seats. It may have half of them.",
    "The proxy takes 45 of 60 seats. It may have half of them.",
    "After the burst the administrator is refused.",
    "search still pins. A larger pool (80 %) hides it until more customers come.",
    "Customers are turned away after 2 s, though a connection would have been free soon.",
    "<script>alert(1)</script> is no message, & this one shows it as it is.",
]


@contextmanager
def a_chromium() -> Iterator[Any]:
    """A Chromium that Playwright drives; the test is skipped where Playwright is not installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=find_chromium(), args=arguments())
        yield chromium
        chromium.close()
