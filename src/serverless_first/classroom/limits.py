"""What a seat may use, as a share of this machine, and what each process of it is told by the operating system."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from serverless_first.cloud.burst import free_mb

LEAST_MB = 900
"""Below this, module 05's lab with a burst of 18 does not fit beside JupyterLab and PostgreSQL."""
MOST_MB = 4_000
KEPT_MB = 1_500
"""For the hub, its proxy, the board and the machine itself."""
OVER = 1.4
"""A seat may hold this many times its share: file caches and the kernel's own count too, and bursts take turns."""
PROCESSES = 400
"""Of one seat: a burst of 60 has 60 processes, PostgreSQL 90 at most, and threads count on Linux."""
_DATA_MB = 2_000


class TooSmall(ValueError):
    """The class does not fit into this machine; the message says by how much."""


@dataclass(frozen=True)
class Limits:
    """What one seat may use.

    Args:
        share_mb: its share of the memory, which bursts are sized by.
        memory_mb: the most that all its processes together may hold: more than the share, since not all need theirs at
            the same moment.
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
            own_account: the seat has an account of its own, so that Linux can count its processes.
        """
        if sys.platform == "win32":
            return
        import resource

        data = max(_DATA_MB, 2 * self.memory_mb) * 2**20
        wanted = [(resource.RLIMIT_DATA, data), (resource.RLIMIT_CORE, 0)]
        if own_account and hasattr(resource, "RLIMIT_NPROC"):
            wanted.append((resource.RLIMIT_NPROC, self.processes))
        for which, most in wanted:
            _, hard = resource.getrlimit(which)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(which, (most, most))


def share(students: int, memory_mb: int | None = None, *, free: int | None = None) -> Limits:
    """The limits of one seat among so many.

    Args:
        students: seats in use at the same time.
        memory_mb: the share, as the instructor wants it; None: an equal one of what is free now.
        free: MB that are free; what the machine says unless given.

    Raises:
        TooSmall: an equal share is less than what module 05 needs, or the wish is.
    """
    if memory_mb is not None:
        if memory_mb < LEAST_MB:
            raise TooSmall(f"{memory_mb} MB for each student are too few: the course needs {LEAST_MB} MB.")
        return Limits(memory_mb, int(OVER * memory_mb))
    free = free_mb() if free is None else free
    each = (free - KEPT_MB) // max(1, students)
    if each < LEAST_MB:
        fit = max(0, (free - KEPT_MB) // LEAST_MB)
        raise TooSmall(
            f"{students} students do not fit: {free:,} MB are free here, {KEPT_MB:,} MB stay with the hub, and each "
            f"needs {LEAST_MB} MB, which is enough for {fit}. Close other programs, or split the class; "
            "--memory-mb sets another limit for each, where you know that they do not all work at once."
        )
    each = min(MOST_MB, each)
    return Limits(each, int(OVER * each))


def nice(by: int) -> None:
    """Lets others go first: the seats behind the hub, so that it answers however busy they are."""
    if hasattr(os, "nice"):
        os.nice(by)
