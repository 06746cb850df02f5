"""The folder of one DB instance, and its removal when nobody is left to do it.

For an ordinary user it is in the run's folder. As root the run's folder is private to root, and PostgreSQL runs as
`nobody`: the instance's folder is then a private one of nobody's beside it. A pointer file in the run's folder, written
before the folder is made, tells `remove_all` where it is, however the processes ended.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from serverless_cloud.errors import CloudError
from serverless_cloud.rds.binaries import Account

PREFIX = "serverless-first-db-"
_POINTERS = "databases"
_PATIENCE_S = 6.0  # PostgreSQL itself kills its children after 5 s (SIGKILL_CHILDREN_AFTER_SECS in postmaster.c)


def make(run_folder: Path, account: Account | None) -> Path:
    """A fresh folder for an instance, with rights only for its owner.

    Args:
        run_folder: the run's folder, which gets the pointer.
        account: who owns it; None for ourselves.

    Raises:
        CloudError: as root there is no folder for temporary files that others may enter.
    """
    pointers = run_folder / _POINTERS
    pointers.mkdir(mode=0o700, exist_ok=True)
    name = PREFIX + secrets.token_hex(6)
    place = (pointers if account is None else _place_for_others()) / name
    (pointers / f"{name}.pointer").write_text(str(place), encoding="utf-8")
    place.mkdir(mode=0o700)
    if account is not None:
        account.own(place)
    return place


def _place_for_others() -> Path:
    candidates = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    for candidate in candidates:
        place = candidate.resolve()
        if place.is_dir() and all(folder.stat().st_mode & 0o001 for folder in (place, *place.parents)):
            return place
    raise CloudError(
        "You are root, so PostgreSQL runs as the user nobody, who can't enter "
        f"{', '.join(map(str, candidates))}. Set TMPDIR to a folder that other users can enter, or start the notebook "
        "as an ordinary user."
    )


def remove(run_folder: Path, place: Path) -> None:
    """Ends the PostgreSQL in an instance's folder if it still runs, then removes the folder and its pointer."""
    end_postgres(place)
    shutil.rmtree(place, ignore_errors=True)
    if not _is_there(place):
        (run_folder / _POINTERS / f"{place.name}.pointer").unlink(missing_ok=True)


def _is_there(place: Path) -> bool:
    """Whether a folder is there; raises OSError where we may not look, which `Path.exists` calls no from 3.14 on."""
    try:
        place.lstat()
    except FileNotFoundError:
        return False
    return True


def remove_all(run_folder: Path) -> bool:
    """The same for every instance of a run.

    Returns:
        Whether all are gone. Where one is not, the run's folder should stay: its pointer finds the rest another time.
    """
    all_gone = True
    for pointer in (run_folder / _POINTERS).glob(f"{PREFIX}*.pointer"):
        try:
            place = Path(pointer.read_text(encoding="utf-8"))
            if place.name == pointer.stem:  # the pointer was written to its end
                remove(run_folder, place)
                all_gone = all_gone and not _is_there(place)
        except FileNotFoundError:  # the pointer goes last: somebody else has removed both
            continue
        except OSError:  # nobody knows
            all_gone = False
    return all_gone


def end_postgres(place: Path) -> None:
    """Ends a PostgreSQL whose owner is gone, and frees its shared memory. Data do not matter any more."""
    lines = lock_file(place)
    if not lines:
        return
    process = _postmaster(place, int(lines[0]))
    if process is not None:
        with contextlib.suppress(psutil.Error):
            children = process.children(recursive=True)
            if sys.platform != "win32":
                process.send_signal(signal.SIGQUIT)  # ends at once and frees the shared memory
                with contextlib.suppress(psutil.TimeoutExpired):
                    process.wait(_PATIENCE_S)
            for target in (process, *children):
                with contextlib.suppress(psutil.Error):
                    target.kill()
            psutil.wait_procs([process, *children], timeout=_PATIENCE_S)
    end_children(place)
    _free_shared_memory(lines)


def end_children(place: Path) -> None:
    """Ends PostgreSQL's processes that have lost their postmaster; a busy one does not see that by itself.

    They are the processes that work in the instance's data folder, as all of PostgreSQL's do.
    """
    data = str(place / "data")
    processes = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.cwd() == data:
                process.kill()
                processes.append(process)
    psutil.wait_procs(processes, timeout=_PATIENCE_S)


def lock_file(place: Path) -> list[str]:
    """The lines of postmaster.pid (miscadmin.h: pid, folder, start, port, socket, address, shared memory, state)."""
    try:
        lines = (place / "data" / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return lines if lines and lines[0].strip().isdigit() else []


def _postmaster(place: Path, pid: int) -> psutil.Process | None:
    """The process with this number, if it is this folder's PostgreSQL and not a later one's."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if str(place / "data") in process.cmdline():
            return process
    return None


def _free_shared_memory(lines: list[str]) -> None:
    """Removes the System V segment named in postmaster.pid ("key id"), if PostgreSQL could not.

    The key is compared first: the number may be another segment's by now.
    """
    numbers = lines[6].split() if len(lines) > 6 else []
    if len(numbers) == 2:
        key, identifier = map(int, numbers)
        _free_segments(lambda fields: (int(fields[0]), int(fields[1])) == (key, identifier))


def free_shared_memory_of(uid: int) -> None:
    """Removes the System V segments of an account that nobody is attached to any more (Linux).

    For an account that only we use. Killing all its processes at once leaves one segment for each PostgreSQL, and a
    system has room for 4,096.
    """
    _free_segments(lambda fields: int(fields[7]) == uid)


def _free_segments(fits: Callable[[Sequence[str]], bool]) -> None:
    """Removes segments with these fields in /proc/sysvipc/shm, unless somebody is attached to them."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):
        for line in Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if int(fields[6]) == 0 and fits(fields):
                import ctypes  # seldom needed

                ctypes.CDLL(None).shmctl(int(fields[1]), 0, None)  # 0 is IPC_RMID (linux/ipc.h)
