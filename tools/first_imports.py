"""Imports what a learner's processes import, once, so that Python keeps the byte code and their first start is fast.

    python -I tools/first_imports.py

It prints "N of M" before each module. Compiling every installed file would take several times as long, but a
learner's processes import only a third of them. Python compiles the others when something imports them.
"""

from __future__ import annotations

import contextlib
import importlib
import pkgutil

import serverless_cloud
import serverless_first

# The server, the kernel with its debugger, AWS's runtime, and the server of a student's seat in a class, which cannot
# write into the environment. The course's own modules bring the rest along.
PROGRAMS = (
    *("jupyterlab.labapp", "jupyter_lsp", "ipykernel.kernelapp", "debugpy.server", "awslambdaric.bootstrap"),
    "jupyterhub.singleuser.extension",
)
# Folders for authors and instructors. They need packages that a learner does not have.
NOT_LEARNERS = {f"serverless_first.{folder}" for folder in ("bench", "build", "classroom", "site")}


def names() -> list[str]:
    """The modules to import, in order."""
    ours = (
        module
        for package in (serverless_cloud, serverless_first)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=lambda _name: None)
    )
    return [*PROGRAMS, *(m.name for m in ours if ".".join(m.name.split(".")[:2]) not in NOT_LEARNERS)]


def main() -> None:
    """Imports each module; one that cannot be imported here is passed over, since byte code only saves time."""
    modules = names()
    for number, name in enumerate(modules, 1):
        print(f"{number} of {len(modules)}", flush=True)
        with contextlib.suppress(Exception):
            importlib.import_module(name)


if __name__ == "__main__":
    main()
