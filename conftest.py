"""pytest hooks: order, marks and distribution of the tests, and a kernel outside the checkout for each notebook."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from tools import impostors, slow_tests

try:
    import nbval.kernel as nbval_kernel
    import nbval.plugin as nbval_plugin
    from jupyter_client.manager import KernelManager

    from serverless_first.authoring.execute import kernel_environment, timeout_s
    from serverless_first.course import kernels
except ImportError:  # the tests that need no notebook run without them
    nbval_plugin = None

try:
    from hypothesis import HealthCheck, settings
except ImportError:  # the tests that make no examples run without it
    pass
else:  # on a busy machine, examples are made slowly
    settings.register_profile("course", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("course")

ROOT = Path(__file__).parent
USUAL_S = pytest.StashKey[float]()  # --nbval-cell-timeout as it was given
# In tests/labs, each task is a separate unit, and so is each test that runs once per module.
UNIT = re.compile(r"::test_\w+\[(\d+\.\d+-|\d\d-)")
# The longest folders run first, because small files at the end keep all workers busy until the run ends.
LONGEST_FIRST = (
    *("solutions/", "notebooks/", "tests/browser/", "tests/classroom/", "tests/labs/"),
    *("engine/tests/rds_proxy/traffic/", "engine/tests/", "tests/cloud/"),
    "tests/",
)


# One worker runs all tests of these folders: classes on one machine at the same time take each other's ports, and the
# tests of the proxy share two PostgreSQL servers.
ONE_WORKER = ("tests/classroom/", "engine/tests/rds_proxy/traffic/")

# No test may depend on what another test left behind, so each `make test` shuffles them. The same seed gives the same
# order.
ORDER = "SERVERLESS_FIRST_ORDER"


def pytest_configure(config: pytest.Config) -> None:
    """Starts each worker's collection at a different file, so that workers reuse files that others have compiled."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker.startswith("gw"):
        left_out = slow_tests.listed() if "not thorough" in config.option.markexpr else set()
        files = [file for word in config.args for file in _files(word) if file not in left_out]
        begin = len(files) * int(worker[2:]) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        config.args = files[begin:] + files[:begin]


def _files(word: str) -> list[str]:
    """The files of a folder that pytest and nbval collect; any other word as it is."""
    if not Path(word).is_dir():
        return [word]
    return sorted(str(file) for pattern in ("test_*.py", "*.ipynb") for file in Path(word).rglob(pattern))


def pytest_report_header() -> str:
    """The seed of the order, so that you can reproduce a failure."""
    return f"{ORDER}={os.environ[ORDER]} shuffles the tests" if ORDER in os.environ else ""


@pytest.hookimpl(tryfirst=True)  # -m looks at the marks afterwards
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks slow tests, and shuffles the tests if asked to; with several workers, the longest folders come first."""
    slow = slow_tests.listed()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        items.sort(key=lambda item: item.nodeid.partition("::")[0])  # workers collect in different orders
    for item in items:
        if {item.nodeid, item.nodeid.partition("[")[0], slow_tests.file_of(item.nodeid)} & slow:
            item.add_marker(pytest.mark.thorough)
    if ORDER in os.environ:
        items[:] = shuffled(items, random.Random(os.environ[ORDER]))
    if config.getoption("dist", "no") != "no" or os.environ.get("PYTEST_XDIST_WORKER"):
        # The files that share a worker's cloud run together, so that it can stop before the files that need none.
        sharing = {item.path for item in items if "cloud_of_module" in getattr(item, "fixturenames", ())}
        items.sort(key=lambda item: (_folder(item), item.path not in sharing))


def _folder(item: pytest.Item) -> int:
    return next((n for n, folder in enumerate(LONGEST_FIRST) if item.nodeid.startswith(folder)), 99)


def shuffled(items: list[pytest.Item], dice: random.Random) -> list[pytest.Item]:
    """Shuffles the files, and the tests in each file, except the cells of notebooks and files marked `in_order`."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    for name, tests in files.items():
        if not name.endswith(".ipynb") and not any(test.get_closest_marker("in_order") for test in tests):
            dice.shuffle(tests)
    return [item for name in dice.sample(list(files), len(files)) for item in files[name]]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Spreads the mistakes and right answers of the labs over the workers, task by task.

    Everything else is scheduled by file, because a file's tests share one local cloud.
    """
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class LongestFirst(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            for folder in ONE_WORKER:
                if nodeid.startswith(folder):
                    return folder
            found = UNIT.search(nodeid) if nodeid.startswith("tests/labs/") else None
            scope: str = super()._split_scope(nodeid)
            return f"{scope}::{found[1]}" if found else scope

    config.option.loadscopereorder = (
        False  # xdist would sort by number of tests, but a lab task has few tests and takes long
    )
    return LongestFirst(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Sets the timeout before each notebook cell, and the kernel's environment before the first cell."""
    notebook = item.parent
    if nbval_plugin is None or not isinstance(notebook, nbval_plugin.IPyNbFile):
        return (yield)
    usual_s = item.config.stash.setdefault(USUAL_S, item.config.option.nbval_cell_timeout)
    item.config.option.nbval_cell_timeout = timeout_s(item.cell, usual_s)  # type: ignore[attr-defined]
    if notebook.kernel is not None:
        return (yield)
    folders = {name: _fresh(item, name) for name in ("run", "work", "ipython")}
    surroundings = kernel_environment(ROOT, folders)
    programs = impostors.make(_fresh(item, "programs"))
    surroundings["PATH"] = os.pathsep.join((str(programs), surroundings.get("PATH", os.defpath)))
    # nbval starts the kernel next to the notebook, where files from an earlier run could hide that one is missing.
    elsewhere = partial(_kernel, nbval_plugin.RunningKernel, folders["run"])
    with (
        patch.dict(os.environ, surroundings, clear=True),
        patch.object(nbval_plugin, "RunningKernel", elsewhere),
    ):
        return (yield)


def _kernel(make: type, folder: Path, name: str, *, cwd: str, startup_timeout: float) -> object:
    del cwd
    ours = partial(KernelManager, **kernels.private_channels())
    with patch.object(nbval_kernel, "KernelManager", ours):
        return kernels.started(lambda: make(name, cwd=str(folder), startup_timeout=startup_timeout))


def _fresh(item: pytest.Item, name: str) -> Path:
    factory: pytest.TempPathFactory = item.config._tmp_path_factory  # type: ignore[attr-defined]
    return factory.mktemp(name)
