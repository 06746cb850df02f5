"""The start of each kernel: the folder for its files, and advice for cells that run too early.

A cell that runs before the notebook's first code cell, which makes `cloud`, `aws` and `lab`, is told which cell to run.

A kernel that was restarted has forgotten them, and a learner who runs a check at once would read a traceback about a
name. IPython runs `kernel/etc/ipython/startup/` at the start of each kernel of this environment, whichever program
starts it: JupyterLab, VS Code, a class, the command line.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from serverless_first.course import kernel_folder

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

NAMES = frozenset({"cloud", "aws", "Lab", "lab"})


def install() -> None:
    """Moves this kernel into the folder for its files, hides its version, and tells IPython how to show a NameError.

    The script in the environment calls only this. It is copied there when the course is installed, and `git pull` does
    not renew it.
    """
    from IPython import get_ipython  # a script of the course does without IPython

    kernel_folder.install()
    if (shell := get_ipython()) is not None:
        shell.set_custom_exc((NameError,), _show)
        _hide_version(shell)


def _hide_version(shell: InteractiveShell) -> None:
    """Leaves out Python's version, which JupyterLab would write into each notebook that it opens, and call unsaved."""
    kernel = getattr(shell, "kernel", None)  # not in a terminal
    if kernel is not None:
        kernel.language_info = {name: value for name, value in kernel.language_info.items() if name != "version"}


def _show(
    shell: InteractiveShell,
    kind: type[NameError],
    error: NameError,
    traceback: TracebackType,
    tb_offset: int | None = None,
) -> None:
    if error.name in NAMES:
        line = (
            f"NameError: {error.name} is not defined yet. Run the notebook's first code cell, then the cells below it "
            "down to this one. After each restart of the kernel, begin there again."
        )
        error._render_traceback_ = lambda: [line]  # type: ignore[attr-defined]
    shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)
