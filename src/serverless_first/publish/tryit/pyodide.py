"""Gets Pyodide, which is Python for the browser, from the npm registry that this machine uses.

The version and the hash of the archive are pinned. The archive is kept, so that the next build needs no network.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

VERSION = "314.0.7"
#: The hash of the archive, as npm's lock files write it.
INTEGRITY = "sha512-0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="
LICENSE = "MPL-2.0"
ARCHIVE = f"pyodide-{VERSION}.tgz"
#: The files that the page loads.
FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
#: Its list of packages, which tells the versions that fit. The page uses none of the packages, so they are left out.
LOCK = "pyodide-lock.json"
_TIMEOUT_S = 180.0


class NoPyodide(Exception):
    """Pyodide is not there and can't be had; the message says why, as in "npm is not installed"."""


def files(cache: Path) -> dict[str, bytes]:
    """Pyodide's files by their names, from the cache or from npm.

    Args:
        cache: the folder that keeps the archive.

    Raises:
        NoPyodide: there is no npm, no network, or the archive isn't the pinned one.
    """
    archive = cache / ARCHIVE
    if not archive.is_file() or not _is_pinned(archive):
        _download(archive)
    with tarfile.open(archive) as opened:
        members = {name: _member(opened, f"package/{name}") for name in FILES}
        lock = json.loads(_member(opened, f"package/{LOCK}"))
    return {**members, LOCK: json.dumps({**lock, "packages": {}}).encode()}


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise NoPyodide(f"{ARCHIVE} has no {name}")
    return file.read()


def _is_pinned(archive: Path) -> bool:
    digest = hashlib.sha512(archive.read_bytes()).digest()
    return f"sha512-{base64.b64encode(digest).decode()}" == INTEGRITY


def _download(archive: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NoPyodide("npm is not installed")
    with tempfile.TemporaryDirectory(prefix="serverless-first-", ignore_cleanup_errors=True) as folder:
        command = [npm, "pack", f"pyodide@{VERSION}", "--ignore-scripts", "--silent", "--fetch-retries=1"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise NoPyodide(f"npm didn't answer within {_TIMEOUT_S:g} s") from None
        fetched = Path(folder) / ARCHIVE
        if done.returncode or not fetched.is_file():
            raise NoPyodide(f"npm couldn't get pyodide@{VERSION}: is there a network?")
        if not _is_pinned(fetched):
            raise NoPyodide(f"npm's archive of pyodide@{VERSION} isn't the pinned one")
        archive.parent.mkdir(parents=True, exist_ok=True)
        part = archive.with_name(f".{ARCHIVE}.part")
        shutil.copyfile(fetched, part)
        part.replace(archive)
