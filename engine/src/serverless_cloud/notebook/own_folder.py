"""A folder that belongs to this user, where everybody may write.

Another user of the machine can guess its name and put a folder, a file or a link there first, to read what we keep, to
change it, or to stop us. So the owner and the mode are checked before anything is read from it or written to it.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_NAMES = 10


def own_folder(base: Path) -> Path:
    """This user's folder in `base`; it is made if it is missing.

    It is the same folder at each call. Only if another user has taken all its names is it a fresh one.

    Args:
        base: a folder that other users may write to, such as `/tmp`.

    Raises:
        OSError: nothing can be written to `base`.
    """
    user = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    name = f"serverless-first-{user}"
    for folder in (base / name, *(base / f"{name}-{number}" for number in range(2, _NAMES + 1))):
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        if is_private(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base))


def is_private(folder: Path) -> bool:
    """Whether this is a folder, not a link to a folder, that only our own user can enter.

    Systems that don't number their users (Windows) keep temporary files in the user's own folder. There, only the kind
    is checked.
    """
    try:
        status = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        return False
    return not hasattr(os, "geteuid") or (status.st_uid == os.geteuid() and not status.st_mode & 0o077)
