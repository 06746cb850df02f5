"""Lists of what isn't converted yet, one entry on a line. They may only get shorter, as git's history shows."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path


def entries_of(text: str) -> list[str]:
    """The entries of a list, without comments."""
    return [line for line in (line.strip() for line in text.splitlines()) if line and not line.startswith("#")]


def covered(name: str, entries: Iterable[str]) -> bool:
    """Whether a list has this entry, or a folder (with a slash at its end) that contains it."""
    return any(name == entry or (entry.endswith("/") and name.startswith(entry)) for entry in entries)


def new_entries(root: Path, file: str, entries: Iterable[str]) -> list[str]:
    """The entries that an earlier version of the list doesn't have. Without git's history, there are none.

    Args:
        root: the checkout.
        file: the list, relative to the checkout.
        entries: as the list has them now.
    """
    now = list(entries)
    return list(dict.fromkeys(entry for older in _older(root, file) for entry in now if not covered(entry, older)))


def _older(root: Path, file: str) -> Iterator[list[str]]:
    """The list as last committed, and as it was before the commit that last changed it."""
    for commit in ("HEAD", f"{_git(root, 'log', '-1', '--format=%H', '--', file).strip()}^"):
        if text := _git(root, "show", f"{commit}:{file}"):
            yield entries_of(text)


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, encoding="utf-8", timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
