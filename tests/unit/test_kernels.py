"""Other users of the machine cannot read a kernel; one whose port was taken is started once more."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
import zmq
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from serverless_cloud.notebook.own_folder import is_private
from serverless_first.course import kernel_pipe, kernels

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no Unix sockets in Python")
NOBODY = 65_534
# Subscribes to whatever a kernel publishes at these addresses, for 5 s at most, and prints what it hears.
EAVESDROP = """
import socket, sys, zmq
heard = zmq.Context().socket(zmq.SUB)
heard.setsockopt(zmq.SUBSCRIBE, b"")
for address in sys.argv[1:]:
    kind, _, place = address.partition("://")
    try:
        if kind == "ipc":
            socket.socket(socket.AF_UNIX).connect(place)
        else:
            socket.create_connection(("127.0.0.1", int(place.rpartition(":")[2])), timeout=5).close()
    except OSError as error:
        print(type(error).__name__, address)
        continue
    print("reached", address)
    heard.connect(address)
print("subscribed", flush=True)
while heard.poll(5000):
    message = b"".join(heard.recv_multipart())
    if b"a-secret-of-the-learner" in message:
        print("heard")
        break
"""


@contextlib.contextmanager
def running(settings: dict[str, str]) -> Iterator[tuple[Any, Any]]:
    """A kernel with these settings of its manager, and its client."""
    manager: Any = KernelManager(kernel_name="python3", **settings)
    manager.start_kernel(extra_arguments=["--log-level=ERROR"])
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def addresses(process: psutil.Process) -> list[str]:
    """Where a process can be reached, as everybody reads it from /proc/net."""
    ports = [c.laddr[1] for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    paths = {str(c.laddr) for c in process.net_connections("unix") if str(c.laddr).startswith("/")}
    return [*(f"tcp://127.0.0.1:{port}" for port in ports), *(f"ipc://{path}" for path in paths)]


def eavesdrop(client: Any, places: list[str]) -> list[str]:
    """What another user gets from a kernel that keeps printing a secret."""
    command = [sys.executable, "-c", EAVESDROP, *places]
    try:
        stranger = subprocess.Popen(
            command, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", stdout=subprocess.PIPE, text=True
        )
    except PermissionError:
        pytest.skip("another user cannot reach this Python")
    over = threading.Event()

    def talk() -> None:
        while not over.is_set():
            client.execute_interactive("print('a-secret-of-the-learner')", timeout=60, output_hook=lambda _: None)

    talker = threading.Thread(target=talk)
    talker.start()
    said, _ = stranger.communicate(timeout=60)
    over.set()
    talker.join()
    assert stranger.returncode == 0
    assert "subscribed" in said
    return said.splitlines()


@pytest.fixture
def another_user() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("needs root on Linux: another user")


@pytest.mark.usefixtures("another_user")
def test_another_user_reaches_no_channel_of_a_kernel() -> None:
    with running(kernels.private_channels()) as (manager, client):
        places = addresses(psutil.Process(manager.provisioner.pid))
        said = eavesdrop(client, places)
    sockets = [place for place in places if place.startswith("ipc")]
    assert len(sockets) == 6  # five channels, and the pipe for the output of forked processes
    assert set(said) >= {f"PermissionError {place}" for place in sockets}
    assert len(sockets) == len(places)  # no port
    assert "heard" not in said


@pytest.mark.usefixtures("another_user")
@pytest.mark.parametrize(("settings", "heard"), [({}, True), (kernels.ENCRYPTED, False)], ids=["plain", "encrypted"])
def test_another_user_can_read_the_ports_of_a_kernel_only_if_it_does_not_encrypt(
    settings: dict[str, str], heard: bool
) -> None:
    with running(settings) as (manager, client):
        said = eavesdrop(client, addresses(psutil.Process(manager.provisioner.pid)))
    assert len([line for line in said if line.startswith("reached")]) == 5
    assert ("heard" in said) is heard


#: Prints from a process that the kernel has forked.
FORKS = """
import multiprocessing
fork = multiprocessing.get_context("fork")
child = fork.Process(target=print, args=("lamps of a child",), kwargs={"flush": True})
child.start()
child.join()
"""


@posix
def test_what_a_forked_process_prints_is_shown() -> None:
    with running(kernels.private_channels()) as (_, client):
        shown: list[str] = []

        def hear(message: Any) -> None:
            shown.append(message["content"].get("text", ""))

        client.execute_interactive(FORKS, timeout=60, output_hook=hear)
        for _ in range(50):  # it comes by way of the pipe, perhaps after the cell's end
            if "lamps of a child" in "".join(shown):
                break
            client.execute_interactive("import time; time.sleep(0.1)", timeout=60, output_hook=hear)
    assert "lamps of a child" in "".join(shown)


@pytest.mark.usefixtures("another_user")
def test_a_kernel_listens_on_no_port_from_its_start_to_its_end() -> None:
    """Also not for a moment, in which another user could fill its memory."""
    opened = set()
    with running(kernels.private_channels()) as (manager, client):
        kernel = psutil.Process(manager.provisioner.pid)
        opened |= {place for place in addresses(kernel) if place.startswith("tcp")}
        manager.restart_kernel(now=True)
        kernel = psutil.Process(manager.provisioner.pid)
        waiting = threading.Thread(target=client.wait_for_ready, kwargs={"timeout": 60})
        waiting.start()
        while waiting.is_alive():
            opened |= {place for place in addresses(kernel) if place.startswith("tcp")}
        waiting.join()
    assert opened == set()


def test_without_sockets_a_kernel_has_no_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    from ipykernel.iostream import IOPubThread

    for name in ("_setup_pipe_in", "_setup_pipe_out"):
        monkeypatch.setattr(IOPubThread, name, getattr(IOPubThread, name))
    monkeypatch.setattr(kernel_pipe, "socket_folder", lambda: None)
    kernel_pipe.install()
    thread: Any = IOPubThread(zmq.Context.instance().socket(zmq.PUB), pipe=True)  # type: ignore[no-untyped-call]
    assert not thread._pipe_flag
    assert not hasattr(thread, "_pipe_port")
    thread.socket.close()


@posix
def test_sockets_lie_beside_jupyters_connection_files(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        runtime = Path(short, "runtime")
        monkeypatch.setenv(kernels.RUNTIME, str(runtime))
        environ: dict[str, str] = {}
        assert kernels.kernel_options(environ) == ["--KernelManager.transport=ipc"]
        assert environ == {kernels.RUNTIME: str(runtime)}
        assert list(runtime.iterdir()) == []
        assert is_private(runtime)


@posix
@pytest.mark.parametrize("where", ["long", "open to others", "a file"])
def test_a_folder_that_is_no_place_for_sockets_is_passed_by(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        runtime = Path(short, "n" * 90 if where == "long" else "runtime")
        if where == "a file":
            runtime.touch()
        else:
            runtime.mkdir()
            runtime.chmod(0o755 if where == "open to others" else 0o700)
        monkeypatch.setenv(kernels.RUNTIME, str(runtime))
        monkeypatch.setattr(tempfile, "tempdir", short)
        folder = kernels.socket_folder()
        assert folder is not None
        assert folder.is_relative_to(short)
        assert folder != runtime
        assert is_private(folder)


@posix
def test_without_sockets_kernels_keep_their_ports_and_encrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError("Operation not supported")

    monkeypatch.setattr(socket.socket, "bind", refused)
    environ: dict[str, str] = {}
    assert kernels.kernel_options(environ) == ["--KernelManager.transport_encryption=auto"]
    assert environ == {}
    monkeypatch.undo()
    with running(kernels.ENCRYPTED) as (_, client):
        reply = client.execute_interactive("6 * 7", timeout=60, output_hook=lambda _: None)
    assert reply["content"]["status"] == "ok"


@posix
def test_sockets_of_killed_kernels_go_and_those_of_living_ones_stay() -> None:
    with running(kernels.private_channels()) as (manager, client):
        living = {Path(f"{manager.ip}-{port}") for port in manager.ports}
        dead = manager.ip.replace("kernel-", "kernel-of-another-", 1)
        for number in range(1, 6):
            with socket.socket(socket.AF_UNIX) as left:
                left.bind(path := f"{dead[:95]}-ipc-{number}")
            long_ago_s = time.time() - 2 * kernels.STARTING_S
            os.utime(path, (long_ago_s, long_ago_s))
        kernels.private_channels()
        folder = Path(manager.ip).parent
        assert {path for path in folder.iterdir() if path.is_socket()} >= living
        assert list(folder.glob("kernel-of-another-*")) == []
        reply = client.execute_interactive("6 * 7", timeout=60, output_hook=lambda _: None)
    assert reply["content"]["status"] == "ok"
    assert not any(path.exists() for path in living)


def test_a_kernel_starts_though_another_program_took_its_port() -> None:
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("6 * 7")])  # type: ignore[no-untyped-call]
    client: Any = NotebookClient(book, kernel_name="python3")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first = client.create_kernel_manager()  # the next one chooses a port for itself
        first.cache_ports, first.shell_port = False, taken.getsockname()[1]
        kernels.started(lambda: client.execute(cleanup_kc=True))
    assert book.cells[0].outputs[0]["data"]["text/plain"] == "42"


@pytest.mark.parametrize(("says", "starts"), [("Kernel died before replying to kernel_info", 2), ("no folder", 1)])
def test_it_is_not_started_for_ever(says: str, starts: int) -> None:
    tries = []

    def start() -> None:
        tries.append(says)
        raise RuntimeError(says)

    with pytest.raises(RuntimeError, match=says):
        kernels.started(start)
    assert len(tries) == starts
