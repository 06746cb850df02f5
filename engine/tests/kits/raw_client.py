"""A client that speaks PostgreSQL's protocol byte by byte, so that it can also misbehave.

The messages are those of PostgreSQL's manual, "Frontend/Backend Protocol", protocol 3.0.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from scramp import ScramClient  # type: ignore[import-untyped]  # pg8000 brings it

from kits.proxy_kit import LIMIT_S, SHOP, Endpoint

PROTOCOL_3 = 196608
SSL_REQUEST = 80877103
CANCEL_REQUEST = 80877102


@dataclass(frozen=True)
class Message:
    """One message from the server."""

    kind: str
    body: bytes

    @property
    def fields(self) -> dict[str, str]:
        """Of an ErrorResponse or NoticeResponse: its fields."""
        return {part[:1].decode(): part[1:].decode() for part in self.body.split(b"\0") if part}

    def brief(self) -> str:
        """Its kind, with the SQLSTATE of an error, the state of ReadyForQuery, the tag of CommandComplete."""
        if self.kind == "E":
            return f"E {self.fields['C']}"
        if self.kind == "Z":
            return f"Z {self.body.decode()}"
        return f"C {self.body[:-1].decode()}" if self.kind == "C" else self.kind


def message(kind: bytes, body: bytes = b"") -> bytes:
    """A message of the client."""
    return kind + struct.pack("!i", len(body) + 4) + body


def query(text: str) -> bytes:
    """A simple query."""
    return message(b"Q", text.encode() + b"\0")


def parse(name: str, text: str) -> bytes:
    """Parse, without types for its parameters."""
    return message(b"P", name.encode() + b"\0" + text.encode() + b"\0\0\0")


def bind(portal: str, statement: str, parameters: Iterable[str] = ()) -> bytes:
    """Bind with parameters as text."""
    values = [each.encode() for each in parameters]
    packed = b"".join(struct.pack("!i", len(each)) + each for each in values)
    names = portal.encode() + b"\0" + statement.encode() + b"\0"
    return message(b"B", names + b"\0\0" + struct.pack("!h", len(values)) + packed + b"\0\0")


def execute(portal: str = "", rows: int = 0) -> bytes:
    """Execute; `rows` is the limit, 0 for none."""
    return message(b"E", portal.encode() + b"\0" + struct.pack("!i", rows))


def describe(what: str, name: str = "") -> bytes:
    """Describe a statement ("S") or a portal ("P")."""
    return message(b"D", what.encode() + name.encode() + b"\0")


def close(what: str, name: str = "") -> bytes:
    """Close a statement ("S") or a portal ("P")."""
    return message(b"C", what.encode() + name.encode() + b"\0")


SYNC, FLUSH, TERMINATE = message(b"S"), message(b"H"), message(b"X")


def startup(user: str, database: str, protocol: int = PROTOCOL_3, **more: str) -> bytes:
    """The first packet."""
    pairs = {"user": user, "database": database} | more
    body = b"".join(k.encode() + b"\0" + v.encode() + b"\0" for k, v in pairs.items()) + b"\0"
    return struct.pack("!ii", len(body) + 8, protocol) + body


class RawClient:
    """A TCP connection with a few methods on it.

    Args:
        endpoint: where to.
        one_by_one: sends every byte in a packet of its own.
    """

    def __init__(self, endpoint: Endpoint, *, one_by_one: bool = False) -> None:
        self.endpoint = endpoint
        self.socket = socket.create_connection((endpoint.host, endpoint.port), LIMIT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._one_by_one = one_by_one
        self._buffer = b""
        self.key = b""

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        """Sends bytes as they are."""
        data = b"".join(parts)
        if self._one_by_one:
            for n in range(len(data)):
                self.socket.sendall(data[n : n + 1])
        else:
            self.socket.sendall(data)

    def receive(self) -> Message | None:
        """The next message; None when the other side has closed."""
        head = self._take(5)
        if head is None:
            return None
        body = self._take(struct.unpack("!i", head[1:])[0] - 4)
        return None if body is None else Message(head[:1].decode("latin1"), body)

    def until(self, *kinds: str) -> list[Message]:
        """All messages up to the first of one of these kinds, or up to the end of the connection."""
        found: list[Message] = []
        while (each := self.receive()) is not None:
            found.append(each)
            if each.kind in kinds:
                break
        return found

    def ask(self, *parts: bytes) -> list[Message]:
        """Sends, and gives what comes up to ReadyForQuery."""
        self.send(*parts)
        return self.until("Z")

    def login(self, user: str = "app", database: str = SHOP, **more: str) -> list[Message]:
        """Logs in by SCRAM-SHA-256; what came up to ReadyForQuery, or to the end after a refusal."""
        client = ScramClient(["SCRAM-SHA-256"], user, self.endpoint.passwords[user])
        self.send(startup(user, database, PROTOCOL_3, **more))
        asked = self.until("R", "E")
        if asked[-1].kind == "E":
            return asked
        first = client.get_client_first().encode()
        self.send(message(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first))
        asked = self.until("R", "E")
        if asked[-1].kind == "E":
            return asked
        client.set_server_first(asked[-1].body[4:].decode())
        self.send(message(b"p", client.get_client_final().encode()))
        found = self.until("Z")
        self.key = next((each.body for each in found if each.kind == "K"), b"")
        return found

    def closed(self) -> bool:
        """Waits until the other side has closed; False if it does not within the limit."""
        try:
            while self.receive() is not None:
                pass
        except TimeoutError:
            return False
        return True

    def reset(self) -> None:
        """Goes away without a farewell: the other side sees a reset connection."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _take(self, count: int) -> bytes | None:
        while len(self._buffer) < count:
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self._buffer += data
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken
