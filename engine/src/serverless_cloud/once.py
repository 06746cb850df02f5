"""What is made on first use, and made once, however many threads ask for it at the same moment.

`functools.cache` lets each of them make its own when nobody has one yet. A boto3 client takes 50 ms and 10 MB (measured
26 November 2026, 2 cores): 300 executions that called their first function together held 4 GB, and the server did not
answer in time (docs/soak.md). There is one lock for each function, so a hit may wait while another client is made.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Made = TypeVar("Made")


def once(most: int | None = None) -> Callable[[Callable[Given, Made]], Callable[Given, Made]]:
    """As `functools.lru_cache`, for what is dear to make: a second thread waits until the first has made it.

    Args:
        most: how many of them are kept; None for all.
    """

    def decorate(make: Callable[Given, Made]) -> Callable[Given, Made]:
        kept: Any = functools.lru_cache(maxsize=most)(make)
        making = threading.Lock()

        @functools.wraps(make)
        def get(*args: Given.args, **kwargs: Given.kwargs) -> Made:
            with making:
                made: Made = kept(*args, **kwargs)
            return made

        return get

    return decorate
