"""Imports what a learner's processes import, once, so that Python keeps the byte code and their first start is fast.

    python -I tools/first_imports.py

It prints "N of M" before each module. Compiling every installed file would take several times as long, but a
learner's processes import only a third of them. Python compiles the others when something imports them.
"""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections.abc import Iterable

import serverless_cloud
import serverless_first

# The server, the kernel with its debugger, AWS's runtime, and the server of a student's seat in a class, which cannot
# write into the environment. The course's own modules bring the rest along.
PROGRAMS = (
    *("jupyterlab.labapp", "jupyter_lsp", "ipykernel.kernelapp", "debugpy.server", "awslambdaric.bootstrap"),
    "jupyterhub.singleuser.extension",
)
# Folders for authors and instructors. They need packages that a learner does not have.
NOT_LEARNERS = tuple(
    f"serverless_first.{folder}" for folder in ("authoring", "bench", "publish.site", "teach.classroom")
)


def names() -> list[str]:
    """The modules to import, in order."""
    ours = (
        module
        for package in (serverless_cloud, serverless_first)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=lambda _name: None)
    )
    return [*PROGRAMS, *(m.name for m in ours if not _is_one_of(m.name, NOT_LEARNERS))]


def _is_one_of(name: str, packages: Iterable[str]) -> bool:
    """Whether a module is one of these packages or inside one."""
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


def main() -> None:
    """Imports each module; one that cannot be imported here is passed over, since byte code only saves time."""
    modules = names()
    for number, name in enumerate(modules, 1):
        print(f"{number} of {len(modules)}", flush=True)
        with contextlib.suppress(Exception):
            importlib.import_module(name)


if __name__ == "__main__":
    main()
