"""The operating system's side of an execution environment: start a process, freeze it, thaw it, end it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

import psutil

# PR_SET_PDEATHSIG fires when the *thread* that started the child ends, so one thread that lives as long as the
# server starts all children.
_starter = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="environment-starter")


# The variables that a process needs to run at all. It inherits nothing else, no credentials and no profile.
INHERITED = ("PATH", "SYSTEMROOT", "COMSPEC", "PATHEXT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_STATUS_BYTES = 8192  # more than /proc/PID/status has


class Handle(Protocol):
    """A handle to a process, with a part of what `subprocess.Popen` offers."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it runs."""

    def wait(self) -> int:
        """Waits until it ends; its exit code, or minus the signal that ended it."""

    def kill(self) -> None:
        """Ends it."""


def spawn(
    command: Sequence[str],
    environ: Mapping[str, str],
    cwd: Path,
    log: Path,
    stdin: int = subprocess.DEVNULL,
) -> Handle:
    """Starts a program in its own session; it ends with the server.

    Args:
        environ: its whole environment; nothing is inherited.
        log: the file that its standard output and error replace.
        stdin: the file descriptor of its standard input.

    Raises:
        OSError: it could not be started.
    """
    return _starter.submit(_spawn, command, environ, cwd, log, stdin).result()


def _spawn(
    command: Sequence[str], environ: Mapping[str, str], cwd: Path, log: Path, stdin: int
) -> subprocess.Popen[bytes]:
    command, environ = _without_launcher(command, environ)
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
    with log.open("wb") as sink:
        return subprocess.Popen(
            command,
            env=dict(environ),
            cwd=cwd,
            stdin=stdin,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=flags,
        )


class RuntimeProcess:
    """One process of an execution environment or a job, in its own session, so that its children end with it."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self.pid = handle.pid
        self._killed = threading.Event()

    @cached_property
    def _ps(self) -> psutil.Process:
        return psutil.Process(self.pid)  # NoSuchProcess if it has ended already, which psutil.Error covers

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._handle.poll() is None

    def wait(self) -> int:
        """Waits until it ends; its exit status."""
        return self._handle.wait()

    def freeze(self) -> None:
        """Stops it, and what it has started, where they are: no thread gets the processor until `thaw`."""
        self._signal("SIGSTOP", psutil.Process.suspend)

    def thaw(self) -> None:
        """Lets them go on where they were."""
        self._signal("SIGCONT", psutil.Process.resume)

    def _signal(self, name: str, on_windows: Callable[[psutil.Process], None]) -> None:
        if not self.is_running():
            return
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, getattr(signal, name))
            return
        with contextlib.suppress(psutil.Error):
            for process in (self._ps, *self._ps.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    on_windows(process)

    def peak_memory_mb(self) -> int:
        """The most memory it has held resident, in MB (1,048,576 bytes); 0 if it has ended."""
        try:
            if sys.platform == "linux":
                with open(f"/proc/{self.pid}/status", "rb", buffering=0) as status:  # noqa: PTH123 (a third of Path's time)
                    _, label, rest = status.read(_STATUS_BYTES).partition(b"\nVmHWM:")
                if label:
                    return int(rest.split(maxsplit=1)[0]) // 1024
            info = self._ps.memory_info()
        except (psutil.Error, OSError):
            return 0
        peak: int = getattr(info, "peak_wset", info.rss)  # Windows keeps the peak; macOS only tells the present
        return peak // 2**20

    def memory_mb(self) -> float:
        """The memory it holds resident now, in MB; 0.0 if it has ended."""
        if not self.is_running():  # its number may be somebody else's by now
            return 0.0
        try:
            return float(self._ps.memory_info().rss) / 2**20
        except psutil.Error:
            return 0.0

    def kill(self) -> None:
        """Ends it and every process it has started, frozen or not, and waits until it is gone.

        Only once: later the system may have given the same number to somebody else's process.
        """
        if self._killed.is_set():
            self._handle.wait()
            return
        self._killed.set()
        if sys.platform == "win32":
            with contextlib.suppress(psutil.Error):
                for child in self._ps.children(recursive=True):
                    with contextlib.suppress(psutil.Error):
                        child.kill()
            self._handle.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._handle.wait()


def _without_launcher(command: Sequence[str], environ: Mapping[str, str]) -> tuple[Sequence[str], Mapping[str, str]]:
    """On Windows a virtual environment's python.exe starts the real one as its child: the process would not be ours.

    Python's own way past it is taken (multiprocessing/popen_spawn_win32.py).
    """
    real = getattr(sys, "_base_executable", sys.executable)
    if sys.platform != "win32" or command[0] != sys.executable or real == sys.executable:
        return command, environ
    return [real, *command[1:]], {**environ, "__PYVENV_LAUNCHER__": sys.executable}
