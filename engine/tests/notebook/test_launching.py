"""What is shown while the local cloud's server starts: a notice that goes, and no alarm."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from serverless_cloud import CloudDidNotStart
from serverless_cloud.notebook import launching

LIMIT_S = 60
NOTICE = "Starting the local cloud. The first start takes longest ..."
#: The start of a server, as `cloud.start()` does it. The server answers as soon as there is a file "go".
SLOW_START = """
import sys
from pathlib import Path
from serverless_cloud.notebook import launching
from serverless_cloud.notebook import progress
progress.SILENT_S = 0.1
server = '''
import json, time
from pathlib import Path
while not Path("go").exists():
    time.sleep(0.01)
print(json.dumps({"endpoint_url": "http://127.0.0.1:1"}))
'''
print(launching.endpoint_of(launching.launch([sys.executable, "-c", server], Path("log")), Path("log")))
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty current folder, outside a build."""
    monkeypatch.delenv("SERVERLESS_FIRST_QUIET", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def messages_of(client: Any, source: str) -> Iterator[dict[str, Any]]:
    """Runs a cell; what the kernel sends to the notebook, until it is idle."""
    cell = client.execute(source)
    while True:
        message: dict[str, Any] = client.get_iopub_msg(timeout=LIMIT_S)
        if message["parent_header"].get("msg_id") == cell:
            yield message
            if message["content"].get("execution_state") == "idle":
                return


def test_a_notebook_shows_a_notice_that_goes_and_no_alarm(folder: Path) -> None:
    manager, client = start_new_kernel(cwd=str(folder))
    shown: list[tuple[str, Any]] = []
    try:
        for message in messages_of(client, SLOW_START):
            kind, content = message["msg_type"], message["content"]
            if kind in ("display_data", "stream"):
                (folder / "go").touch()
            if kind not in ("status", "execute_input"):
                shown.append((kind, content.get("text") or content.get("data") or content))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert shown == [
        ("display_data", {"text/plain": NOTICE}),
        ("update_display_data", {"text/plain": "", "text/html": ""}),
        ("stream", "http://127.0.0.1:1\n"),
    ]


def test_a_server_that_stays_silent_is_said_to_be_slow(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(launching, "START_LIMIT_S", 3.0)
    server = launching.launch([sys.executable, "-c", "import time; time.sleep(600)"], folder / "log")
    with pytest.raises(CloudDidNotStart, match="didn't answer within 3 seconds"):
        launching.endpoint_of(server, folder / "log")
    server.wait(LIMIT_S)


def more_of(terminal: int) -> bytes:
    """What a program writes next to its terminal."""
    assert select.select([terminal], [], [], LIMIT_S)[0], "the program writes nothing"
    more = os.read(terminal, 1000)
    assert more, "the program has ended"
    return more


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such terminals")
def test_a_terminal_shows_a_line_that_goes(folder: Path) -> None:
    import pty

    mine, terminal = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", SLOW_START], stdout=subprocess.PIPE, stderr=terminal, text=True)
    os.close(terminal)
    try:
        seen = b""
        while b"..." not in seen:
            seen += more_of(mine)
        (folder / "go").touch()
        while seen.count(b"\r") < 2:
            seen += more_of(mine)
        assert process.communicate(timeout=LIMIT_S)[0] == "http://127.0.0.1:1\n"
    finally:
        process.kill()
        os.close(mine)
    before, blank, after = seen.decode().split("\r")
    assert (before, blank, after) == (NOTICE, " " * len(NOTICE), "")


def test_a_script_whose_errors_go_into_a_file_says_nothing(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_START], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)  # time enough for a notice, if there were one
        (folder / "go").touch()
        assert process.communicate(timeout=LIMIT_S) == ("http://127.0.0.1:1\n", "")
    finally:
        process.kill()
