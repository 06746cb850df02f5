"""The ports of a class and its seats, and the board's address, its own origin that no student's page shares."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import psutil

from serverless_first.teach.board.addresses import THIS_MACHINE_ALONE, in_an_address, name_of_this_machine

# Below the ports that systems hand out unasked (Linux from 32768 on, ip(7); IANA from 49152), so that a hundred
# notebooks take none from a server that is about to start. Each seat has its own ports, as twenty start at once.
_OF_SEATS, _EACH = range(20_000, 32_760), 20


class NoPort(RuntimeError):
    """A port cannot be used; the message says why, and which option names another."""


def choose(host: str, port: int, board_port: int | None) -> tuple[int, int]:
    """The ports of the class and of its board, free at this moment.

    Args:
        host: the address to listen on.
        port: of the class; 0 takes any.
        board_port: of the board, by default the port after the class's. 0 takes any free port.

    Raises:
        NoPort: as it says.
    """
    if board_port is None:
        board_port = port + 1 if port else 0
    if board_port > 65_535:
        raise NoPort(f"There is no port {board_port} for the board. Choose another port with --board-port.")
    if board_port and board_port == port:
        raise NoPort(f"The class uses port {port}, and the board needs its own. Choose another port with --board-port.")
    spare = free(2, but=(port, board_port))
    chosen = port or spare[0], board_port or spare[1]
    for number, option in zip(chosen, ("--port", "--board-port"), strict=True):
        _check(host, number, option)
    return chosen


def free(count: int, *, but: Sequence[int] = ()) -> list[int]:
    """Different ports of 127.0.0.1 that are free at this moment.

    Args:
        but: none of these.
    """
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            number = int(probe.getsockname()[1])
        if number not in (*but, *found):
            found.append(number)
    return found


def of_seat(account: str) -> Iterator[int]:
    """The ports of a seat's server that are free at this moment, one after the other; no other seat has the same.

    Args:
        account: of the seat, "student-07".
    """
    number = account.rpartition("-")[2]
    first = _OF_SEATS.start + _EACH * (int(number) if number.isdigit() else 0) % len(_OF_SEATS)
    for port in range(first, first + _EACH):
        with contextlib.suppress(NoPort):
            _check("127.0.0.1", port, "")
            yield port


def listens(pid: int, port: int) -> bool:
    """Whether this process listens at a port of this machine; also where the system does not tell."""
    try:
        found = psutil.Process(pid).net_connections("tcp")
    except psutil.AccessDenied:
        return True
    except psutil.NoSuchProcess:
        return False
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in found)


def name_of_the_board(host: str, address: str | None) -> str:
    """This machine's name in the board's address, which is the class's name if it has one.

    A board that only this machine reaches has only that name. Under another name, it isn't the board.

    Args:
        host: the address to listen on.
        address: what the cards say, if that was given.
    """
    if address and host not in THIS_MACHINE_ALONE:
        with contextlib.suppress(ValueError):
            if name := urlsplit(address if "//" in address else f"//{address}").hostname:
                return in_an_address(name)
    return name_of_this_machine(host)


def _check(host: str, port: int, option: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise NoPort(
            f"Port {port} on {host} cannot be used: {error.strerror or error}. Choose another port with {option}."
        ) from error
