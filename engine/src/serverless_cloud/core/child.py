"""A process of ours that speaks JSON lines: told and asked over its standard input, heard over its standard output.

    out  {"id": 1, "call": "reboot", ...}      a question
    in   {"id": 1, "answer": {...}} or {"id": 1, "error": "why not"}
    in   anything without an id                what it says of itself

It ends when its standard input does, so it cannot outlive the process that started it.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, TimeoutError as FutureTimeout
from pathlib import Path
from typing import Any

from serverless_cloud.core import inherited
from serverless_cloud.errors import CloudError

Message = dict[str, Any]


def start(command: Sequence[str], errors: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Starts a process with pipes for its standard input and output.

    Args:
        errors: the file that its standard error goes to.
        environ: its whole environment.
    """
    with errors.open("wb") as sink:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # its other end closes when this process ends, however it ends
            stdout=subprocess.PIPE,
            stderr=sink,
            env=environ,
            # In a separate group, it has time to clean up when the kernel's group is interrupted or killed.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
            | getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )


class ChildProcess:
    """A process and the channel to it; nothing is heard before `listen`.

    Args:
        command, errors: as for `start`.
        what: what it is, for messages: "The DB instance".

    Attributes:
        answer_limit_s: how long `answer` waits, in seconds.
    """

    answer_limit_s = 30.0

    def __init__(self, command: Sequence[str], errors: Path, what: str) -> None:
        self._errors, self._what = errors, what
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[Message]] = {}
        self._number = 0
        self._process = start(command, errors, inherited.variables(os.environ))
        self.pid = self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def listen(self, hear: Callable[[Message], None], ended: Callable[[], None]) -> None:
        """Hears it from now on, in its own thread.

        Args:
            hear: gets what it says about itself.
            ended: called once, when it falls silent, before the callers that wait for answers learn it.
        """
        threading.Thread(target=self._listen, args=(hear, ended), name="child", daemon=True).start()

    def tell(self, message: Message) -> None:
        """Writes a line to it; nothing if it has ended, which `listen` tells."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def ask(self, call: str, **arguments: Any) -> Future[Message]:
        """Calls it; the answer comes later, CloudError if it refuses or has ended."""
        future: Future[Message] = Future()
        with self._lock:
            self._number += 1
            self._waiting[self._number] = future
            self.tell({"id": self._number, "call": call} | arguments)
        if self.has_ended:
            self._give_up()
        return future

    def answer(self, call: str, **arguments: Any) -> Message:
        """Calls it and waits.

        Raises:
            CloudError: it refused, has ended or does not answer.
        """
        try:
            return self.ask(call, **arguments).result(self.answer_limit_s)
        except FutureTimeout:
            raise CloudError(f"{self._what} does not answer the call {call}.") from None

    def answer_within(self, limit_s: float, call: str) -> Message | None:
        """Calls it, and waits for a moment. None if it refuses, has ended or is busy with something else."""
        with contextlib.suppress(CloudError, FutureTimeout):
            return self.ask(call).result(limit_s)
        return None

    def close(self) -> None:
        """Begins to end it; may be called twice."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def wait_until_gone(self, limit_s: float) -> None:
        """Waits until it is gone; kills what does not end within `limit_s` seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(limit_s)
        self._process.kill()
        self._process.wait()

    def last_words(self) -> str:
        """The end of what it has written to its standard error; an error that nobody expected, for instance."""
        with contextlib.suppress(OSError):
            return " ".join(self._errors.read_text(encoding="utf-8", errors="replace").splitlines()[-3:])
        return ""

    def _listen(self, hear: Callable[[Message], None], ended: Callable[[], None]) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                message = json.loads(line)
            except ValueError:  # a library of it has printed something
                continue
            if "id" not in message:
                hear(message)
            elif future := self._waiting.pop(message["id"], None):
                if "error" in message:
                    future.set_exception(CloudError(str(message["error"])))
                else:
                    future.set_result(message["answer"])
        self._process.stdout.close()
        ended()
        self._process.wait()
        self._give_up()

    def _give_up(self) -> None:
        with self._lock:
            left, self._waiting = self._waiting, {}
        for future in left.values():
            with contextlib.suppress(Exception):  # answered at this very moment
                future.set_exception(CloudError(f"{self._what} has ended."))
