"""The inner loops of the simulations: one pass over the requests, in the order in which they arrive.

Each loop is written so that Python runs it as it is and numba compiles it as it is: one source, and the same results to
the last digit. They use plain lists as heaps and stacks, each with a guard at its end that is never taken, so that no
loop has to ask whether a list is empty.
"""

from __future__ import annotations

import functools
import importlib.util
import math
from collections.abc import Callable, Iterable, MutableSequence, Sequence
from heapq import heappop, heappush, heapreplace
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: From this many requests on, compiled loops are used where numba is installed. With fewer, Python has ended before
#: numba is imported.
COMPILED_FROM = 200_000

NEVER = math.inf


class NotInstalled(RuntimeError):
    """The extra `fast` is not installed."""


def run(loop: Callable[..., None], requests: int, compiled: bool | None, *arguments: Any) -> None:
    """Runs a loop, compiled or in Python.

    Args:
        loop: one of this module.
        requests: how many there are.
        compiled: True or False to choose; None for compiled loops where numba is installed and there are at least
            `COMPILED_FROM` requests.
        arguments: the loop's own. Arrays are read and written in place.

    Raises:
        NotInstalled: compiled is True, and numba is missing.
    """
    if compiled is None:
        compiled = requests >= COMPILED_FROM and importlib.util.find_spec("numba") is not None
    if compiled:
        _compile(loop)(*arguments)
    else:
        # A view gives Python numbers faster than the array, and needs no copy as a list would.
        loop(*(memoryview(value) if isinstance(value, np.ndarray) else value for value in arguments))


@functools.cache
def _compile(loop: Callable[..., None]) -> Callable[..., None]:
    try:
        import numba
    except ImportError:
        raise NotInstalled(
            "compiled=True needs numba. Install it with the extra: pip install 'serverless-first[fast]'. "
            "Or give compiled=False."
        ) from None
    try:
        kept: Callable[..., None] = numba.njit(cache=True)(loop)  # the machine code stays on disk, for the next process
    except RuntimeError:  # no folder that can be written
        kept = numba.njit(loop)
    return kept


def most_recently_used(
    arrivals_s: Iterable[float],
    warm_ends_s: Sequence[float],
    cold_ends_s: Sequence[float],
    expiry_s: float,
    limit: float,
    environment: MutableSequence[int],
) -> None:
    """A fleet that takes the idle environment used last.

    Args:
        arrivals_s: when each request arrives, ascending.
        warm_ends_s, cold_ends_s: when its service ends if it is warm, and if it is cold.
        expiry_s: how long an environment stays idle before it is ended.
        limit: how many may be busy at once; `math.inf` for no limit.
        environment: filled with the environment of each request, -1 where it is throttled.
    """
    busy = [(NEVER, -1)]  # a heap of (end of service, environment)
    idle = [(-NEVER, -1)]  # a stack of (idle since, environment): the top was used last
    started = 0
    for number, now in enumerate(arrivals_s):
        while busy[0][0] <= now:
            idle.append(heappop(busy))
        since, taken = idle[-1]
        if since + expiry_s > now:
            idle.pop()
            heappush(busy, (warm_ends_s[number], taken))
            environment[number] = taken
            continue
        del idle[1:]  # the one used last has expired, so all the others have
        if len(busy) > limit:
            environment[number] = -1
            continue
        environment[number] = started
        heappush(busy, (cold_ends_s[number], started))
        started += 1


def newest_created(
    arrivals_s: Iterable[float],
    warm_ends_s: Sequence[float],
    cold_ends_s: Sequence[float],
    expiry_s: float,
    limit: float,
    environment: MutableSequence[int],
) -> None:
    """A fleet that takes the idle environment started last; arguments as of `most_recently_used`."""
    busy = [(NEVER, -1)]  # a heap of (end of service, environment)
    idle = [(1, NEVER)]  # a heap of (-environment, idle since): the newest is first
    started = 0
    for number, now in enumerate(arrivals_s):
        while busy[0][0] <= now:
            ended, taken = heappop(busy)
            heappush(idle, (-taken, ended))
        while idle[0][1] + expiry_s <= now:
            heappop(idle)  # expired ones further down are met later, or never: they cannot be taken either
        if idle[0][0] <= 0:
            taken = -heappop(idle)[0]
            heappush(busy, (warm_ends_s[number], taken))
            environment[number] = taken
        elif len(busy) <= limit:
            environment[number] = started
            heappush(busy, (cold_ends_s[number], started))
            started += 1
        else:
            environment[number] = -1


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


def by_environment(environment: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order that brings the requests of one environment together, each environment's in time.

    The same as a stable argsort, but numpy sorts numbers of 16 bits in one pass over them: one or two such passes.
    """
    low = np.argsort(environment.astype(np.uint16), kind="stable")
    if np.max(environment, initial=0) < 1 << 16:
        return low
    return low[np.argsort((environment[low] >> 16).astype(np.uint16), kind="stable")]
