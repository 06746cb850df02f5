"""The prepared statements of a database connection, and their names.

A client prepares a statement once and runs it later, perhaps on another connection. So the proxy gives each statement
its own name, the same for the same text, remembers which connections know it, and prepares it again where a connection
does not. The names that clients choose never reach the database.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from serverless_cloud.rds_proxy import wire

KEPT = 500  # statements on one connection; the one unused for longest makes room
PREFIX = b"rp_"
NOTHING = PREFIX + b"none"  # the name of a statement that never exists
CLOSE_NOTHING = wire.message(b"C", b"S" + NOTHING + b"\0")  # PostgreSQL answers CloseComplete whatever the name is
_DIGEST_BYTES = 12
# Statements with these tags may change the columns or the parameters of a statement that is prepared already.
_SCHEMA_TAGS = (b"ALTER ", b"DROP ", b"CREATE VIEW\0")
LARGE = b"\xff"  # instead of a body that is too large to be kept: a real one has at least three bytes

_numbers = itertools.count(1)


@dataclass
class Schema:
    """Counts the changes of the schema that clients make through the proxy.

    PostgreSQL keeps the types of a prepared statement's parameters. A client that prepares the same text after a change
    expects the new types, so the statement must not share its name with the one from before.
    """

    version: int = 0

    def key_of(self, body: bytes) -> bytes:
        """The proxy's own name for a statement. Args: body: a Parse message after the client's name."""
        digest = hashlib.blake2b(b"%d " % self.version + body, digest_size=_DIGEST_BYTES)
        return PREFIX + digest.hexdigest().encode()


class Statement(NamedTuple):
    """A statement of the client. Args: key: its name at the database; body: its Parse message, after the name."""

    key: bytes
    body: bytes


def private_key() -> bytes:
    """A name that no other client's statement shares, since what it means depends on this client's settings."""
    return PREFIX + b"%x" % next(_numbers)


def changes_schema(data: bytes, tag_at: int) -> bool:
    """Whether a CommandComplete may mean that. Args: tag_at: where its tag begins in `data`."""
    return data.startswith(_SCHEMA_TAGS, tag_at)


def parse(name: bytes, body: bytes) -> bytes:
    """A Parse message."""
    return wire.message(b"P", name + b"\0" + body)


def close(name: bytes) -> bytes:
    """A Close message for a statement."""
    return wire.message(b"C", b"S" + name + b"\0")


@dataclass
class Known:
    """The prepared statements of one database connection.

    Only what PostgreSQL has confirmed counts: after an error it skips everything up to the next Sync, and what the
    proxy has sent may be among it.

    Args:
        named: whether PostgreSQL has confirmed each statement, by the proxy's names, the one used last at the end.
            False means that the statement may or may not be there.
        unnamed: the body of the unnamed statement, empty if there is none, None if that is not certain.
    """

    named: OrderedDict[bytes, bool] = field(default_factory=OrderedDict)
    unnamed: bytes | None = None

    def use(self, key: bytes) -> bool:
        """Whether the statement is certainly there; notes that it was used."""
        if not self.named.get(key):
            return False
        self.named.move_to_end(key)
        return True

    def expect(self, key: bytes) -> list[bytes]:
        """Notes that a statement is about to be prepared; returns the ones to close if there are too many."""
        self._put(key, is_confirmed=False)
        return [self.named.popitem(last=False)[0] for _ in range(len(self.named) - KEPT)]

    def confirm(self, key: bytes) -> None:
        """PostgreSQL has prepared the statement."""
        self._put(key, is_confirmed=True)

    def confirm_closed(self, key: bytes) -> None:
        """PostgreSQL has closed the statement."""
        self.named.pop(key, None)

    def restore(self, key: bytes) -> None:
        """PostgreSQL has skipped the Close: the statement may still be there, and is closed before any other."""
        if key not in self.named:
            self.named[key] = False
            self.named.move_to_end(key, last=False)

    def retire(self, key: bytes) -> None:
        """Nobody will use the statement again: it is closed before any other."""
        if key in self.named:
            self.named.move_to_end(key, last=False)

    def doubt(self) -> None:
        """Something has closed statements, or made them useless, so each is prepared again before its next use."""
        self.named = OrderedDict.fromkeys(self.named, False)

    def _put(self, key: bytes, *, is_confirmed: bool) -> None:
        self.named[key] = is_confirmed
        self.named.move_to_end(key)
