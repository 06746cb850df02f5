"""Remembers the inputs and outputs of the last build, so that the next build skips unchanged notebooks.

Git ignores `.build-cache.json`. You may delete the file at any time, and the next build then executes everything.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import serverless_first

CODE = Path(serverless_first.__file__).parent
_PACKAGES = (
    *("ipykernel", "ipython", "nbclient", "nbconvert", "nbformat", "nbgrader", "jupytext", "jupyterquiz"),
    *("boto3", "botocore", "moto", "awslambdaric", "matplotlib", "numpy", "ipywidgets", "rich"),
)


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, or "" if the file doesn't exist."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def common_digest(root: Path) -> str:
    """The digest of the common inputs: facts, releases, prices, course.toml, the code, Python and key packages."""
    lines = [f"python {sys.version_info.major}.{sys.version_info.minor}"]
    for name in _PACKAGES:
        try:
            lines.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            lines.append(f"{name} -")
    lines += [
        f"{name} {file_digest(root / name)}"
        for name in ("facts/facts.yml", "facts/releases.yml", "facts/prices.yml", "course.toml")
    ]
    lines += [f"{path.relative_to(CODE).as_posix()} {file_digest(path)}" for path in sorted(CODE.rglob("*.py"))]
    return _digest(lines)


def module_digest(root: Path, module_id: str, common: str) -> str:
    """The digest of `common` and every file in the module's folder in modules/."""
    room = root / "modules" / module_id
    files = sorted(p for p in room.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return _digest([common, *(f"{path.relative_to(root).as_posix()} {file_digest(path)}" for path in files)])


def write_text(path: Path, text: str) -> None:
    """Writes the file completely or not at all, in UTF-8 with "\\n" as the line ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        # Only the owner can read a file from mkstemp, but all other files in git are readable.
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


class Cache:
    """The stored pairs of digests by the notebook's path in the checkout. Several threads may use one cache."""

    def __init__(self, root: Path) -> None:
        self._path = root / ".build-cache.json"
        self._root = root
        self._lock = threading.Lock()
        self._entries = self._load()

    def is_current(self, target: str, inputs: str) -> bool:
        """Whether the stored notebook was built from these inputs."""
        stored = file_digest(self._root / target)
        return bool(stored) and self._entries.get(target) == {"inputs": inputs, "output": stored}

    def remember(self, target: str, inputs: str) -> None:
        """Records that the stored notebook was built from these inputs."""
        with self._lock:
            self._entries[target] = {"inputs": inputs, "output": file_digest(self._root / target)}
            write_text(self._path, json.dumps(self._entries, indent=1, sort_keys=True) + "\n")

    def _load(self) -> dict[str, object]:
        try:
            data = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
