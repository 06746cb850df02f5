"""Zip files of code: the same files give the same bytes, so that nothing seems changed that is not."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_MOMENT = (1980, 1, 1, 0, 0, 0)  # the first one that a zip file knows


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """A zip file.

    Args:
        files: contents by their paths in it, with "/" between folders.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()
