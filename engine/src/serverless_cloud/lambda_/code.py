"""Deployment packages: a zip becomes a folder, once for each content."""

from __future__ import annotations

import hashlib
import io
import shutil
import stat
import tempfile
import threading
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

UNZIPPED_BYTES = 262_144_000  # AWS Lambda quotas: deployment package with its layers, unzipped, 250 MB
NAME_BYTES = 255  # of a file, on all systems that there are
#: Of many environments that start at the same moment, the first unpacks their packages, and the others wait.
_UNPACKING = threading.Lock()
_UNIX = 3  # who made an entry (PKWARE's APPNOTE, 4.4.2): on Unix its kind and rights are in the external attributes
_PLAIN = (0, stat.S_IFREG, stat.S_IFDIR)


class BadPackage(ValueError):
    """The bytes are not a zip that can be unpacked safely."""


class NotAZip(BadPackage):
    """The bytes are not a zip."""


class TooLarge(BadPackage):
    """Its files are too large together. The text is AWS's."""


def check(package: bytes) -> None:
    """Raises BadPackage unless these bytes are a sound zip, not too large, of files and folders below its own."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            _check_entries(archive.infolist())
            if damaged := archive.testzip():
                raise BadPackage(f"The file {damaged} in the zip is damaged")
    except BadPackage:
        raise
    except Exception as error:  # each compression method has its own errors for bytes that it can't read
        raise NotAZip(f"These {len(package)} bytes are not a zip: {error}") from error


def unzipped_bytes(package: bytes) -> int:
    """How large the files of a sound package are together."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _check_entries(entries: Sequence[zipfile.ZipInfo]) -> None:
    files: set[tuple[str, ...]] = set()
    folders: set[tuple[str, ...]] = set()
    for entry in entries:
        name = entry.filename
        parts = Path(name.replace("\\", "/")).parts
        if ".." in parts or name.startswith(("/", "\\")) or ":" in "".join(parts[:1]):
            raise BadPackage(f"The zip contains a path that leads out of it: {name}")
        if stat.S_IFMT(entry.external_attr >> 16) not in _PLAIN and entry.create_system == _UNIX:
            raise BadPackage(
                f"{name} in the zip is a link or a device, but the local cloud accepts only files and folders. "
                "Zip the file itself, which zip does without the option -y"
            )
        if any(len(part.encode(errors="replace")) > NAME_BYTES for part in parts):
            raise BadPackage(f"A name in the zip is longer than {NAME_BYTES} bytes: {name[:80]}...")
        (folders if entry.is_dir() else files).add(parts)
        folders.update(parts[:length] for length in range(1, len(parts)))
    if both := files & folders - {()}:
        raise BadPackage(f"The zip contains both a file and a folder with the name {'/'.join(min(both))}")
    if sum(entry.file_size for entry in entries) > UNZIPPED_BYTES:
        raise TooLarge(f"Unzipped size must be smaller than {UNZIPPED_BYTES} bytes")


def unpack(packages: Mapping[str, bytes], store: Path) -> Path:
    """The folder with the packages' files, made in `store` unless it is there already.

    Args:
        packages: zips by their SHA-256, unpacked one over the other: a function's code, or its layers in their order.

    Raises:
        BadPackage: see `check`.
    """
    target = store / hashlib.sha256("\n".join(packages).encode()).hexdigest()[:32]
    with _UNPACKING:
        return target if target.is_dir() else _unpacked(packages.values(), store, target)


def _unpacked(packages: Collection[bytes], store: Path, target: Path) -> Path:
    for package in packages:
        check(package)
    store.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=store))
    try:
        for package in packages:
            with zipfile.ZipFile(io.BytesIO(package)) as archive:
                for entry in archive.infolist():
                    if entry.filename.strip("./\\"):  # Python 3.12.1 trips over "./", the folder itself
                        archive.extract(entry, fresh)
        fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)  # it is gone if it has got its name
    return target
