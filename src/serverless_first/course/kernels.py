"""The start of a notebook's kernel, out of reach of the machine's other users.

Jupyter's kernels listen on ports of 127.0.0.1, which every user of the machine can reach, and subscribing to what a
kernel publishes (the code of each cell and its outputs) takes no key. So our kernels talk over Unix sockets in a folder
that only their own user can enter. Where there are none (Windows, a file system without sockets), they keep their
ports and encrypt what they say (CurveZMQ); the keys are in the kernel's connection file, which only its user can read.
"""

from __future__ import annotations

import socket
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from serverless_cloud.notebook.own_folder import is_private, own_folder

T = TypeVar("T")
RUNTIME = "JUPYTER_RUNTIME_DIR"
STARTING_S = 10.0  # a socket younger than this may be a starting kernel's
ENCRYPTED = {"transport_encryption": "auto"}  # "required" would refuse a kernel of the learner's that cannot encrypt


def kernel_options(environ: MutableMapping[str, str]) -> list[str]:
    """JupyterLab's options that keep other users away from its kernels.

    Args:
        environ: the environment JupyterLab will start with. `JUPYTER_RUNTIME_DIR` is set in it: JupyterLab keeps the
            sockets beside the connection files, and has no option for their folder.
    """
    folder = socket_folder()
    if folder is None:
        settings = ENCRYPTED
    else:
        environ[RUNTIME] = str(folder)
        settings = {"transport": "ipc"}
    return [f"--KernelManager.{name}={value}" for name, value in settings.items()]


def private_channels() -> dict[str, str]:
    """The settings of a `KernelManager` that keep other users away from the one kernel it starts."""
    folder = socket_folder()
    return ENCRYPTED if folder is None else {"transport": "ipc", "ip": str(folder / _prefix())}


def socket_folder() -> Path | None:
    """The folder for the sockets of kernels; None where there can be none.

    It is the folder where Jupyter keeps its connection files, if sockets can be made there and their paths are not too
    long (at most 107 bytes; 103 on macOS), else a folder of ours among the temporary files. Sockets that killed
    kernels left in it are removed.
    """
    if not hasattr(socket, "AF_UNIX"):
        return None
    for folder in _candidates():
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if is_private(folder) and _holds_sockets(folder):
                _sweep(folder)
                return folder
    return None


def _candidates() -> Iterator[Path]:
    from jupyter_core.paths import jupyter_runtime_dir  # the local cloud works without Jupyter

    yield Path(jupyter_runtime_dir()).absolute()
    for base in dict.fromkeys((tempfile.gettempdir(), "/tmp")):
        with suppress(OSError):
            yield own_folder(Path(base)) / "kernels"


def _prefix() -> str:
    """The beginning of a kernel's five sockets, as long as JupyterLab's."""
    return f"kernel-{uuid.uuid4()}-ipc"


def _holds_sockets(folder: Path) -> bool:
    """Tries it, because the system refuses both a path that is too long and a file system without sockets."""
    path = folder / f"{_prefix()}-1"
    try:
        with socket.socket(socket.AF_UNIX) as trial:
            trial.bind(str(path))
    except OSError:
        return False
    path.unlink()
    return True


def _sweep(folder: Path) -> None:
    """Removes the sockets on which nobody listens any more."""
    for path in folder.glob("kernel-*-ipc-*"):
        with socket.socket(socket.AF_UNIX) as caller, suppress(OSError):
            if time.time() - path.stat().st_mtime < STARTING_S:
                continue  # between its bind and its listen, a living kernel refuses as well
            try:
                caller.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()


def started(start: Callable[[], T]) -> T:
    """The result of `start`, which is called again if another program took one of the kernel's ports.

    Jupyter chooses free ports and the kernel asks for them a moment later, so on a busy machine they may be gone. No
    cell has run yet. Kernels that talk over Unix sockets need no ports.

    Args:
        start: starts a kernel and waits until it is there, as `NotebookClient.execute` does first.

    Raises:
        RuntimeError: the kernel died twice before it was there.
    """
    try:
        return start()
    except RuntimeError as error:
        if "before replying to kernel_info" not in str(error):
            raise
    return start()
