"""Finds the processes, ports, shared memory and files of a kernel, and what is left of them after its end."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path

import psutil


@dataclass
class Traces:
    """The processes, ports and shared memory of a kernel and its child processes, before the kernel ends."""

    processes: set[psutil.Process] = field(default_factory=set)
    ports: set[tuple[int, int]] = field(default_factory=set)  # with the socket's inode, see `_listening`
    segments: set[int] = field(default_factory=set)

    def look(self, kernel_pid: int) -> None:
        """Adds everything that the kernel and its child processes hold now."""
        with contextlib.suppress(psutil.Error):
            kernel = psutil.Process(kernel_pid)
            self.processes |= {kernel, *kernel.children(recursive=True)}
        theirs = set()
        for process in self.processes:
            with contextlib.suppress(psutil.Error):
                listening = [c for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
                theirs |= {c.laddr.port for c in listening}
        self.ports |= {(port, socket) for port, socket in _listening() if port in theirs}
        begun_s = {process.pid: process.create_time() for process in self.processes}
        ages_s = [(segment, made_s - begun_s[maker]) for segment, maker, made_s in _segments() if maker in begun_s]
        self.segments |= {segment for segment, age_s in ages_s if age_s > -2}  # else it's an earlier process

    def left(self, place: Path) -> list[str]:
        """A line for each process, port, piece of shared memory and folder that still exists.

        Args:
            place: the kernel's folder for temporary files.
        """
        lines = [f"process {p.pid} ({_name(p)})" for p in self.processes if _lives(p)]
        known = {process.pid for process in self.processes}
        lines += [f"process {p.pid} ({_name(p)})" for p in _working_in(place) if p.pid not in known and _lives(p)]
        lines += [f"port {port}" for port, _ in sorted(self.ports & _listening())]
        lines += [f"shared memory {segment}" for segment, _, _ in _segments() if segment in self.segments]
        return lines + [f"folder {path.relative_to(place)}" for path in sorted(_folders(place))]


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(" ".join(process.cmdline()).split())  # on one line
    return "gone meanwhile"


def _working_in(place: Path) -> list[psutil.Process]:
    """Processes with this folder in TMPDIR, as their current folder or in their command line."""
    processes = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            texts = [process.environ().get("TMPDIR", ""), process.cwd(), *process.cmdline()]
            if any(str(place) in text for text in texts):
                processes.append(process)
    return processes


def _listening() -> set[tuple[int, int]]:
    """Open ports with their sockets' inodes, because a later process may have the same port (only on Linux)."""
    sockets = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        with contextlib.suppress(OSError):
            for fields in map(str.split, table.read_text(encoding="ascii").splitlines()[1:]):
                if fields[3] == "0A":
                    sockets.add((int(fields[1].rsplit(":", 1)[1], 16), int(fields[9])))
    return sockets


def _segments() -> list[tuple[int, int, int]]:
    """System V shared memory: number, creating process, creation time (Unix time in s). Only on Linux."""
    try:
        lines = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return []
    return [(int(fields[1]), int(fields[4]), int(fields[13])) for fields in map(str.split, lines)]


def _folders(place: Path) -> list[Path]:
    """The temporary files and folders, except the folder that all runs of a user share, and its lock."""
    user = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    shared = place / f"serverless-first-{user}"
    inside = [path for path in shared.iterdir() if path.name != "lock"] if shared.is_dir() else []
    return [path for path in place.iterdir() if path != shared] + inside
