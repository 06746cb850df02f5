"""What the last build made from what, so that an unchanged notebook is not executed again.

`.build-cache.json` is git-ignored and may be deleted at any time: the next build then makes everything.
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
    """The SHA-256 of a file, or "" when it is not there."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def common_digest(root: Path) -> str:
    """What every notebook depends on: facts, releases, prices, course.toml, the code, Python, the key packages."""
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
    """`common` and every file in the author's room of the module."""
    room = root / "modules" / module_id
    files = sorted(p for p in room.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return _digest([common, *(f"{path.relative_to(root).as_posix()} {file_digest(path)}" for path in files)])


def write_text(path: Path, text: str) -> None:
    """Writes the file whole or not at all, in UTF-8 with "\\n" at line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        # mkstemp makes a file for its owner only; the others in git are readable.
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


class Cache:
    """The remembered pairs of digests, by the notebook's path in the checkout; safe to use from several threads."""

    def __init__(self, root: Path) -> None:
        self._path = root / ".build-cache.json"
        self._root = root
        self._lock = threading.Lock()
        self._entries = self._load()

    def is_current(self, target: str, inputs: str) -> bool:
        """Whether the stored notebook is the one that was made from these inputs."""
        stored = file_digest(self._root / target)
        return bool(stored) and self._entries.get(target) == {"inputs": inputs, "output": stored}

    def remember(self, target: str, inputs: str) -> None:
        """Notes that the stored notebook was made from these inputs."""
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
