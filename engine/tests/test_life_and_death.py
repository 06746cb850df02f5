"""However a kernel or the cloud's server ends, nothing is left: no process, no port, no folder."""

from __future__ import annotations

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

#: An owner with frozen environments and, if wanted, a busy one; then it waits for the test.
OWNER = """
import os, tempfile, threading
from kits import cloud_kit as kit
from pathlib import Path
import serverless_cloud as cloud
aws = cloud.start()
folder = Path(tempfile.mkdtemp())
kit.deploy("orders", kit.MEET, Timeout=300)
(folder / "frozen").mkdir(); (folder / "busy").mkdir()
kit.invoke_at_once("orders", [{"folder": str(folder / "frozen"), "of": 2}] * 2)
if os.environ.get("BUSY"):
    event = {"folder": str(folder / "busy"), "of": 99}
    threading.Thread(target=kit.attempt, args=(lambda: kit.invoke("orders", event),), daemon=True).start()
    kit.eventually(lambda: list((folder / "busy").iterdir()), "a call is inside its handler")
import psutil
servers = [c.pid for c in psutil.Process().children()]
kit.say(url=aws.endpoint_url, server=servers[0], pids=[e.pid for e in aws.environments()],
        states=sorted(e.state for e in aws.environments()))
"""
ANSWERS = "kit.say(count=kit.invoke('orders', {'folder': str(folder / 'frozen'), 'of': 1}).error)\n"


def of_the_cloud(place: Path) -> list[Path]:
    """What clouds have left in a folder for temporary files (the owner's own folder is not theirs)."""
    return sorted(p for p in place.rglob("*") if "serverless-first" in p.name or p.name.startswith("run-"))


def left(place: Path) -> list[Path]:
    """The same without the folder that all runs share."""
    return [p for p in of_the_cloud(place) if p.name != f"serverless-first-{os.getuid()}"]


def accepts(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((address.hostname, address.port)) == 0


def assert_all_gone(tools: Any, said: dict[str, Any], place: Path) -> None:
    for pid in (said["server"], *said["pids"]):
        tools.eventually(lambda pid=pid: not tools.is_alive(pid), f"process {pid} has ended")
    tools.eventually(lambda: not left(place), "the folders are gone")
    tools.eventually(lambda: not accepts(said["url"]), "the port is closed")


def test_an_owner_that_is_killed_takes_everything_with_it(program: Callable[..., Any], tools: Any, place: Path) -> None:
    owner = program(OWNER + WAITS, BUSY="yes", TMPDIR=str(place))
    said = owner.hear()
    assert said["states"] == ["busy", "frozen"]
    assert all(tools.is_alive(pid) for pid in said["pids"])
    assert left(place)
    owner.process.send_signal(signal.SIGKILL)
    assert_all_gone(tools, said, place)


def test_an_owner_that_ends_by_itself_takes_everything_with_it(
    program: Callable[..., Any], tools: Any, place: Path
) -> None:
    owner = program(OWNER, TMPDIR=str(place))
    said = owner.hear()
    owner.end()
    assert_all_gone(tools, said, place)


def test_an_owner_that_is_terminated_takes_everything_with_it(
    program: Callable[..., Any], tools: Any, place: Path
) -> None:
    owner = program(OWNER + WAITS, BUSY="yes", TMPDIR=str(place))
    said = owner.hear()
    owner.process.terminate()
    assert_all_gone(tools, said, place)


def test_a_child_that_outlives_a_killed_owner_does_not_keep_the_cloud(
    program: Callable[..., Any], tools: Any, place: Path
) -> None:
    fork = "child = os.fork()\nif not child:\n    import signal\n    signal.pause()\nkit.say(child=child)\n"
    owner = program(OWNER + fork + WAITS, TMPDIR=str(place))
    said, child = owner.hear(), owner.hear()["child"]
    try:
        owner.process.send_signal(signal.SIGKILL)
        assert_all_gone(tools, said, place)
        assert tools.is_alive(child)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_child_that_ends_does_not_stop_the_cloud(program: Callable[..., Any], tools: Any) -> None:
    fork = "child = os.fork()\nif not child:\n    raise SystemExit\nos.waitpid(child, 0)\n"
    owner = program(OWNER + fork + ANSWERS)
    assert tools.is_alive(owner.hear()["server"])
    assert owner.hear() == {"count": None}


def test_a_child_uses_the_cloud_of_its_parent(program: Callable[..., Any]) -> None:
    source = """
import multiprocessing
def ask(queue):
    queue.put([e.function for e in aws.environments()] + [cloud.start() is aws])
context = multiprocessing.get_context("fork")
queue = context.Queue()
child = context.Process(target=ask, args=(queue,))
child.start()
kit.say(seen=queue.get(timeout=20))
child.join()
"""
    owner = program(OWNER + source + ANSWERS)
    owner.hear()
    assert owner.hear() == {"seen": ["orders", "orders", True]}
    assert owner.hear() == {"count": None}


def test_interrupting_the_kernel_leaves_the_cloud_running(program: Callable[..., Any], tools: Any) -> None:
    # Not with input(): a signal that comes just before it reads is seen only when it has read.
    waits = """
import time
try:
    kit.say(waits=True)
    while True:
        time.sleep(0.01)
except KeyboardInterrupt:
    kit.say(interrupted=True)
"""
    owner = program(OWNER + waits + ANSWERS + WAITS, own_group=True)
    said = owner.hear()
    assert owner.hear() == {"waits": True}
    os.killpg(owner.process.pid, signal.SIGINT)
    assert owner.hear() == {"interrupted": True}
    assert owner.hear() == {"count": None}
    assert all(tools.is_alive(pid) for pid in said["pids"])


@pytest.mark.skipif(not psutil.LINUX, reason="only Linux ends a process with its parent")
def test_a_server_that_is_killed_leaves_no_environment(program: Callable[..., Any], tools: Any, place: Path) -> None:
    again = "aws = cloud.start()\nkit.say(url=aws.endpoint_url)\n"
    owner = program(OWNER + WAITS + again + WAITS, BUSY="yes", TMPDIR=str(place))
    said = owner.hear()
    (run,) = [p for p in left(place) if (p / "environments").is_dir()]
    os.kill(said["server"], signal.SIGKILL)
    for pid in said["pids"]:
        tools.eventually(lambda pid=pid: not tools.is_alive(pid), "the environment has ended")
    tools.eventually(lambda: not tools.is_alive(said["server"]), "the server has ended")
    assert run.exists()
    owner.go_on()
    assert owner.hear()["url"] != said["url"]
    assert not run.exists()  # the next start removes it


def test_two_owners_at_once_do_not_disturb_each_other(program: Callable[..., Any], tools: Any, place: Path) -> None:
    source = OWNER + WAITS + ANSWERS
    first, second = [program(source, TMPDIR=str(place)) for _ in range(2)]
    one, two = first.hear(), second.hear()
    assert one["url"] != two["url"]
    first.process.kill()
    tools.eventually(lambda: not tools.is_alive(one["server"]), "the first cloud has ended")
    assert all(tools.is_alive(pid) for pid in (two["server"], *two["pids"]))
    second.go_on()
    assert second.hear() == {"count": None}


def test_a_cloud_that_was_started_in_a_thread_outlives_the_thread(program: Callable[..., Any]) -> None:
    source = """
import threading
from kits import cloud_kit as kit
import serverless_cloud as cloud
thread = threading.Thread(target=lambda: (cloud.start(), kit.deploy("price", kit.COUNT), kit.invoke("price")))
thread.start()
thread.join()
kit.say(count=kit.invoke("price").payload["count"], same=cloud.start().is_running)
"""
    owner = program(source)
    assert owner.hear() == {"count": 2, "same": True}
    owner.end()


def test_starts_in_many_threads_at_once_are_one_cloud(program: Callable[..., Any]) -> None:
    source = """
import psutil
from kits import cloud_kit as kit
from concurrent.futures import ThreadPoolExecutor
import serverless_cloud as cloud
with ThreadPoolExecutor(4) as pool:
    clouds = list(pool.map(lambda _: cloud.start(), range(4)))
kit.say(clouds=len(set(map(id, clouds))), servers=len(psutil.Process().children()))
"""
    assert program(source).hear() == {"clouds": 1, "servers": 1}


def test_a_server_that_cannot_start_says_why(program: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "moto").mkdir()
    (tmp_path / "moto" / "__init__.py").write_text("raise ImportError('no moto here')\n", encoding="utf-8")
    source = """
import os
from kits import cloud_kit as kit
import serverless_cloud as cloud
from serverless_cloud import guard
before = dict(os.environ)
error = kit.attempt(cloud.start)
kit.say(error=error, restored=dict(os.environ) == before, armed=guard.is_armed())
"""
    from_here = str(Path(__file__).parent)
    said = program(source, PYTHONPATH=os.pathsep.join([str(tmp_path), from_here]), SERVERLESS_FIRST_ADVICE="").hear()
    kind, text = said["error"]
    assert kind == "CloudDidNotStart"
    assert "no moto here" in text
    assert text.endswith("If a package is missing, install serverless-cloud again with pip.")
    assert (said["restored"], said["armed"]) == (True, False)
