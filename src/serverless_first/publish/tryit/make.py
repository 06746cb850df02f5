"""Puts the page of the task together: its files are read before the site is made, and written into it afterwards."""

from __future__ import annotations

import gzip
import hashlib
import html
import json
from dataclasses import dataclass
from pathlib import Path

from serverless_first.course import look
from serverless_first.publish.repository import UNKNOWN
from serverless_first.publish.tryit import packages, pyodide

#: The folder of the site with the page, and the folder of the checkout that keeps Pyodide between two builds.
FOLDER, CACHE = "try", ".pyodide"
MOST_BYTES = 15_000_000
_PAGE = Path(__file__).parent / "page"


class LeftOut(Exception):
    """The page can't be made here; the message says why, in words that follow "because"."""


@dataclass(frozen=True)
class Parts:
    """The files that the page loads.

    Args:
        loaded: the files by their names, as the browser uses them.
    """

    loaded: dict[str, bytes]

    def stored(self) -> dict[str, bytes]:
        """The files by their names in the site. All but the zip are compressed, whatever the server does."""
        return {
            name if name.endswith(".zip") else f"{name}.gz": data
            if name.endswith(".zip")
            else gzip.compress(data, 9, mtime=0)
            for name, data in self.loaded.items()
        }


def parts(root: Path) -> Parts:
    """Reads everything that the page needs.

    Args:
        root: the checkout.

    Raises:
        LeftOut: there is no npm, no network, or the task doesn't run here.
    """
    try:
        loaded = pyodide.files(root / CACHE)
        loaded["packages.zip"] = packages.zipped(packages.collected())
    except (pyodide.NoPyodide, packages.PackingFailed) as error:
        raise LeftOut(str(error)) from None
    loaded["worker.js"] = (_PAGE / "worker.js").read_bytes()
    return Parts(loaded)


def write(page_parts: Parts, folder: Path, address: str | None) -> None:
    """Writes the page and its files.

    Args:
        folder: the folder of the page, which is made.
        address: the page of the repository.
    """
    folder.mkdir(parents=True)
    stored = page_parts.stored()
    listed = [
        {"name": name, "at": at, "bytes": len(data), "hash": hashlib.sha256(data).hexdigest()[:12]}
        for name, (at, data) in zip(page_parts.loaded, stored.items(), strict=True)
    ]
    for at, data in stored.items():
        (folder / at).write_bytes(data)
    values = {
        "start": _text("start.py"),
        "hints": _text("hints.txt"),
        "solution": _text("solution.py"),
        "pyodide": pyodide.VERSION,
        "clone": address or UNKNOWN,
        "unknown": "" if address else f"Write the address of the course's repository instead of {UNKNOWN}.",
        "megabytes": f"{sum(map(len, stored.values())) / 1e6:.0f}",
    }
    page = (_PAGE / "index.html").read_text(encoding="utf-8")
    for name, value in values.items():
        page = page.replace(f"{{{{{name}}}}}", html.escape(value))
    page = page.replace("{{files}}", json.dumps(listed))
    _write(folder / "index.html", page)
    _write(folder / "look.css", look.site_css())
    for name in ("try.css", "try.js"):
        _write(folder / name, (_PAGE / name).read_text(encoding="utf-8"))


def _text(name: str) -> str:
    return (packages.TASK / name).read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
