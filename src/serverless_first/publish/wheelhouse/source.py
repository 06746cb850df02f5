"""Sources of packages without a wheel: fetched without being built, and what it takes to build them later."""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import tarfile
import tomllib
import urllib.request
from pathlib import Path

from serverless_first.course import safe_files
from serverless_first.publish.wheelhouse.pins import Pin


def fetch(pin: Pin, pip_log: str, to: Path) -> bool:
    """Fetches the source that pip has found and could not prepare here; whether it is there then.

    pip runs a package's setup.py even when it only downloads. awslambdaric's setup.py builds AWS's client on Linux,
    though the room may have Windows.

    A source is a .tar.gz (PEP 625): a .zip that pip finds is not taken, for nothing here could read what builds it.

    Args:
        pin: of the package; the file must have one of its hashes.
        pip_log: what pip wrote into its log; it names the address.
        to: the folder for the file.
    """
    name = rf"{re.escape(pin.name).replace('-', '[-_.]')}-{re.escape(pin.version)}\.tar\.gz"
    link = re.search(rf"Found link ((?:https?|file)://\S+/({name}))[\s#,]", pip_log, re.IGNORECASE)
    if link is None:
        return False
    context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT") or None)
    try:
        with urllib.request.urlopen(link[1], timeout=60, context=context) as answer:
            content: bytes = answer.read()
    except (OSError, ValueError):
        return False
    if hashlib.sha256(content).hexdigest() not in pin.hashes:
        return False
    safe_files.write(to / link[2], content)
    return True


def build_requirements(source: Path) -> list[str]:
    """The packages that pip needs to build a source: `requires` of its pyproject.toml, or else setuptools."""
    with tarfile.open(source) as archive:
        for member in archive.getmembers():
            if member.name.count("/") == 1 and member.name.endswith("/pyproject.toml"):
                file = archive.extractfile(member)
                data = tomllib.loads(file.read().decode("utf-8")) if file else {}
                requires = data.get("build-system", {}).get("requires")
                return list(requires) if requires is not None else ["setuptools>=40.8"]
    return ["setuptools>=40.8"]
