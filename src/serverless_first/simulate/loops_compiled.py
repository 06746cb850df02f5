"""The fleet's loops again, as numba compiles them best: heaps in arrays, where Python has them in lists.

The tests hold them to the loops of `loops`: the results are the same to the last digit. Only imported where numba is.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from serverless_first.simulate.inputs import Floats
from serverless_first.simulate.loops import Integers

FIRST_SIZE = 256  # of heaps and stacks; they grow


def _push(keys: Floats, values: Integers, size: int, key: float, value: int) -> None:
    """Adds an entry to a heap of `size` pairs (key, value), the least of them first."""
    place = size
    while place > 0:
        parent = (place - 1) >> 1
        if keys[parent] < key or (keys[parent] == key and values[parent] < value):
            break
        keys[place], values[place] = keys[parent], values[parent]
        place = parent
    keys[place], values[place] = key, value


def _drop(keys: Floats, values: Integers, size: int) -> None:
    """Takes the least entry out of a heap of `size` pairs."""
    last = size - 1
    key, value = keys[last], values[last]
    place, child = 0, 1
    while child < last:
        other = child + 1
        if other < last and (
            keys[other] < keys[child] or (keys[other] == keys[child] and values[other] < values[child])
        ):
            child = other
        if key < keys[child] or (key == keys[child] and value < values[child]):
            break
        keys[place], values[place] = keys[child], values[child]
        place, child = child, 2 * child + 1
    keys[place], values[place] = key, value


def _longer(values: Floats) -> Floats:
    """The same numbers in an array of twice the length."""
    longer = np.empty(2 * values.size, values.dtype)
    longer[: values.size] = values
    return longer


push: Any = numba.njit(_push)
drop: Any = numba.njit(_drop)
longer: Any = numba.njit(_longer)


def most_recently_used(
    arrivals_s: Floats,
    warm_ends_s: Floats,
    cold_ends_s: Floats,
    expiry_s: float,
    limit: float,
    environment: Integers,
    taken_again_s: Floats,
) -> None:
    """As `loops.most_recently_used`; `taken_again_s` as of `loops.taken_again_s`, infinity at first."""
    ends_s, busy = np.empty(FIRST_SIZE), np.empty(FIRST_SIZE, np.int64)  # a heap
    since_s, idle = np.empty(FIRST_SIZE), np.empty(FIRST_SIZE, np.int64)  # a stack
    latest = np.empty(FIRST_SIZE, np.int64)  # the last request of each environment
    working = waiting = started = 0
    for number in range(arrivals_s.size):
        now = arrivals_s[number]
        while working > 0 and ends_s[0] <= now:
            since_s[waiting], idle[waiting] = ends_s[0], busy[0]
            waiting += 1
            drop(ends_s, busy, working)
            working -= 1
        if waiting > 0 and since_s[waiting - 1] + expiry_s > now:
            waiting -= 1
            taken = idle[waiting]
            end_s = warm_ends_s[number]
            taken_again_s[latest[taken]] = now
        else:
            waiting = 0
            if working >= limit:
                environment[number] = -1
                continue
            if started == latest.size:
                ends_s, busy, since_s, idle = longer(ends_s), longer(busy), longer(since_s), longer(idle)
                latest = longer(latest)
            taken = started
            started += 1
            end_s = cold_ends_s[number]
        environment[number] = taken
        latest[taken] = number
        push(ends_s, busy, working, end_s, taken)
        working += 1


def newest_created(
    arrivals_s: Floats,
    warm_ends_s: Floats,
    cold_ends_s: Floats,
    expiry_s: float,
    limit: float,
    environment: Integers,
    taken_again_s: Floats,
) -> None:
    """As `loops.newest_created`; `taken_again_s` as of `loops.taken_again_s`, infinity at first."""
    ends_s, busy = np.empty(FIRST_SIZE), np.empty(FIRST_SIZE, np.int64)  # a heap
    oldness, idle = np.empty(FIRST_SIZE), np.empty(FIRST_SIZE, np.int64)  # a heap: the newest first
    latest, since_s = np.empty(FIRST_SIZE, np.int64), np.empty(FIRST_SIZE)  # of each environment
    working = waiting = started = 0
    for number in range(arrivals_s.size):
        now = arrivals_s[number]
        while working > 0 and ends_s[0] <= now:
            taken = busy[0]
            since_s[taken] = ends_s[0]
            push(oldness, idle, waiting, -float(taken), taken)
            waiting += 1
            drop(ends_s, busy, working)
            working -= 1
        while waiting > 0 and since_s[idle[0]] + expiry_s <= now:
            drop(oldness, idle, waiting)
            waiting -= 1
        if waiting > 0:
            taken = idle[0]
            drop(oldness, idle, waiting)
            waiting -= 1
            end_s = warm_ends_s[number]
            taken_again_s[latest[taken]] = now
        elif working >= limit:
            environment[number] = -1
            continue
        else:
            if started == latest.size:
                ends_s, busy, oldness, idle = longer(ends_s), longer(busy), longer(oldness), longer(idle)
                latest, since_s = longer(latest), longer(since_s)
            taken = started
            started += 1
            end_s = cold_ends_s[number]
        environment[number] = taken
        latest[taken] = number
        push(ends_s, busy, working, end_s, taken)
        working += 1
