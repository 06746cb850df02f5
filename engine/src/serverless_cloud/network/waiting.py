"""AWS's own waits, divided by `time_scale`, which may change meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

_LOOK_S = 0.1  # how often it looks whether time_scale has changed


def wait(stopped: threading.Event, wait_s: float, time_scale: Callable[[], float]) -> bool:
    """Waits; True if it was stopped before the end.

    Args:
        wait_s: how long AWS takes, in seconds.
        time_scale: asked again and again; a change counts only for the time from then on.
    """
    left_s = wait_s
    while left_s > 0:
        scale = time_scale()
        step_s = min(_LOOK_S, left_s / scale)
        if stopped.wait(step_s):
            return True
        left_s -= step_s * scale
    return stopped.is_set()
