"""One thread that calls back at the times of many schedules. No moto."""

from __future__ import annotations

import heapq
import sys
import threading
import time
import traceback
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from serverless_cloud.tasks import Tasks

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
    due: datetime | None = None
    ended: bool = False

    def shows(self, now_s: float, scale: float) -> datetime:
        return self.clock + timedelta(seconds=(now_s - self.read_s) * scale)

    def due_s(self, scale: float) -> float:
        assert self.due is not None
        return self.read_s + (self.due - self.clock).total_seconds() / scale


@dataclass(order=True)
class _Entry:
    due_s: float
    alarm: _Alarm = field(compare=False)


class Timer:
    """Schedules that run on scaled time.

    The clock of a schedule is set to real time when the schedule is made or changed, and runs `time_scale` times as
    fast from then on: simulated time = that moment + the seconds since then x time_scale. So with a time_scale of 60 a
    rate of one minute comes once a second, and one time that is five minutes ahead comes after five seconds, however
    long the cloud has been running. A change of time_scale takes effect at once; what the clock has shown before stays.
    With a time_scale of 1 it is real time.

    Args:
        name: of the thread; for a debugger.
        tasks: ends the thread when the cloud is emptied.
        scale: gives time_scale as it is now.
    """

    def __init__(self, name: str, tasks: Tasks, scale: Callable[[], float]) -> None:
        self._name, self._tasks, self._scale = name, tasks, scale
        self._changed = threading.Condition()
        self._alarms: dict[Hashable, _Alarm] = {}
        self._heap: list[_Entry] = []
        self._scaled_by = scale()
        self._running: object | None = None  # the thread that works; another one has nothing to do

    def set(self, key: Hashable, start: datetime, next_after: NextAfter, ring: Callable[[datetime], None]) -> None:
        """Sets a schedule, in the place of another one with the same key.

        Args:
            key: names the schedule.
            start: what its clock shows now.
            next_after: asked for the first time, `start` included, and after each time for the next one.
            ring: called with each time, in the timer's thread: it must not wait.
        """
        alarm = _Alarm(key, next_after, ring, start, time.monotonic())
        alarm.due = next_after(start - timedelta(microseconds=1))
        with self._changed:
            self._end(key)
            self._follow_the_scale()
            if alarm.due is not None:
                self._alarms[key] = alarm
                heapq.heappush(self._heap, _Entry(alarm.due_s(self._scaled_by), alarm))
                self._start()
                self._changed.notify_all()

    def cancel(self, key: Hashable) -> None:
        """Ends a schedule; without effect if there is none. A call that has begun goes on."""
        with self._changed:
            self._end(key)

    def clear(self) -> None:
        """Ends all of them."""
        with self._changed:
            for key in list(self._alarms):
                self._end(key)
            self._heap.clear()
            self._running = None
            self._changed.notify_all()

    def _end(self, key: Hashable) -> None:
        alarm = self._alarms.pop(key, None)
        if alarm is not None:
            alarm.ended = True

    def _start(self) -> None:
        if self._running is None:
            mark = self._running = object()
            self._tasks.start(self._name, lambda stopped: self._run(stopped, mark))

    def _run(self, stopped: threading.Event, mark: object) -> None:
        while not stopped.is_set():
            with self._changed:
                if self._running is not mark:
                    return
                if not self._heap:
                    self._running = None
                    return
                self._follow_the_scale()
                entry = self._heap[0]
                wait_s = entry.due_s - time.monotonic()
                if wait_s > 0 and not entry.alarm.ended:
                    self._changed.wait(min(wait_s, _LOOK_S))
                    continue
                heapq.heappop(self._heap)
                alarm, due = entry.alarm, entry.alarm.due
                if alarm.ended or due is None:
                    continue
                self._set_next(alarm, due, -wait_s)
            try:
                alarm.ring(due)
            except Exception:  # the other schedules go on
                print(f"{self._name}: a schedule could not run:", file=sys.stderr)
                traceback.print_exc()

    def _set_next(self, alarm: _Alarm, due: datetime, late_s: float) -> None:
        late = late_s > _TOO_LATE_S
        alarm.due = alarm.next_after(alarm.shows(time.monotonic(), self._scaled_by) if late else due)
        if alarm.due is None:
            del self._alarms[alarm.key]
        else:
            heapq.heappush(self._heap, _Entry(alarm.due_s(self._scaled_by), alarm))

    def _follow_the_scale(self) -> None:
        scale = self._scale()
        if scale == self._scaled_by:
            return
        now_s = time.monotonic()
        for alarm in self._alarms.values():
            alarm.clock, alarm.read_s = alarm.shows(now_s, self._scaled_by), now_s
        self._heap = [_Entry(a.due_s(scale), a) for a in self._alarms.values()]
        heapq.heapify(self._heap)
        self._scaled_by = scale
