"""Work that goes on in the background of the local cloud, until it is emptied or ends."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def reported(what: str) -> Iterator[None]:
    """Writes what is raised in the block to the server's own log, since nobody waits for it. Args: what: has failed."""
    try:
        yield
    except Exception:
        print(f"{what}:", file=sys.stderr)
        traceback.print_exc()


class Task:
    """One thread of the data plane.

    Args:
        work: gets the event that asks it to end. It waits on that event, never in a bare sleep.
    """

    def __init__(self, name: str, work: Callable[[threading.Event], None]) -> None:
        self.stopped = threading.Event()
        self._name, self._work = name, work
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with reported(f"{self._name} ended"):
            self._work(self.stopped)

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Asks it to end; does not wait."""
        self.stopped.set()

    def join(self, timeout_s: float | None = None) -> None:
        """Waits until it has ended, at most `timeout_s`."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout_s)


class Tasks:
    """All tasks of a local cloud: `clear` ends them."""

    def __init__(self) -> None:
        self._tasks: set[Task] = set()
        self._lock = threading.Lock()

    def start(self, name: str, work: Callable[[threading.Event], None]) -> Task:
        """Starts a task, as `Task`."""
        with self._lock:
            self._tasks = {task for task in self._tasks if task.is_alive}
            task = Task(name, work)
            self._tasks.add(task)
        return task

    def stop(self) -> None:
        """Asks all to end; does not wait."""
        with self._lock:
            tasks = set(self._tasks)
        for task in tasks:
            task.stop()

    def clear(self, wait_s: float = 2.0) -> None:
        """Asks all to end, and waits a little for it.

        Args:
            wait_s: the longest wait for all of them together, in seconds.
        """
        self.stop()
        deadline_s = time.monotonic() + wait_s
        with self._lock:
            tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.stop()  # one that another has started meanwhile
            task.join(max(0.0, deadline_s - time.monotonic()))
