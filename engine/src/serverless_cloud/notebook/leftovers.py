"""The folder of one run of the local cloud, and what an earlier run left because it was killed.

A run that ends, ends its environments and removes its folder. One that is killed with SIGKILL cannot; on Linux the
kernel then ends its environments. The rest (folders, processes that handlers have started, and on other systems the
environments) is removed by the notebook that owned it, or by the next run.

A run holds a lock in its folder for as long as its process lives; the operating system lets go of it, however the
process ends. So no clock and no process number, which another process may have by now, decides who is alive.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from serverless_cloud.notebook.own_folder import own_folder
from serverless_cloud.rds.folder import remove_all

_LOCK = "lock"
_of_this_process: list[RunFolder] = []


class RunFolder:
    """A fresh private folder for this process, at `path`. It first removes the files of dead runs."""

    def __init__(self) -> None:
        runs = runs_folder()
        with FileLock(runs / _LOCK):  # nobody looks at a folder between its making and its lock
            sweep(runs)
            self.path = Path(tempfile.mkdtemp(prefix="run-", dir=runs))
            self._lock = FileLock(self.path / _LOCK, thread_local=False)
            self._lock.acquire()
        _of_this_process.append(self)

    def remove(self) -> None:
        """Removes the folder; may be called twice."""
        with contextlib.suppress(ValueError):
            _of_this_process.remove(self)
        with contextlib.ExitStack() as stack:
            # A sweep that looks whether this run is alive would put its lock's file back, and the folder would stay.
            with contextlib.suppress(OSError):  # a timeout is one: better a folder left than an end that never comes
                stack.enter_context(FileLock(self.path.parent / _LOCK, timeout=10))
            all_gone = remove_all(self.path)
            self._lock.release()
            if all_gone:
                shutil.rmtree(self.path, ignore_errors=True)


def scratch() -> Path | None:
    """Where a folder for a moment is made, by a check for instance: in this process's run, so that it goes however the
    process ends. None, which `tempfile` takes for its own place, if no local cloud was started here.
    """
    return _of_this_process[-1].path if _of_this_process else None


def runs_folder() -> Path:
    """Where all runs of this user keep their folders; no other user can enter it.

    Raises:
        OSError: the folder for temporary files cannot be written to.
    """
    return own_folder(Path(tempfile.gettempdir()))


def sweep_now() -> None:
    """Removes what dead runs of this user left, without waiting for the next run."""
    runs = runs_folder()
    with FileLock(runs / _LOCK):
        sweep(runs)


def sweep(runs: Path) -> None:
    """Removes the folders of runs whose process is gone, and ends processes that were started in them."""
    for folder in runs.glob("run-*"):
        if not _is_alive(folder):
            _end_orphans(folder)
            if remove_all(folder):  # databases, which as root lie elsewhere
                shutil.rmtree(folder, ignore_errors=True)


def _is_alive(folder: Path) -> bool:
    try:
        with FileLock(folder / _LOCK, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # it is being removed by its owner at this moment
        return False


def _end_orphans(folder: Path) -> None:
    """Environments carry their folder in TMPDIR: that tells them from every other process."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if folder in Path(process.environ().get("TMPDIR", "")).parents:
                process.kill()
