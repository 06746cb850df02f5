"""The record of the copies, `work/.laid.json`: the version of the course that each came from, and its cells then."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from serverless_first.course.safe_files import write

MANIFEST = ".laid.json"


@dataclass
class Entry:
    """The record of one copy: digests of the course's file and of its cells when it was laid.

    The fields `beside_*` are about the new version beside it, its name included.
    """

    file: str | None = None
    cells: str | None = None
    beside_file: str | None = None
    beside_cells: str | None = None
    beside_name: str | None = None


def digest(content: bytes) -> str:
    """A digest of a whole file."""
    return hashlib.sha256(content).hexdigest()


def cells_digest(content: bytes) -> str | None:
    """A digest of what a person writes in a notebook: kind, text and pasted pictures of each cell.

    None if it isn't a notebook. Outputs, counts and metadata are left out: running a cell changes them.
    """
    try:
        cells = json.loads(content.decode("utf-8-sig"))["cells"]
        written = [
            [
                cell["cell_type"],
                source if isinstance(source := cell["source"], str) else "".join(source),
                cell.get("attachments") or {},
            ]
            for cell in cells
        ]
        return digest(json.dumps(written, sort_keys=True).encode())
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def load(work: Path) -> dict[str, Entry]:
    """The entries by the course's file, as "labs/05-rds-proxy.ipynb"; none where the record is missing or broken."""
    try:
        files = json.loads((work / MANIFEST).read_text(encoding="utf-8"))["files"]
        return {
            name: Entry(**{key: value for key, value in entry.items() if key in Entry.__annotations__})
            for name, entry in files.items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def save(work: Path, manifest: dict[str, Entry]) -> None:
    """Writes the entries.

    Raises:
        OSError: it cannot be written. The earlier content is still there.
    """
    files = {name: asdict(entry) for name, entry in sorted(manifest.items())}
    text = json.dumps({"version": 1, "files": files}, indent=1) + "\n"
    write(work / MANIFEST, text.encode())
