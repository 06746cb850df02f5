"""Finds the user at the other end of a connection on this machine. Everybody who shares the machine, as a class does,
can reach ports of 127.0.0.1. The local cloud runs the code it gets, so it answers only its own user and root.

Linux knows whose socket a connection comes from: it is asked once for each, by netlink (sock_diag(7), 11 us); or, where
a container allows no netlink, by /proc/net/tcp (milliseconds; tens of them beside a thousand connections).

In doubt:

    macOS, Windows; Linux that does not tell of a connection of our own   nothing is checked: no learner is locked out
    the kernel knows no open socket at the other end                      refused: who sends an order and hangs up at
                                                                          once leaves nothing that tells who it was
    a user of another user namespace                                      has nobody's number here: refused
    IPv4 in IPv6 (::ffff:127.0.0.1)                                       the same connection, and found as such
    a cloud shared on purpose (`serverless-cloud --share`)                nothing is checked
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

SHARED = "SERVERLESS_FIRST_SHARED_CLOUD"
"""Set to 1 in the processes of a cloud that everybody on this machine may use."""
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
# A socket that its owner has closed has no owner any more: Linux says 0, which is root's number, and inode 0. Only
# those count that somebody holds, also if they have said that nothing more will come (shutdown: FIN_WAIT1, FIN_WAIT2).
_HELD = (1, 4, 5)  # net/tcp_states.h
_SOCK_DIAG, _BY_FAMILY = 4, 20  # linux/netlink.h, linux/sock_diag.h
_ANY = 0xFFFFFFFF

Address = tuple[str, int]


def is_ours(connection: socket.socket) -> bool:
    """Whether a connection that was accepted comes from our own user, or from root.

    Args:
        connection: over IPv4.
    """
    if os.environ.get(SHARED) == "1" or (asks := _way()) is None:
        return True
    try:
        return asks(connection.getpeername(), connection.getsockname()) in (0, os.geteuid())
    except OSError:  # it has ended already
        return False


def is_ours_by(transport: Any) -> bool:
    """The same for a transport of asyncio."""
    connection: socket.socket = transport.get_extra_info("socket")
    return is_ours(connection)


@cache
def _way() -> Callable[[Address, Address], int | None] | None:
    """The way of asking that tells us, of a connection from ourselves, that it is ours; None if there is none."""
    if sys.platform == "linux":
        for asks in (by_netlink, by_table):
            with (
                suppress(OSError, ValueError),
                socket.create_server(("127.0.0.1", 0)) as listener,
                socket.create_connection(listener.getsockname()) as client,
                listener.accept()[0],
            ):
                if asks(client.getsockname(), client.getpeername()) == os.geteuid():
                    return asks
    return None


def by_netlink(peer: Address, here: Address) -> int | None:
    """The number of the user whose open socket is bound to `peer` and connected to `here`; None if there is none.

    Raises:
        OSError: netlink is not allowed.
    """
    ends = [socket.inet_aton(host).ljust(16, b"\0") for host, _ in (peer, here)]
    which = struct.pack("!HH16s16s", peer[1], here[1], *ends) + struct.pack("=III", 0, _ANY, _ANY)
    request = struct.pack("=BBxxI", socket.AF_INET, socket.IPPROTO_TCP, sum(1 << state for state in _HELD)) + which
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
        kernel.send(struct.pack("=IHHII", 16 + len(request), _BY_FAMILY, 1, 1, 0) + request)
        answer = kernel.recv(8192)
    _, kind, *_ = struct.unpack_from("=IHHII", answer)
    if kind != _BY_FAMILY:  # an error: there is no such socket
        return None
    # struct inet_diag_msg: family, state, timer, retrans, which (48 bytes), expires, rqueue, wqueue, uid, inode
    _, state, *_, number, inode = struct.unpack_from("=BBBB48sIIIII", answer, 16)
    # Without the connection, Linux answers with the listener at the port, which matches neither state nor other end.
    return int(number) if state in _HELD and inode and answer[20:24] == which[:4] else None


def by_table(peer: Address, here: Address) -> int | None:
    """The same, by a look through all connections."""
    pair = [_written(peer), _written(here)]
    for table in TABLES:
        with suppress(OSError):
            for line in table.read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                ends = [end[-13:] for end in fields[1:3]]  # of IPv6 the IPv4 in it: ::ffff:127.0.0.1
                if ends == pair and int(fields[3], 16) in _HELD and int(fields[9]):
                    return int(fields[7])
    return None


def _written(address: Address) -> str:
    """As /proc/net/tcp has it: the address as a number in this machine's order of bytes."""
    (number,) = struct.unpack("=I", socket.inet_aton(address[0]))
    return f"{number:08X}:{address[1]:04X}"
