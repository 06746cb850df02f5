"""A server that speaks just enough of PostgreSQL's protocol to break it."""

from __future__ import annotations

import contextlib
import re
import socketserver
import struct
import threading
import time
from collections.abc import Callable
from typing import TypeAlias

from kits.raw_client import message

AUTHENTICATED, READY = message(b"R", struct.pack("!i", 0)), message(b"Z", b"I")
DONE, NOTICE = message(b"C", b"SELECT 1\0"), message(b"N", b"\0")
SHUTDOWN = message(b"E", b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0")
NEGATIVE_LENGTH = b"T" + struct.pack("!i", -1)
LoginFault: TypeAlias = "Callable[[_Session], None]"


class _Session(socketserver.StreamRequestHandler):
    """One connection. Logs in everyone except the roles of `login_faults`."""

    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, struct.error):
            (length,) = struct.unpack("!i", self.rfile.read(4))
            words = self.rfile.read(length - 4)[4:].decode().split("\0")
            if "user" not in words:  # a request to cancel
                return
            fault = self.server.login_faults.get(words[words.index("user") + 1])
            if fault is not None:
                fault(self)
                self.rfile.read()  # until the proxy hangs up
                return
            self.wfile.write(AUTHENTICATED + message(b"K", b"12345678") + READY)
            while self.rfile.read(1) == b"Q":
                (length,) = struct.unpack("!i", self.rfile.read(4))
                sql = self.rfile.read(length - 4)
                if b"ends" in sql:
                    self.wfile.write(DONE + READY + SHUTDOWN)
                    return
                self.wfile.write(NEGATIVE_LENGTH if b"break" in sql else DONE + READY)
                if b"twice" in sql:
                    self.wfile.write(READY)
                if b"later" in sql:
                    time.sleep(0.05)  # the connection has gone back by then
                    self.wfile.write(NOTICE + READY)


def negative_length(session: _Session) -> None:
    """Announces a message of -1 bytes."""
    session.wfile.write(NEGATIVE_LENGTH)


def no_code(session: _Session) -> None:
    """Asks for an authentication without saying which."""
    session.wfile.write(message(b"R"))


def scram_rounds(count: str) -> LoginFault:
    """Asks for so many rounds of SCRAM-SHA-256."""

    def ask(session: _Session) -> None:
        session.wfile.write(message(b"R", struct.pack("!i", 10) + b"SCRAM-SHA-256\0\0"))
        kind_and_length = session.rfile.read(5)
        first = session.rfile.read(struct.unpack("!i", kind_and_length[1:])[0] - 4)
        nonce = re.search(rb"r=([^,]+)", first)
        assert nonce is not None
        challenge = b"r=%sserver,s=c2FsdA==,i=%s" % (nonce[1], count.encode())
        session.wfile.write(message(b"R", struct.pack("!i", 11) + challenge))

    return ask


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, login_faults: dict[str, LoginFault]) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.login_faults = login_faults


class BrokenServer:
    """Runs until it is closed.

    Args:
        login_faults: what it does to the login of these roles; it lets all others in, and answers their queries. To a
            query with the word "break" it sends a message of -1 bytes. After "twice" it is ready twice, after "later"
            it is ready again when nobody has asked. With the answer to "ends", it says that it shuts down.
    """

    def __init__(self, login_faults: dict[str, LoginFault] | None = None) -> None:
        self._server = _Server(login_faults or {})
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
