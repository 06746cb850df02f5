"""Control groups: where Linux lets us, the kernel itself holds a seat to its memory, its processes, its share of CPU.

Version 2 as root, or where systemd has delegated a group to the user (`systemd-run --user --scope -p Delegate=yes`);
version 1 as root. Elsewhere there is none, and `warden` watches instead.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from serverless_first.teach.classroom.limits import HUB_MB, PROXY_MB, Limits

MOUNT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
NEEDED = ("memory", "pids", "cpu")
HUB, PROXY = "hub", "proxy"
WEIGHT, WEIGHT_WITH_A_TURN = 100, 500
"""Of a seat at the processors. Where three seats have a turn, a fourth that loops has a sixteenth of them."""


class NoGroups(OSError):
    """There are no control groups that we may use; the message says why."""


@dataclass(frozen=True)
class Groups:
    """The control groups of one class.

    Args:
        roots: controller -> the folder that holds a folder for each seat; with version 2 all the same.
        version: 1 or 2.
    """

    roots: Mapping[str, Path]
    version: int

    @classmethod
    def make(cls, name: str, mount: Path = MOUNT, own: Path = OWN) -> Groups:
        """Makes the folders of a class.

        Args:
            name: of the class, new for each run.
            own: the file that says which ones we are in.

        Raises:
            NoGroups: Linux does not let us, or this is another system.
        """
        try:
            lines = [line.split(":", 2) for line in own.read_text().splitlines()]
        except OSError as error:
            raise NoGroups("this system has no control groups") from error
        places = {controller: path for _, controllers, path in lines for controller in controllers.split(",")}
        try:
            if (mount / "cgroup.controllers").exists():
                return cls._version_2(name, mount, places.get("", "/"))
            return cls._version_1(name, mount, places)
        except OSError as error:
            raise NoGroups(f"this account may not make control groups ({error.strerror or error})") from error

    @classmethod
    def _version_2(cls, name: str, mount: Path, path: str) -> Groups:
        own = mount / path.lstrip("/")
        top = mount if os.access(mount / "cgroup.subtree_control", os.W_OK) else own
        if missing := set(NEEDED) - set((top / "cgroup.controllers").read_text().split()):
            raise NoGroups(f"the controllers {', '.join(sorted(missing))} are not delegated to this account")
        if top != mount:  # a group with processes in it cannot have groups with limits below: they move aside
            aside = top / "hub"
            aside.mkdir(exist_ok=True)
            for pid in (top / "cgroup.procs").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    (aside / "cgroup.procs").write_text(pid)
        enable = " ".join(f"+{controller}" for controller in NEEDED)
        (top / "cgroup.subtree_control").write_text(enable)
        root = top / name
        root.mkdir()
        (root / "cgroup.subtree_control").write_text(enable)
        return cls(dict.fromkeys(NEEDED, root), 2)

    @classmethod
    def _version_1(cls, name: str, mount: Path, places: Mapping[str, str]) -> Groups:
        if missing := [controller for controller in NEEDED if not (mount / controller).is_dir()]:
            raise NoGroups(f"there is no controller for {', '.join(missing)}")
        roots = {
            controller: mount / controller / places.get(controller, "/").lstrip("/") / name for controller in NEEDED
        }
        folders = []
        try:
            for root in roots.values():
                root.mkdir()
                folders.append(root)
        except OSError:
            for root in folders:
                root.rmdir()
            raise
        return cls(roots, 1)

    def weigh(self, seats: int) -> None:
        """Gives the class as much of the processors as so many programs, and the hub ten times a seat's share, as well
        as its proxy."""
        self._weigh(self.roots["cpu"], WEIGHT * min(seats, 100))
        for name in (HUB, PROXY):
            for folder in self._folders(name):
                folder.mkdir(exist_ok=True)
            self._weigh(self.roots["cpu"] / name, 10 * WEIGHT)

    def cap(self, memory_mb: int) -> None:
        """The most that the whole class, the hub and its proxy may hold: beyond it the kernel ends one of the processes
        there, none of others."""
        self._limit(self.roots["memory"], memory_mb)
        self._limit(self.roots["memory"] / HUB, HUB_MB)
        self._limit(self.roots["memory"] / PROXY, PROXY_MB)

    def _limit(self, folder: Path, memory_mb: int) -> None:
        file = "memory.max" if self.version == 2 else "memory.limit_in_bytes"
        (folder / file).write_text(str(memory_mb * 2**20))

    def _weigh(self, folder: Path, weight: int) -> None:
        if self.version == 2:
            (folder / "cpu.weight").write_text(str(weight))
        else:  # 1024 are what 100 are in version 2
            (folder / "cpu.shares").write_text(str(weight * 1024 // 100))

    def seat(self, account: str, limits: Limits) -> None:
        """Makes the group of one seat, or gives it its limits again."""
        for folder in self._folders(account):
            folder.mkdir(exist_ok=True)
        self._limit(self.roots["memory"] / account, limits.memory_mb)
        (self.roots["pids"] / account / "pids.max").write_text(str(limits.processes))
        self.weigh_seat(account, with_a_turn=False)

    def weigh_seat(self, account: str, *, with_a_turn: bool) -> None:
        """Gives a seat its share of the processors: it is five times as large while the seat has a turn."""
        self._weigh(self.roots["cpu"] / account, WEIGHT_WITH_A_TURN if with_a_turn else WEIGHT)

    def enter(self, account: str) -> None:
        """Moves this process into a seat's group; its children are born there."""
        for folder in self._folders(account):
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    def memory_mb(self, account: str) -> int:
        """The memory of the seat's processes now, in MB: their own and their shared pages, without the cache of files,
        which the kernel takes back if it needs the memory."""
        counted = ("anon", "shmem") if self.version == 2 else ("total_rss", "total_shmem")
        try:
            lines = (self.roots["memory"] / account / "memory.stat").read_text().splitlines()
            fields = dict(line.split() for line in lines)
            return sum(int(fields.get(name, 0)) for name in counted) // 2**20
        except (OSError, ValueError):
            return 0

    def killed(self, account: str) -> int | None:
        """How many processes of the seat the kernel has ended as it had no memory left; None if it does not tell."""
        file = "memory.events" if self.version == 2 else "memory.oom_control"
        try:
            lines = (self.roots["memory"] / account / file).read_text().splitlines()
            return int(dict(line.split() for line in lines)["oom_kill"])
        except (OSError, ValueError, KeyError):
            return None

    def processes(self, account: str) -> list[int]:
        """The numbers of the seat's processes."""
        try:
            return [int(pid) for pid in (self.roots["pids"] / account / "cgroup.procs").read_text().split()]
        except OSError:
            return []

    def end(self, account: str, patience_s: float = 5.0) -> None:
        """Ends all that runs in a seat and removes its group."""
        until = time.monotonic() + patience_s
        with contextlib.suppress(OSError):  # nothing new is born while we end what is there
            (self.roots["pids"] / account / "pids.max").write_text("0")
        while (pids := self.processes(account)) and time.monotonic() < until:
            _kill(pids)
            time.sleep(0.02)
        for folder in self._folders(account):
            _remove(folder, until)

    def remove(self) -> None:
        """Ends all seats and removes the groups of the class."""
        for name in sorted({folder.name for root in self.roots.values() for folder in root.glob("*/")}):
            self.end(name)
        for root in set(self.roots.values()):
            _remove(root, time.monotonic() + 5)

    def _folders(self, account: str) -> list[Path]:
        return sorted({root / account for root in self.roots.values()})


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _remove(folder: Path, until: float) -> None:
    """Removes a group; one whose last process has only now ended is busy for a moment."""
    while folder.is_dir():
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > until:
                return
            time.sleep(0.02)
