"""Asynchronous invocation: Lambda keeps the event, tries again when the function fails, and tells where it ended.

Rules (AWS Lambda Developer Guide, "Invoking a Lambda function asynchronously" and "Adding a destination"):

- The function fails: two more tries, after one minute and after two. Both are settings.
- It is throttled, or cannot run now for another reason: the event waits, first a second, then twice as long each time,
  at most five minutes. This is no try.
- The event is older than its maximum age: it is given up.
- Given up: the record goes to the on-failure destination, the event itself to the dead-letter queue.
- A function with a reserved concurrency of zero gives up at once.

`time_scale` divides the waits and the maximum age. It may change: what has passed until then stays as it was.
"""

from __future__ import annotations

import heapq
import itertools
import json
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from serverless_cloud.errors import NotNow
from serverless_cloud.lambda_ import report
from serverless_cloud.lambda_.function import Call, FunctionSpec, Reply

RETRY_WAITS_S = (60.0, 120.0)
FIRST_THROTTLE_WAIT_S, LONGEST_THROTTLE_WAIT_S = 1.0, 300.0
WORKERS = 256  # as many events are under way at the same moment, all functions together


@dataclass(frozen=True)
class AsyncSettings:
    """What a function does with its asynchronous events.

    Args:
        retries: tries after the first one, 0 to 2.
        max_age_s: how long an event may wait, in seconds.
        on_success, on_failure: ARNs of destinations, or None.
        dead_letter: ARN of the queue or topic of DeadLetterConfig, or None.
        reserved: the function's reserved concurrency, or None.
    """

    retries: int = 2
    max_age_s: float = 21_600.0
    on_success: str | None = None
    on_failure: str | None = None
    dead_letter: str | None = None
    reserved: int | None = None


#: The function as it is now (version and settings), or None when it was deleted.
Target = Callable[[], tuple[FunctionSpec, AsyncSettings] | None]


@dataclass
class Event:
    """One event on its way. Args: accepted_s: when, by the clock of the queue."""

    call: Call
    target: Target
    accepted_s: float
    tries: int = 0
    throttles: int = 0


class Clock:
    """Shows seconds that pass `scale` times as fast as real ones."""

    def __init__(self, scale: float) -> None:
        self._set = (0.0, time.monotonic(), scale)  # what it showed, when, and how fast it runs since

    @property
    def scale(self) -> float:
        return self._set[2]

    @scale.setter
    def scale(self, scale: float) -> None:
        self._set = (self.now_s(), time.monotonic(), scale)

    def now_s(self) -> float:
        shown_s, read_s, scale = self._set
        return shown_s + (time.monotonic() - read_s) * scale

    def wait(self, changed: threading.Condition, left_s: float | None) -> None:
        """Waits, with `changed` held, until it is notified or `left_s` seconds of this clock have passed."""
        changed.wait(None if left_s is None else left_s / self.scale)


class Deliver(Protocol):
    """Where records go. Two calls, both with an ARN and the execution role that must be allowed to send there."""

    def record(self, arn: str, record: dict[str, Any], role_arn: str) -> None:
        """Sends a record to a destination: a queue, a topic, a function, an event bus or a bucket."""

    def dead_letter(self, arn: str, event: bytes, attributes: dict[str, str], role_arn: str) -> None:
        """Sends an event that was given up to a dead-letter queue or topic."""


class EventQueue:
    """Lambda's own queue of asynchronous events.

    Args:
        invoke: invokes a version once; raises NotNow.
        deliver: where records go.
        clock: its scale divides the waits and the maximum age.
    """

    def __init__(self, invoke: Callable[[FunctionSpec, Call], Reply], deliver: Deliver, clock: Clock) -> None:
        self._clock = clock
        self._invoke, self._deliver = invoke, deliver
        self._waiting: list[tuple[float, int, Event]] = []  # a heap: when it is due by the clock, order, event
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="asynchronous")
        self._generation = 0
        threading.Thread(target=self._run, name="event-queue", daemon=True).start()

    @property
    def time_scale(self) -> float:
        """Divides the waits and the maximum age."""
        return self._clock.scale

    @time_scale.setter
    def time_scale(self, scale: float) -> None:
        with self._changed:
            self._clock.scale = scale
            self._changed.notify()

    def put(self, call: Call, target: Target) -> None:
        """Accepts an event; it is invoked as soon as a worker is free."""
        self._wait(Event(call, target, self._clock.now_s()), 0.0)

    def clear(self) -> None:
        """Forgets every event; one whose function is under way ends without a retry or a record."""
        with self._changed:
            self._generation += 1
            self._waiting.clear()

    def _wait(self, event: Event, wait_s: float) -> None:
        with self._changed:
            heapq.heappush(self._waiting, (self._clock.now_s() + wait_s, next(self._order), event))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting or (left_s := self._waiting[0][0] - self._clock.now_s()) > 0:
                    self._clock.wait(self._changed, left_s if self._waiting else None)
                _, _, event = heapq.heappop(self._waiting)
                generation = self._generation
            self._workers.submit(self._try_or_report, event, generation)

    def _try_or_report(self, event: Event, generation: int) -> None:
        try:
            self._try(event, generation)
        except Exception:  # nobody waits for the answer: the server's own log is the only place to say it
            traceback.print_exc()

    def _try(self, event: Event, generation: int) -> None:
        found = event.target() if self._generation == generation else None
        if found is None:  # the function was deleted, and its events with it
            return
        spec, settings = found
        if settings.reserved == 0:
            self._give_up(event, spec, settings, "ZeroReservedConcurrency", None)
            return
        if self._age_s(event) > settings.max_age_s:
            self._give_up(event, spec, settings, "EventAgeExceeded", None)
            return
        try:
            reply = self._invoke(spec, event.call)
        except NotNow:
            wait_s = min(FIRST_THROTTLE_WAIT_S * 2**event.throttles, LONGEST_THROTTLE_WAIT_S)
            event.throttles += 1
            # It is looked at again when it becomes too old, not only when its wait is over.
            self._again(event, min(wait_s, settings.max_age_s - self._age_s(event) + 0.1), generation)
            return
        if self._generation != generation:
            return
        event.tries += 1
        if reply.function_error is None:
            if settings.on_success:
                self._deliver.record(settings.on_success, self._record(event, spec, "Success", reply), spec.role_arn)
        elif event.tries <= settings.retries:
            self._again(event, RETRY_WAITS_S[event.tries - 1], generation)
        else:
            self._give_up(event, spec, settings, "RetriesExhausted", reply)

    def _age_s(self, event: Event) -> float:
        return self._clock.now_s() - event.accepted_s

    def _again(self, event: Event, wait_s: float, generation: int) -> None:
        if self._generation == generation:
            self._wait(event, wait_s)

    def _give_up(
        self, event: Event, spec: FunctionSpec, settings: AsyncSettings, condition: str, reply: Reply | None
    ) -> None:
        if settings.on_failure:
            self._deliver.record(settings.on_failure, self._record(event, spec, condition, reply), spec.role_arn)
        if settings.dead_letter:
            error = report.error_message(reply.payload) if reply else condition
            attributes = {"RequestID": event.call.request_id, "ErrorCode": "200", "ErrorMessage": error[:1024]}
            self._deliver.dead_letter(settings.dead_letter, event.call.event, attributes, spec.role_arn)

    @staticmethod
    def _record(event: Event, spec: FunctionSpec, condition: str, reply: Reply | None) -> dict[str, Any]:
        """The record of an invocation, version 1.0."""
        name = event.call.function_arn
        qualified = name if name != spec.arn else f"{spec.arn}:$LATEST"
        record: dict[str, Any] = {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": event.call.request_id,
                "functionArn": qualified,
                "condition": condition,
                "approximateInvokeCount": event.tries,
            },
            "requestPayload": json.loads(event.call.event),
        }
        if reply is not None:
            context: dict[str, Any] = {"statusCode": 200, "executedVersion": reply.version}
            if reply.function_error:
                context["functionError"] = reply.function_error
            record |= {"responseContext": context, "responsePayload": _payload(reply)}
        return record


def _payload(reply: Reply) -> Any:
    try:
        return json.loads(reply.payload or b"null")
    except (ValueError, RecursionError):  # a handler may return any bytes
        return reply.payload.decode(errors="replace")
