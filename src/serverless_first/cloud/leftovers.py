"""The folder of one run of the local cloud, and what an earlier run left because it was killed.

A run that ends, ends its environments and removes its folder. One that is killed with SIGKILL cannot; on Linux the
kernel then ends its environments. The next run removes the rest: folders, and on other systems processes.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import psutil

_OWNER = "owner.json"


def runs_folder() -> Path:
    """Where all runs of this user keep their folders."""
    user = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"serverless-first-{user}"


def new_run_folder() -> Path:
    """A fresh private folder for this process; what dead runs left is removed first."""
    runs = runs_folder()
    runs.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and (runs.is_symlink() or runs.stat().st_uid != os.getuid()):
        runs = Path(tempfile.mkdtemp(prefix="serverless-first-"))  # somebody else's: keep away from it
    else:
        sweep(runs)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=runs))
    me = psutil.Process()
    owner = {"pid": me.pid, "created_s": me.create_time()}
    # All at once: a run that starts at this moment and reads half a file would take this folder for a dead one's.
    unfinished = folder / f"{_OWNER}.new"
    unfinished.write_text(json.dumps(owner), encoding="ascii")
    unfinished.replace(folder / _OWNER)
    return folder


def sweep(runs: Path) -> None:
    """Removes the folders of runs whose process is gone, and ends processes that were started in them."""
    for folder in runs.glob("run-*"):
        if _is_alive(folder):
            continue
        _end_orphans(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _is_alive(folder: Path) -> bool:
    try:
        owner = json.loads((folder / _OWNER).read_text(encoding="ascii"))
        return bool(abs(psutil.Process(owner["pid"]).create_time() - owner["created_s"]) < 1.0)
    except FileNotFoundError:
        # Another run may be writing its owner at this moment.
        with contextlib.suppress(OSError):
            return _age_s(folder) < 60.0
        return False
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return False


def _age_s(folder: Path) -> float:
    return time.time() - folder.stat().st_mtime


def _end_orphans(folder: Path) -> None:
    """Environments carry their folder in TMPDIR: that tells them from every other process."""
    mark = str(folder)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if mark in process.environ().get("TMPDIR", ""):
                process.kill()
