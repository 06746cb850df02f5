"""Prepared statements that work on whichever connection a client has borrowed.

A client prepares a statement once and runs it later, perhaps on another connection. So the proxy gives each statement
a name of its own, the same for the same text, remembers which connections know it, and prepares it again where one does
not. What a client calls its statements never reaches the database.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from serverless_first.cloud.rds_proxy import wire

KEPT = 500  # a connection knows so many statements; the one unused for longest makes room
CLOSE_NOTHING = wire.message(b"C", b"Srp_none\0")  # answered by CloseComplete, in its turn, whatever the name


def key_of(body: bytes) -> bytes:
    """The proxy's own name for a statement. Args: body: a Parse message after the client's name."""
    return b"rp_" + hashlib.blake2b(body, digest_size=12).hexdigest().encode()


def parse(name: bytes, body: bytes) -> bytes:
    """A Parse message."""
    return wire.message(b"P", name + b"\0" + body)


@dataclass
class Known:
    """What one database connection has prepared.

    Args:
        named: the proxy's names, the one used last at the end.
        unnamed: the body of the unnamed statement that is there; None if there is none.
    """

    named: dict[bytes, None] = field(default_factory=dict)
    unnamed: bytes | None = None

    def use(self, key: bytes) -> bool:
        """Whether the statement is there; notes that it was used."""
        if key in self.named:
            del self.named[key]
            self.named[key] = None
            return True
        return False

    def add(self, key: bytes) -> bytes | None:
        """Notes a new statement; the one that must be closed for it, if there are too many."""
        self.named[key] = None
        if len(self.named) <= KEPT:
            return None
        oldest = next(iter(self.named))
        del self.named[oldest]
        return oldest

    def forget(self, key: bytes) -> None:
        """It failed, or was closed."""
        self.named.pop(key, None)

    def forget_all(self) -> None:
        """DEALLOCATE ALL or DISCARD ALL has run."""
        self.named.clear()
        self.unnamed = None
