"""Files in the learner's folder, written whole or not at all and never through a link."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def odd(path: Path, work: Path) -> str | None:
    """Why not to write to a path; None when it is a plain file, or free, inside the learner's folder."""
    if path.is_symlink():
        return "it is a link"
    parent = Path(os.path.realpath(path.parent))
    if not parent.is_relative_to(os.path.realpath(work)):
        return f"its folder is a link that leads out of {work.name}/"
    if path.exists() and not path.is_file():
        return "it is not a file"
    return None


def write(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all.

    Raises:
        OSError: it cannot be written. The earlier content is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".laying-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if os.name == "posix":  # mkstemp makes it private; a copy has the rights of an ordinary file
            mask = os.umask(0)
            os.umask(mask)
            Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
