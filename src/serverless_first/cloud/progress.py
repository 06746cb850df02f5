"""A progress bar for what takes more than two seconds. It goes when it is done, and stored outputs have none."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_SILENT_S = 2.0


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Shows how far something has come, in a notebook or a terminal; nothing in a build or a test.

    Args:
        what: what is counted: "calls of orders".
        total: how many there will be.

    Yields:
        To be called with the number that is done.
    """
    if "SERVERLESS_FIRST_QUIET" in os.environ:
        yield lambda _: None
        return
    begun_s, shown = time.monotonic(), _Shown(what, total)

    def told(done: int) -> None:
        if time.monotonic() - begun_s >= _SILENT_S:
            shown.update(done)

    try:
        yield told
    finally:
        shown.close()


class _Shown:
    """The bar itself: a widget in a notebook, a line in a terminal."""

    def __init__(self, what: str, total: int) -> None:
        from IPython import get_ipython

        self._what, self._total = what, total
        self._widget: Any = None
        self._in_notebook = get_ipython() is not None and hasattr(get_ipython(), "kernel")
        self._begun = False

    def update(self, done: int) -> None:
        if not self._in_notebook:
            self._begun = True
            print(f"\r{self._what}: {done} of {self._total}", end="", file=sys.stderr, flush=True)
            return
        if self._widget is None:
            from IPython.display import display
            from ipywidgets import IntProgress

            self._widget = IntProgress(max=self._total, description=self._what, style={"description_width": "initial"})
            display(self._widget)  # type: ignore[no-untyped-call]
        self._widget.value = done

    def close(self) -> None:
        if self._widget is not None:
            self._widget.close()
        elif self._begun:
            print(file=sys.stderr)
