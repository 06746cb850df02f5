"""The course's own virtual environment: made, filled by hash, stamped, and made again when it is broken.

States, told apart by two small files in the environment:

    none or foreign   no marker            foreign ones are filled, but never removed
    being made        MARKER, no STAMP     the last call was interrupted: made again
    ready             MARKER and STAMP     the stamp says what it holds; nothing to do while it is enough
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools import wheelhouse
from tools.installing import OLDEST, SetupError, explained, install, version_of
from tools.watched import CommandFailed

MARKER = ".serverless-first"
STAMP = "serverless-first.json"


class Environment:
    """The environment in `folder` for the checkout in `root`."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder.absolute()
        scripts = "Scripts" if os.name == "nt" else "bin"
        self.python = self.folder / scripts / ("python.exe" if os.name == "nt" else "python")

    def ensure(self, profile: str) -> None:
        """Makes the environment hold `profile` ("lab" or "all"); returns at once when it does.

        Raises:
            SetupError: no pip, no network and no cache, a disk that is full, a folder that is not ours.
        """
        stamp = self._stamp()
        if self._fault(stamp) is None and self._holds(stamp, profile):
            return
        try:
            with _only_one(self.root / ".env-stamp.lock"):
                self._make(profile)
        except wheelhouse.WheelhouseError as error:
            raise SetupError(str(error)) from error
        except OSError as error:
            raise SetupError(f"Cannot write the environment in {self.folder}: {error}.") from error

    def remove(self) -> None:
        """Removes the environment.

        Raises:
            SetupError: it was not made by this tool.
        """
        if self.folder.exists() and not (self.folder / MARKER).exists():
            raise SetupError(
                f"{self.folder} was not made by this course, so it stays. Remove it yourself if you want to."
            )
        if self.folder.exists():
            try:
                shutil.rmtree(self.folder)
            except OSError as error:
                raise SetupError(
                    f"Cannot remove {self.folder}: {error}. Close the programs that run from it, then "
                    "repeat the command."
                ) from error

    def _make(self, profile: str) -> None:
        stamp = self._stamp()  # read again: another call may have finished while this one waited
        fault = self._fault(stamp)
        if fault is None and self._holds(stamp, profile):
            return
        if fault is not None:
            print(fault, flush=True)
            self.remove()
        if not self.python.exists():
            print(f"Making the environment in {self.folder} with Python {sys.version.split()[0]}.", flush=True)
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / MARKER).touch()  # first, so that an interrupted call leaves an environment that is ours
            venv.create(self.folder, with_pip=False, symlinks=os.name != "nt")
        (self.folder / STAMP).unlink(missing_ok=True)
        profile = "all" if stamp.get("profile") == "all" else profile  # what is there stays
        python = version_of(self.python) or OLDEST
        files = wheelhouse.find(self.root, profile, self._lock_digest(profile), python)
        try:
            install(self.python, self.folder, self.root, profile, files)
        except CommandFailed as error:
            raise SetupError(explained(error, files)) from error
        self._write_stamp(profile)

    def _fault(self, stamp: dict[str, Any]) -> str | None:
        """Why the environment has to be made again; None when it is absent or sound."""
        if not self.folder.exists():
            return None
        ours = (self.folder / MARKER).exists()
        answer = version_of(self.python)
        if answer is None:
            fault = "The environment's Python is gone"
        elif answer < OLDEST:
            fault = f"The environment's Python is {answer[0]}.{answer[1]}, but the course needs 3.11 or newer"
        elif ours and not stamp:
            fault = "The last set-up was interrupted"
        elif ours and stamp.get("folder") != str(self.folder):
            fault = "The folder of the course has moved"
        elif ours and stamp.get("python") != list(answer):
            fault = "The environment's Python has changed"
        else:
            return None
        if not ours:
            raise SetupError(
                f"{fault}: {self.folder}. This course did not make it, so it stays as it is. Move or delete it, "
                "then repeat the command."
            )
        return f"{fault}, so the environment is made again."

    def _holds(self, stamp: dict[str, Any], profile: str) -> bool:
        return (
            bool(stamp)
            and stamp.get("profile") in ("all", profile)
            and stamp.get("lock") == self._lock_digest(str(stamp.get("profile")))
            and stamp.get("project") == self._project_digest()
        )

    def _lock_digest(self, profile: str) -> str:
        return _digest(self.root / "requirements" / f"{profile}.txt", self.root / "requirements" / "installer.txt")

    def _project_digest(self) -> str:
        return _digest(self.root / "pyproject.toml", self.root / "engine" / "pyproject.toml")

    def _stamp(self) -> dict[str, Any]:
        try:
            stamp = json.loads((self.folder / STAMP).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def _write_stamp(self, profile: str) -> None:
        stamp = {
            "profile": profile,
            "lock": self._lock_digest(profile),
            "project": self._project_digest(),
            "python": list(version_of(self.python) or ()),
            "folder": str(self.folder),
        }
        temporary = self.folder / (STAMP + ".new")
        temporary.write_text(json.dumps(stamp), encoding="utf-8", newline="\n")
        temporary.replace(self.folder / STAMP)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """One set-up at a time in a checkout; the lock is the operating system's and dies with the process."""
    with path.open("a", encoding="utf-8") as file:
        has_printed = False
        while not _locked(file.fileno()):
            if not has_printed:
                print("Another set-up of this course is running. Waiting for it.", flush=True)
            has_printed = True
            time.sleep(0.2)
        yield


def _locked(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _digest(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()
