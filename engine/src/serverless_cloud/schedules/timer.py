"""One thread that calls back at the times of many schedules. No moto."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

from serverless_cloud.core.background import Tasks, reported

#: The first time after a moment; None: never again. Both in UTC.
NextAfter = Callable[[datetime], datetime | None]

_LOOK_S = 0.1  # how often the thread looks whether time_scale has changed, or it is asked to end
_TOO_LATE_S = 5.0  # a laptop that slept does not catch up with what it missed


@dataclass
class _Alarm:
    """One schedule with its clock, see `Timer`: when the monotonic clock showed `read_s`, this one showed `clock`."""

    key: Hashable
    next_after: NextAfter
    ring: Callable[[datetime], None]
    clock: datetime
    read_s: float
    due: datetime

    def shows(self, now_s: float, scale: float) -> datetime:
        return self.clock + timedelta(seconds=(now_s - self.read_s) * scale)

    def due_s(self, scale: float) -> float:
        return self.read_s + (self.due - self.clock).total_seconds() / scale


class Timer:
    """Schedules that run on scaled time.

    The clock of a schedule is set to real time when the schedule is made or changed, and runs `time_scale` times as
    fast from then on: simulated time = that moment + the seconds since then x time_scale. So with a time_scale of 60 a
    rate of one minute comes once a second, and one time that is five minutes ahead comes after five seconds, however
    long the cloud has been running. A change of time_scale takes effect at once, but not for the time before it.
    With a time_scale of 1 it is real time.

    Args:
        tasks: ends the thread when the cloud is emptied.
        scale: gives time_scale as it is now.
    """

    def __init__(self, name: str, tasks: Tasks, scale: Callable[[], float]) -> None:
        self._name, self._tasks, self._scale = name, tasks, scale
        self._changed = threading.Condition()
        self._alarms: dict[Hashable, _Alarm] = {}
        self._scaled_by = scale()
        self._running: object | None = None  # the thread that works; another thread has nothing to do

    def set(self, key: Hashable, start: datetime, next_after: NextAfter, ring: Callable[[datetime], None]) -> None:
        """Sets a schedule, which replaces a schedule with the same key.

        Args:
            start: what its clock shows now.
            next_after: asked for the first time, `start` included, and after each time for the next one.
            ring: called with each time, in the timer's thread: it must not wait.
        """
        read_s, due = time.monotonic(), next_after(start - timedelta(microseconds=1))
        with self._changed:
            self._alarms.pop(key, None)
            self._follow_the_scale()
            if due is not None:
                self._alarms[key] = _Alarm(key, next_after, ring, start, read_s, due)
                self._start()
                self._changed.notify_all()

    def cancel(self, key: Hashable) -> None:
        """Ends a schedule; without effect if there is none. A call that has begun goes on."""
        with self._changed:
            self._alarms.pop(key, None)

    def clear(self) -> None:
        """Ends all of them."""
        with self._changed:
            self._alarms.clear()
            self._running = None
            self._changed.notify_all()

    def _start(self) -> None:
        if self._running is None:
            mark = self._running = object()
            self._tasks.start(self._name, lambda stopped: self._run(stopped, mark))

    def _run(self, stopped: threading.Event, mark: object) -> None:
        while not stopped.is_set():
            with self._changed:
                if self._running is not mark:
                    return
                if not self._alarms:
                    self._running = None
                    return
                self._follow_the_scale()
                alarm = min(self._alarms.values(), key=lambda candidate: candidate.due_s(self._scaled_by))
                wait_s, due = alarm.due_s(self._scaled_by) - time.monotonic(), alarm.due
                if wait_s > 0:
                    self._changed.wait(min(wait_s, _LOOK_S))
                    continue
                self._set_next(alarm, late_s=-wait_s)
            with reported(f"{self._name}: a schedule could not run"):  # the other schedules go on
                alarm.ring(due)

    def _set_next(self, alarm: _Alarm, late_s: float) -> None:
        is_late = late_s > _TOO_LATE_S
        due = alarm.next_after(alarm.shows(time.monotonic(), self._scaled_by) if is_late else alarm.due)
        if due is None:
            del self._alarms[alarm.key]
        else:
            alarm.due = due

    def _follow_the_scale(self) -> None:
        scale = self._scale()
        if scale == self._scaled_by:
            return
        now_s = time.monotonic()
        for alarm in self._alarms.values():
            alarm.clock, alarm.read_s = alarm.shows(now_s, self._scaled_by), now_s
        self._scaled_by = scale
