"""The start of a notebook's kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def started(start: Callable[[], T]) -> T:
    """What `start` gives; it is called once more if another program took one of the kernel's ports.

    Jupyter chooses free ports and the kernel asks for them a moment later, so on a busy machine they may be gone. No
    cell has run yet.

    Args:
        start: starts a kernel and waits until it is there, as `NotebookClient.execute` does first.

    Raises:
        RuntimeError: the kernel died twice before it was there.
    """
    try:
        return start()
    except RuntimeError as error:
        if "before replying to kernel_info" not in str(error):
            raise
    return start()
