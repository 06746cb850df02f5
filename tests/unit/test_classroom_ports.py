"""Where a class and its board listen, and what the instructor and the seats are told of it. No hub is started."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.board_kit import running as a_board
from tornado.netutil import bind_sockets

from serverless_first.lab import sharing
from serverless_first.teach.board import Keys
from serverless_first.teach.classroom import limits, plan, ports, roll

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="a class runs on POSIX")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program has."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield int(other.getsockname()[1])


def a_plan(folder: Path, host: str = "127.0.0.1", board_port: int = 8001) -> plan.Plan:
    place = plan.Place(host, 8000, board_port, "http://localhost:8000")
    return plan.Plan(folder, folder / "tmp", place, (1, 2), limits.Limits(900, 1400), {}, None, 60)


@pytest.fixture
def undo() -> Iterator[contextlib.ExitStack]:
    """Gives back the ports that a test has held."""
    with contextlib.ExitStack() as stack:
        yield stack


def test_the_board_is_one_above_the_class_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, undo: contextlib.ExitStack
) -> None:
    asked: list[tuple[str, int, str]] = []
    monkeypatch.setattr(ports, "hold", lambda _, host, port, option: asked.append((host, port, option)))
    on = "0.0.0.0"
    ports.hold_pair(undo, on, 8000, None)
    assert asked == [(on, 8000, "--port"), (on, 8001, "--board-port")]
    ports.hold_pair(undo, on, 8000, 9000)
    assert asked[2:] == [(on, 8000, "--port"), (on, 9000, "--board-port")]


@pytest.mark.parametrize("board_port", [None, 0])
def test_any_ports_are_two_that_are_free(undo: contextlib.ExitStack, board_port: int | None) -> None:
    chosen = ports.hold_pair(undo, "127.0.0.1", 0, board_port)
    assert len(set(chosen)) == 2
    undo.close()
    for number in chosen:
        with socket.create_server(("127.0.0.1", number)):
            pass


@posix  # on Windows SO_REUSEADDR takes a port that another program has
def test_a_port_that_cannot_be_used_is_told_with_its_option(taken: int, undo: contextlib.ExitStack) -> None:
    with pytest.raises(ports.NoPort, match=rf"Port {taken} on 127.0.0.1 cannot be used: .* another port with --port\."):
        ports.hold_pair(undo, "127.0.0.1", taken, 0)
    with pytest.raises(ports.NoPort, match=rf"Port {taken} on 127.0.0.1 cannot be used: .* with --board-port\."):
        ports.hold_pair(undo, "127.0.0.1", 0, taken)


def test_a_port_that_there_cannot_be_is_told_with_its_option(undo: contextlib.ExitStack) -> None:
    with pytest.raises(ports.NoPort, match=r"The class uses port 8000, .* with --board-port\."):
        ports.hold_pair(undo, "127.0.0.1", 8000, 8000)
    with pytest.raises(ports.NoPort, match=r"no port 65536 for the board\. .* --board-port\."):
        ports.hold_pair(undo, "127.0.0.1", 65_535, None)


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a class hold a port")
TAKE = """
import itertools, socket, sys
families = {"127.0.0.1": socket.AF_INET, "0.0.0.0": socket.AF_INET, "::1": socket.AF_INET6, "::": socket.AF_INET6}
for (host, family), address, port, only in itertools.product(families.items(), (0, 1), (0, 1), (0, 1)):
    try:
        with socket.socket(family) as thief:
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, address)
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, port)
            if family == socket.AF_INET6:
                thief.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
            thief.bind((host, int(sys.argv[1])))
            thief.listen()
            print("took", host, address, port, only)
    except OSError:
        pass
"""
STRANGER = 54_321


def take(port: int) -> list[str]:
    """The ways in which another user of this machine can listen at a port."""
    command = [sys.executable, "-I", "-c", TAKE, str(port)]
    done = subprocess.run(
        command, user=STRANGER, group=STRANGER, extra_groups=[], cwd="/", capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root on Linux, to be another user")
def test_no_other_user_can_take_a_port_of_the_class_also_while_its_server_is_down(undo: contextlib.ExitStack) -> None:
    port = ports.hold(undo)
    assert take(port) == []
    (server,) = bind_sockets(port, "127.0.0.1", reuse_port=True)
    assert take(port) == []
    with socket.create_connection(("127.0.0.1", port)) as browser, server.accept()[0]:
        server.close()
        assert take(port) == []
        browser.close()
    assert take(port) == []
    (again,) = bind_sockets(port, "127.0.0.1", reuse_port=True)  # the server that replaces it can
    with again, socket.create_connection(("127.0.0.1", port)), again.accept()[0]:
        undo.close()
    assert len(take(port)) > 10  # the attack itself works


@linux
def test_another_class_of_the_same_user_cannot_share_the_port(undo: contextlib.ExitStack) -> None:
    port = ports.hold(undo)
    with pytest.raises(ports.NoPort, match=f"Port {port} on 127.0.0.1 cannot be used: Address already in use"):
        ports.hold(undo, port=port, option="--port")
    with bind_sockets(port, "127.0.0.1", reuse_port=True)[0]:
        undo.close()
        with pytest.raises(ports.NoPort, match="Address already in use"):
            ports.hold(undo, port=port, option="--port")


@pytest.mark.parametrize(
    ("host", "address", "name"),
    [
        ("0.0.0.0", "http://class.example:8000", "class.example"),
        ("0.0.0.0", "https://class.example/lamps/", "class.example"),
        ("192.0.2.7", "class.example", "class.example"),
        ("::", "http://[2001:db8::7]:8000/", "[2001:db8::7]"),
        ("192.0.2.7", None, "192.0.2.7"),
        ("2001:db8::7", None, "[2001:db8::7]"),
        ("192.0.2.7", "http://[", "192.0.2.7"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "https://class.example", "127.0.0.1"),  # the board listens nowhere else
        ("::1", "https://class.example", "[::1]"),
    ],
)
def test_the_board_has_the_name_of_the_class(host: str, address: str | None, name: str) -> None:
    assert ports.name_of_the_board(host, address) == name


def test_the_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    the = a_plan(tmp_path)
    the.save()
    assert plan.load(tmp_path) == the


@pytest.mark.parametrize(
    ("host", "there"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("::", "[::1]"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "[2001:db8::7]"),
    ],
)
@posix
def test_a_seat_sends_to_where_the_board_listens(tmp_path: Path, host: str, there: str) -> None:
    pytest.importorskip("jupyterhub", reason="a class needs the extra `class`")
    from serverless_first.teach.classroom.spawner import SeatSpawner

    people = roll.enrol(tmp_path, ["Ken"], "Mori")
    for person in people.people:
        seat: Any = SimpleNamespace(user=SimpleNamespace(name=person.account), _plan=a_plan(tmp_path, host))
        told = SeatSpawner.user_env(seat, {})
        if not person.learns:
            assert sharing.URL not in told
        else:
            assert told[sharing.URL] == f"http://{there}:8001/board/"
            assert told[sharing.TOKEN] == Keys.open(tmp_path / "board").student("Ken")


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, list[str]]]:
    """Starts a class without a hub; gives the board's address and what was reported."""
    pytest.importorskip("jupyterhub", reason="a class needs the extra `class`")
    from serverless_first.teach.classroom import running

    monkeypatch.setenv("SERVERLESS_FIRST_ROOT", str(ROOT))
    monkeypatch.setattr(running, "_hub", lambda *_: None)
    monkeypatch.setattr(running, "_groups", lambda *_: (None, "none here"))
    monkeypatch.setattr(running, "BOARD_WITHIN_S", 0.0)
    monkeypatch.setattr(limits, "share", lambda *_: limits.Limits(900, 1400))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    def started(folder: Path, **options: Any) -> tuple[str, list[str]]:
        said: list[str] = []
        with running.running(folder, ["Ken"], report=said.append, **options) as now:
            return now.board, said

    return started


@posix
def test_an_instructor_is_told_the_boards_own_address_and_whether_it_answers(
    tmp_path: Path, start: Callable[..., tuple[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.ExitStack() as undo:
        free = ports.hold(undo)
    monkeypatch.setattr(ports, "hold_pair", lambda *_: (8000, free))
    address, said = start(tmp_path / "class", host="0.0.0.0", address="https://class.example/")
    assert address == f"http://class.example:{free}/board/#token={Keys.open(tmp_path / 'class' / 'board').instructor()}"
    assert "The board does not answer" in said[-1]
    assert "hub.log" in said[-1]
    with a_board(tmp_path / "other") as board:
        there = int(board.url.split(":")[2].split("/")[0])
        monkeypatch.setattr(ports, "hold_pair", lambda *_: (8000, there))
        address, said = start(tmp_path / "class")
        assert address.startswith(f"{board.url}#token=instructor.")
        assert not any("does not answer" in line for line in said)


@posix
def test_a_board_port_that_is_in_use_ends_the_start_in_one_line_and_leaves_no_plan(
    tmp_path: Path, start: Callable[..., tuple[str, list[str]]], taken: int
) -> None:
    from serverless_first.teach.classroom.running import CannotTeach

    with pytest.raises(CannotTeach, match=f"Port {taken} on 127.0.0.1 cannot be used: .* with --board-port"):
        start(tmp_path / "class", port=0, board_port=taken)
    assert not (tmp_path / "class" / "plan.json").exists()
