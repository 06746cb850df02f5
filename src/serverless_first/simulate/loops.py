"""The inner loops of the simulations, which pass once over the requests in the order of arrival.

They use plain lists as heaps and stacks, each with a guard at its end that is never taken. So the loops don't have to
check whether a list is empty.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, MutableSequence, Sequence
from heapq import heappop, heappush, heapreplace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from serverless_first.simulate.inputs import Floats

Integers = NDArray[np.int64]
Routing = Literal["most-recently-used", "newest-created"]

NEVER = math.inf

_BLOCK = 1 << 18


def route(
    routing: Routing,
    arrivals_s: Floats,
    warm_ends_s: Floats,
    cold_ends_s: Floats,
    expiry_s: float,
    limit: float,
) -> tuple[Integers, Floats]:
    """The environment of each request (-1 if throttled), and when this environment was used again (`taken_again_s`).

    Args:
        arrivals_s: when each request arrives, ascending.
        warm_ends_s, cold_ends_s: when its service ends if it is warm, and if it is cold.
        expiry_s: how long an environment stays idle before it ends, in seconds.
        limit: how many environments may be busy at the same time; `math.inf` for no limit.
    """
    loop = newest_created if routing == "newest-created" else most_recently_used
    arrivals, warm_ends, cold_ends = (numbers(values) for values in (arrivals_s, warm_ends_s, cold_ends_s))
    numbered = loop(arrivals, warm_ends, cold_ends, expiry_s, limit)
    environment = np.fromiter(numbered, dtype=np.int64, count=arrivals_s.size)
    return environment, taken_again_s(arrivals_s, environment)


def queue(
    arrivals_s: Floats,
    services_s: Floats,
    patience_s: Floats,
    connections: int,
    room: int | None,
) -> Floats:
    """How long each request waits for a connection, in seconds; NaN if its patience ends first, -1 if it is refused.

    Args:
        arrivals_s: when each request asks, ascending.
        services_s: how long it keeps its connection.
        patience_s: how long it waits at most.
        connections: how many connections the pool has.
        room: how many requests may wait at the same time; None for no limit.
    """
    waits_s = np.empty(arrivals_s.size)
    arrivals, services, patience = (numbers(values) for values in (arrivals_s, services_s, patience_s))
    if room is None:
        waits(arrivals, services, patience, connections, numbers(waits_s))
    else:
        waits_with_room(arrivals, services, patience, connections, room, numbers(waits_s))
    return waits_s


def numbers(array: NDArray[Any]) -> Any:
    """A view of an array that reads and writes Python's own numbers, which is faster than the array itself."""
    return memoryview(array)


def most_recently_used(
    arrivals_s: Iterable[float],
    warm_ends_s: Iterable[float],
    cold_ends_s: Iterable[float],
    expiry_s: float,
    limit: float,
) -> Iterator[int]:
    """A fleet that takes the most recently used idle environment. The arguments are as in `route`.

    Yields:
        The environment of each request, or -1 if it is throttled.
    """
    busy = [(NEVER, -1)]  # a heap of (end of service, environment)
    idle = [(-NEVER, -1)]  # a stack of (idle since, environment), the most recently used on top
    started = 0
    for now, warm_end_s, cold_end_s in zip(arrivals_s, warm_ends_s, cold_ends_s, strict=True):
        while busy[0][0] <= now:
            idle.append(heappop(busy))
        since_s, environment = idle[-1]
        if since_s + expiry_s > now:
            idle.pop()
            heappush(busy, (warm_end_s, environment))
            yield environment
            continue
        del idle[1:]  # if the most recently used environment has expired, all others have
        if len(busy) > limit:
            yield -1
            continue
        heappush(busy, (cold_end_s, started))
        yield started
        started += 1


def newest_created(
    arrivals_s: Iterable[float],
    warm_ends_s: Iterable[float],
    cold_ends_s: Iterable[float],
    expiry_s: float,
    limit: float,
) -> Iterator[int]:
    """A fleet that takes the idle environment that was started last; otherwise like `most_recently_used`.

    Internally, environments count down from -1, so the newest has the lowest number and is first in a heap. The guard
    is 0.
    """
    busy = [(NEVER, 0)]  # a heap of (end of service, environment)
    idle = [0]  # a heap of environments
    since_s = [NEVER]  # when the idle time of each began; the guard first, then in the order of their starts
    for now, warm_end_s, cold_end_s in zip(arrivals_s, warm_ends_s, cold_ends_s, strict=True):
        while busy[0][0] <= now:
            ended, environment = heappop(busy)
            since_s[-environment] = ended
            heappush(idle, environment)
        environment = idle[0]
        while since_s[-environment] + expiry_s <= now:
            heappop(idle)  # expired environments lower in the heap can't be taken before this loop drops them
            environment = idle[0]
        if environment:
            heappop(idle)
            heappush(busy, (warm_end_s, environment))
            yield -1 - environment
        elif len(busy) <= limit:
            heappush(busy, (cold_end_s, -len(since_s)))
            yield len(since_s) - 1
            since_s.append(NEVER)
        else:
            yield -1


def waits(
    arrivals_s: Iterable[float],
    services_s: Sequence[float],
    patience_s: Sequence[float],
    connections: int,
    waits_s: MutableSequence[float],
) -> None:
    """A pool without a limit for the number of waiting requests.

    Later requests don't affect earlier ones. So when a request arrives, its turn is already certain, and with it
    whether its patience lasts.

    Args:
        arrivals_s: when each request asks, ascending.
        services_s: how long it keeps its connection.
        patience_s: how long it waits at most.
        connections: how many connections the pool has.
        waits_s: is filled with how long each request waits, or NaN if it leaves.
    """
    free_at_s = [0.0 for _ in range(connections)]  # a heap of the times at which each connection becomes free
    for number, now in enumerate(arrivals_s):
        turn = free_at_s[0]
        if turn <= now:
            heapreplace(free_at_s, now + services_s[number])
            waits_s[number] = 0.0
        elif turn - now < patience_s[number]:
            heapreplace(free_at_s, turn + services_s[number])
            waits_s[number] = turn - now
        else:
            waits_s[number] = math.nan


def waits_with_room(
    arrivals_s: Iterable[float],
    services_s: Sequence[float],
    patience_s: Sequence[float],
    connections: int,
    room: int,
    waits_s: MutableSequence[float],
) -> None:
    """A pool where at most `room` requests wait at the same time. The other arguments are as in `waits`.

    Args:
        room: how many requests may wait. Further requests are refused immediately, and their wait is -1.
    """
    free_at_s = [0.0 for _ in range(connections)]
    waiting = [NEVER]  # a heap of the times at which each waiting request stops waiting, served or not
    for number, now in enumerate(arrivals_s):
        while waiting[0] <= now:
            heappop(waiting)
        turn = free_at_s[0]
        if turn <= now:
            heapreplace(free_at_s, now + services_s[number])
            waits_s[number] = 0.0
        elif len(waiting) > room:
            waits_s[number] = -1.0
        elif turn - now < patience_s[number]:
            heapreplace(free_at_s, turn + services_s[number])
            heappush(waiting, turn)
            waits_s[number] = turn - now
        else:
            heappush(waiting, now + patience_s[number])
            waits_s[number] = math.nan


def taken_again_s(arrivals_s: Floats, environment: Integers) -> Floats:
    """When the environment of each request served its next request; infinity if there was no next request.

    Args:
        arrivals_s: when each request arrived, in seconds.
        environment: the environment that served it; below 0 if none did.
    """
    again_s = np.full(arrivals_s.size, NEVER)
    latest = np.full(int(np.max(environment, initial=-1)) + 1, -1)  # each environment's last request so far
    for block in blocks(arrivals_s.size):
        order = by_environment(environment[block]) + block.start
        order = order[environment[order] >= 0]
        if not order.size:
            continue
        environments = environment[order]
        changes = np.flatnonzero(environments[1:] != environments[:-1]) + 1
        again_s[order[:-1]] = arrivals_s[order[1:]]  # wrong for each environment's last request
        firsts, lasts = np.concatenate([[0], changes]), np.concatenate([changes, [environments.size]]) - 1
        again_s[order[lasts]] = NEVER
        before = latest[environments[firsts]]
        again_s[before[before >= 0]] = arrivals_s[order[firsts][before >= 0]]
        latest[environments[lasts]] = order[lasts]
    return again_s


def blocks(size: int) -> Iterator[slice]:
    """Slices of a long array, so small that the intermediate results of each fit into the processor's cache."""
    return (slice(begin, begin + _BLOCK) for begin in range(0, size, _BLOCK))


def by_environment(environment: Integers) -> Integers:
    """An order that groups the requests by environment, in order of time within each group.

    It is like a stable argsort, except that numbers below 0 form a group at any place. numpy sorts 16-bit numbers in
    a single pass, so one or two passes are enough.
    """
    low = np.argsort(environment.astype(np.uint16), kind="stable")
    if np.max(environment, initial=0) < 1 << 16:
        return low
    return low[np.argsort((environment[low] >> 16).astype(np.uint16), kind="stable")]
