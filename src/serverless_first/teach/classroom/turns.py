"""The seats of a class that have a turn (cloud/seat.py), by the system's list of locks.

A seat with a turn weighs more at the processors: an endless loop in another seat has no turn, and takes little from
seats that wait for their turn.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from serverless_first.teach.classroom.groups import Groups

EVERY_S = 1.0


@contextmanager
def weighed(turns: Path, groups: Groups) -> Iterator[None]:
    """For as long as the block runs, a seat weighs more while it has a turn.

    Args:
        turns: the folder with a file for each turn.
    """
    over = threading.Event()
    watch = threading.Thread(target=_weigh, args=(turns, groups, over), name="turns", daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()


def _weigh(turns: Path, groups: Groups, over: threading.Event) -> None:
    heavy: set[str] = set()
    while not over.wait(EVERY_S):
        now = accounts_with_a_turn(turns)
        for account in now ^ heavy:
            with suppress(OSError):  # the seat has been cleared meanwhile
                groups.weigh_seat(account, with_a_turn=account in now)
        heavy = now


def accounts_with_a_turn(turns: Path, proc: Path = Path("/proc")) -> set[str]:
    """The accounts whose processes hold a turn; empty where the system has no such list.

    Args:
        turns: the folder with a file for each turn.
        proc: where Linux tells about its processes.
    """
    files = {file.stat().st_ino for file in turns.glob("turn-*")}
    return {account for pid in _holders(files, proc) if (account := _account(pid, proc))}


def _holders(files: set[int], proc: Path) -> Iterator[int]:
    """The numbers of the processes that hold a lock on one of these files, given by their inodes (proc_locks(5))."""
    with suppress(OSError):
        for line in (proc / "locks").read_text(encoding="ascii").splitlines():
            words = line.split()
            # 1: FLOCK  ADVISORY  WRITE 708 08:01:131073 0 EOF; with "->" as the second word it only waits
            if words[1] == "FLOCK" and int(words[5].rpartition(":")[2]) in files:
                yield int(words[4])


def _account(pid: int, proc: Path) -> str | None:
    """Whose seat a process is in: the last folder of its control group."""
    with suppress(OSError):
        for line in (proc / str(pid) / "cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers or "cpu" in controllers.split(","):
                return path.rpartition("/")[2] or None
    return None
