"""Calls that need an answer immediately, against messages that wait in a queue: losses and waiting times.

A synchronous call that exceeds the concurrency is refused, or waits in a room with few seats. A message waits in the
queue until a poller takes it to the function. The number of pollers grows as long as messages are left. AWS's rule for
this growth, which the local cloud also applies, is in `serverless_cloud/sources/sqs_scaling.py`.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from serverless_cloud.rules import MOST_CONCURRENT_BATCHES, Scaling
from serverless_first.simulate import inputs
from serverless_first.simulate.inputs import Floats

Integers = NDArray[np.int64]

#: Default and maximum time for which SQS keeps a message, 4 and 14 days in seconds (Amazon SQS quotas).
RETENTION_S, LONGEST_RETENTION_S = 345_600.0, 1_209_600.0
#: Limits of a mapping's MaximumConcurrency, and of the batch size without a batch window (Lambda API).
MAXIMUM_CONCURRENCY, MOST_IN_A_BATCH = (2, 1000), 10
#: A long poll ends after 20 s (Amazon SQS Developer Guide). After that, the queue counts as empty.
LONG_POLL_S = 20.0
_TICK_S = 0.125  # how often to check the limit while it holds messages back; sums of this number are exact


@dataclass(frozen=True, eq=False)
class _Outcomes:
    """The common part of the results for calls and messages: arrivals, begins and ends of the work, and losses."""

    arrival_s: Floats
    begin_s: Floats
    end_s: Floats

    @property
    def lost(self) -> int:
        """How many calls were refused, or how many messages expired in the queue."""
        return int(np.count_nonzero(np.isnan(self.begin_s)))

    @property
    def handled(self) -> int:
        """How many calls or messages the function got."""
        return self.arrival_s.size - self.lost

    @property
    def wait_s(self) -> Floats:
        """How long each call or message waited until its work began, in seconds; NaN if it was lost."""
        return self.begin_s - self.arrival_s


class CallsResult(_Outcomes):
    """The outcome of synchronous calls; all arrays have one entry for each call, in the order of arrival.

    Attributes:
        arrival_s: when the call arrived, in seconds.
        begin_s: when its service began; NaN if it was refused.
        end_s: when its service ended; NaN if it was refused.
    """

    @property
    def calls(self) -> int:
        """The number of calls."""
        return self.arrival_s.size


def calls(arrivals_s: ArrayLike, service_s: ArrayLike, concurrency: int, *, waiting_room: int = 0) -> CallsResult:
    """Synchronous calls to a function with limited concurrency, or to a server with a small waiting room.

    A call that finds all places and all waiting seats taken is refused and doesn't come back. Lambda has no waiting
    seats and returns 429. Calls are served in the order of arrival. A place that becomes free at the instant of an
    arrival is free for the new call.

    In the example, five calls arrive at the same time, and there are two places and one waiting seat.

    >>> run = calls([0, 0, 0, 0, 0], 1.0, concurrency=2, waiting_room=1)
    >>> run.handled, run.lost, run.wait_s.tolist()
    (3, 2, [0.0, 0.0, 1.0, nan, nan])

    Args:
        arrivals_s: when each call arrives, in seconds from 0, ascending; shape (n,).
        service_s: how long it takes, in seconds, above 0; one number, or shape (n,).
        concurrency: how many calls are served at the same time, from 1, such as reserved concurrency.
        waiting_room: number of waiting seats, from 0; Lambda has none.

    Raises:
        ValueError: an argument is out of its range or has the wrong shape.
    """
    arrivals = inputs.arrivals(arrivals_s)
    services = np.broadcast_to(inputs.service("service_s", service_s, arrivals.size), arrivals.shape)
    places = inputs.whole("concurrency", concurrency, 1)
    most = places + inputs.whole("waiting_room", waiting_room, 0)
    ends: list[float] = []  # a heap of the ends of all calls that are in service or waiting
    free_at = [0.0] * min(places, arrivals.size)  # a heap of the times at which each place becomes free
    begin: list[float] = []
    for now, service in zip(arrivals.tolist(), services.tolist(), strict=True):
        while ends and ends[0] <= now:
            heapq.heappop(ends)
        if len(ends) >= most:
            begin.append(math.nan)
            continue
        start = max(now, free_at[0])
        heapq.heapreplace(free_at, start + service)
        heapq.heappush(ends, start + service)
        begin.append(start)
    begins = np.array(begin, dtype=np.float64)
    result = CallsResult(arrivals, begins, begins + services)
    inputs.freeze(result.arrival_s, result.begin_s, result.end_s)
    return result


@dataclass(frozen=True, eq=False)
class QueueResult(_Outcomes):
    """The outcome of messages; all arrays have one entry for each message, in the order of arrival.

    Attributes:
        arrival_s: when the message was sent, in seconds.
        begin_s: when the function got its batch; NaN if the message was lost.
        end_s: when the batch was done; NaN if the message was lost.
        left_s: when the message left the queue, in a batch or because it expired.
        limit: how many batches could run when its batch began or when the message was lost.
        batch: number of its batch, from 0; -1 if the message was lost.
    """

    left_s: Floats
    limit: Integers
    batch: Integers

    @property
    def messages(self) -> int:
        """The number of messages."""
        return self.arrival_s.size

    @property
    def invocations(self) -> int:
        """The number of batches, each of which is one invocation."""
        return int(np.max(self.batch, initial=-1)) + 1

    @property
    def oldest_s(self) -> float:
        """The highest age of a message in the queue, in seconds; 0 without messages."""
        return float(np.max(self.left_s - self.arrival_s, initial=0.0))

    @property
    def most_waiting(self) -> int:
        """The most messages that waited at the same time."""
        return int(np.max(self.backlog(self.arrival_s), initial=0))

    @property
    def done_s(self) -> float:
        """When the last batch was done, in seconds; 0 without batches."""
        return float(np.max(self.end_s, initial=0.0, where=~np.isnan(self.end_s)))

    def backlog(self, times_s: ArrayLike) -> Integers:
        """Messages in the queue at these times (in seconds), like CloudWatch's ApproximateNumberOfMessagesVisible."""
        return _count(self.arrival_s, times_s) - _count(self.left_s, times_s)

    def oldest_age_s(self, times_s: ArrayLike) -> Floats:
        """Age of the oldest message in seconds, 0 if there is none, like CloudWatch's ApproximateAgeOfOldestMessage."""
        times = inputs.numbers("times_s", times_s)
        # The first message that has not left the queue; all earlier messages have.
        first = np.searchsorted(np.maximum.accumulate(self.left_s), times, side="right")
        arrived = np.append(self.arrival_s, math.inf)[first]
        return np.asarray(np.where(arrived <= times, times - np.where(arrived <= times, arrived, times), 0.0))

    def in_flight(self, times_s: ArrayLike) -> Integers:
        """How many batches are running at these times, which are in seconds."""
        _, first = np.unique(self.batch[self.batch >= 0], return_index=True)
        handled = self.batch >= 0
        begins, ends = self.begin_s[handled][first], self.end_s[handled][first]
        return _count(begins, times_s) - _count(ends, times_s)


def queue(
    arrivals_s: ArrayLike,
    service_s: ArrayLike,
    *,
    maximum_concurrency: int | None = None,
    batch_size: int = 1,
    retention_s: float = RETENTION_S,
) -> QueueResult:
    """Messages in an SQS queue that an event source mapping passes to a function.

    A batch begins as soon as a message is available and fewer batches are running than the limit allows. The batch
    takes the available messages, oldest first, up to `batch_size`, and the function handles them one after another.
    The limit is 5 at first. It grows by 300 a minute while messages are left, up to 1,250 or `maximum_concurrency`, and
    falls back after the queue has been empty for 20 s. The rule and its source are in
    `serverless_cloud/sources/sqs_scaling.py`; AWS doesn't say how fast the limit falls.

    The model leaves out messages whose function fails, the visibility timeout, the batch window, and other users of the
    account's concurrency.

    In the example, a thousand messages arrive at the same time, and each takes a minute. At first, 5 batches run, and
    every second, 5 more begin.

    >>> run = queue([0.0] * 1000, 60.0)
    >>> run.in_flight([0, 10, 30]).tolist(), run.lost
    ([5, 55, 155], 0)

    Args:
        arrivals_s: when each message is sent, in seconds from 0, ascending; shape (n,).
        service_s: how long the function works on it, in seconds, above 0; one number, or shape (n,).
        maximum_concurrency: MaximumConcurrency of the mapping, 2 to 1,000; None for the rule's limit of 1,250.
        batch_size: maximum number of messages in a batch, 1 to 10; AWS allows more with a batch window.
        retention_s: how long the queue keeps a message, in seconds, from 60 s to 14 days; older messages are lost.

    Raises:
        ValueError: an argument is out of its range or has the wrong shape.
    """
    arrivals = inputs.arrivals(arrivals_s)
    services = np.broadcast_to(inputs.service("service_s", service_s, arrivals.size), arrivals.shape)
    if maximum_concurrency is not None:
        inputs.whole("maximum_concurrency", maximum_concurrency, *MAXIMUM_CONCURRENCY)
    size = inputs.whole("batch_size", batch_size, 1, MOST_IN_A_BATCH)
    keeps_s = inputs.number("retention_s", retention_s, least=60, most=LONGEST_RETENTION_S)
    begin, end, limit, batch = _batches(arrivals.tolist(), services.tolist(), maximum_concurrency, size, keeps_s)
    begins = np.array(begin, dtype=np.float64)
    left = np.where(np.isnan(begins), arrivals + keeps_s, begins)
    limits, batches = np.array(limit, dtype=np.int64), np.array(batch, dtype=np.int64)
    result = QueueResult(arrivals, begins, np.array(end, dtype=np.float64), left, limits, batches)
    inputs.freeze(result.arrival_s, result.begin_s, result.end_s, result.left_s, result.limit, result.batch)
    return result


def _batches(
    arrivals: list[float], services: list[float], maximum: int | None, size: int, keeps_s: float
) -> tuple[list[float], list[float], list[int], list[int]]:
    """For each message, the begin and end of its batch (NaN if it is lost), the limit, and the number of the batch."""
    now = 0.0
    scaling = Scaling(maximum, lambda: 1.0, lambda: now)
    most = MOST_CONCURRENT_BATCHES if maximum is None else maximum
    ends: list[float] = []  # a heap of the ends of running batches
    begin: list[float] = []
    end: list[float] = []
    limits: list[int] = []
    batch: list[int] = []
    number = head = 0
    limit = scaling.limit
    while head < len(arrivals):
        if arrivals[head] > now:
            if arrivals[head] - now >= LONG_POLL_S:
                scaling.queue_is_empty()
                limit = scaling.limit
            now = arrivals[head]
        if limit < most:  # at its maximum, the limit no longer grows
            scaling.messages_left()
            limit = scaling.limit
        while ends and ends[0] <= now:
            heapq.heappop(ends)
        if now - arrivals[head] > keeps_s:
            begin.append(math.nan)
            end.append(math.nan)
            limits.append(limit)
            batch.append(-1)
            head += 1
        elif len(ends) < limit:
            tail = head + 1
            while tail < len(arrivals) and tail - head < size and arrivals[tail] <= now:
                tail += 1
            done = now + (services[head] if tail == head + 1 else math.fsum(services[head:tail]))
            heapq.heappush(ends, done)
            count = tail - head
            begin += [now] * count
            end += [done] * count
            limits += [limit] * count
            batch += [number] * count
            number += 1
            head = tail
        else:
            now = ends[0] if limit >= most else min(ends[0], now + _TICK_S)
    return begin, end, limits, batch


def _count(moments_s: Floats, times_s: ArrayLike) -> Integers:
    """How many of these moments are at or before each time; NaN counts as never."""
    return np.searchsorted(np.sort(moments_s), inputs.numbers("times_s", times_s), side="right").astype(np.int64)
