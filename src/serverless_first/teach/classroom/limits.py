"""The limits of a seat, as a share of this machine, and of each of its processes."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass

from serverless_cloud.notebook.burst import free_mb

LEAST_MB = 1_400
"""The least limit of a seat. Below this, module 05's lab does not fit: its processes held 1,301 MB at once
(docs/class.md)."""
PROMISED_MB = 900
"""The memory that each seat surely has, which is more than it holds between its bursts. Bursts take turns, so only a
few seats at a time want more, and a seat's limit may be above its equal share."""
MOST_MB = 4_000
KEPT_MB = 1_500
"""For the hub, its proxy, the board and the machine itself."""
FOR_BURSTS = 0.7
"""Of a seat's memory: bursts are sized by this much of it. Lab 05 has two bursts at the same time, and file caches and
the kernel's own memory count too."""
PROCESSES = 800
"""Of one seat. Linux counts threads: a burst of 60 has 60 processes and a thread or two beside each, PostgreSQL 90
processes at most, and JupyterLab, each kernel and the local cloud have dozens of threads."""
_DATA_MB = 2_000
HUB_MB, PROXY_MB = 1_000, 500
"""The limits of the hub with its helpers, and of its proxy. Neither can take the other's memory, or the seats'."""
MOST_CONNECTIONS = 2_000
SMALL_BODY, LARGEST_BODY, LARGE_AT_ONCE = 2**16, 64 * 2**20, 2
"""Bytes of a request's body. The hub takes only small ones. A seat takes larger ones, two at a time: it reads a body
before it looks who sends it, and two must fit beside a lab. JupyterLab uploads files in pieces of 1 MB."""
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS in linux/prctl.h
_system = ctypes.CDLL(None) if sys.platform == "linux" else None


class TooSmall(ValueError):
    """The class does not fit into this machine; the message says by how much."""


@dataclass(frozen=True)
class Limits:
    """The limits of one seat.

    Args:
        share_mb: what bursts are sized by: most of its memory.
        memory_mb: the most that all its processes together may hold.
        processes: how many processes and threads.
    """

    share_mb: int
    memory_mb: int
    processes: int = PROCESSES

    def tell_process(self, *, own_account: bool) -> None:
        """Sets the limits that each process carries: called in a seat's first process, and handed on to its children.

        One that asks for far too much gets a MemoryError at once, and its kernel lives on. macOS takes the setting
        and does not enforce it; Windows has none.

        Args:
            own_account: the seat has its own account, so that Linux can count its processes. Then no program gives them
                the rights of another account either, such as a set-user-id file that somebody has left.

        Raises:
            OSError: Linux refuses.
        """
        if sys.platform == "win32":
            return
        import resource  # Unix's own

        data = max(_DATA_MB, 2 * self.memory_mb) * 2**20
        settings = [(resource.RLIMIT_DATA, data), (resource.RLIMIT_CORE, 0)]
        if own_account and hasattr(resource, "RLIMIT_NPROC"):
            settings.append((resource.RLIMIT_NPROC, self.processes))
        for which, most in settings:
            _, hard = resource.getrlimit(which)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(which, (most, most))
        if own_account and _system is not None and _system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            raise OSError("Linux doesn't let a seat give up new privileges (prctl).")


def share(students: int, memory_mb: int | None = None, *, free: int | None = None) -> Limits:
    """The limits of one seat among so many.

    A limit is an equal share of what is free, or `LEAST_MB` where the share is less. Then a class has limits for more
    memory than there is, as bursts take turns: a reservation and a limit, in the words of schedulers of containers.

    Args:
        students: who have a seat; the instructor has one more.
        memory_mb: of each seat, as the instructor wants it; None: as said above.
        free: free MB, by default as the machine reports.

    Raises:
        TooSmall: an equal share is less than `PROMISED_MB`; or the wish is less than module 05 needs, or more than can
            be given to every seat at once.
    """
    free = free_mb() if free is None else free
    seats = students + 1
    seat_mb = max(0, free - KEPT_MB) // seats
    if memory_mb is not None and memory_mb < LEAST_MB:
        raise TooSmall(f"{memory_mb} MB for each student is too little. The course needs {LEAST_MB} MB.")
    if seat_mb < PROMISED_MB:
        fit = max(0, (free - KEPT_MB) // PROMISED_MB - 1)
        raise TooSmall(
            f"{students} students do not fit on this machine. {free:,} MB are free, the hub reserves {KEPT_MB:,} MB, "
            f"and each seat needs {PROMISED_MB} MB, including yours, so there is room for {fit}. Close other "
            "programs, or split the class."
        )
    most = max(LEAST_MB, seat_mb)
    if memory_mb is not None and memory_mb > most:
        raise TooSmall(
            f"{memory_mb:,} MB for each seat is too much. {seats} seats, including yours, would take "
            f"{seats * memory_mb:,} MB. {free:,} MB are free here, and the hub reserves {KEPT_MB:,} MB of that, so "
            f"each seat can have at most {most:,} MB."
        )
    seat_mb = min(MOST_MB, most) if memory_mb is None else memory_mb
    return Limits(int(FOR_BURSTS * seat_mb), seat_mb)


def all_together_mb(limits: Limits, seats: int, *, free: int | None = None) -> int:
    """The most that a class may hold: its seats, and most of what is kept for the hub and its helpers.

    Args:
        free: as for `share`.
    """
    free = free_mb() if free is None else free
    return min(seats * limits.memory_mb, free - KEPT_MB) + KEPT_MB * 2 // 3
