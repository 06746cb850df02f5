"""Where a class and its board listen, and what the instructor and the seats are told of it. No hub is started."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.board_kit import running as a_board

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


def test_the_board_is_one_above_the_class_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, str]] = []
    monkeypatch.setattr(ports, "_check", lambda _, number, option: asked.append((number, option)))
    assert ports.choose("0.0.0.0", 8000, None) == (8000, 8001)
    assert ports.choose("0.0.0.0", 8000, 9000) == (8000, 9000)
    assert asked == [(8000, "--port"), (8001, "--board-port"), (8000, "--port"), (9000, "--board-port")]


@pytest.mark.parametrize("board_port", [None, 0])
def test_any_ports_are_two_that_are_free(board_port: int | None) -> None:
    chosen = ports.choose("127.0.0.1", 0, board_port)
    assert len(set(chosen)) == 2
    for number in chosen:
        with socket.create_server(("127.0.0.1", number)):
            pass
    assert not {*chosen} & {*ports.free(20, but=chosen)}


@posix  # on Windows SO_REUSEADDR takes a port that another program has
def test_a_port_that_cannot_be_used_is_told_with_its_option(taken: int) -> None:
    with pytest.raises(ports.NoPort, match=rf"Port {taken} on 127.0.0.1 cannot be used: .* another port with --port\."):
        ports.choose("127.0.0.1", taken, 0)
    with pytest.raises(ports.NoPort, match=rf"Port {taken} on 127.0.0.1 cannot be used: .* with --board-port\."):
        ports.choose("127.0.0.1", 0, taken)


def test_a_port_that_there_cannot_be_is_told_with_its_option() -> None:
    with pytest.raises(ports.NoPort, match=r"The class uses port 8000, .* with --board-port\."):
        ports.choose("127.0.0.1", 8000, 8000)
    with pytest.raises(ports.NoPort, match=r"no port 65536 for the board\. .* --board-port\."):
        ports.choose("127.0.0.1", 65_535, None)


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
    monkeypatch.setattr(running, "_hub_somewhere", lambda _, the: (None, the))
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
    (free,) = ports.free(1)
    monkeypatch.setattr(ports, "choose", lambda *_: (8000, free))
    address, said = start(tmp_path / "class", host="0.0.0.0", address="https://class.example/")
    assert address == f"http://class.example:{free}/board/#token={Keys.open(tmp_path / 'class' / 'board').instructor()}"
    assert "The board does not answer" in said[-1]
    assert "hub.log" in said[-1]
    with a_board(tmp_path / "other") as board:
        there = int(board.url.split(":")[2].split("/")[0])
        monkeypatch.setattr(ports, "choose", lambda *_: (8000, there))
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


@posix
def test_other_ports_behind_the_hub_leave_the_boards_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serverless_first.teach.classroom import running

    tried: list[plan.Plan] = []

    def hub(_: object, the: plan.Plan) -> Any:
        tried.append(the)
        if len(tried) < 3:
            raise running.CannotTeach("The hub did not start. [Errno 98] Address already in use")

    monkeypatch.setattr(running, "_hub", hub)
    _, found = running._hub_somewhere(Any, a_plan(tmp_path))  # type: ignore[arg-type]
    assert {attempt.place for attempt in tried} == {a_plan(tmp_path).place}
    assert len({each.ports for each in tried}) == 3
    assert plan.load(tmp_path) == found == tried[-1]
