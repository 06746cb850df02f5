"""Runs a notebook in its own kernel, outside the checkout, so that its outputs are the same every time."""

from __future__ import annotations

import base64
import copy
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets import default
from traitlets.config import Config

from serverless_first.authoring.problems import BuildFailed
from serverless_first.authoring.sources import Page, place
from serverless_first.course import kernels
from serverless_first.figures.style import ON_SLIDE

CELL_TIMEOUT_S = 60
#: For a cell with the tag `slow`, such as the drill of the capstone.
SLOW_CELL_TIMEOUT_S = 240

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_IMAGES = ("image/png", "image/jpeg")
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")


class _OwnKernel(AsyncKernelManager):
    """This interpreter's kernel, even if the user has registered another kernel with the same name."""

    @default("kernel_spec_manager")
    def _no_registered_kernels(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


def execute(page: Page, root: Path, *, cell_timeout_s: int = CELL_TIMEOUT_S) -> Any:
    """Runs a page's notebook, and returns a copy with the outputs of its code cells.

    The kernel's folder and the learner's folder (SERVERLESS_FIRST_WORK) are empty temporary folders.

    Args:
        page: the page to run, which stays unchanged.
        root: the checkout, which the kernel gets as SERVERLESS_FIRST_ROOT.
        cell_timeout_s: how long one cell may take, in seconds.

    Raises:
        BuildFailed: a cell raised an exception without the tag raises-exception, took too long, or has an output that
            must not be stored, such as an image without alt text, a memory address or a path on this machine.
    """
    notebook = copy.deepcopy(page.notebook)
    if not page.has_code:
        return notebook
    with tempfile.TemporaryDirectory(prefix="serverless-first-build-", ignore_cleanup_errors=True) as scratch:
        folders = {name: Path(scratch).resolve() / name for name in ("run", "work", "ipython")}
        for folder in folders.values():
            folder.mkdir()
        env = kernel_environment(root, folders)
        if page.kind == "slides":
            env[ON_SLIDE] = "1"
        _run(notebook, page, env, folders["run"], cell_timeout_s)
        _tidy(notebook, page)
        problems = output_problems(notebook, page.source, forbidden=(str(Path(scratch).resolve()), scratch, str(root)))
    if problems:
        raise BuildFailed(problems)
    return notebook


def timeout_s(cell: Any, usual_s: float = CELL_TIMEOUT_S) -> float:
    """How long a cell may take, in seconds.

    Args:
        cell: the cell.
        usual_s: the time for cells without the tag `slow`, in seconds.
    """
    return max(usual_s, SLOW_CELL_TIMEOUT_S) if "slow" in cell.get("metadata", {}).get("tags", []) else usual_s


def output_problems(notebook: Any, source: str, *, forbidden: tuple[str, ...] = ()) -> list[str]:
    """A line for each output that must not be stored.

    These are images without alt text or with more colors than `figures.show` creates, memory addresses, and the
    `forbidden` texts.
    """
    problems: list[str] = []
    for number, cell in enumerate(notebook.cells, 1):
        where = place(source, number, cell)
        for output in cell.get("outputs", []):
            for mime in _IMAGES:
                alt = output.get("metadata", {}).get(mime, {}).get("alt", "")
                if mime in output.get("data", {}) and not str(alt).strip():
                    problems.append(f"{where}: the picture has no alt text; show it with alt in its {mime} metadata")
            if _has_many_colours(output):
                problems.append(f"{where}: the picture has thousands of colors; show it with figures.show")
            text = _text_of(output)
            if address := _ADDRESS.search(text):
                problems.append(f"{where}: the output holds {address[0]!r}, new in each run; end with `_ = ...`")
            if any(path in text for path in forbidden if len(path) > 1):
                problems.append(f"{where}: the output has a path on this machine; print a relative path")
    return problems


def kernel_environment(root: Path, folders: dict[str, Path]) -> dict[str, str]:
    """The environment variables of a kernel whose outputs are stored or compared, the same on every machine.

    The author's AWS settings and IPython startup files must not affect an output.

    Args:
        root: the checkout.
        folders: the paths of "work" (the learner's folder) and "ipython" (IPython's settings).
    """
    variables = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and k != "MPLBACKEND"}
    return {
        **variables,
        "SERVERLESS_FIRST_ROOT": str(root),
        "SERVERLESS_FIRST_WORK": str(folders["work"]),
        "IPYTHONDIR": str(folders["ipython"]),
        "PYTHONHASHSEED": "0",
        "PYTHONWARNINGS": "ignore",
        "SERVERLESS_FIRST_QUIET": "1",
        "PYTHONUTF8": "1",
    }


def _run(notebook: Any, page: Page, env: dict[str, str], cwd: Path, cell_timeout_s: int) -> None:
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        kernel_manager_class=_OwnKernel,
        config=Config(KernelManager=kernels.private_channels()),
        timeout_func=lambda cell: timeout_s(cell, cell_timeout_s),
        resources={"metadata": {"path": str(cwd)}},
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
        extra_arguments=["--log-level=ERROR"],
    )
    try:
        kernels.started(lambda: client.execute(env=env))
    except CellExecutionError as error:
        number = next(
            i
            for i, cell in enumerate(notebook.cells, 1)
            if "raises-exception" not in cell.metadata.get("tags", [])
            and any(output.output_type == "error" for output in cell.get("outputs", []))
        )
        where = place(page.source, number, notebook.cells[number - 1])
        raise BuildFailed([f"{where}: {error.ename}: {' '.join(error.evalue.split())}"]) from None
    except CellTimeoutError:
        raise BuildFailed([f"{_last_run(notebook, page)}: took longer than {cell_timeout_s} s"]) from None
    except DeadKernelError:
        raise BuildFailed([f"{_last_run(notebook, page)}: the kernel died"]) from None


def _last_run(notebook: Any, page: Page) -> str:
    code = [(n, cell) for n, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code"]
    # The kernel announces the number of a cell that starts, so the running cell is the last cell with a number.
    started = [(n, cell) for n, cell in code if cell.execution_count is not None]
    return place(page.source, *(started or code)[-1 if started else 0])


def _tidy(notebook: Any, page: Page) -> None:
    """Drops the parts of the outputs that differ from run to run."""
    notebook.metadata = copy.deepcopy(page.notebook.metadata)  # the run added widgets and the kernel's version
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, 1):
        cell.execution_count = count
        cell.metadata.pop("execution", None)
        outputs = []
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
            if output.output_type == "error" and len("\n".join(output.traceback).splitlines()) > 1:
                # The traceback's frames name files on this machine. A check's single line stays as it is.
                output.traceback = [f"{output.ename}: {output.evalue}"]
            if _WIDGET_VIEW in output.get("data", {}):
                del output.data[_WIDGET_VIEW]
                if not output.data:
                    continue
            output.pop("transient", None)
            outputs.append(output)
        cell.outputs = outputs


def _has_many_colours(output: Any) -> bool:
    """Whether a PNG has no palette, by its header (PNG specification, 11.2.1: color type 3 has a palette)."""
    png = output.get("data", {}).get("image/png")
    return png is not None and base64.b64decode("".join(png))[25:26] != b"\x03"


def _text_of(output: Any) -> str:
    texts = [output.get("text", ""), output.get("evalue", "")]
    texts += [str(value) for mime, value in output.get("data", {}).items() if mime.startswith("text/")]
    return "\n".join(texts)
