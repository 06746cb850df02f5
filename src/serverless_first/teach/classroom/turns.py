"""The turns of a class. A seat asks for one before a burst or a check (`core/seat.py` of the engine).

A seat connects to a Unix socket, waits for a byte, and keeps the connection open for as long as it needs its turn. The
system says which seat is at the other end, so a seat has one place in the queue and one turn, however often it asks.
A turn ends when the seat's last connection does, or after four minutes. A seat with a turn weighs more at the
processors. An endless loop in another seat has no turn and takes little from seats that have one.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from serverless_first.teach.classroom.groups import Groups

LONGEST_TURN_S = 240.0
CONNECTIONS = 8
"""The most that a seat may have, so that it can't use up the descriptors of the class's process."""


@contextmanager
def shared(path: Path, turns: int, numbers: Mapping[str, int], groups: Groups | None) -> Iterator[None]:
    """Hands out turns for as long as the block runs.

    Args:
        path: the socket to create.
        turns: how many seats may have one at the same time.
        numbers: account -> number in the operating system; empty when all seats run under one account.
        groups: the control groups, in which seats with a turn weigh more.
    """
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as ends:
        listener.bind(str(path))
        path.chmod(0o666 if numbers else 0o600)  # a process without a seat connects in vain
        listener.listen(128)
        listener.setblocking(False)
        over, end = (ends.enter_context(half) for half in socket.socketpair())
        queue = _Queue(turns, lambda account, has_a_turn: _weigh(groups, account, has_a_turn))
        account = partial(_account, numbers, has_groups=groups is not None)
        thread = threading.Thread(target=_serve, args=(listener, over, queue, account), name="turns", daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.send(b"x")
            thread.join()


class _Queue:
    """The seats that have a turn or wait for it. Args: weigh: is told when a seat gets a turn, and when it ends."""

    def __init__(self, turns: int, weigh: Callable[[str, bool], None]) -> None:
        self._turns, self._weigh = turns, weigh
        self._connections: dict[str, set[socket.socket]] = {}  # the account that has waited longest comes first
        self._end_s: dict[str, float] = {}  # of the accounts that have a turn

    def join(self, account: str, connection: socket.socket) -> bool:
        """Whether the connection may stay."""
        connections = self._connections.setdefault(account, set())
        if len(connections) >= CONNECTIONS:
            return False
        connections.add(connection)
        if account in self._end_s:
            _tell(connection)
        return True

    def leave(self, account: str, connection: socket.socket) -> None:
        """Forgets a connection, and with the last one the seat."""
        connections = self._connections.get(account, set())
        connections.discard(connection)
        if not connections:
            self._connections.pop(account, None)
            if self._end_s.pop(account, None) is not None:
                self._weigh(account, False)

    def advance(self, now_s: float) -> list[tuple[str, socket.socket]]:
        """Gives free turns to the seats that wait. Returns the connections of the seats whose turn is over."""
        late = [account for account, end_s in self._end_s.items() if end_s <= now_s]
        ended = [(account, connection) for account in late for connection in self._connections[account]]
        for account, connection in ended:
            self.leave(account, connection)
        for account in [account for account in self._connections if account not in self._end_s]:
            if len(self._end_s) == self._turns:
                break
            self._end_s[account] = now_s + LONGEST_TURN_S
            self._weigh(account, True)
            for connection in self._connections[account]:
                _tell(connection)
        return ended

    def wait_s(self, now_s: float) -> float | None:
        """How long it is until a turn has lasted too long; None if nobody has one."""
        return max(0.0, min(self._end_s.values()) - now_s) if self._end_s else None


def _serve(
    listener: socket.socket, over: socket.socket, queue: _Queue, account_of: Callable[[socket.socket], str | None]
) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(over, selectors.EVENT_READ)

        def end(account: str, connection: socket.socket) -> None:
            queue.leave(account, connection)
            selector.unregister(connection)
            connection.close()

        while True:
            for key, _ in selector.select(queue.wait_s(time.monotonic())):
                if key.fileobj is over:
                    for other in [other for other in selector.get_map().values() if other.data]:
                        end(*other.data)
                    return
                if key.data:
                    end(*key.data)  # it has hung up, or says something, which no seat of ours does
                    continue
                try:
                    connection, _ = listener.accept()
                except OSError:  # gone already
                    continue
                account = account_of(connection)
                if account is None or not queue.join(account, connection):
                    connection.close()
                else:
                    selector.register(connection, selectors.EVENT_READ, (account, connection))
            for _, connection in queue.advance(time.monotonic()):
                selector.unregister(connection)
                connection.close()


def _tell(connection: socket.socket) -> None:
    with suppress(OSError):  # gone: `_serve` hears of it
        connection.send(b"1", socket.MSG_DONTWAIT)


def _weigh(groups: Groups | None, account: str, has_a_turn: bool) -> None:
    if groups:
        with suppress(OSError):  # the seat has been cleared meanwhile
            groups.weigh_seat(account, with_a_turn=has_a_turn)


def _account(numbers: Mapping[str, int], connection: socket.socket, *, has_groups: bool) -> str | None:
    """Whose seat a connection comes from; None if it comes from no seat.

    If all seats run under one account, the control group says it, and without groups each process counts as a seat.
    """
    if not hasattr(socket, "SO_PEERCRED"):  # macOS: all seats run under one account
        return f"connection {connection.fileno()}"
    pid, number, _ = struct.unpack("=3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if numbers:
        return next((account for account, own in numbers.items() if own == number), None)
    if number != os.geteuid():
        return None
    return (group_of(pid) if has_groups else None) or f"process {pid}"


def group_of(pid: int, proc: Path = Path("/proc")) -> str | None:
    """The last folder of a process's control group, which is the account of a seat; None outside of groups."""
    with suppress(OSError):
        for line in (proc / str(pid) / "cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers or "cpu" in controllers.split(","):
                return path.rpartition("/")[2] or None
    return None
