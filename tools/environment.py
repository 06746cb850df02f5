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
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.watched import CommandFailed, watched

MARKER = ".serverless-first"
STAMP = "serverless-first.json"
OLDEST = (3, 11)
# Settings of the machine that would change what is installed, or where. Index, proxies and certificates stay.
DROPPED = {
    *("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX"),
    *("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIREMENT", "PIP_EDITABLE", "PIP_NO_BINARY"),
    *(
        "PIP_ONLY_BINARY",
        "PIP_BUILD_CONSTRAINT",
        "PIP_REQUIRE_HASHES",
        "PIP_DRY_RUN",
        "PIP_UPLOADED_PRIOR_TO",
    ),
    *("UV_CONSTRAINT", "UV_OVERRIDE", "UV_BUILD_CONSTRAINT", "UV_EXCLUDE_NEWER", "UV_PYTHON", "UV_TARGET"),
    *("UV_NO_BINARY", "UV_NO_BUILD", "UV_ONLY_BINARY", "UV_REQUIRE_HASHES", "UV_SYSTEM_PYTHON"),
}
# Byte code of these is left to their first use: large, and no lesson needs it at its start.
NOT_COMPILED = r"[\\/](sympy|mpmath|networkx|cfnlint|babel|pip|setuptools|tests?)[\\/]"


class SetupError(RuntimeError):
    """The environment cannot be made; the message says why, and what to do."""


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
        except CommandFailed as error:
            raise SetupError(_explained(error)) from error
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
                    f"Cannot remove {self.folder}: {error}. Close what runs from it, then call again."
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
            print(
                f"Making the environment in {self.folder} with Python {sys.version.split()[0]}.", flush=True
            )
            venv.create(self.folder, with_pip=False, symlinks=os.name != "nt", clear=False)
            (self.folder / MARKER).touch()
        (self.folder / STAMP).unlink(missing_ok=True)
        profile = "all" if stamp.get("profile") == "all" else profile  # what is there stays
        self._install(profile)
        self._write_stamp(profile)

    def _fault(self, stamp: dict[str, Any]) -> str | None:
        """Why the environment has to be made again; None when it is absent or sound."""
        if not self.folder.exists():
            return None
        ours = (self.folder / MARKER).exists()
        answer = _version_of(self.python)
        if answer is None:
            fault = "The environment's Python is gone"
        elif answer < OLDEST:
            fault = f"The environment's Python is {answer[0]}.{answer[1]}, the course needs 3.11 or newer"
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
                f"{fault}: {self.folder}. This course did not make it, so it stays as it is. "
                "Move it away, or delete it, then call again."
            )
        return f"{fault}: the environment is made again."

    def _holds(self, stamp: dict[str, Any], profile: str) -> bool:
        return (
            bool(stamp)
            and stamp.get("profile") in ("all", profile)
            and stamp.get("lock") == self._lock_digest(str(stamp.get("profile")))
            and stamp.get("project") == _digest(self.root / "pyproject.toml")
        )

    def _lock_digest(self, profile: str) -> str:
        return _digest(
            self.root / "requirements" / f"{profile}.txt", self.root / "requirements" / "installer.txt"
        )

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
            "project": _digest(self.root / "pyproject.toml"),
            "python": list(_version_of(self.python) or ()),
            "folder": str(self.folder),
        }
        temporary = self.folder / (STAMP + ".new")
        temporary.write_text(json.dumps(stamp), encoding="utf-8", newline="\n")
        temporary.replace(self.folder / STAMP)

    def _install(self, profile: str) -> None:
        lock = self.root / "requirements" / f"{profile}.txt"
        installer = self.root / "requirements" / "installer.txt"
        total = sum(line[:1].isalnum() for line in lock.read_text(encoding="utf-8").splitlines())
        env = {name: value for name, value in os.environ.items() if name not in DROPPED}
        empty = self.folder / "no-constraints.txt"
        empty.touch()
        # As an address, since pip splits this setting at spaces.
        env |= {"PIP_CONSTRAINT": empty.as_uri(), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUTF8": "1"}
        if "PIP_INDEX_URL" in env and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & env.keys():
            env["UV_DEFAULT_INDEX"] = env["PIP_INDEX_URL"]
        site_packages = self._site_packages()
        pip = [str(self.python), "-I", "-m", "pip", "install", "--no-deps"]
        uv = [shutil.which("uv") or "", "pip", "install", "--python", str(self.python), "--no-deps"]

        def run(title: str, command: list[str], count: bool = False) -> None:
            def status(line: str) -> str:
                if not count:
                    return ""
                words = line.split()
                if words[:1] == ["Collecting"]:
                    return f"collecting {words[1]}"
                return f"{_installed(site_packages)} of {total}"

            watched(title, command, env, self.root, status)

        if uv[0]:
            try:
                run(
                    "Packages (uv)",
                    [*uv, "--require-hashes", "-r", str(installer), "-r", str(lock)],
                    count=True,
                )
                run("The course itself", [*uv, "--no-build-isolation", "-e", str(self.root)])
            except CommandFailed as error:
                print(f"  uv did not manage it, trying pip: {_last_line(error.output)}", flush=True)
                uv = [""]
        if not uv[0]:
            # A new pip first: it installs in a third of the time that a pip of 2023 takes.
            self._ensure_pip(env)
            run("A new pip", [*pip, "--no-compile", "--require-hashes", "-r", str(installer)])
            run("Packages (pip)", [*pip, "--no-compile", "--require-hashes", "-r", str(lock)], count=True)
            run("The course itself", [*pip, "--no-build-isolation", "-e", str(self.root)])
        self._relative_path_file()
        compiler = [str(self.python), "-I", "-m", "compileall", "-q", "-j", "0", "-x", NOT_COMPILED]
        run("Byte code", [*compiler, str(site_packages)])

    def _ensure_pip(self, env: dict[str, str]) -> None:
        if list(self._site_packages().glob("pip-*.dist-info")):
            return
        if subprocess.run([str(self.python), "-I", "-c", "import ensurepip"], capture_output=True).returncode:
            version = ".".join(map(str, _version_of(self.python) or OLDEST))
            raise SetupError(
                f"This Python has no pip. On Debian or Ubuntu: apt install python{version}-venv. "
                "Elsewhere: install Python from https://www.python.org/downloads/, or install uv."
            )
        watched("pip", [str(self.python), "-I", "-m", "ensurepip", "--default-pip"], env, self.root)

    def _relative_path_file(self) -> None:
        """Points the editable install to src/ by a relative path.

        Python before 3.13 reads .pth files in the encoding of the locale: an absolute path with a letter
        outside it, as in a Japanese user name on Windows, would be misread. The relative one is plain ASCII.
        """
        site_packages = self._site_packages()
        try:
            relative = os.path.relpath((self.root / "src").resolve(), site_packages.resolve())
        except ValueError:  # another drive of Windows: the absolute path has to do
            return
        if relative.isascii():
            (site_packages / "serverless_first.pth").write_text(
                relative + "\n", encoding="ascii", newline="\n"
            )

    def _site_packages(self) -> Path:
        if os.name == "nt":
            return self.folder / "Lib" / "site-packages"
        version = _version_of(self.python) or OLDEST
        return self.folder / "lib" / f"python{version[0]}.{version[1]}" / "site-packages"


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """One set-up at a time in a checkout; the lock is the operating system's and dies with the process."""
    with path.open("a", encoding="utf-8") as file:
        told = False
        while not _locked(file.fileno()):
            if not told:
                print("Another set-up of this course is running; waiting for it.", flush=True)
            told = True
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


def _version_of(python: Path) -> tuple[int, int] | None:
    """(major, minor) of an interpreter; None when it is gone or does not start."""
    try:
        done = subprocess.run(
            [str(python), "-I", "-S", "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        major, minor = done.stdout.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _installed(site_packages: Path) -> int:
    return sum(1 for _ in site_packages.glob("*.dist-info/RECORD"))


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _explained(error: CommandFailed) -> str:
    text = error.output
    if "HASHES" in text or "Hash mismatch" in text:
        advice = (
            "A package differs from the one this course was tested with. "
            "Do not go on; try another index, or tell us."
        )
    elif "No space left" in text or "disk space" in text.lower():
        advice = "The disk is full: the environment needs about 650 MB."
    else:
        advice = (
            "If the network is the reason: check the proxy (HTTPS_PROXY) or the index (PIP_INDEX_URL), "
            "then call again. What is downloaded stays in the cache."
        )
    tail = "\n".join(text.splitlines()[-15:])
    return f"{tail}\n\nThe set-up stopped: {error}.\n{advice}"
