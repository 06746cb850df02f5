"""Each notebook that nbval runs gets a kernel away from the checkout, in the surroundings of the build."""

from __future__ import annotations

import os
from collections.abc import Generator
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest

try:
    import nbval.plugin as nbval_plugin

    from serverless_first.build.execute import kernel_environment
except ImportError:  # the tests that need no notebook run without them
    nbval_plugin = None

ROOT = Path(__file__).parent


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Before the first cell of a notebook: nbval is about to start its kernel."""
    notebook = item.parent
    if nbval_plugin is None or not isinstance(notebook, nbval_plugin.IPyNbFile) or notebook.kernel is not None:
        return (yield)
    folders = {name: _fresh(item, name) for name in ("run", "work", "ipython")}
    surroundings = kernel_environment(ROOT, folders)
    # nbval starts the kernel beside the notebook: files of an earlier run would hide that a lesson lacks one.
    elsewhere = partial(_kernel, nbval_plugin.RunningKernel, folders["run"])
    with (
        patch.dict(os.environ, surroundings, clear=True),
        patch.object(nbval_plugin, "RunningKernel", elsewhere),
    ):
        return (yield)


def _kernel(make: type, folder: Path, name: str, *, cwd: str, startup_timeout: float) -> object:
    del cwd
    return make(name, cwd=str(folder), startup_timeout=startup_timeout)


def _fresh(item: pytest.Item, name: str) -> Path:
    factory: pytest.TempPathFactory = item.config._tmp_path_factory  # type: ignore[attr-defined]
    return factory.mktemp(name)
