"""The service over HTTP. A student's token opens the student's own data, the instructor's token the page.

    POST   api/progress      student      one check; whose it is comes from the token
    GET    api/mine          student      all that is kept of this student
    DELETE api/mine          student      removes it
    GET    api/board         instructor   the page's data; ?module=05-rds-proxy&since=VERSION (204: nothing new)
    GET    checks.csv        instructor   every check, without names
    GET    grades.csv        instructor   points by name
    GET    ""                anybody      the page, which holds nothing of anybody; it asks for api/board

Tokens come as `Authorization: Bearer ...`, and in no other way. The page takes the instructor's token from its own
address, where it comes after the # that no browser sends, and keeps it for its tab. There is no cookie, since browsers
would also send it to other programs on this machine.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler

from serverless_first import course
from serverless_first.course import Course, UnknownModule
from serverless_first.teach.board import event, exports, view
from serverless_first.teach.board.addresses import name_of_this_machine
from serverless_first.teach.board.keys import FILE as SECRET, Keys, Who
from serverless_first.teach.board.store import Store

PREFIX = "/board/"
LARGEST_BODY = 8_000
IDLE_S = 10.0
"""How long a connection may wait for the whole of a request, in seconds; the page asks every two."""
AT_ONCE, PER_S = 200, 5
"""Checks of one student that are taken at once, and then in a second. Refused checks are sent later."""
_STATIC = Path(__file__).parent / "static"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Server": "board",
}


class CannotServe(RuntimeError):
    """The board cannot be started; the message says why."""


class Board:
    """The state that all requests share.

    Args:
        store: what is kept.
        keys: whose token is whose.
        prefix: the path in front of all addresses, with a slash at both ends.
    """

    def __init__(self, store: Store, keys: Keys, the_course: Course, prefix: str = PREFIX) -> None:
        self.store, self.keys, self.course, self.prefix = store, keys, the_course, prefix
        self._start = secrets.token_hex(4)
        self._allowed: dict[str, tuple[float, float]] = {}

    def has_room(self, student: str) -> bool:
        """Whether one more check of a student is taken now: a loop of one does not keep the others waiting."""
        now = time.monotonic()
        left, since = self._allowed.get(student, (float(AT_ONCE), now))
        left = min(float(AT_ONCE), left + (now - since) * PER_S)
        self._allowed[student] = (left - 1 if left >= 1 else left, now)
        return left >= 1

    @property
    def version(self) -> str:
        """A version that changes with each change, and with each start."""
        return f"{self._start}-{self.store.changes}"

    def application(self) -> Application:
        """The addresses of the board."""
        mine = {"the": self}
        paths: list[tuple[str, type[RequestHandler], dict[str, Any]]] = [
            ("api/progress", _Progress, mine),
            ("api/mine", _Mine, mine),
            ("api/board", _BoardData, mine),
            ("checks.csv", _Checks, mine),
            ("grades.csv", _Grades, mine),
            *((name, _File, mine) for name in _File.KINDS),
        ]
        routes: list[Any] = [(re.escape(self.prefix + path), *r) for path, *r in paths]
        if self.prefix != "/":
            routes.append(("/", _Root, mine))
        return Application(routes, default_handler_class=_NotThere, default_handler_args=mine)


class _Handler(RequestHandler):
    """Says what is wrong as JSON, and never more than that."""

    def initialize(self, the: Board) -> None:
        self.the = the

    def set_default_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    def write_error(self, status_code: int, **more: Any) -> None:
        del status_code
        error = more.get("exc_info", (None, None, None))[1]
        message = error.log_message if isinstance(error, HTTPError) else None
        self.finish({"error": message.replace("%%", "%") if message else self._reason})  # HTTPError doubles them

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if not isinstance(value, HTTPError):  # what a client did wrong is the client's to read
            super().log_exception(typ, value, tb)

    def who(self) -> Who | None:
        """Whose token came with the request."""
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return self.the.keys.who(token.strip()) if scheme.lower() == "bearer" else None

    def student(self) -> str:
        """The student whose token came; 401 without a token, 403 with the instructor's."""
        who = self.who()
        if who is None:
            raise HTTPError(401, "This needs a student's token.")
        if who.role != "student":
            raise HTTPError(403, "This is only for students' tokens.")
        return who.name

    def instructor_only(self) -> None:
        """401 without a token, 403 with a student's."""
        who = self.who()
        if who is None:
            raise HTTPError(401, "This needs the instructor's token.")
        if who.role != "instructor":
            raise HTTPError(403, "This is only for the instructor's token.")


class _NotThere(_Handler):
    def prepare(self) -> None:
        raise HTTPError(404, "There is no such page.")


class _Root(_Handler):
    def get(self) -> None:
        self.redirect(self.the.prefix)  # a browser keeps the part after the #


class _Progress(_Handler):
    def post(self) -> None:
        name = self.student()
        if not self.the.has_room(name):
            raise HTTPError(429, "Too many checks at once. Send the rest later.")
        try:
            check = event.read(json.loads(self.request.body), self.the.course)
        except event.BadEvent as error:
            raise HTTPError(400, str(error)) from None
        except (ValueError, RecursionError):
            raise HTTPError(400, "The body is not JSON.") from None
        self.the.store.record(name, check)
        self.set_status(204)


class _Mine(_Handler):
    def get(self) -> None:
        name = self.student()
        checks = [{k: row[k] for k in row.keys() if k != "student"} for row in self.the.store.checks(student=name)]  # noqa: SIM118
        states = [{k: row[k] for k in row.keys() if k != "student"} for row in self.the.store.states(student=name)]  # noqa: SIM118
        self.finish({"student": name, "states": states, "checks": checks})

    def delete(self) -> None:
        self.finish({"removed": self.the.store.forget(self.student())})


class _BoardData(_Handler):
    def get(self) -> None:
        self.instructor_only()
        module = self.get_query_argument("module", "") or None
        version = self.the.version
        if self.get_query_argument("since", "") == version:
            self.set_status(204)
            return
        try:
            self.finish({"version": version, **view.board(self.the.store, self.the.course, module)})
        except UnknownModule:
            raise HTTPError(404, "The course has no such module.") from None


class _Checks(_Handler):
    def get(self) -> None:
        self.instructor_only()
        self.as_file("checks.csv", exports.checks_without_names(self.the.store))

    def as_file(self, name: str, text: str) -> None:
        """Sends CSV that a browser saves."""
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.finish(text)


class _Grades(_Checks):
    def get(self) -> None:
        self.instructor_only()
        self.as_file("grades.csv", exports.grades(self.the.store, self.the.course))


class _File(_Handler):
    """The page and what it loads; it holds nothing of anybody."""

    KINDS = {"": "text/html", "board.js": "text/javascript", "board.css": "text/css"}  # noqa: RUF012

    def get(self) -> None:
        name = self.request.path.rpartition("/")[2]
        self.set_header("Content-Type", f"{self.KINDS[name]}; charset=utf-8")
        self.finish((_STATIC / (name or "board.html")).read_bytes())


def serve(
    folder: Path,
    *,
    host: str,
    port: int,
    prefix: str,
    students: Sequence[str],
    ready: Callable[[str, Keys], None],
    shared_port: bool = False,
) -> None:
    """Runs the board in the foreground until it is interrupted.

    Args:
        folder: where it keeps its file and its secret; one board at a time.
        host: the address to listen on.
        port: its port; 0 takes any.
        prefix: the path in front of all addresses.
        students: names to show from the beginning.
        ready: called once it listens, with its address and its keys.
        shared_port: a class holds the port for the board (teach/classroom/ports.py).

    Raises:
        CannotServe: the port or the folder is in use, or cannot be used.
    """
    logging.getLogger("tornado.access").setLevel(logging.ERROR)  # the page asks every two seconds
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(folder / "lock", timeout=0):
            keys, store = _keys(folder), Store(folder)
            store.add_students(students)
            board = Board(store, keys, course.load(), prefix)
            try:
                asyncio.run(_serve(board, host, port, ready, shared_port=shared_port))
            finally:
                store.close()
    except Timeout:
        raise CannotServe(f"A board is already running on {folder}. Stop it, or name another folder.") from None
    except sqlite3.Error as error:
        raise CannotServe(f"{folder} cannot be used: {error}.") from error


def _keys(folder: Path) -> Keys:
    try:
        return Keys.open(folder)
    except ValueError:
        raise CannotServe(
            f"{folder / SECRET} does not hold a secret. Remove the file. The next start writes a new "
            "secret, and makes new tokens with it."
        ) from None


def http_server(board: Board) -> HTTPServer:
    """The server of a board. Clients that open connections and say little lose them soon."""
    return HTTPServer(
        board.application(),
        max_body_size=LARGEST_BODY,
        max_header_size=16_000,
        idle_connection_timeout=IDLE_S,
        body_timeout=IDLE_S,
    )


async def _serve(board: Board, host: str, port: int, ready: Callable[[str, Keys], None], *, shared_port: bool) -> None:
    try:
        sockets = bind_sockets(port, host, reuse_port=shared_port and sys.platform == "linux")
    except OSError as error:
        raise CannotServe(f"Port {port} on {host} cannot be used: {error.strerror or error}.") from error
    server = http_server(board)
    server.add_sockets(sockets)
    number = sockets[0].getsockname()[1]
    ready(f"http://{name_of_this_machine(host)}:{number}{board.prefix}", board.keys)
    await asyncio.Event().wait()
