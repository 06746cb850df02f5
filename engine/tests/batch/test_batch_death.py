"""However a kernel or the cloud's server ends, nothing is left of a job: no process of any kind, no folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from kits.cloud_kit import WAITS

pytestmark = pytest.mark.skipif(psutil.WINDOWS, reason="signals and process groups as on Unix")

#: An owner with a job that runs in a shell, with a child in its group and one that has left it.
OWNER = """
import os, tempfile
from kits import cloud_kit as kit, batch_kit as batch
from pathlib import Path
import serverless_cloud as cloud
aws = cloud.start()
folder = Path(tempfile.mkdtemp())
child = '''
import os, subprocess, sys, time
from pathlib import Path
here = Path(sys.argv[1])
apart = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
(here / "new").write_text(f"{os.getpid()} {apart.pid}")
(here / "new").rename(here / "pids")
time.sleep(600)
'''
(folder / "child.py").write_text(child)
batch.make_queue()
batch.register(["sh", "-c", 'echo $$ > "$0/shell"; python "$0/child.py" "$0"; true', str(folder)])
batch.submit()
kit.eventually(lambda: (folder / "pids").exists(), "the job runs")
import psutil
servers = [c.pid for c in psutil.Process().children()]
inner = [int(pid) for pid in ((folder / "shell").read_text() + (folder / "pids").read_text()).split()]
kit.say(server=servers[0], pids=inner, outer=psutil.Process(inner[0]).ppid())
"""


def left(place: Path) -> list[str]:
    """What is left of runs of the cloud."""
    return [p.name for p in place.rglob("run-*")]


def assert_all_gone(tools: Any, said: dict[str, Any]) -> None:
    for pid in (said["server"], said["outer"], *said["pids"]):
        tools.eventually(lambda pid=pid: not tools.is_alive(pid), f"process {pid} has ended")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_kernel_that_is_killed_takes_its_jobs_with_it(
    program: Callable[..., Any], tools: Any, place: Path, how: signal.Signals
) -> None:
    owner = program(OWNER + WAITS, TMPDIR=str(place))
    said = owner.hear()
    assert len(said["pids"]) == 3
    assert all(tools.is_alive(pid) for pid in said["pids"])
    owner.process.send_signal(how)
    assert_all_gone(tools, said)
    tools.eventually(lambda: not left(place), "the folders are gone")


def test_stop_ends_jobs_and_removes_their_folders(program: Callable[..., Any], tools: Any, place: Path) -> None:
    owner = program(OWNER + "aws.stop()\n" + WAITS, TMPDIR=str(place))
    said = owner.hear()
    assert_all_gone(tools, said)
    tools.eventually(lambda: not left(place), "the folders are gone")


@pytest.mark.skipif(not psutil.LINUX, reason="only Linux ends a process with its parent")
def test_a_server_that_is_killed_leaves_no_process_of_a_job(
    program: Callable[..., Any], tools: Any, place: Path
) -> None:
    owner = program(OWNER + "os.kill(servers[0], 9)\n" + WAITS, TMPDIR=str(place))
    said = owner.hear()
    assert_all_gone(tools, said)


@pytest.mark.skipif(not psutil.LINUX, reason="only Linux ends a process with its parent")
def test_kernel_and_server_killed_at_the_same_moment_leave_no_process_of_a_job(
    program: Callable[..., Any], tools: Any, place: Path
) -> None:
    owner = program(OWNER + WAITS, TMPDIR=str(place))
    said = owner.hear()
    owner.process.send_signal(signal.SIGKILL)
    os.kill(said["server"], signal.SIGKILL)
    assert_all_gone(tools, said)
