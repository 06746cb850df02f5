"""The lock files as objects, and which files in a folder satisfy them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from serverless_first.publish.wheelhouse.targets import Target


@dataclass(frozen=True)
class Pin:
    """One package of a lock file: name, exact version, the hashes of the files that are allowed."""

    name: str
    version: str
    extras: frozenset[str]
    hashes: frozenset[str]

    @property
    def lines(self) -> str:
        """The pin for a requirements file, without a marker: it is chosen already."""
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        hashes = "".join(f" \\\n    --hash=sha256:{digest}" for digest in sorted(self.hashes))
        return f"{self.name}{extras}=={self.version}{hashes}\n"


def pins_for(target: Target, *locks: Path) -> list[Pin]:
    """The packages that the lock files ask for on the target, each once, in their order."""
    pins: dict[tuple[str, str], Pin] = {}
    for lock in locks:
        blocks: list[list[str]] = []
        for line in lock.read_text(encoding="utf-8").splitlines():
            text = line.strip().removesuffix("\\").strip()
            if line[:1].isalnum():
                blocks.append([text])
            elif text.startswith("--hash=sha256:"):
                blocks[-1].append(text.removeprefix("--hash=sha256:"))
        for head, *hashes in blocks:
            requirement = Requirement(head)
            if requirement.marker and not requirement.marker.evaluate(target.markers):
                continue
            name = canonicalize_name(requirement.name)
            version = next(iter(requirement.specifier)).version
            pins.setdefault((name, version), Pin(name, version, frozenset(requirement.extras), frozenset(hashes)))
    return list(pins.values())


class Folder:
    """The files of a wheelhouse; each is hashed once in a run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._digests: dict[Path, str] = {}

    def file_of(self, pin: Pin, target: Target) -> Path | None:
        """The file that installs the pin on the target: a wheel that runs there, else the source; None: not here."""
        there = [(path, tags) for path, tags in self._of(pin) if self._allowed(path, pin)]
        wheel = next((path for path, tags in there if tags and tags & target.tags), None)
        return wheel or next((path for path, tags in there if tags is None), None)

    def drop_broken(self, pin: Pin) -> None:
        """Removes files of the pin that are not the locked ones: half of a download that was interrupted."""
        for path, _ in list(self._of(pin)):
            if not self._allowed(path, pin):
                path.unlink()
                self._digests.pop(path, None)

    def _of(self, pin: Pin) -> Iterator[tuple[Path, frozenset[Tag] | None]]:
        """The files that are called as the pin's are, each with a wheel's tags, or None for a source."""
        for path in self.path.iterdir() if self.path.is_dir() else ():
            tags: frozenset[Tag] | None = None
            try:
                if path.name.endswith(".tar.gz"):
                    name, version = parse_sdist_filename(path.name)
                else:
                    name, version, _, tags = parse_wheel_filename(path.name)
            except (InvalidSdistFilename, InvalidWheelFilename):
                continue
            if (name, version) == (pin.name, Version(pin.version)):
                yield path, tags

    def _allowed(self, path: Path, pin: Pin) -> bool:
        if path not in self._digests:
            with path.open("rb") as file:
                self._digests[path] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._digests[path] in pin.hashes
