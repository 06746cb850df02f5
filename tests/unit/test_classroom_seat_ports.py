"""Where a seat's server listens: at a port that no other seat gets, and the hub sends nobody to another one's."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from serverless_first.teach.classroom import ports

ACCOUNTS = ["instructor", *(f"student-{number:02}" for number in range(1, 501))]
SERVER = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    sys.stdin.read()
"""
pytestmark = pytest.mark.skipif(os.name != "posix", reason="a class runs on POSIX")


def test_no_two_seats_get_the_same_port_and_none_is_one_that_the_system_hands_out() -> None:
    found = {account: list(ports.of_seat(account)) for account in ACCOUNTS}
    assert all(found.values())
    every = [port for each in found.values() for port in each]
    assert len(every) == len(set(every))
    handed_out = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(handed_out.read_text().split()[0]) if handed_out.exists() else 32_768
    if first >= 32_768:  # an administrator may have set another range
        assert max(every) < first


def test_a_port_that_is_in_use_is_passed_over() -> None:
    first = next(ports.of_seat("student-07"))
    with socket.create_server(("127.0.0.1", first)):
        assert first not in ports.of_seat("student-07")
    assert next(ports.of_seat("student-07")) == first


def test_who_listens_is_told_from_who_does_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        port = ours.getsockname()[1]
        assert ports.listens(os.getpid(), port)
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
            assert not ports.listens(other.pid, port)
            assert other.stdin is not None
            other.stdin.write(b"\n")
            other.stdin.close()
        assert not ports.listens(other.pid, port)  # it is gone


@pytest.fixture
def spawner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One whose servers only listen; `faster` is called with the port before each of them starts."""
    pytest.importorskip("jupyterhub", reason="a class needs the extra `class`")
    from jupyterhub.spawner import LocalProcessSpawner

    from serverless_first.teach.classroom.spawner import SeatSpawner

    started: list[subprocess.Popen[bytes]] = []
    made: Any = SeatSpawner.__new__(SeatSpawner)
    made.user, made._plan = SimpleNamespace(name="student-01"), SimpleNamespace(groups=None)
    made._seat = made._watch = None
    faster: list[Callable[[int], Any]] = []

    async def start(self: Any) -> tuple[str, int]:
        if faster:
            faster.pop(0)(self.port)
        command = [sys.executable, "-c", SERVER, str(self.port)]
        self.proc = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        self.pid = self.proc.pid
        started.append(self.proc)
        return "127.0.0.1", self.port

    monkeypatch.setattr(LocalProcessSpawner, "start", start)
    yield SimpleNamespace(spawner=made, faster=faster, started=started)
    for process in started:
        process.kill()
        process.communicate()


async def _start(spawner: Any) -> tuple[str, int]:
    try:
        where: tuple[str, int] = await spawner.start()
        return where
    finally:
        spawner._watch.stop()


def test_a_server_whose_port_somebody_took_meanwhile_starts_at_another_one(spawner: Any) -> None:
    """What happened to 2 of 22 who started at once: the hub sent one of them to the other's server."""
    others: list[socket.socket] = []
    spawner.faster.append(lambda port: others.append(socket.create_server(("127.0.0.1", port))))
    try:
        host, port = asyncio.run(_start(spawner.spawner))
        assert len(spawner.started) == 2
        assert port != others[0].getsockname()[1]
        assert ports.listens(spawner.started[-1].pid, port)
        assert (host, spawner.spawner.pid) == ("127.0.0.1", spawner.started[-1].pid)
    finally:
        for other in others:
            other.close()


def test_a_server_that_ends_for_another_reason_is_told_at_once(spawner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from serverless_first.teach.classroom.spawner import ServerEnded

    monkeypatch.setitem(globals(), "SERVER", "raise SystemExit('the disk is full')")
    with pytest.raises(ServerEnded, match=r"student-01 ended before it listened\. The reason is in the hub's log"):
        asyncio.run(_start(spawner.spawner))
    assert len(spawner.started) == 1
