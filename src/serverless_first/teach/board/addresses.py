"""How others reach this machine: the host in the address of what listens here."""

from __future__ import annotations

import contextlib
import socket

THIS_MACHINE_ALONE = ("127.0.0.1", "localhost", "::1")
"""Hosts to listen on that nobody reaches from elsewhere."""


def in_an_address(host: str) -> str:
    """A host as an address has it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def from_this_machine(host: str) -> str:
    """The name in an address, on this machine, of a host to listen on. All of this machine's addresses lead to it.

    Args:
        host: as given to --host.
    """
    return in_an_address({"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host))


def name_of_this_machine(host: str) -> str:
    """The name in an address of a host to listen on. For 0.0.0.0 and ::, which mean all of this machine's addresses,
    it is the address of its route to the network. Sends nothing.

    Args:
        host: as given to --host.
    """
    ways = {
        "0.0.0.0": (socket.AF_INET, "192.0.2.1"),
        "": (socket.AF_INET, "192.0.2.1"),
        "::": (socket.AF_INET6, "2001:db8::1"),
    }
    if host not in ways:
        return in_an_address(host)
    family, elsewhere = ways[host]  # addresses of documentation (RFC 5737, RFC 3849)
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((elsewhere, 9))
        return in_an_address(str(probe.getsockname()[0]))
    return socket.gethostname()
