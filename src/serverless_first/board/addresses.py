"""How others reach this machine: the host in the address of what listens here."""

from __future__ import annotations

import contextlib
import socket


def in_an_address(host: str) -> str:
    """A host as an address has it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def name_of_this_machine(host: str) -> str:
    """What stands in an address for a host to listen on; of 0.0.0.0 and ::, which mean all of this machine's, the
    address that its route to the network has. Nothing is sent.

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
