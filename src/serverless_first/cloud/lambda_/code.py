"""Deployment packages: a zip becomes a folder, once for each content."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

UNZIPPED_BYTES = 262_144_000  # AWS Lambda quotas: deployment package, unzipped, 250 MB


class BadPackage(ValueError):
    """The bytes are no zip that can be unpacked safely."""


def check(package: bytes) -> None:
    """Raises if these bytes are no usable deployment package.

    Raises:
        BadPackage: no zip, a damaged or too large one, or one with a path that leads out of its folder.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            for name in archive.namelist():
                parts = Path(name.replace("\\", "/")).parts
                if ".." in parts or name.startswith(("/", "\\")) or ":" in "".join(parts[:1]):
                    raise BadPackage(f"The zip holds a path that leads out of it: {name}")
            if sum(entry.file_size for entry in archive.infolist()) > UNZIPPED_BYTES:
                raise BadPackage(f"Unzipped size must be smaller than {UNZIPPED_BYTES} bytes")
            if damaged := archive.testzip():
                raise BadPackage(f"The file {damaged} in the zip is damaged")
    # RuntimeError: it wants a password. NotImplementedError: a way of packing that Python does not know.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise BadPackage(f"These {len(package)} bytes are not a zip: {error}") from error


def unpack(packages: Sequence[bytes], store: Path) -> Path:
    """The folder with the packages' files, made in `store` unless it is there already.

    Args:
        packages: zips, unpacked one over the other: a function's code alone, or its layers in their order.

    Raises:
        BadPackage: see `check`.
    """
    names = "".join(hashlib.sha256(package).hexdigest() for package in packages)
    target = store / hashlib.sha256(names.encode()).hexdigest()[:32]
    if target.is_dir():
        return target
    for package in packages:
        check(package)
    store.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=store))
    for package in packages:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            for entry in archive.infolist():
                if entry.filename.strip("./\\"):  # Python 3.12.1 trips over "./", the folder itself
                    archive.extract(entry, fresh)
    try:
        fresh.rename(target)
    except OSError:  # somebody else was first
        shutil.rmtree(fresh, ignore_errors=True)
    return target
