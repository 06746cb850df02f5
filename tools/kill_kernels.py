"""Kills the kernel of a notebook at a random cell, and checks that nothing is left behind.

    python -m tools.kill_kernels                (50 kills in all lessons and solutions, about an hour on two cores)
    python -m tools.kill_kernels --times 4 --notebooks 05 --seed 1

Each kernel runs cells from the first one until SIGKILL ends it during a cell or between two cells, without a chance to
clean up. Within a time limit, every process below it must end, its ports must be free, and its folder for temporary
files, the databases' folders and PostgreSQL's shared memory must be gone. After its last kill, each notebook runs to
its end in the same folders. No cell may raise an exception, and again nothing may be left.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from tools.traces import Traces
from traitlets import default

from serverless_first.authoring.execute import kernel_environment, timeout_s
from serverless_first.course import kernels

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 30.0  # until everything is gone; on an idle machine, a second is enough
LONGEST_DELAY_S = 4.0  # from the start of a cell to its kill; half of the delays are below 0.25 s


@dataclass(frozen=True)
class Kill:
    """A planned kill of a kernel.

    Args:
        notebook: the notebook's path in the checkout.
        cell: the number of the code cell, from 1.
        delay_s: seconds from the start of the cell to the kill; None to kill the kernel after the cell.
    """

    notebook: str
    cell: int
    delay_s: float | None


@dataclass
class Fate:
    """The outcome for a kernel. `left` and `failed` are empty if all is well, and `gone_s` is the time for cleanup."""

    notebook: str
    what: str
    processes: int = 0
    ports: int = 0
    gone_s: float = 0.0
    left: list[str] = field(default_factory=list)
    failed: str = ""


def plan(cells: dict[str, int], times: int, seed: int) -> list[Kill]:
    """Plans the kills, with the notebooks in turn in a random order, each at a random cell.

    Args:
        cells: path of a notebook -> its number of code cells.
        times: the number of kills.
        seed: the same seed gives the same kills.
    """
    rng = random.Random(seed)
    order = rng.sample(sorted(cells), len(cells))
    kills = []
    for number in range(times):
        notebook = order[number % len(order)]
        delay_s = LONGEST_DELAY_S * rng.random() ** 4 if rng.random() < 0.75 else None
        kills.append(Kill(notebook, rng.randint(1, cells[notebook]), delay_s))
    return kills


class Folders:
    """The folders of one notebook's kernels: the current folder, the learner's folder and temporary files.

    Args:
        base: an empty folder.
    """

    def __init__(self, base: Path) -> None:
        self.named = {name: base / name for name in ("run", "work", "ipython", "connection")}
        self.temporary = base / "temporary files 照明"
        for folder in (*self.named.values(), self.temporary):
            folder.mkdir(parents=True)
        for folder in (base, self.temporary):
            folder.chmod(0o711)  # for root, PostgreSQL runs as the user nobody, who needs access


class _OwnKernel(KernelManager):
    """This interpreter's kernel, even if the user has registered another kernel with the same name."""

    @default("kernel_spec_manager")
    def _no_registered_kernels(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


class Kernel:
    """A kernel that runs a notebook's cells one by one.

    Args:
        folders: the folders of its notebook.
        root: the checkout from which it imports the course.
    """

    def __init__(self, folders: Folders, root: Path = ROOT) -> None:
        self._folders = folders
        environ = kernel_environment(root, folders.named) | {"TMPDIR": str(folders.temporary)}
        if root != ROOT:
            environ["PYTHONPATH"] = os.pathsep.join((str(root / "engine" / "src"), str(root / "src")))
        kernels.started(lambda: self._start(environ))

    def _start(self, environ: dict[str, str]) -> None:
        self._manager = _OwnKernel(
            connection_file=str(self._folders.named["connection"] / "kernel.json"),
            **kernels.private_channels(),
        )
        self._manager.start_kernel(
            env=environ, cwd=str(self._folders.named["run"]), extra_arguments=["--log-level=ERROR"]
        )
        pid = getattr(self._manager.provisioner, "pid", None)
        assert isinstance(pid, int)
        self.pid = pid
        self._client = self._manager.client()
        self._client.start_channels()
        try:
            self._client.wait_for_ready(timeout=120)
        except RuntimeError:
            self._let_go()
            raise

    def run(self, source: str, limit_s: float) -> str:
        """Runs a cell. Returns the exception that it raised as text, or "".

        Args:
            source: the cell's code.
            limit_s: how long the cell may take, in seconds.
        """
        return self._hear(self._client.execute(source, allow_stdin=False), time.monotonic() + limit_s) or ""

    def run_for(self, source: str, delay_s: float) -> bool:
        """Starts a cell. Returns whether it still runs after this many seconds."""
        request_id = self._client.execute(source, allow_stdin=False)
        self._hear(request_id, time.monotonic() + LIMIT_S, until="execute_input")
        try:
            self._hear(request_id, time.monotonic() + delay_s)
        except TimeoutError:
            return True
        return False

    def kill(self) -> None:
        """Sends SIGKILL only to the kernel (on Windows, TerminateProcess), and not to its child processes."""
        process = psutil.Process(self.pid)
        process.kill()
        self._let_go()

    def end(self) -> None:
        """Ends the kernel like closing its notebook does."""
        with contextlib.suppress(Exception):
            self._manager.shutdown_kernel()
        self._let_go()

    def _let_go(self) -> None:
        self._client.stop_channels()
        with contextlib.suppress(Exception):
            self._manager.shutdown_kernel(now=True)  # reaps it, removes its connection file
        self._manager.cleanup_resources()

    def _hear(self, request_id: str, end_s: float, until: str = "idle") -> str | None:
        raised = None
        while (left_s := end_s - time.monotonic()) > 0:
            try:
                message: dict[str, Any] = self._client.get_iopub_msg(timeout=min(left_s, 1.0))
            except queue.Empty:
                if not self._manager.is_alive():
                    raise RuntimeError("the kernel died unexpectedly") from None
                continue
            if message["parent_header"].get("msg_id") != request_id:
                continue
            content = message["content"]
            if message["msg_type"] == "error":
                raised = f"{content['ename']}: {' '.join(content['evalue'].split())}"
            if until in (message["msg_type"], content.get("execution_state")):
                return raised
        raise TimeoutError


def code_cells(notebook: Path) -> list[Any]:
    """The code cells of a notebook.

    Args:
        notebook: the file.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def kill_once(kill: Kill, folders: Folders, root: Path = ROOT) -> Fate:
    """Runs a notebook up to a cell, kills its kernel, and waits until nothing is left.

    Args:
        kill: the planned kill.
        folders: the folders of the notebook.
        root: the checkout.
    """
    cells = code_cells(root / kill.notebook)
    fate, traces = Fate(kill.notebook, f"killed between cells {kill.cell} and {kill.cell + 1}"), Traces()
    kernel = Kernel(folders, root)
    with _ended(kernel, kernel.kill, fate, traces):
        last = kill.cell if kill.delay_s is None else kill.cell - 1
        fate.failed = _run_cells(kernel, cells[:last])
        if kill.delay_s is not None and not fate.failed:
            runs = kernel.run_for("".join(cells[kill.cell - 1]["source"]), kill.delay_s)
            fate.what = (
                f"killed {kill.delay_s:.1f} s into cell {kill.cell}" if runs else f"killed after cell {kill.cell}"
            )
    return _wait(fate, traces, folders)


def run_to_the_end(notebook: str, folders: Folders, root: Path = ROOT, cells: int | None = None) -> Fate:
    """Runs a notebook to its end, ends its kernel, and waits until nothing is left.

    Args:
        notebook: the notebook's path in the checkout.
        folders: the folders that its killed kernels used.
        root: the checkout.
        cells: how many code cells to run; None for all.
    """
    fate, traces = Fate(notebook, "run to its end"), Traces()
    kernel = Kernel(folders, root)
    with _ended(kernel, kernel.end, fate, traces):
        fate.failed = _run_cells(kernel, code_cells(root / notebook)[:cells])
    return _wait(fate, traces, folders)


@contextlib.contextmanager
def _ended(kernel: Kernel, end: Callable[[], None], fate: Fate, traces: Traces) -> Iterator[None]:
    """Ends the kernel after the block, and records the block's exception and the kernel's resources."""
    try:
        yield
    except Exception as error:
        fate.failed = f"{type(error).__name__}: {error}"
    finally:
        traces.look(kernel.pid)
        end()


def _run_cells(kernel: Kernel, cells: Sequence[Any]) -> str:
    """Runs cells in order, and returns the first problem; "" if there is none."""
    for number, cell in enumerate(cells, 1):
        try:
            raised = kernel.run("".join(cell["source"]), 3 * timeout_s(cell))
        except TimeoutError:
            return f"cell {number} did not end"
        if raised and "raises-exception" not in cell["metadata"].get("tags", []):
            return f"cell {number}: {raised[:300]}"
    return ""


def _wait(fate: Fate, traces: Traces, folders: Folders) -> Fate:
    begun_s = time.monotonic()
    fate.processes, fate.ports = len(traces.processes), len(traces.ports)
    while (left := traces.left(folders.temporary)) and time.monotonic() - begun_s < LIMIT_S:
        time.sleep(0.1)
    fate.gone_s, fate.left = time.monotonic() - begun_s, left
    return fate


def _all_of(notebook: str, kills: Sequence[Kill], base: Path) -> list[Fate]:
    folders, fates = Folders(base), []
    for kill in kills:
        fates.append(kill_once(kill, folders))
        _print(fates[-1])
    fates.append(run_to_the_end(notebook, folders))
    _print(fates[-1])
    return fates


def _print(fate: Fate) -> None:
    state = "; ".join([*([fate.failed] if fate.failed else []), *(f"LEFT {rest}" for rest in fate.left)]) or "clean"
    print(
        f"{Path(fate.notebook).parent.name[:9]:9} {Path(fate.notebook).stem:26} {fate.what:30} "
        f"{fate.processes:4} processes {fate.ports:4} ports  {fate.gone_s:5.1f} s  {state}",
        flush=True,
    )


def _one_or_more(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"it is {number}, but must be at least 1")
    return number


def main() -> int:
    """Kills the kernels, and prints a line for each. Returns 1 if anything was left or failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=_one_or_more, default=50, help="how many kills (default: 50)")
    parser.add_argument("--seed", type=int, default=None, help="for the same kills again (default: a new one)")
    parser.add_argument("--notebooks", nargs="*", default=[""], help="parts of names: 05, solutions/ (default: all)")
    parser.add_argument("--workers", type=_one_or_more, default=1, help="how many kernels at a time (default: 1)")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    paths = [p for f in ("notebooks", "solutions") for p in sorted((ROOT / f).glob("*.ipynb"))]
    cells = {f"{path.parent.name}/{path.name}": len(code_cells(path)) for path in paths}
    cells = {name: count for name, count in cells.items() if any(part in name for part in options.notebooks)}
    if not cells:
        print(f"No notebook has any of {options.notebooks} in its name.", file=sys.stderr)
        return 2
    print(f"--seed {seed}: {options.times} kills over {len(cells)} notebooks", flush=True)
    kills: dict[str, list[Kill]] = {}
    for kill in plan(cells, options.times, seed):
        kills.setdefault(kill.notebook, []).append(kill)
    with tempfile.TemporaryDirectory(prefix="kill-kernels-") as folder, ThreadPoolExecutor(options.workers) as pool:
        base = Path(folder)
        base.chmod(0o711)
        futures = [pool.submit(_all_of, name, kills[name], base / str(n)) for n, name in enumerate(kills)]
        fates = [fate for future in futures for fate in future.result()]
    bad = [fate for fate in fates if fate.left or fate.failed]
    longest_s = max(fate.gone_s for fate in fates)
    ended = sum(fate.what == "run to its end" for fate in fates)
    print(
        f"{len(fates) - ended} kernels killed, {ended} notebooks run to their end afterwards, "
        f"{sum(fate.processes for fate in fates)} processes and {sum(fate.ports for fate in fates)} ports seen; "
        f"everything was gone after at most {longest_s:.1f} s; {len(bad)} with something left or failed."
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
