"""Folders that stand for container images: `aws.image("hikari/render", folder)`. No image runs on this machine."""

from __future__ import annotations

import re
import shutil
import threading
from pathlib import Path

from serverless_cloud.errors import CloudError

#: The host of a registry before an image's name, as Docker tells it from the first part of a name.
_REGISTRY = re.compile(r"[^/]*[.:][^/]*/|localhost/")


def full_name(image: str) -> str:
    """An image's name without its registry and with its tag: "hikari/render:latest".

    Args:
        image: as in a job definition, "123456789012.dkr.ecr.us-east-1.amazonaws.com/hikari/render".
    """
    bare = _REGISTRY.sub("", image, count=1) if _REGISTRY.match(image) else image
    name = bare.partition("@")[0]
    return name if ":" in name else f"{name}:latest"


class Images:
    """The images of one local cloud."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._places: dict[str, Path] = {}
        self._number = 0

    def put(self, name: str, source: Path) -> str:
        """Copies a folder for an image, and replaces an earlier copy. Returns the image's full name.

        Args:
            name: "hikari/render" or "hikari/render:1".
            source: an absolute path.

        Raises:
            CloudError: it is not a folder, or the name is empty.
        """
        if not name.strip():
            raise CloudError(
                "An image needs a name, such as hikari/render. Give the name that the job definition uses."
            )
        if not source.is_dir():
            raise CloudError(
                f"{source} is not a folder. In the local cloud an image is a folder with the files of a job."
            )
        with self._lock:
            self._number += 1
            place = self._folder / str(self._number)
        shutil.copytree(source, place, symlinks=True)
        with self._lock:
            self._places[full_name(name)] = place  # jobs that are just copying the earlier one go on
        return full_name(name)

    def unpack(self, image: str, target: Path) -> None:
        """Makes the working folder of a job: a copy of its image's folder, or an empty one."""
        with self._lock:
            place = self._places.get(full_name(image))
        if place is None:
            target.mkdir(parents=True)
        else:
            shutil.copytree(place, target, symlinks=True)

    def clear(self) -> None:
        """Forgets all of them."""
        with self._lock:
            self._places.clear()
        shutil.rmtree(self._folder, ignore_errors=True)
