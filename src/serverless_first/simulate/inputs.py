"""Checks the arguments of the simulations, and freezes their results.

A check returns the value, or raises a ValueError that says what is wrong and what is allowed.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: A simulation of a hundred million requests takes a minute and about 5 GB. A higher number is probably a typo.
MOST_NUMBERS = 100_000_000


def arrivals(values: ArrayLike) -> Floats:
    """Arrival times in seconds, ascending; shape (n,)."""
    times_s = numbers("arrivals_s", values).copy()  # the result keeps this copy, so the caller may change the original
    if times_s.ndim != 1:
        raise ValueError(f"arrivals_s has the shape {times_s.shape}. Give one time for each request: shape (n,).")
    if np.min(times_s, initial=0.0) < 0:
        raise ValueError(
            f"arrivals_s has a time of {np.min(times_s):g} s, but times count from 0. Add an offset to all of them."
        )
    if (early := np.flatnonzero(np.diff(times_s) < 0)).size:
        place = int(early[0]) + 1
        raise ValueError(
            f"arrivals_s goes back in time at position {place}: {times_s[place]:g} s after {times_s[place - 1]:g} s. "
            "Sort them: np.sort(arrivals_s)."
        )
    return times_s


def service(name: str, values: ArrayLike, requests: int) -> Floats:
    """Service times in seconds, above 0: one number, or shape (n,)."""
    times_s = above_zero(name, values)
    if times_s.shape not in ((), (requests,)):
        raise ValueError(
            f"{name} has the shape {times_s.shape}. Give one number, or one for each of {requests} requests."
        )
    return times_s


def above_zero(name: str, values: ArrayLike) -> Floats:
    """Finite numbers above 0."""
    array = numbers(name, values)
    if array.size and np.min(array) <= 0:
        raise ValueError(f"{name} holds {np.min(array):g}. It must be above 0.")
    return array


def numbers(name: str, values: ArrayLike) -> Floats:
    """Finite numbers."""
    if (size := np.size(values)) > MOST_NUMBERS:
        raise ValueError(f"{name} holds {size:,} numbers. Give at most {MOST_NUMBERS:,}, or simulate a part.")
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} holds something that is not a number. Give numbers.") from None
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity. Give finite numbers.")
    return array


def at_least_zero(name: str, value: float) -> float:
    """A time in seconds, 0 or more; infinity means never."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {value!r}. Give a number of seconds; math.inf means never.") from None
    if not number >= 0:  # this also catches NaN
        raise ValueError(f"{name} is {value}. Give 0 s or more; math.inf means never.")
    return number


def number(
    name: str,
    value: float,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
) -> float:
    """One finite number within bounds. `least` and `most` are allowed values, and `above` is not."""
    try:
        real = math.nan if isinstance(value, bool | np.bool_ | str) else float(value)
    except (TypeError, ValueError, OverflowError):
        real = math.nan
    if not (math.isfinite(real) and real >= least and real > above and real <= most):
        low = f"above {above:g}" if above > least else f"from {least:g}" if least > -math.inf else ""
        high = f"{'to' if low.startswith('from') else 'up to'} {most:g}" if most < math.inf else ""
        raise ValueError(
            f"{name} is {value!r}. Give a number {' '.join(filter(None, (low, high))) or 'that is finite'}."
        )
    return real


def whole(name: str, value: int, least: int, most: int | None = None) -> int:
    """One whole number from `least` to `most`, inclusive."""
    try:
        integer = least - 1 if isinstance(value, bool | np.bool_) else operator.index(value)
    except TypeError:
        integer = least - 1
    if integer < least or (most is not None and integer > most):
        raise ValueError(
            f"{name} is {value!r}. Give a whole number from {least}{'' if most is None else f' to {most}'}."
        )
    return integer


def choice(name: str, value: str, allowed: Iterable[str]) -> str:
    """One of the allowed words."""
    words = tuple(allowed)
    if value not in words:
        raise ValueError(f"{name} is {value!r}. Use " + " or ".join(f'"{word}"' for word in words) + ".")
    return value


def freeze(*arrays: NDArray[Any]) -> None:
    """Makes the arrays of a result read-only."""
    for array in arrays:
        array.flags.writeable = False
