"""The pipe on which a kernel takes the output of processes that it forks, out of reach of the machine's other users.

ipykernel listens for this output on a port of 127.0.0.1, and compares a message with its key once it has the whole
message. So another user could fill a kernel's memory, and put lines into the log of its JupyterLab. Our kernels listen
on a Unix socket beside their channels instead. Where there are no such sockets, they don't listen at all.
"""

from __future__ import annotations

import atexit
import os
import uuid
from pathlib import Path
from typing import Any

from serverless_first.course.kernels import socket_folder


def install() -> None:
    """Changes this process's kernel, which has not opened its channels yet.

    IPython runs `kernel/etc/ipython/ipython_kernel_config.py`, which calls only this. It is copied into the environment
    when the course is installed, and `git pull` does not renew it.
    """
    from ipykernel.iostream import IOPubThread  # only a kernel has it at hand

    folder = socket_folder()
    kernel: Any = IOPubThread  # mypy: methods are replaced
    kernel._setup_pipe_in = _refuse if folder is None else lambda thread: _listen(thread, folder)
    kernel._setup_pipe_out = _connect


def _refuse(thread: Any) -> None:
    thread._pipe_flag = False  # as ipykernel does when it gets no port: forked processes have no output


def _listen(thread: Any, folder: Path) -> None:
    import zmq
    from zmq.eventloop.zmqstream import ZMQStream

    thread._pipe_uuid = os.urandom(16)
    path = folder / f"kernel-{uuid.uuid4()}-ipc-0"  # after a kill, `socket_folder` sweeps this name
    thread._pipe_address = f"ipc://{path}"
    pipe = thread.socket.context.socket(zmq.PULL)
    pipe.linger = 0
    pipe.bind(thread._pipe_address)
    thread._pipe_in = ZMQStream(pipe, thread.io_loop)
    thread._pipe_in.on_recv(thread._handle_pipe_msg)
    atexit.register(_remove, path, os.getpid())


def _remove(path: Path, kernel: int) -> None:
    if os.getpid() == kernel:  # not a forked process
        path.unlink(missing_ok=True)


def _connect(thread: Any) -> tuple[Any, Any]:
    import zmq

    context = zmq.Context()  # the parent's doesn't survive the fork
    pipe = context.socket(zmq.PUSH)
    pipe.linger = 3_000
    pipe.connect(thread._pipe_address)
    return context, pipe
