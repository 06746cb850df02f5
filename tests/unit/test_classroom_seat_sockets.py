"""Where a seat's server listens: on a socket in a folder that only the hub's account can enter."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a class runs on POSIX")
SERVER = """
import socket, sys
with socket.socket(fileno=int(sys.argv[1])) as listener:
    listener.listen()
    sys.stdin.read()
"""
STRANGER = 54_321
KNOCK = """
import os, socket, sys
path = sys.argv[1]
for attempt in (socket.socket.connect, socket.socket.bind, lambda _, path: os.unlink(path)):
    try:
        with socket.socket(socket.AF_UNIX) as stranger:
            attempt(stranger, path)
            print("worked")
    except OSError as error:
        print(type(error).__name__)
"""


@pytest.fixture
def sockets() -> Iterator[Path]:
    """The folder, where other users can reach the one above it."""
    above = Path(tempfile.mkdtemp(prefix="seats-"))
    above.chmod(0o711)
    folder = above / "sockets"
    folder.mkdir(mode=0o700)
    yield folder
    shutil.rmtree(above)


@pytest.fixture
def spawner(monkeypatch: pytest.MonkeyPatch, sockets: Path) -> Iterator[Any]:
    """One of student-01, whose server only listens."""
    pytest.importorskip("jupyterhub", reason="a class needs the extra `class`")
    from jupyterhub.spawner import LocalProcessSpawner

    from serverless_first.teach.classroom.spawner import SeatSpawner

    processes: list[subprocess.Popen[bytes]] = []

    class Spawner(SeatSpawner):
        server = SimpleNamespace(connect_url="")

    seat: Any = Spawner.__new__(Spawner)
    seat.user = SimpleNamespace(name="student-01")
    seat._plan = SimpleNamespace(groups=None, sockets=sockets)
    seat._seat = seat._watch = None

    async def start(self: Any) -> None:
        command = [sys.executable, "-c", SERVER, self.cmd[-1]]
        self.proc = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, **self.popen_kwargs)
        self.pid = self.proc.pid
        processes.append(self.proc)

    monkeypatch.setattr(LocalProcessSpawner, "start", start)
    yield seat
    for process in processes:
        process.kill()
        process.communicate()


async def _start(spawner: Any) -> str:
    try:
        address: str = await spawner.start()
        return address
    finally:
        spawner._watch.stop()


def knock(path: Path, number: int) -> list[str]:
    """What a user of this machine achieves at a socket: to connect, to listen there instead, to remove it."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", KNOCK, str(path)],
        user=number, group=number, extra_groups=[], cwd="/", capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


def test_the_hub_is_told_the_socket_on_which_the_server_listens(spawner: Any, sockets: Path) -> None:
    address = asyncio.run(_start(spawner))
    assert spawner.server.connect_url == address
    assert urlsplit(address).scheme == "http+unix"
    assert unquote(urlsplit(address).netloc) == str(sockets / "student-01")
    with socket.socket(socket.AF_UNIX) as proxy:
        proxy.connect(str(sockets / "student-01"))


def test_a_server_that_starts_again_gets_a_new_socket(spawner: Any, sockets: Path) -> None:
    asyncio.run(_start(spawner))
    spawner.proc.kill()
    spawner.proc.wait()
    with socket.socket(socket.AF_UNIX) as proxy, pytest.raises(ConnectionRefusedError):
        proxy.connect(str(sockets / "student-01"))
    asyncio.run(_start(spawner))
    with socket.socket(socket.AF_UNIX) as proxy:
        proxy.connect(str(sockets / "student-01"))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root, to be another user")
def test_no_other_user_connects_to_a_seats_server_or_listens_in_its_place(spawner: Any, sockets: Path) -> None:
    asyncio.run(_start(spawner))
    path = sockets / "student-01"
    assert knock(path, 0)[0] == "worked"  # root's proxy
    assert knock(path, STRANGER) == ["PermissionError"] * 3
    spawner.proc.kill()
    spawner.proc.wait()
    assert knock(path, STRANGER) == ["PermissionError"] * 3  # also a student's own seat, after its server has ended


def test_a_server_that_ends_before_it_listens_is_told_at_once(spawner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from serverless_first.teach.classroom.spawner import ServerEnded

    monkeypatch.setitem(globals(), "SERVER", "raise SystemExit('the disk is full')")
    with pytest.raises(ServerEnded, match=r"student-01 ended before it listened\. The reason is in the hub's log"):
        asyncio.run(_start(spawner))
