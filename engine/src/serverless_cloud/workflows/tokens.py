"""Task tokens, which wait for SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat.

Rules: Step Functions API Reference, SendTaskSuccess and SendTaskHeartbeat; the messages are AWS's as seen in public
reports. No moto.
"""

from __future__ import annotations

import base64
import secrets
import threading
import time
from dataclasses import dataclass

_TOKEN_BYTES = 192  # as long as to need care in a URL or a queue's attribute; AWS's are longer still
_REMEMBERED = 10_000  # tokens of tasks that are over: they are told from tokens that never were


class InvalidToken(Exception):
    """Nobody has issued this token."""


class TaskTimedOut(Exception):
    """The task of this token is over: answered, timed out, or its execution has ended."""


class HeartbeatMissed(Exception):
    """No heartbeat came in time."""


class ExecutionEnded(Exception):
    """Nobody waits for the task any more: its execution has ended, or the state has timed out."""


@dataclass(frozen=True)
class Outcome:
    """How a worker ended a task.

    Args:
        output: JSON; None if it failed.
        error, cause: of a failure, as the worker gave them.
    """

    output: str | None = None
    error: str | None = None
    cause: str | None = None


class PendingTask:
    """A task that somebody outside is to end. Args: token: names it."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.outcome: Outcome | None = None
        self._beat_s = time.monotonic()
        self._wakened: threading.Event | None = None
        self._lock = threading.Lock()

    def beat(self) -> None:
        """A heartbeat came."""
        self._beat_s = time.monotonic()

    def end(self, outcome: Outcome) -> bool:
        """A worker ends it; whether it is the first to do so."""
        with self._lock:
            if self.outcome is not None:
                return False
            self.outcome = outcome
            if self._wakened is not None:
                self._wakened.set()
            return True

    def wait(self, wakened: threading.Event, heartbeat_s: float | None = None) -> Outcome:
        """Waits until a worker ends it.

        Args:
            wakened: is set by the worker's answer, and by the end of the execution; nobody clears it.
            heartbeat_s: the longest time between two heartbeats, in seconds; the first counts from the moment when
                the task was made.

        Raises:
            HeartbeatMissed: no sign of life for so long.
            ExecutionEnded: nobody wants an answer any more.
        """
        self._listen(wakened)
        while self.outcome is None:
            left_s = threading.TIMEOUT_MAX
            if heartbeat_s is not None:
                left_s = self._beat_s + heartbeat_s - time.monotonic()
                if left_s <= 0:
                    raise HeartbeatMissed
            if wakened.wait(left_s) and self.outcome is None:
                raise ExecutionEnded
        return self.outcome

    def pause(self, wakened: threading.Event, pause_s: float) -> bool:
        """Waits `pause_s` seconds, or until a worker's answer or the end of the execution; whether one of them came."""
        self._listen(wakened)
        return self.outcome is not None or wakened.wait(pause_s)

    def _listen(self, wakened: threading.Event) -> None:
        with self._lock:
            self._wakened = wakened
            if self.outcome is not None:
                wakened.set()


class Tokens:
    """All tasks of a cloud that wait for an answer from outside."""

    def __init__(self) -> None:
        self._open: dict[str, PendingTask] = {}
        self._over: dict[str, None] = {}
        self._lock = threading.Lock()

    def issue(self) -> PendingTask:
        """A new task with a new token."""
        token = base64.b64encode(secrets.token_bytes(_TOKEN_BYTES)).decode()
        with self._lock:
            task = self._open[token] = PendingTask(token)
        return task

    def close(self, task: PendingTask) -> None:
        """Ends the task. From now on its token doesn't work."""
        with self._lock:
            if self._open.pop(task.token, None) is not None:
                self._over[task.token] = None
                if len(self._over) > _REMEMBERED:
                    self._over.pop(next(iter(self._over)))

    def end(self, token: str, outcome: Outcome) -> None:
        """SendTaskSuccess, SendTaskFailure.

        Raises:
            InvalidToken, TaskTimedOut.
        """
        if not self._task(token).end(outcome):
            raise TaskTimedOut

    def beat(self, token: str) -> None:
        """SendTaskHeartbeat.

        Raises:
            InvalidToken, TaskTimedOut.
        """
        task = self._task(token)
        if task.outcome is not None:
            raise TaskTimedOut
        task.beat()

    def require(self, token: str) -> None:
        """Raises unless a task waits for an answer with this token.

        Raises:
            InvalidToken, TaskTimedOut.
        """
        self._task(token)

    def clear(self) -> None:
        """Forgets all tokens."""
        with self._lock:
            self._open.clear()
            self._over.clear()

    def _task(self, token: str) -> PendingTask:
        with self._lock:
            if token in self._over:
                raise TaskTimedOut
            if token not in self._open:
                raise InvalidToken
            return self._open[token]
