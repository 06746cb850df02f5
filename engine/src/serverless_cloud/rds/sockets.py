"""Where a PostgreSQL of ours listens: at a Unix socket in its own folder, where the system has them.

A port of 127.0.0.1 is open to everybody who shares the machine, and passwords of a course aren't secret. The endpoint
(`gate`) looks who comes (`cloud.peers`); the PostgreSQL behind it must then be out of others' reach.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

LOOPBACK = "127.0.0.1"
Made = TypeVar("Made", bound=asyncio.BaseProtocol)
LONGEST = 103  # bytes of a socket's path: macOS has the fewest (sys/un.h)


def folder_for(place: Path, run_folder: Path) -> Path | None:
    """The folder for the socket of an instance; None where it must be a port.

    Args:
        place: the instance's folder, which PostgreSQL's account may enter.
        run_folder: the run's folder, whose path is shorter; only we may enter it.
    """
    if sys.platform == "win32":
        return None
    inside = place.is_relative_to(run_folder)  # of root's cloud it is not: PostgreSQL's account owns it
    folder = run_folder / f"s{place.name[-6:]}" if inside else place
    if len(str(path_of(str(folder), 65_535)).encode()) > LONGEST or any(c in str(folder) for c in '",'):
        return None
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def path_of(folder: str, port: int) -> str:
    """The socket's path, as PostgreSQL names it."""
    return f"{folder}/.s.PGSQL.{port}"


async def connect(make: Callable[[], Made], host: str, port: int) -> tuple[asyncio.BaseTransport, Made]:
    """Connects to a PostgreSQL. `host` is an address, or the folder of its socket, as for libpq.

    Raises:
        OSError: it does not listen.
    """
    loop = asyncio.get_running_loop()
    if host.startswith("/"):
        return await loop.create_unix_connection(make, path_of(host, port))
    return await loop.create_connection(make, host, port)
