"""Makes a value on its first use, and only once, however many threads ask for it at the same moment.

`functools.cache` lets each of these threads make its own value if there is none yet. A boto3 client takes 50 ms and
10 MB (measured 26 November 2026, 2 cores). When 300 executions called their first function together, they held 4 GB,
and the server did not answer in time (docs/soak.md). There is one lock for each function, so a hit may wait while
another client is made.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Made = TypeVar("Made")


def once(most: int | None = None) -> Callable[[Callable[Given, Made]], Callable[Given, Made]]:
    """Like `functools.lru_cache`, for expensive values. A second thread waits until the first has made the value.

    Args:
        most: how many values are kept; None for all.
    """

    def decorate(make: Callable[Given, Made]) -> Callable[Given, Made]:
        cache: Any = functools.lru_cache(maxsize=most)(make)
        making = threading.Lock()

        @functools.wraps(make)
        def get(*args: Given.args, **kwargs: Given.kwargs) -> Made:
            with making:
                value: Made = cache(*args, **kwargs)
            return value

        return get

    return decorate
