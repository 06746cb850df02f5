"""The server's side of forked environments: the template process, and the processes that it forks (Linux).

bootstrap.py is the template's side, and says what an environment shares with it.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from serverless_cloud.lambda_ import bootstrap
from serverless_cloud.lambda_.process import INHERITED, Handle, spawn

#: Set to "off", each environment is started as a new program, as on macOS and Windows.
SWITCH = "SERVERLESS_FIRST_FORK"
READY_WITHIN_S = 2.0  # then new programs are started until it is
ANSWERS_WITHIN_S = 10.0
_LARGEST_ANSWER = 4096  # bytes
# Python and the C library read these only as a program starts, and a forked process has started already.
_READ_AT_THE_START = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "GLIBC_")


class CannotFork(Exception):
    """The template has ended, or did not fork; the message says why."""


class ForkedProcess:
    """A process that the template has forked, with what `subprocess.Popen` offers of it."""

    def __init__(self) -> None:
        self.started: Future[int] = Future()
        self.ended: Future[int] = Future()

    @property
    def pid(self) -> int:
        """Its number.

        Raises:
            CannotFork: it was not started.
        """
        return self.started.result()

    def did_not_start(self, why: str) -> None:
        """Tells the caller that waits for its start. Does nothing if it has started, or nobody waits any more."""
        if not self.started.done() and self.started.set_running_or_notify_cancel():
            self.started.set_exception(CannotFork(why))

    def poll(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it runs."""
        return self.ended.result() if self.ended.done() else None

    def wait(self) -> int:
        """Waits until it ends; its exit code, or minus the signal that ended it."""
        return self.ended.result()

    def kill(self) -> None:
        """Ends it. Called only on Windows, where nothing is forked: elsewhere its whole process group is ended."""
        os.kill(self.pid, signal.SIGKILL)


class Template:
    """Starts the processes of execution environments: forks them where that works, else starts a new program for each.

    The template process is started with the first environment, and again if it has ended meanwhile.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._link: _Link | None = None
        self._closed = False

    def start(self, handler: str, environ: Mapping[str, str], cwd: Path, log: Path) -> Handle:
        """Starts a process that runs AWS's runtime.

        Args:
            handler: the handler's module and name, as in "orders.handler".
            environ: its whole environment; nothing is inherited.
            cwd: its working folder, the unpacked code.
            log: the file that its standard output and error replace.

        Raises:
            OSError: it could not be started.
        """
        if os.environ.get(SWITCH) != "off" and _has_pidfds() and not _needs_a_new_program(environ):
            with contextlib.suppress(CannotFork, OSError):
                return self._connected().fork(handler, environ, cwd, log)
        command = [*_PYTHON, handler, str(os.getpid())]
        return spawn(command, environ, cwd, log)

    def _connected(self) -> _Link:
        with self._lock:
            if self._closed:
                raise CannotFork("The local cloud is stopping.")
            if self._link is None or self._link.process.poll() is not None:
                self._link = _Link()
            return self._link

    def close(self) -> None:
        """Ends the template process. After that nothing is forked."""
        with self._lock:
            self._closed = True
            link, self._link = self._link, None
        if link is not None:
            link.close()


class _Link:
    """One template process, and the socket to it."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._forked: dict[int, ForkedProcess] | None = {}  # None once the template has ended
        self._ready = threading.Event()
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            command = [*_PYTHON, "--template", str(os.getpid())]
            self.process = spawn(command, _machine(), Path("/"), Path(os.devnull), other.fileno())
        threading.Thread(target=self._listen, name="template", daemon=True).start()

    def fork(self, handler: str, environ: Mapping[str, str], cwd: Path, log: Path) -> ForkedProcess:
        """Forks it once; returns when the new process has its own session.

        Raises:
            CannotFork: it did not.
            OSError: the request could not be sent, as when it is too long, or the template does not answer in time.
        """
        if not self._ready.wait(READY_WITHIN_S):
            raise CannotFork("The template is still loading AWS's runtime.")
        forked, number = ForkedProcess(), next(self._numbers)
        with self._lock:
            if self._forked is None:
                raise CannotFork("The template has ended.")
            self._forked[number] = forked
        request = {"id": number, "handler": handler, "environ": dict(environ), "cwd": str(cwd)}
        with log.open("wb") as sink:
            socket.send_fds(self._socket, [json.dumps(request).encode()], [sink.fileno()])
        try:
            forked.started.result(ANSWERS_WITHIN_S)
        except TimeoutError:
            if forked.started.cancel():  # should it start after all, `_take` ends it
                raise
        return forked

    def _listen(self) -> None:
        try:
            while data := self._receive():
                self._take(json.loads(data))
        finally:
            with self._lock:
                assert self._forked is not None
                left, self._forked = self._forked.values(), None
            self._ready.set()  # nobody has to wait any longer
            for forked in left:  # the kernel ends them with the template
                forked.did_not_start("The template has ended.")
                forked.ended.set_result(-signal.SIGKILL)
            self._socket.close()
            self.process.wait()

    def _receive(self) -> bytes:
        """The next answer; empty once the template has ended or `close` was called."""
        with contextlib.suppress(OSError):
            return self._socket.recv(_LARGEST_ANSWER)
        return b""

    def _take(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self._ready.set()
            return
        with self._lock:
            assert self._forked is not None
            forked = self._forked[message["id"]] if "pid" in message else self._forked.pop(message["id"], None)
        if forked is None:  # it could not become an environment, and has said so before
            return
        if "pid" in message:
            if forked.started.set_running_or_notify_cancel():
                forked.started.set_result(message["pid"])
            else:  # nobody waits for it any more
                with contextlib.suppress(ProcessLookupError):
                    os.kill(message["pid"], signal.SIGKILL)
        elif "error" in message:
            forked.did_not_start(message["error"])
        else:
            forked.did_not_start("The process ended before it became an environment.")
            forked.ended.set_result(message["status"])

    def close(self) -> None:
        """Ends the template process, and with it everything that it has forked."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.process.wait()


# -s: packages in the user's own site folder are not a handler's; a process with its own HOME would not see them either.
_PYTHON = (sys.executable, "-s", "-X", "utf8", bootstrap.__file__)


@functools.cache
def _has_pidfds() -> bool:
    """Whether this is Linux 5.3 or newer. The template waits on pidfds for the ends of what it has forked."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


def _machine() -> dict[str, str]:
    """The environment of the template process."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | {"LANG": "en_US.UTF-8"}


def _needs_a_new_program(environ: Mapping[str, str]) -> bool:
    machine = _machine()
    return any(name.startswith(_READ_AT_THE_START) and value != machine.get(name) for name, value in environ.items())
