"""Advice about a full disk, and a log that survives it."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from typing import Any, TextIO

#: Of the C library, so PostgreSQL says it in the same words; the second is a quota.
_FULL = tuple(os.strerror(number) for number in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)))


def with_advice(reason: str) -> str:
    """A reason why something has failed, with what to do if it is that a disk is full."""
    if not any(words in reason for words in _FULL):
        return reason
    return (
        f"{reason.rstrip()} The disk that holds {tempfile.gettempdir()} is full. Delete files there, or set TMPDIR to "
        "a folder on another disk and restart the kernel."
    )


class PatientLog:
    """A text stream that drops what cannot be written: a log on a full disk must not fail what is logged."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes, if there is room."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
