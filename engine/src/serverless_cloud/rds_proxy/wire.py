"""Messages of PostgreSQL's protocol 3: the few that a proxy has to read, and the messages that it writes itself.

Source: PostgreSQL documentation, "Frontend/Backend Protocol", sections "Message Formats" and "Message Flow".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

INT = struct.Struct("!i")
_TWO_INTS = struct.Struct("!ii")

PROTOCOL_3 = 3
CANCEL_CODE, SSL_CODE, GSS_CODE = 80877102, 80877103, 80877104
MAX_STARTUP_BYTES = 10_000  # PostgreSQL's own limit (MAX_STARTUP_PACKET_LENGTH)
MAX_LOGIN_BYTES = 65_535  # and for what a client sends during its login (PG_MAX_AUTH_TOKEN_LENGTH)
MAX_MESSAGE_BYTES = 0x3FFFFFFF  # PostgreSQL's limit for one allocation, about 1 GB
LARGE_BYTES = 65_536  # a longer message is passed on in pieces
HEAD_BYTES = 8_192  # the part of it that is read first, because it has two names
SHOWN_BYTES = 200  # of a statement, in a log

SYNC = b"S\0\0\0\4"
TERMINATE = b"X\0\0\0\4"
READY_IDLE = b"Z\0\0\0\5I"


class ProtocolError(Exception):
    """A peer sent what the protocol does not allow; `message` is what to tell it."""

    def __init__(self, text: str, code: str = "08P01") -> None:
        super().__init__(text)
        self.message = error(code, text)


def message(kind: bytes, body: bytes = b"") -> bytes:
    """One message: its type byte, its length, its body."""
    return kind + INT.pack(len(body) + 4) + body


def error(code: str, text: str, severity: str = "FATAL") -> bytes:
    """An ErrorResponse. Args: code: the SQLSTATE; severity: "ERROR", or "FATAL", after which the connection ends."""
    fields = ("S" + severity, "V" + severity, "C" + code, "M" + text)
    return message(b"E", b"".join(f.encode() + b"\0" for f in fields) + b"\0")


def error_fields(response: bytes) -> dict[str, str]:
    """The fields of a whole ErrorResponse or NoticeResponse by their letter: C the SQLSTATE, M the text."""
    parts = response[5:].split(b"\0")
    return {p[:1].decode(): p[1:].decode("utf-8", "replace") for p in parts if p}


def query(sql: str) -> bytes:
    """A simple query."""
    return message(b"Q", sql.encode() + b"\0")


def parameter_status(name: str, value: str) -> bytes:
    """Tells a client the value of one of the server's settings."""
    return message(b"S", name.encode() + b"\0" + value.encode() + b"\0")


def cancel_request(key: bytes) -> bytes:
    """The request that cancels a query. Args: key: process id and secret, as BackendKeyData gave them."""
    return _TWO_INTS.pack(8 + len(key), CANCEL_CODE) + key


def startup(parameters: dict[str, str]) -> bytes:
    """The packet that opens a connection."""
    pairs = b"".join(k.encode() + b"\0" + v.encode() + b"\0" for k, v in parameters.items())
    return _TWO_INTS.pack(len(pairs) + 9, PROTOCOL_3 << 16) + pairs + b"\0"


@dataclass(frozen=True)
class Startup:
    """A client's first packet.

    Args:
        code: CANCEL_CODE, SSL_CODE, GSS_CODE, or the protocol's version.
        parameters: user, database and settings; empty unless it opens a session.
        key: which query to cancel; empty unless it is a CancelRequest.
    """

    code: int
    parameters: dict[str, str]
    key: bytes = b""


def read_startup(inbox: bytearray) -> Startup | None:
    """Takes a first packet off the front of `inbox`; None while it is not complete.

    Raises:
        ProtocolError: it is none, or too long.
    """
    if len(inbox) < 4:
        return None
    (length,) = INT.unpack_from(inbox)
    if not 8 <= length <= MAX_STARTUP_BYTES:
        raise ProtocolError("invalid length of startup packet")
    if len(inbox) < length:
        return None
    code, body = INT.unpack_from(inbox, 4)[0], bytes(inbox[8:length])
    del inbox[:length]
    if code in (SSL_CODE, GSS_CODE):
        return Startup(code, {})
    if code == CANCEL_CODE:
        return Startup(code, {}, body)
    if code >> 16 != PROTOCOL_3:
        raise ProtocolError(f"unsupported frontend protocol {code >> 16}.{code & 0xFFFF}: server supports 3.0", "0A000")
    try:
        words = body.decode().split("\0")
    except UnicodeDecodeError:
        raise ProtocolError("invalid startup packet layout: names and values must be UTF-8") from None
    # name, value, name, value, ..., an empty name, and what follows the last terminator
    if words[-2:] != ["", ""] or len(words) % 2:
        raise ProtocolError("invalid startup packet layout: expected terminator as last byte")
    return Startup(code, dict(zip(words[:-2:2], words[1:-2:2], strict=True)))


def take(inbox: bytearray, limit_bytes: int = MAX_LOGIN_BYTES) -> bytes | None:
    """Takes one whole message off the front of `inbox`; None while it is not complete.

    Raises:
        ProtocolError: its length is impossible, or above `limit_bytes`.
    """
    if len(inbox) < 5:
        return None
    (length,) = INT.unpack_from(inbox, 1)
    if not 4 <= length <= limit_bytes:
        raise ProtocolError("invalid message length")
    if len(inbox) <= length:
        return None
    whole = bytes(inbox[: length + 1])
    del inbox[: length + 1]
    return whole


def checked(length: int) -> int:
    """The length that a message gives.

    Raises:
        ProtocolError: it is impossible.
    """
    if not 4 <= length <= MAX_MESSAGE_BYTES:
        raise ProtocolError("invalid message length")
    return length


def cut(m: bytes, start: int) -> tuple[bytes, bytes]:
    """The text from `start` to the next zero byte, and what follows it.

    Raises:
        ProtocolError: there is no zero byte.
    """
    end = m.find(b"\0", start)
    if end < 0:
        raise ProtocolError("invalid string in message")
    return m[start:end], m[end + 1 :]


def excerpt(sql: bytes) -> str:
    """The beginning of a statement, for a log."""
    text = sql[:SHOWN_BYTES].decode("utf-8", "replace").rstrip("\0")
    return text if len(sql) <= SHOWN_BYTES else text + " ..."
