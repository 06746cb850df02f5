"""The inner loops of the simulations: one pass over the requests, in the order in which they arrive.

They use plain lists as heaps and stacks, each with a guard at its end that is never taken, so that no loop has to ask
whether a list is empty.
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
    """The environment of each request, -1 where it is throttled, and when that one was taken again (`taken_again_s`).

    Args:
        arrivals_s: when each request arrives, ascending.
        warm_ends_s, cold_ends_s: when its service ends if it is warm, and if it is cold.
        expiry_s: how long an environment stays idle before it is ended.
        limit: how many may be busy at once; `math.inf` for no limit.
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
    """How long each request waits for a connection; NaN where its patience ends before, -1 where it is refused.

    Args:
        arrivals_s: when each request asks, ascending.
        services_s: how long it keeps its connection.
        patience_s: how long it waits at most.
        connections: how many there are.
        room: how many may wait at once; None for no limit.
    """
    waits_s = np.empty(arrivals_s.size)
    arrivals, services, patience = (numbers(values) for values in (arrivals_s, services_s, patience_s))
    if room is None:
        waits(arrivals, services, patience, connections, numbers(waits_s))
    else:
        waits_with_room(arrivals, services, patience, connections, room, numbers(waits_s))
    return waits_s


def numbers(array: NDArray[Any]) -> Any:
    """The numbers of an array as Python's own, read and written in place: faster than by the array itself."""
    return memoryview(array)


def most_recently_used(
    arrivals_s: Iterable[float],
    warm_ends_s: Iterable[float],
    cold_ends_s: Iterable[float],
    expiry_s: float,
    limit: float,
) -> Iterator[int]:
    """A fleet that takes the idle environment used last; arguments as of `route`.

    Yields:
        The environment of each request, -1 where it is throttled.
    """
    busy = [(NEVER, -1)]  # a heap of (end of service, environment)
    idle = [(-NEVER, -1)]  # a stack of (idle since, environment): the top was used last
    started = 0
    for now, warm_end_s, cold_end_s in zip(arrivals_s, warm_ends_s, cold_ends_s, strict=True):
        while busy[0][0] <= now:
            idle.append(heappop(busy))
        since_s, taken = idle[-1]
        if since_s + expiry_s > now:
            idle.pop()
            heappush(busy, (warm_end_s, taken))
            yield taken
            continue
        del idle[1:]  # the one used last has expired, so all the others have
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
    """A fleet that takes the idle environment started last; otherwise as `most_recently_used`.

    Within, environments count down from -1: the newest has the lowest number, and is first in a heap. 0 is the guard.
    """
    busy = [(NEVER, 0)]  # a heap of (end of service, environment)
    idle = [0]  # a heap of environments
    since_s = [NEVER]  # since when each is idle, or was; the guard, then in the order in which they were started
    for now, warm_end_s, cold_end_s in zip(arrivals_s, warm_ends_s, cold_ends_s, strict=True):
        while busy[0][0] <= now:
            ended, taken = heappop(busy)
            since_s[-taken] = ended
            heappush(idle, taken)
        taken = idle[0]
        while since_s[-taken] + expiry_s <= now:
            heappop(idle)  # expired ones further down are met later, or never: they cannot be taken either
            taken = idle[0]
        if taken:
            heappop(idle)
            heappush(busy, (warm_end_s, taken))
            yield -1 - taken
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
    """A pool without a limit of who may wait.

    Who asks later changes nothing for who asked before: when a request arrives, it is certain already when its turn
    comes, and so whether its patience lasts.

    Args:
        arrivals_s: when each request asks, ascending.
        services_s: how long it keeps its connection.
        patience_s: how long it waits at most.
        connections: how many there are.
        waits_s: filled with how long it waits, NaN where it leaves.
    """
    free_at_s = [0.0 for _ in range(connections)]  # a heap: when those that were served so far give each one back
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
    """A pool where at most `room` requests wait at once; arguments as of `waits`.

    Args:
        room: how many may wait. One more is refused at once: its wait is -1.
    """
    free_at_s = [0.0 for _ in range(connections)]
    waiting = [NEVER]  # a heap: when each of those that wait stops waiting, served or not
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
    """When the environment of each request served its next one; infinity where there was none.

    Args:
        arrivals_s: when each request arrived.
        environment: which one served it; below 0 where none did.
    """
    again_s = np.full(arrivals_s.size, NEVER)
    latest = np.full(int(np.max(environment, initial=-1)) + 1, -1)  # each environment's last request so far
    for block in blocks(arrivals_s.size):
        order = by_environment(environment[block]) + block.start
        order = order[environment[order] >= 0]
        if not order.size:
            continue
        found = environment[order]
        changes = np.flatnonzero(found[1:] != found[:-1]) + 1
        again_s[order[:-1]] = arrivals_s[order[1:]]  # for all but the last of each environment, which follows
        firsts, lasts = np.concatenate([[0], changes]), np.concatenate([changes, [found.size]]) - 1
        again_s[order[lasts]] = NEVER
        before = latest[found[firsts]]
        again_s[before[before >= 0]] = arrivals_s[order[firsts][before >= 0]]
        latest[found[lasts]] = order[lasts]
    return again_s


def blocks(size: int) -> Iterator[slice]:
    """Parts of long arrays, one after the other: what is worked out of each fits into the processor's cache."""
    return (slice(begin, begin + _BLOCK) for begin in range(0, size, _BLOCK))


def by_environment(environment: Integers) -> Integers:
    """The order that brings the requests of one environment together, each environment's in time.

    Like a stable argsort; those of numbers below 0 stand anywhere together. numpy sorts numbers of 16 bits in one pass
    over them: one or two such passes.
    """
    low = np.argsort(environment.astype(np.uint16), kind="stable")
    if np.max(environment, initial=0) < 1 << 16:
        return low
    return low[np.argsort((environment[low] >> 16).astype(np.uint16), kind="stable")]
