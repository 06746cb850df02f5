"""JupyterLab's kernels on Unix sockets: two at once, restarted, interrupted, killed; and after a killed JupyterLab."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from serverless_first.course import kernels

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no Unix sockets in Python")
ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/lab\S*\?token=(\w+)")
WAIT_S = 60


class Lab:
    """A JupyterLab that `serverless-first lab` has started.

    Args:
        runtime: the folder for its kernels' files.
        work: the learner's folder.
    """

    def __init__(self, runtime: Path, work: Path) -> None:
        environ = os.environ | {kernels.RUNTIME: str(runtime), "SERVERLESS_FIRST_WORK": str(work)}
        command = [sys.executable, "-m", "serverless_first.cli", "lab", "--no-browser", "--port", "0"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", env=environ
        )
        assert self.process.stdout is not None
        too_late = threading.Timer(90, self.process.kill)
        too_late.start()
        self.log = ""
        for line in self.process.stdout:
            self.log += line
            if address := ADDRESS.search(line):
                self.address, self.token = address.groups()
                break
        else:
            pytest.fail(f"JupyterLab ended without an address:\n{self.log}")
        too_late.cancel()
        self._rest = threading.Thread(target=self._read, args=[self.process.stdout])
        self._rest.start()

    def _read(self, lines: Any) -> None:
        for line in lines:
            self.log += line

    def ask(self, method: str, path: str) -> Any:
        """The answer of Jupyter's REST API."""
        data = b"{}" if method == "POST" else None
        request = urllib.request.Request(
            self.address + path, data=data, method=method, headers={"Authorization": f"token {self.token}"}
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=WAIT_S) as answer:
            return json.loads(answer.read() or b"null")

    def kernel(self) -> str:
        """The id of a fresh kernel."""
        started: dict[str, str] = self.ask("POST", "/api/kernels")
        return started["id"]

    def run(self, kernel: str, code: str, *, interrupt: bool = False) -> str:
        """What a cell prints, or the name of what it raises.

        Args:
            interrupt: after its first output, as the button does.
        """
        return asyncio.run(asyncio.wait_for(self._run(kernel, code, interrupt), WAIT_S))

    async def _run(self, kernel: str, code: str, interrupt: bool) -> str:
        url = f"{self.address.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels?token={self.token}"
        channels: WebSocketClientConnection = await websocket_connect(url)
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "session": "s",
            "username": "",
            "version": "5.3",
        }
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        await channels.write_message(
            json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"})
        )
        said = ""
        while message := await channels.read_message():
            told = json.loads(message)
            if told["parent_header"].get("msg_id") != header["msg_id"]:
                continue
            if told["msg_type"] == "stream":
                said += told["content"]["text"]
                if interrupt:
                    await asyncio.to_thread(self.ask, "POST", f"/api/kernels/{kernel}/interrupt")
                    interrupt = False
            if told["msg_type"] == "error":
                said += told["content"]["ename"]
            if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
                break
        channels.close()
        return said

    def end(self, number: int = signal.SIGTERM) -> None:
        """Ends it by a signal."""
        self.process.send_signal(number)
        self.process.wait(WAIT_S)
        self._rest.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[tuple[Lab, Path]]:
    """A JupyterLab, and the folder for its kernels' files."""
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        runtime = Path(short, "runtime")
        lab = Lab(runtime, tmp_path / "my work 店")
        try:
            yield lab, runtime
        finally:
            if lab.process.returncode is None:
                lab.end()


def sockets(runtime: Path) -> set[Path]:
    return set(runtime.glob("kernel-*-ipc-*"))


def test_two_notebooks_run_restart_and_are_interrupted(lab: tuple[Lab, Path]) -> None:
    server, runtime = lab
    first, second = server.kernel(), server.kernel()
    assert server.run(first, "x = 1; print(x)") == "1\n"
    assert server.run(second, "print('x' in globals())") == "False\n"
    assert len(sockets(runtime)) == 12  # five channels of each, and the pipe for the output of forked processes
    endless = "import time\nprint('running', flush=True)\nwhile True: time.sleep(0.01)"
    assert server.run(first, endless, interrupt=True) == "running\nKeyboardInterrupt"
    server.ask("POST", f"/api/kernels/{first}/restart")
    assert server.run(first, "print('x' in globals())") == "False\n"
    assert server.run(second, "print('still here')") == "still here\n"
    server.ask("DELETE", f"/api/kernels/{second}")
    channels = {path for path in sockets(runtime) if not path.name.endswith("-0")}
    assert {path.name.split("-ipc-")[0] for path in channels} == {f"kernel-{first}"}
    assert len(sockets(runtime) - channels) == 1
    server.end()
    assert sockets(runtime) == set()
    assert "eavesdrop" not in server.log


def test_a_killed_kernel_comes_back_and_a_killed_jupyterlab_leaves_nothing_for_long(
    lab: tuple[Lab, Path], tmp_path: Path
) -> None:
    server, runtime = lab
    kernel = server.kernel()
    process = psutil.Process(int(server.run(kernel, "import os; print(os.getpid())")))
    process.kill()  # JupyterLab starts it again
    deadline_s = time.monotonic() + WAIT_S
    while not [p for p in psutil.Process(server.process.pid).children() if p != process and p.is_running()]:
        assert time.monotonic() < deadline_s, server.log
        time.sleep(0.1)
    answered = int(server.run(kernel, "import os; print(os.getpid())"))
    fresh = psutil.Process(server.process.pid).children()  # on a busy machine JupyterLab may have started it twice
    assert answered in {p.pid for p in fresh} - {process.pid}
    server.end(signal.SIGKILL)
    psutil.wait_procs(fresh, timeout=WAIT_S)  # they look for their parent
    left = sockets(runtime)
    for path in left:
        os.utime(path, (0, 0))  # as if they were from yesterday
    again = Lab(runtime, tmp_path / "my work 店")
    try:
        assert sockets(runtime) & left == set()
        assert again.run(again.kernel(), "print(6 * 7)") == "42\n"
    finally:
        again.end()
