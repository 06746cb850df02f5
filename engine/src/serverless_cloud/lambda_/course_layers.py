"""Layers of the course: packages that Lambda doesn't have, as they are installed here, zipped for Lambda.

The files come from the packages' own lists (importlib.metadata), and the same files give the same zip. Compiled modules
are included, marked "unchecked" (PEP 552). Unpacking a zip changes the dates that Python would compare, so the first
cold starts, often many at once, would otherwise compile everything.

Layout: AWS Lambda Developer Guide, "Packaging your layer content": Python packages are in python/.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import marshal
import platform
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from serverless_cloud.errors import CloudError, advice

#: A layer's packages: the package whose version names it, and its extras. Their own requirements are added.
LAYERS = {"psycopg": ("psycopg", ("binary",)), "powertools": ("aws-lambda-powertools", ())}
_UNCHECKED_HASH = 0b01  # PEP 552: the header's flags
_COMPILED = (".pyc", ".pyo")

_publishing = threading.Lock()


def publish(name: str, endpoint_url: str, region: str) -> str:
    """The ARN of a layer's version, published unless the newest one is this very layer.

    Args:
        name: one of `LAYERS`.
        endpoint_url: where Lambda's API answers; empty: where boto3 finds it.

    Raises:
        CloudError: there is no such layer, or its package is not installed.
    """
    if name not in LAYERS:
        raise CloudError(f"The course has no layer {name!r}. It has {', '.join(LAYERS)}.")
    import boto3  # late: most notebooks have it by then, and it takes longer than the rest of this module

    client: Any = boto3.client("lambda", endpoint_url=endpoint_url or None, region_name=region)
    description = _describe(name)
    with _publishing:  # Lambda itself is asked, not a memory of ours: after a reset the layer is gone
        there = client.list_layer_versions(LayerName=name)["LayerVersions"]
        newest = max(there, key=lambda version: int(version["Version"]), default=None)
        if newest is not None and newest.get("Description") == description:
            return str(newest["LayerVersionArn"])
        answer = client.publish_layer_version(
            LayerName=name,
            Description=description,
            Content={"ZipFile": package(name)},
            CompatibleRuntimes=[f"python3.{sys.version_info.minor}"],
        )
    return str(answer["LayerVersionArn"])


def _describe(name: str) -> str:
    version = _distribution(LAYERS[name][0]).version
    python = f"Python 3.{sys.version_info.minor}"
    return f"{name} {version} for {python} on {platform.system()} {platform.machine()}"


def package(name: str) -> bytes:
    """The zip of a layer: its packages' files under python/.

    Args:
        name: one of `LAYERS`.

    Raises:
        CloudError: a package is not installed, or was installed without a list of its files.
    """
    root, extras = LAYERS[name]
    buffer = io.BytesIO()
    # Stored, not deflated: it goes to this machine only, and deflating takes longer than anything else here.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for distribution in _with_needs(root, extras):
            for place, file in _files(distribution):
                content = file.read_bytes()
                archive.writestr(zipfile.ZipInfo(f"python/{place}"), content)
                if file.suffix == ".py" and (compiled := _compiled(place, content)):
                    archive.writestr(zipfile.ZipInfo(f"python/{_cache_of(place)}"), compiled)
    return buffer.getvalue()


def _with_needs(root: str, extras: tuple[str, ...]) -> list[importlib.metadata.Distribution]:
    """A distribution and all that it needs on this machine, each once."""
    distributions: dict[str, importlib.metadata.Distribution] = {}
    waiting = [(root, extras)]
    while waiting:
        name, extra_names = waiting.pop()
        distribution = distributions[canonicalize_name(name)] = _distribution(name)
        for text in distribution.requires or []:
            needed = Requirement(text)
            applies = needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in ("", *extra_names))
            if applies and canonicalize_name(needed.name) not in distributions:
                waiting.append((needed.name, tuple(needed.extras)))
    return list(distributions.values())


def _distribution(name: str) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        raise CloudError(
            f"The layer needs the package {name}, which is not installed. {advice('package', 'Install it with pip.')}"
        ) from None


def _files(distribution: importlib.metadata.Distribution) -> Iterator[tuple[str, Path]]:
    """The path of each file of a package in a folder of packages, and on this machine, without programs."""
    if distribution.files is None:
        raise CloudError(
            f"The package {distribution.name} has no list of its files, so it can't become a layer. Install it again "
            "with pip."
        )
    for path in distribution.files:
        file = Path(str(path.locate()))
        if ".." not in path.parts and path.suffix not in _COMPILED and file.is_file():
            yield path.as_posix(), file


def _cache_of(place: str) -> str:
    """Where Python looks for a compiled module, whatever the notebook's own settings are (PYTHONPYCACHEPREFIX, -O)."""
    source = PurePosixPath(place)
    return str(source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc")


def _compiled(place: str, source: bytes) -> bytes | None:
    """A module as Python would cache it, valid whatever the source's date; None if this Python cannot compile it."""
    try:
        code = compile(source, place, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError):  # a file for another version, which is not imported here
        return None
    flags = _UNCHECKED_HASH.to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + marshal.dumps(code)
