"""Watches the processes and the memory of each seat, and steps in where no control group does.

Three measures, none of which touches another seat:

    more memory than the limit     the largest process of the seat ends (a kernel: JupyterLab says that it died)
    more processes than the limit  the youngest ones end
    busy for a minute on end       a lower priority for the process (nice 10): an endless loop goes on, after the others
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from serverless_first.teach.classroom.limits import Limits

BUSY_SHARE = 0.8
BUSY_FOR_S = 60.0
LOWER = 10
_log = logging.getLogger(__name__)


@dataclass
class Seat:
    """The processes of one seat: its server's descendants, including earlier descendants.

    Args:
        server: the number of its first process.
    """

    account: str
    server: int
    known_processes: dict[int, psutil.Process] = field(default_factory=dict)
    _busy_since: dict[int, tuple[float, float]] = field(default_factory=dict)

    def processes(self) -> list[psutil.Process]:
        """The running processes. A process whose parent has ended is remembered from the time before."""
        roots = [self.server, *self.known_processes]
        by_pid: dict[int, psutil.Process] = {}
        for number in roots:
            if number in by_pid:
                continue
            with contextlib.suppress(psutil.Error):
                root = self.known_processes.get(number) or psutil.Process(number)
                if root.is_running():  # the same one, not another with its number
                    by_pid |= {process.pid: process for process in (root, *root.children(recursive=True))}
        self.known_processes = by_pid
        return list(by_pid.values())

    def busy_for_s(self, process: psutil.Process, now_s: float) -> float:
        """For how long a process has used most of a processor without a pause, or has waited for one to use."""
        used_s = wanted_s(process)
        since_s, at_first_s = self._busy_since.get(process.pid, (now_s, used_s))
        if used_s - at_first_s < BUSY_SHARE * (now_s - since_s):
            since_s, at_first_s = now_s, used_s
        self._busy_since[process.pid] = (since_s, at_first_s)
        return now_s - since_s


def wanted_s(process: psutil.Process, proc: Path = Path("/proc")) -> float:
    """How long a process has run, and on Linux how long its first thread has waited for a processor meanwhile.

    Twenty endless loops on two cores get a tenth of a core each: so their running time says little about their demand.
    """
    times = process.cpu_times()
    used_s = float(times.user + times.system)
    with contextlib.suppress(OSError, ValueError):  # proc(5) and sched-stats.txt: ran and waited, in ns, and how often
        ran, waited, _ = (proc / str(process.pid) / "schedstat").read_text(encoding="ascii").split()
        return max(used_s, (int(ran) + int(waited)) / 1e9)
    return used_s


def held_mb(processes: Iterable[psutil.Process]) -> dict[int, float]:
    """The memory of each process, in MB. On Linux, shared pages are divided among the processes."""
    usage_mb = {}
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            usage_mb[process.pid] = process.memory_info().rss / 2**20
    if sum(usage_mb.values()) > 0 and hasattr(psutil, "LINUX") and psutil.LINUX:
        for process in processes:
            with contextlib.suppress(psutil.Error, OSError):
                usage_mb[process.pid] = process.memory_full_info().pss / 2**20
    return usage_mb


def enforce(seat: Seat, limits: Limits, *, now_s: float | None = None) -> list[str]:
    """Looks at one seat and steps in if necessary. Returns its actions in words for the log.

    Args:
        seat: whose processes.
        limits: what they may use.
        now_s: the time of a clock that only goes forward.
    """
    now_s = time.monotonic() if now_s is None else now_s
    processes, done = seat.processes(), []
    if len(processes) > limits.processes:
        for process in sorted(processes, key=_begun)[limits.processes :]:
            _end(process)
        done.append(f"{seat.account}: {len(processes)} processes, {limits.processes} allowed; ended the youngest")
    rough = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            rough += process.memory_info().rss / 2**20
            if seat.busy_for_s(process, now_s) > BUSY_FOR_S and process.nice() < LOWER:
                process.nice(LOWER)
                done.append(
                    f"{seat.account}: process {process.pid} has been busy for a minute, so it gets a lower priority"
                )
    if rough > limits.memory_mb:  # a quick look first: dividing shared pages takes the kernel some milliseconds each
        usage_mb = held_mb(processes)
        others = {pid: mb for pid, mb in usage_mb.items() if pid != seat.server}
        if sum(usage_mb.values()) > limits.memory_mb and others:
            largest = max(others, key=lambda pid: others[pid])
            _end(seat.known_processes[largest])
            done.append(
                f"{seat.account}: {sum(usage_mb.values()):.0f} MB, {limits.memory_mb} MB allowed; ended process "
                f"{largest} with {others[largest]:.0f} MB"
            )
    return done


def end(seat: Seat) -> None:
    """Ends all that is left of a seat."""
    for process in seat.processes():
        _end(process)


def _begun(process: psutil.Process) -> float:
    try:
        return float(process.create_time())
    except psutil.Error:
        return 0.0


def _end(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        process.kill()
