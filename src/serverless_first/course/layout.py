"""Where a learner finds a module: its lesson and its lab in one folder, and beside each of them the files it writes.

    work/05-rds-proxy/05-lesson.ipynb    the copy of notebooks/05-rds-proxy.ipynb
    work/05-rds-proxy/05-lab.ipynb       the copy of labs/05-rds-proxy.ipynb
    work/05-rds-proxy/lesson-files/      the files that the lesson writes: its kernel works there
    work/05-rds-proxy/lab-files/         the same for the lab, because both may write an orders.py

The numbers in the names tell JupyterLab's tabs apart.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

FOLDERS = {"notebooks": "lesson", "labs": "lab"}
"""The course's folders of built notebooks, and what a learner calls a notebook in them."""

FRONT_PAGE = "welcome.md"
"""The page in the learner's folder that `make lab` opens."""

_COPY = re.compile(r"\d+-(lesson|lab)\b.*\.ipynb")
_LINK = re.compile(rb"\]\((?:\.\./(notebooks|labs)/)?([\w-]+)\.ipynb(?=[)#])")


def copy_of(name: str) -> str:
    """The learner's copy of a course notebook, as a path in the learner's folder.

    Args:
        name: the course's file, as "labs/05-rds-proxy.ipynb".
    """
    path = PurePosixPath(name)
    return copy_path(path.stem, FOLDERS[path.parent.name])


def copy_path(module_id: str, kind: str) -> str:
    """The learner's copy of a module's "lesson" or "lab", as a path in the learner's folder."""
    return f"{module_id}/{module_id.split('-', 1)[0]}-{kind}.ipynb"


def files_folder(notebook: Path, work: Path) -> Path | None:
    """The folder for the files that a notebook writes.

    Args:
        notebook: a lesson or a lab, a new version of one, or a duplicate that the learner made beside it.
        work: the learner's folder.

    Returns:
        None for any other notebook: its files go where Jupyter puts them.
    """
    kind = _COPY.fullmatch(notebook.name)
    if kind is None or notebook.parent.parent.resolve() != work.resolve():
        return None
    return notebook.parent / f"{kind[1]}-files"


def relinked(content: bytes, folder: str) -> bytes:
    """A course notebook whose links to other notebooks lead to the learner's copies.

    Args:
        content: the file; only the targets of Markdown links change.
        folder: the folder that holds it in the course, "notebooks" or "labs".
    """

    def link(match: re.Match[bytes]) -> bytes:
        target = copy_path(match[2].decode(), FOLDERS[match[1].decode() if match[1] else folder])
        return f"](../{target}".encode()

    return _LINK.sub(link, content)
