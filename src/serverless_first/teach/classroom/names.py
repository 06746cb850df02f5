"""The host names of a class. Each seat has its own, so that a page from one seat cannot act in another or at the hub.

Browsers keep cookies and scripts apart by host name. If all had one name, a page that a student's server sends could
use the hub and every seat with the rights of the person who opens it. JupyterHub calls this `subdomain_host`.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from serverless_first.teach.board.addresses import THIS_MACHINE_ALONE, name_of_this_machine

LOCAL = "localhost"
"""Browsers take every name that ends in .localhost for this machine, without asking anybody (RFC 6761)."""


class NoName(ValueError):
    """The class has no host name with room for the seats' names below it; the message says what to do."""


def public_address(host: str, port: int, address: str | None, *, shared_origin: bool) -> str:
    """The address that students open, without a path.

    Args:
        host: the address to listen on.
        port: of the class.
        address: what the instructor gave as the class's address.
        shared_origin: all seats and the hub share one host name.

    Raises:
        NoName: each seat needs its own name, but there is only an IP address; or `address` is not an address.
    """
    if address is None:
        name = LOCAL if host in THIS_MACHINE_ALONE and not shared_origin else name_of_this_machine(host)
        address = f"http://{name}:{port}"
    try:
        parts = urlsplit(address if "//" in address else f"http://{address}")
        hostname, _ = parts.hostname, parts.port  # .port raises ValueError for an invalid port
    except ValueError:
        hostname = None
    if not hostname:
        raise NoName(f"{address!r} is not the address of a class. Give an address such as http://class.example:8000.")
    if not shared_origin and _is_ip_address(hostname):
        raise NoName(
            f"The class would be at {address}, but an IP address has no names below it. Each seat needs its own "
            "name, because otherwise a page from one student can act as anyone who opens it. If *.class.example "
            "leads to this machine, start with --address http://class.example:8000. If everyone in the room trusts "
            "each other, start with --shared-origin."
        )
    return f"{parts.scheme}://{parts.netloc}"


def of_seat(address: str, account: str) -> str:
    """The host name of a seat, as JupyterHub makes it.

    Args:
        account: of the seat, "student-07".
    """
    return f"{account}.{urlsplit(address).hostname}"


def is_known_here(address: str, account: str) -> bool:
    """Whether this machine can look up the host name of a seat; always true below localhost."""
    name = of_seat(address, account)
    if name.endswith(f".{LOCAL}"):
        return True
    try:
        return bool(socket.getaddrinfo(name, None))
    except OSError:
        return False


def _is_ip_address(name: str) -> bool:
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return False
