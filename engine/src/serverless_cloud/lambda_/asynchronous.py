"""Asynchronous invocation: Lambda keeps the event, tries again when the function fails, and tells where it ended.

Rules (AWS Lambda Developer Guide, "Invoking a Lambda function asynchronously" and "Adding a destination"):

- The function fails: two more tries, after one minute and after two. Both are settings.
- It is throttled, or cannot run now for another reason: the event waits, first a second, then twice as long each time,
  at most five minutes. This doesn't count as a try.
- The event is older than its maximum age: it is given up.
- Given up: the record goes to the on-failure destination, the event itself to the dead-letter queue.
- A function with a reserved concurrency of zero gives up at once.

`time_scale` divides the waits and the maximum age. It may change, but only for the time from then on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from serverless_cloud.core.background import Tasks
from serverless_cloud.errors import NotNow
from serverless_cloud.lambda_ import report
from serverless_cloud.lambda_.delay_queue import Clock, DelayQueue
from serverless_cloud.lambda_.function import Call, FunctionSpec, Reply

RETRY_WAITS_S = (60.0, 120.0)
FIRST_THROTTLE_WAIT_S, LONGEST_THROTTLE_WAIT_S = 1.0, 300.0
WORKERS = 256  # as many events are under way at the same moment, all functions together


@dataclass(frozen=True)
class AsyncSettings:
    """A function's settings for its asynchronous events.

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
        clock: its scale divides the waits and the maximum age, and may be changed.
    """

    def __init__(self, invoke: Callable[[FunctionSpec, Call], Reply], deliver: Deliver, clock: Clock) -> None:
        self.clock = clock
        self._invoke, self._deliver = invoke, deliver
        # Its own tasks: emptying the cloud does not wait for functions that are under way.
        self._queue = DelayQueue(Tasks(), "asynchronous", self._try, WORKERS, clock)

    def put(self, call: Call, target: Target) -> None:
        """Accepts an event; it is invoked as soon as a worker is free."""
        self._queue.put(Event(call, target, self.clock.now_s()))

    def clear(self) -> None:
        """Forgets every event; one whose function is under way ends without a retry or a record."""
        self._queue.clear()

    def _try(self, event: Event, is_wanted: Callable[[], bool]) -> float | None:
        """Invokes the function once; returns the wait before the next try, in seconds."""
        target = event.target()
        if target is None:  # the function was deleted, and its events with it
            return None
        spec, settings = target
        if settings.reserved == 0:
            self._give_up(event, spec, settings, "ZeroReservedConcurrency", None)
            return None
        if self._age_s(event) > settings.max_age_s:
            self._give_up(event, spec, settings, "EventAgeExceeded", None)
            return None
        try:
            reply = self._invoke(spec, event.call)
        except NotNow:
            wait_s = min(FIRST_THROTTLE_WAIT_S * 2.0**event.throttles, LONGEST_THROTTLE_WAIT_S)
            event.throttles += 1
            # It is looked at again when it becomes too old, not only when its wait is over.
            return min(wait_s, settings.max_age_s - self._age_s(event) + 0.1)
        if not is_wanted():
            return None
        event.tries += 1
        if reply.function_error is None:
            if settings.on_success:
                self._deliver.record(settings.on_success, self._record(event, spec, "Success", reply), spec.role_arn)
        elif event.tries <= settings.retries:
            return RETRY_WAITS_S[event.tries - 1]
        else:
            self._give_up(event, spec, settings, "RetriesExhausted", reply)
        return None

    def _age_s(self, event: Event) -> float:
        return self.clock.now_s() - event.accepted_s

    def _give_up(
        self, event: Event, spec: FunctionSpec, settings: AsyncSettings, condition: str, reply: Reply | None
    ) -> None:
        if settings.on_failure:
            self._deliver.record(settings.on_failure, self._record(event, spec, condition, reply), spec.role_arn)
        if settings.dead_letter:
            error = report.of_error(reply.payload, "errorMessage") if reply else condition
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
