"""Calls that want an answer at once, against messages that wait in a queue: what is lost, and what waits how long.

A synchronous call that finds all places taken is refused, or waits in a room with few seats. A message waits in the
queue; pollers take it to the function, more and more of them as long as messages are left. How fast they grow in number
is AWS's rule, which the local cloud applies too (`serverless_cloud/sources/sqs_scaling.py`).
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

#: How long SQS keeps a message by default and at most, in seconds (Amazon SQS quotas): 4 and 14 days.
RETENTION_S, LONGEST_RETENTION_S = 345_600.0, 1_209_600.0
#: MaximumConcurrency of a mapping, and messages in a batch; more need a batch window (Lambda API).
MAXIMUM_CONCURRENCY, MOST_IN_A_BATCH = (2, 1000), 10
#: A long poll of a queue ends after 20 s (Amazon SQS Developer Guide): the queue counts as empty after that.
LONG_POLL_S = 20.0
_TICK_S = 0.125  # how often the limit is looked at while it holds messages back: a sum of these is exact


@dataclass(frozen=True, eq=False)
class _Outcomes:
    """What calls and messages have in common: when each came, when its work began and ended, or that it was lost."""

    arrival_s: Floats
    begin_s: Floats
    end_s: Floats

    @property
    def lost(self) -> int:
        """How many calls were refused, or how many messages grew too old in the queue."""
        return int(np.count_nonzero(np.isnan(self.begin_s)))

    @property
    def handled(self) -> int:
        """How many the function got."""
        return self.arrival_s.size - self.lost

    @property
    def wait_s(self) -> Floats:
        """How long each waited until its work began, NaN where it was lost."""
        return self.begin_s - self.arrival_s


class CallsResult(_Outcomes):
    """What happened to synchronous calls; all arrays have one entry for each call, in the order of arrival.

    Attributes:
        arrival_s: when it came.
        begin_s: when its service began; NaN where it was refused.
        end_s: when it ended; NaN where it was refused.
    """

    @property
    def calls(self) -> int:
        """How many there were."""
        return self.arrival_s.size


def calls(arrivals_s: ArrayLike, service_s: ArrayLike, concurrency: int, *, waiting_room: int = 0) -> CallsResult:
    """Synchronous calls to a function with a limited concurrency, or to a server with a few seats for those who wait.

    Who finds all places and all seats taken is refused and does not come back: Lambda answers 429, with no seats. First
    come, first served. A place given back at the moment of an arrival is free for it.

    Five calls at once, two places, one seat:

    >>> run = calls([0, 0, 0, 0, 0], 1.0, concurrency=2, waiting_room=1)
    >>> run.handled, run.lost, run.wait_s.tolist()
    (3, 2, [0.0, 0.0, 1.0, nan, nan])

    Args:
        arrivals_s: when each call comes, in seconds from 0, ascending; shape (n,).
        service_s: how long it takes, in seconds, above 0; one number, or shape (n,).
        concurrency: calls that are served at the same time, from 1; reserved concurrency for instance.
        waiting_room: seats for those who wait, from 0; Lambda has none.

    Raises:
        ValueError: an argument is out of its range or has the wrong shape.
    """
    arrivals = inputs.arrivals(arrivals_s)
    services = np.broadcast_to(inputs.service("service_s", service_s, arrivals.size), arrivals.shape)
    places = inputs.whole("concurrency", concurrency, 1)
    most = places + inputs.whole("waiting_room", waiting_room, 0)
    ends: list[float] = []  # a heap: of all that are in service or wait
    free_at = [0.0] * min(places, arrivals.size)  # a heap: when each place is free
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
    found = CallsResult(arrivals, begins, begins + services)
    inputs.freeze(found.arrival_s, found.begin_s, found.end_s)
    return found


@dataclass(frozen=True, eq=False)
class QueueResult(_Outcomes):
    """What happened to messages; all arrays have one entry for each message, in the order of arrival.

    Attributes:
        arrival_s: when it was sent.
        begin_s: when its batch was handed to the function; NaN where it was lost.
        end_s: when the batch was done; NaN where it was lost.
        left_s: when it left the queue, by a batch or by its age.
        limit: batches that might be under way when its own began, or when it was lost.
        batch: number of its batch, from 0; -1 where it was lost.
    """

    left_s: Floats
    limit: Integers
    batch: Integers

    @property
    def messages(self) -> int:
        """How many were sent."""
        return self.arrival_s.size

    @property
    def invocations(self) -> int:
        """Batches, each of them one invocation."""
        return int(np.max(self.batch, initial=-1)) + 1

    @property
    def oldest_s(self) -> float:
        """The highest age that a message reached in the queue, in seconds; 0 without messages."""
        return float(np.max(self.left_s - self.arrival_s, initial=0.0))

    @property
    def most_waiting(self) -> int:
        """The most messages that waited at the same moment."""
        return int(np.max(self.backlog(self.arrival_s), initial=0))

    @property
    def done_s(self) -> float:
        """When the last batch was done, in seconds; 0 without one."""
        return float(np.max(self.end_s, initial=0.0, where=~np.isnan(self.end_s)))

    def backlog(self, times_s: ArrayLike) -> Integers:
        """Messages in the queue at these times, in seconds: CloudWatch's ApproximateNumberOfMessagesVisible."""
        return _count(self.arrival_s, times_s) - _count(self.left_s, times_s)

    def oldest_age_s(self, times_s: ArrayLike) -> Floats:
        """Age of the oldest message in the queue at these times, 0 if it is empty: ApproximateAgeOfOldestMessage."""
        times = inputs.numbers("times_s", times_s)
        # The first message that has not left: up to it, all have.
        first = np.searchsorted(np.maximum.accumulate(self.left_s), times, side="right")
        arrived = np.append(self.arrival_s, math.inf)[first]
        return np.asarray(np.where(arrived <= times, times - np.where(arrived <= times, arrived, times), 0.0))

    def in_flight(self, times_s: ArrayLike) -> Integers:
        """Batches under way at these times, in seconds."""
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
    """Messages of an SQS queue that an event source mapping hands to a function.

    A batch begins as soon as a message is there and fewer batches are under way than the limit allows; it takes what is
    there, up to `batch_size`, the oldest first, and its messages are worked on one after another. The limit is 5 at
    first, grows by 300 a minute while messages come, to 1,250 or `maximum_concurrency`, and falls back when the queue
    was empty for 20 s (`serverless_cloud/sources/sqs_scaling.py` has the rule and its source; AWS does not say how fast
    it falls).

    Left out: messages whose function fails, the visibility timeout, the batch window, other users of the account's
    concurrency.

    A thousand messages of a minute each at once: 5 batches at first, 5 more each second.

    >>> run = queue([0.0] * 1000, 60.0)
    >>> run.in_flight([0, 10, 30]).tolist(), run.lost
    ([5, 55, 155], 0)

    Args:
        arrivals_s: when each message is sent, in seconds from 0, ascending; shape (n,).
        service_s: how long the function works on it, in seconds, above 0; one number, or shape (n,).
        maximum_concurrency: MaximumConcurrency of the mapping, 2 to 1,000; None for the 1,250 of the rule.
        batch_size: messages in a batch at most, 1 to 10; AWS allows more with a batch window.
        retention_s: how long the queue keeps a message, 60 s to 14 days; older ones are lost.

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
    found = QueueResult(arrivals, begins, np.array(end, dtype=np.float64), left, limits, batches)
    inputs.freeze(found.arrival_s, found.begin_s, found.end_s, found.left_s, found.limit, found.batch)
    return found


def _batches(
    arrivals: list[float], services: list[float], maximum: int | None, size: int, keeps_s: float
) -> tuple[list[float], list[float], list[int], list[int]]:
    """When each message's batch begins and ends (NaN where it is lost), the limit then, and the number of the batch."""
    now = 0.0
    scaling = Scaling(maximum, lambda: 1.0, lambda: now)
    most = MOST_CONCURRENT_BATCHES if maximum is None else maximum
    ends: list[float] = []  # a heap: of the batches under way
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
        if limit < most:  # at the most there is nothing to ask any more
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
            taken = tail - head
            begin += [now] * taken
            end += [done] * taken
            limits += [limit] * taken
            batch += [number] * taken
            number += 1
            head = tail
        else:
            now = ends[0] if limit >= most else min(ends[0], now + _TICK_S)
    return begin, end, limits, batch


def _count(moments_s: Floats, times_s: ArrayLike) -> Integers:
    """How many of these moments are not after each time; NaN never comes."""
    return np.searchsorted(np.sort(moments_s), inputs.numbers("times_s", times_s), side="right").astype(np.int64)
