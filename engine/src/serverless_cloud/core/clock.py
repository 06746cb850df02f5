"""A clock that nobody puts forward or back: for what is due later, or has lasted for some time.

It shows Unix time as it was when this process began, and goes on as the monotonic clock does. A computer's clock is put
right while a notebook runs (after a sleep, by NTP, by hand, in a virtual machine that goes on): a message must not stay
hidden for an hour by that, and an idle environment must not end.
"""

from __future__ import annotations

import time

_OFFSET_S = time.time() - time.monotonic()


def now_s() -> float:
    """Unix time in seconds, steady."""
    return _OFFSET_S + time.monotonic()


def now_ms() -> float:
    """The same in milliseconds."""
    return now_s() * 1000
