"""A notebook's kernel, or the cloud's server, dies in the middle of everything: within five seconds nothing is left.

Everything is: 30 calls inside their handlers, provisioned environments, asynchronous events that wait for a retry.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from kits.cloud_kit import WAITS

pytestmark = pytest.mark.skipif(psutil.WINDOWS, reason="signals and process groups as on Unix")

LIMIT_S = 5.0

#: An owner in the middle of everything; then it waits for the test.
BUSY = """
import os, tempfile, threading
from kits import cloud_kit as kit
from pathlib import Path
import serverless_cloud as cloud
aws = cloud.start()
folder = Path(tempfile.mkdtemp())
(folder / "busy").mkdir()
lam = kit.client("lambda")
child = "import subprocess\\nsubprocess.Popen(['sleep', '987'])\\n"  # each environment has started a process
kit.deploy("orders", child + kit.MEET, Timeout=300)
kit.publish("orders")
lam.put_provisioned_concurrency_config(FunctionName="orders", Qualifier="1", ProvisionedConcurrentExecutions=2)
kit.deploy("price", "def handler(event, context):\\n    raise ValueError('no price')\\n")
for number in range(5):
    lam.invoke(FunctionName="price", InvocationType="Event")
event = {"folder": str(folder / "busy"), "of": 99}
for number in range(30):
    call = lambda: kit.invoke("orders", event, through=lam)
    threading.Thread(target=kit.attempt, args=(call,), daemon=True).start()
kit.eventually(lambda: len(list((folder / "busy").iterdir())) == 30, "30 calls are inside their handlers", 60)
kit.eventually(lambda: len([e for e in aws.environments("orders") if e.provisioned and e.state == "frozen"]) == 2,
               "2 are provisioned")
kit.eventually(lambda: [e for e in aws.environments("price") if e.state == "frozen"], "events wait for a retry")
import psutil
(server,) = psutil.Process().children()
states = [e.state for e in aws.environments()]
kit.say(url=aws.endpoint_url, server=server.pid, pids=[e.pid for e in aws.environments()], busy=states.count("busy"),
        ports=[c.laddr.port for c in server.net_connections("tcp") if c.status == "LISTEN"])
"""

#: An owner whose 30 calls have only begun: environments are being started at this moment.
STARTING = """
import threading
from kits import cloud_kit as kit
import serverless_cloud as cloud
aws = cloud.start()
lam = kit.client("lambda")
kit.deploy("orders", "import boto3\\n" + kit.COUNT, Timeout=300)
for number in range(30):
    call = lambda: kit.invoke("orders", through=lam)
    threading.Thread(target=kit.attempt, args=(call,), daemon=True).start()
kit.eventually(lambda: len(aws.environments()) >= 3, "some are being started")
import psutil
(server,) = psutil.Process().children()
kit.say(url=aws.endpoint_url, server=server.pid, pids=[e.pid for e in aws.environments()], ports=[])
"""

#: After the test's word: no more memory than now and a little, then all of it.
EATS = """
input()
import resource
now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + 2**26, now + 2**26))
eaten = []
while True:
    eaten.append(bytearray(2**20))
"""


def processes(place: Path) -> list[int]:
    """The processes whose folder for temporary files is in `place`: the server and its environments."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            own = process.environ().get("TMPDIR", "")
            if own and Path(own).is_relative_to(place) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def run_folders(place: Path) -> list[Path]:
    return [p for p in place.rglob("*") if p.name.startswith("run-")]


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(LIMIT_S)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def assert_nothing_is_left(tools: Any, said: dict[str, Any], place: Path) -> None:
    tools.eventually(lambda: not any(map(tools.is_alive, said["pids"])), "the environments have ended", LIMIT_S)
    tools.eventually(lambda: not tools.is_alive(said["server"]), "the server has ended", LIMIT_S)
    tools.eventually(lambda: not processes(place), "no process is left", LIMIT_S)
    tools.eventually(lambda: not run_folders(place), "no folder is left", LIMIT_S)
    ports = [*said["ports"], urlsplit(said["url"]).port]
    tools.eventually(lambda: not any(map(accepts, ports)), "no port is left", LIMIT_S)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT], ids=lambda n: n.name)
def test_the_kernel_ends_by_a_signal(
    program: Callable[..., Any], tools: Any, place: Path, number: signal.Signals
) -> None:
    owner = program(BUSY + WAITS, TMPDIR=str(place))
    said = owner.hear()
    assert said["busy"] == 30
    assert len(said["ports"]) >= 33  # the cloud's own, and one for each environment
    assert all(map(tools.is_alive, said["pids"]))
    assert run_folders(place)
    owner.process.send_signal(number)
    assert_nothing_is_left(tools, said, place)


@pytest.mark.skipif(not psutil.LINUX, reason="limits of memory as on Linux")
def test_the_kernel_runs_out_of_memory(program: Callable[..., Any], tools: Any, place: Path) -> None:
    owner = program(BUSY + EATS, TMPDIR=str(place))
    said = owner.hear()
    assert said["busy"] == 30
    owner.go_on()
    assert owner.process.wait(30) != 0
    assert_nothing_is_left(tools, said, place)


@pytest.mark.parametrize("round_", range(2))
@pytest.mark.parametrize("ending", ["kill", "stop"])
def test_it_ends_while_environments_are_being_started(
    program: Callable[..., Any], tools: Any, place: Path, ending: str, round_: int
) -> None:
    del round_  # each time at another moment
    owner = program(STARTING + WAITS + "aws.stop()\n", TMPDIR=str(place))
    said = owner.hear()
    if ending == "kill":
        owner.process.kill()
    else:
        owner.go_on()
    assert_nothing_is_left(tools, said, place)


@pytest.mark.skipif(not psutil.LINUX, reason="only Linux ends a process with its parent")
def test_the_server_is_killed(program: Callable[..., Any], tools: Any, place: Path) -> None:
    again = "aws = cloud.start()\nkit.say(url=aws.endpoint_url)\n"
    owner = program(BUSY + WAITS + again + WAITS, TMPDIR=str(place))
    said = owner.hear()
    assert said["busy"] == 30
    before = [folder for folder in run_folders(place) if (folder / "environments").exists()]
    assert before
    os.kill(said["server"], signal.SIGKILL)
    tools.eventually(lambda: not any(map(tools.is_alive, said["pids"])), "the environments have ended", LIMIT_S)
    tools.eventually(lambda: not tools.is_alive(said["server"]), "the server has ended", LIMIT_S)
    tools.eventually(lambda: not any(map(accepts, said["ports"])), "no port is left", LIMIT_S)
    only_the_owner = {owner.process.pid}
    tools.eventually(lambda: set(processes(place)) <= only_the_owner, "what handlers have started has ended", LIMIT_S)
    tools.eventually(lambda: not any(folder.exists() for folder in before), "no folder is left", LIMIT_S)
    owner.go_on()
    assert owner.hear()["url"] != said["url"]
    owner.end()
    tools.eventually(lambda: not processes(place) and not run_folders(place), "nothing is left", LIMIT_S)


def test_reset_in_the_middle_of_everything(program: Callable[..., Any], tools: Any, place: Path) -> None:
    after = """
aws.reset()
left = [c for c in server.children(recursive=True) if "--template" not in c.cmdline() or c.parent() != server]
kit.say(left=[e.pid for e in aws.environments()], children=[c.pid for c in left])
kit.deploy("orders", kit.COUNT)
kit.say(count=kit.invoke("orders").payload["count"])
"""
    owner = program(BUSY + after + WAITS, TMPDIR=str(place))
    said = owner.hear()
    assert owner.hear() == {"left": [], "children": []}
    assert not any(map(tools.is_alive, said["pids"]))
    assert owner.hear() == {"count": 1}
    owner.end()
    assert_nothing_is_left(tools, said, place)


def test_the_kernel_is_killed_while_the_cloud_starts(program: Callable[..., Any], tools: Any, place: Path) -> None:
    """The server finds nobody who listens when it is ready."""
    source = """
import os, signal
from kits import cloud_kit as kit
import serverless_cloud as cloud
from serverless_cloud.notebook import launching
launching._first_line = lambda server, limit_s: (kit.say(server=server.pid), os.kill(os.getpid(), signal.SIGKILL))
cloud.start()
"""
    said = program(source, TMPDIR=str(place)).hear()
    tools.eventually(lambda: not tools.is_alive(said["server"]), "the server has ended")
    assert not run_folders(place)
    assert not processes(place)
