"""The ports of a class, which it holds for as long as it runs, and the board's address, its own origin that no
student's page shares."""

from __future__ import annotations

import contextlib
import socket
import sys
from urllib.parse import urlsplit

from serverless_first.teach.board.addresses import THIS_MACHINE_ALONE, in_an_address, name_of_this_machine

HELD = sys.platform == "linux"
"""Whether the servers of a class share their ports with the sockets that hold them. Linux lets sockets share a port
only if all of them ask for it and belong to one user (SO_REUSEPORT, socket(7)). Connections come to the sockets that
listen. Elsewhere all seats run under one account, so there is nobody to hold a port against."""


_TRIES = 10  # a port that is free on one address may be in use on another


class NoPort(RuntimeError):
    """A port cannot be used; the message says why, and which option names another."""


def hold_pair(undo: contextlib.ExitStack, host: str, port: int, board_port: int | None) -> tuple[int, int]:
    """Holds the ports of the class and of its board.

    Args:
        undo: gives the ports back.
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
    return hold(undo, host, port, "--port"), hold(undo, host, board_port, "--board-port")


def hold(undo: contextlib.ExitStack, host: str = "127.0.0.1", port: int = 0, option: str = "") -> int:
    """Holds a port of this machine, so that no other user can listen there, whatever happens to the server that does.

    On Linux it holds the port on all addresses. Otherwise another user could listen on [::1] while the class listens on
    127.0.0.1, and browsers try both for localhost. Elsewhere it only makes sure that the port is free.

    Args:
        undo: gives the port back.
        host: the address to listen on.
        port: 0 takes any that is free.
        option: names another port.

    Raises:
        NoPort: it cannot be used.
    """
    tries = 1 if port else _TRIES
    for left in reversed(range(tries)):
        try:
            with _bound(host, port, shared=False) as probe:
                number = int(probe.getsockname()[1])
            if HELD:
                for everywhere in ("0.0.0.0", "::") if _has_ipv6() else ("0.0.0.0",):
                    undo.enter_context(_bound(everywhere, number, shared=True))
        except OSError as error:
            if not left:
                raise NoPort(
                    f"Port {port} on {host} cannot be used: {error.strerror or error}. Choose another port with "
                    f"{option}."
                ) from error
        else:
            break
    return number


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    """A socket that has a port and doesn't listen.

    Args:
        shared: with the other sockets of our user that ask for it. Otherwise even a class of ours is in the way, but
            not the last connections of a class that has ended.
    """
    holder = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if holder.family == socket.AF_INET6:
            holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT if shared else socket.SO_REUSEADDR, 1)
        holder.bind((host, port))
    except BaseException:
        holder.close()
        raise
    return holder


def _has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


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
