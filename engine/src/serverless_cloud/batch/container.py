"""The first process of a job's container: starts the job's command and ends everything that came of it.

Run as a script: `python container.py SERVER_PID COMMAND ...`, in its own session. It plays the part of the
container on AWS: when the command ends, whatever it has started ends too, also what left its process group.

    SIGTERM   is passed on to the command, which may clean up
    SIGHUP    all processes end at once; Linux sends it when the server ends, however it ends
    exit      the command's exit code; 128 and the signal's number if a signal has ended it, as Docker counts

Standard library only, and little of it: it starts with each attempt of a job.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import Any

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
KILLED = 137  # 128 + SIGKILL
CANNOT_START = 127


def tie_to(server_pid: int) -> None:
    """On Linux: processes whose parent ends become this one's children, and SIGHUP comes when the server ends."""
    if sys.platform != "linux":
        return
    import ctypes  # for Linux only, and each attempt of a job starts this program

    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGHUP)
    if os.getppid() != server_pid:  # the server ended before the request reached the kernel
        sys.exit(KILLED)


def children() -> list[int]:
    """The processes whose parent is this one; none where the system does not tell."""
    me, pids = str(os.getpid()), []
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208 (pathlib takes longer to import than all of this)
            if name.isdigit():
                with contextlib.suppress(OSError, IndexError):
                    with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:  # noqa: PTH123
                        after_name = stat.read().rpartition(")")[2].split()
                    if after_name[1] == me:
                        pids.append(int(name))
    return pids


def end_all() -> None:
    """Kills the children until there are none: the children of one that is killed become this process's own."""
    while True:
        for pid in children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            time.sleep(0.002)


def run(command: list[str]) -> int:
    """Runs a command to its end; its exit code, as Docker counts."""
    main: list[int] = []
    signals: list[int] = []

    def pass_on(number: int, _: Any) -> None:
        signals.append(number)
        for pid in main:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def end_now(*_: Any) -> None:
        if sys.platform == "linux":
            end_all()
        os._exit(KILLED)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGHUP, end_now)
    try:
        # Python ignores SIGPIPE and SIGXFSZ; the command must not inherit that.
        pid = os.posix_spawnp(command[0], command, os.environ, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])
    except OSError as error:
        print(f"exec {command[0]}: {error.strerror}", file=sys.stderr)
        return CANNOT_START
    main.append(pid)
    if signals:
        os.kill(pid, signal.SIGTERM)
    status = wait_for(pid)
    main.clear()
    if sys.platform == "linux":
        end_all()
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def wait_for(main: int) -> int:
    """Waits for one child and reaps all others meanwhile; its status."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == main:
            return status


if __name__ == "__main__":
    tie_to(int(sys.argv[1]))
    if sys.platform == "win32":
        import subprocess

        sys.exit(subprocess.call(sys.argv[2:]))
    sys.exit(run(sys.argv[2:]))
