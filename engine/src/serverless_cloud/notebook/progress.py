"""Notices and progress bars for work that takes more than two seconds. They go when it is done.

A notebook shows them as displays, a terminal as a line on standard error. If standard error is not a terminal, nothing
is shown, because a file of a script's errors should hold only errors. Stored outputs contain no notices.
"""

from __future__ import annotations

import html
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

SILENT_S = 2.0


@contextmanager
def notice(text: str) -> Iterator[None]:
    """Shows a sentence while the block runs, at once; nothing in a build or a test."""
    with ExitStack() as after:
        if "SERVERLESS_FIRST_QUIET" in os.environ:
            pass  # stored outputs must not depend on the machine's speed
        elif in_a_kernel():
            after.callback(_remove, _display({"text/plain": text}))
        elif sys.stderr.isatty():
            print(text, end="", file=sys.stderr, flush=True)
            after.callback(print, "\r" + " " * len(text) + "\r", end="", file=sys.stderr, flush=True)
        yield


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Shows how far something has come, in a notebook or a terminal; nothing in a build or a test.

    Args:
        what: what is counted: "calls of orders".

    Yields:
        To be called with the number that is done.
    """
    if "SERVERLESS_FIRST_QUIET" in os.environ or not (in_a_kernel() or sys.stderr.isatty()):
        yield lambda _: None
        return
    begun_s, progress_bar = time.monotonic(), _Bar(what, total)

    def show(done: int) -> None:
        if time.monotonic() - begun_s >= SILENT_S:
            progress_bar.update(done)

    try:
        yield show
    finally:
        progress_bar.close()


class _Bar:
    """HTML in a notebook, a line in a terminal. A closed widget would leave an error in the saved notebook."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total = what, total
        self._display: Any = None
        self._begun = False

    def update(self, done: int) -> None:
        text = f"{self._what}: {done} of {self._total}"
        if not in_a_kernel():
            self._begun = True
            print(f"\r{text}", end="", file=sys.stderr, flush=True)
            return
        words = html.escape(text)
        page = f'<progress max="{self._total}" value="{done}" aria-label="{words}"></progress> {words}'
        data = {"text/plain": text, "text/html": page}
        if self._display is None:
            self._display = _display(data)
        else:
            self._display.update(data, raw=True)

    def close(self) -> None:
        if self._display is not None:
            _remove(self._display)
        elif self._begun:
            print(file=sys.stderr)


def _display(data: dict[str, str]) -> Any:
    """Shows something in the cell that runs, and returns IPython's handle of it."""
    from IPython.display import display  # most scripts do without it

    return display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]


def _remove(handle: Any) -> None:
    # Empty HTML takes no room. clear_output would also remove what the cell printed before.
    handle.update({"text/plain": "", "text/html": ""}, raw=True)


def in_a_kernel() -> bool:
    """Whether a notebook's kernel runs this. This does not import IPython, because most scripts do without it."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
