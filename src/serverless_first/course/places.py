"""Where the course lies on disk, and where the learner's work goes.

Two environment variables override what is found: SERVERLESS_FIRST_ROOT (the checkout) and
SERVERLESS_FIRST_WORK (the learner's folder; tests give each notebook its own).
"""

from __future__ import annotations

import os
from pathlib import Path


class CourseNotFound(RuntimeError):
    """The checkout with course.toml was not found."""


def course_root() -> Path:
    """The checkout: the folder that holds course.toml.

    Raises:
        CourseNotFound: neither SERVERLESS_FIRST_ROOT, nor the place of this file, nor the current folder
            and those above it hold a course.toml.
    """
    named = os.environ.get("SERVERLESS_FIRST_ROOT")
    if named:
        candidates = [Path(named)]
    else:
        here = Path.cwd().resolve()
        candidates = [Path(__file__).resolve().parents[3], here, *here.parents]
    for folder in candidates:
        if (folder / "course.toml").is_file():
            return folder
    raise CourseNotFound(
        f"There is no course.toml in {candidates[0]}. Run this inside the course's folder, or set "
        "SERVERLESS_FIRST_ROOT to it."
    )


def work_dir() -> Path:
    """The learner's folder, `work/` in the checkout; it is not made here."""
    named = os.environ.get("SERVERLESS_FIRST_WORK")
    return Path(named) if named else course_root() / "work"


def has_home() -> bool:
    """Whether the user has a home folder that can be written; JupyterLab, IPython and Matplotlib want one."""
    try:
        home = Path.home()
    except RuntimeError:  # HOME is unset, and the user's number has no account
        return False
    return home.is_dir() and os.access(home, os.W_OK | os.X_OK)


def module_dir(module_id: str) -> Path:
    """The author's room of a module, `modules/NN-name/`."""
    return course_root() / "modules" / module_id
