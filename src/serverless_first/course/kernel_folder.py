"""Lets the kernel of a lesson or a lab work in the folder for its files (see `layout`).

So `%%writefile orders.py` needs no path, and a lab never overwrites what the lesson of its module has written.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from serverless_first.course.layout import files_folder
from serverless_first.course.places import CourseNotFound, work_dir

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

NOTEBOOK = "JPY_SESSION_NAME"
"""The environment variable in which Jupyter tells a kernel its notebook's path."""


def install() -> None:
    """Moves this kernel into its folder: now, or in VS Code before the first cell, because VS Code tells no earlier."""
    from IPython import get_ipython  # a script of the course does without IPython

    shell = get_ipython()
    if notebook := os.environ.get(NOTEBOOK):
        enter(Path(notebook))
    elif shell is not None:
        shell.events.register("pre_run_cell", lambda _info: _enter_once(shell))


def enter(notebook: Path) -> None:
    """Makes the folder for a notebook's files and works there.

    Nothing changes for a notebook that isn't a lesson or a lab, for a kernel that was started elsewhere than beside
    its notebook, or where the folder can't be made.
    """
    with contextlib.suppress(OSError, CourseNotFound):
        folder = files_folder(notebook.absolute(), work_dir())
        if folder is not None and Path.cwd().samefile(notebook.absolute().parent):
            folder.mkdir(exist_ok=True)
            os.chdir(folder)


def _enter_once(shell: InteractiveShell) -> None:
    notebook = shell.user_ns.get("__vsc_ipynb_file__")
    if notebook and not shell.user_ns.get("_serverless_first_entered"):
        shell.user_ns["_serverless_first_entered"] = True
        enter(Path(notebook))
