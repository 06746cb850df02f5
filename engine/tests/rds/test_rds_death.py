"""However a kernel, the cloud's server, an instance's process or PostgreSQL ends: nothing of a database is left."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from kits.cloud_kit import WAITS

pytestmark = pytest.mark.skipif(psutil.WINDOWS, reason="signals as on Unix")

#: An owner of two instances, one of them with clients: one in a long query, one busy without a pause, one that is idle.
OWNER = """
import os, subprocess, sys, threading, psutil
from kits import cloud_kit as kit, rds_kit as rk
import serverless_cloud as cloud
aws = cloud.start()
shop, stock = rk.create("shop"), rk.create("stock")
idle = rk.connect(shop)
for sql in ("SELECT pg_sleep(600)", "SELECT count(*) FROM generate_series(1, 100000000000)"):
    threading.Thread(target=kit.attempt, args=(lambda sql=sql: rk.value(shop, sql),), daemon=True).start()
active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend'"
kit.eventually(lambda: idle.execute(active).fetchone() == (3,), "both queries run")
me = psutil.Process().pid
servers = rk.postmasters(me)
kit.say(server=psutil.Process(me).children()[0].pid, instances=[p.pid for p in rk.instance_processes(me)],
        postmasters=[p.pid for p in servers],
        all=[p.pid for p in psutil.Process(me).children(recursive=True)],
        folders=[str(rk.data_folder(p).parent) for p in servers],
        segments=[s for p in servers for s in rk.segments(p.pid)] if psutil.LINUX else [],
        ports=[shop["Endpoint"]["Port"], stock["Endpoint"]["Port"]])
"""


@pytest.fixture
def owner(program: Callable[..., Any], place: Path) -> tuple[Any, dict[str, Any]]:
    """The owner and what it says."""
    started = program(OWNER + WAITS, TMPDIR=str(place))
    said = started.hear()
    assert len(said["postmasters"]) == 2
    assert len(said["all"]) > 10
    if psutil.LINUX:
        assert len(said["segments"]) == 2
    # By process, not by number alone: a number may be another process's by the time that it is used.
    said["processes"] = {pid: psutil.Process(pid) for pid in said["all"] if psutil.pid_exists(pid)}
    return started, said


def kill(said: dict[str, Any], *pids: int) -> None:
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess, KeyError):
            said["processes"][pid].kill()


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def segments_there() -> set[int]:
    lines = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]
    return {int(line.split()[1]) for line in lines}


def assert_all_gone(tools: Any, said: dict[str, Any], place: Path) -> None:
    for pid in said["all"]:
        tools.eventually(lambda pid=pid: not tools.is_alive(pid), f"process {pid} has ended")
    for folder in map(Path, said["folders"]):
        tools.eventually(lambda folder=folder: not folder.exists(), f"{folder} is gone")
    tools.eventually(lambda: not list(place.rglob("run-*")), "the runs' folders are gone")
    if psutil.LINUX:
        tools.eventually(lambda: not segments_there() & set(said["segments"]), "the shared memory is free")
    tools.eventually(lambda: not any(map(accepts, said["ports"])), "the ports are closed")


def test_a_kernel_that_is_killed(owner: tuple[Any, dict[str, Any]], tools: Any, place: Path) -> None:
    program, said = owner
    program.process.send_signal(signal.SIGKILL)
    assert_all_gone(tools, said, place)


def test_a_kernel_that_ends_by_itself(owner: tuple[Any, dict[str, Any]], tools: Any, place: Path) -> None:
    program, said = owner
    program.go_on()
    assert_all_gone(tools, said, place)


def test_a_server_that_is_killed(owner: tuple[Any, dict[str, Any]], tools: Any, place: Path) -> None:
    program, said = owner
    kill(said, said["server"])
    for pid in said["all"]:
        tools.eventually(lambda pid=pid: not tools.is_alive(pid), f"process {pid} has ended")
    for folder in map(Path, said["folders"]):
        tools.eventually(lambda folder=folder: not folder.exists(), f"{folder} is gone")
    program.go_on()
    assert_all_gone(tools, said, place)


def test_everything_below_a_kernel_is_killed_at_once(
    owner: tuple[Any, dict[str, Any]], tools: Any, place: Path
) -> None:
    program, said = owner
    for process in said["processes"].values():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()  # nobody can clean up before it is killed
    kill(said, *said["all"])
    for folder in map(Path, said["folders"]):
        tools.eventually(lambda folder=folder: not folder.exists(), f"{folder} is gone")
    program.go_on()
    assert_all_gone(tools, said, place)


def test_what_the_kernel_could_not_remove_goes_with_the_next_start(
    owner: tuple[Any, dict[str, Any]], program: Callable[..., Any], tools: Any, place: Path
) -> None:
    first, said = owner
    first.process.send_signal(signal.SIGSTOP)
    kill(said, said["server"], *said["instances"], *said["postmasters"])
    first.process.kill()
    first.process.wait(30)
    second = program("import serverless_cloud as cloud\ncloud.start().stop()\n", TMPDIR=str(place))
    second.end()
    assert_all_gone(tools, said, place)


def test_an_instance_process_that_is_killed_takes_its_postgresql_and_nothing_else(
    program: Callable[..., Any], tools: Any, place: Path
) -> None:
    source = """
import os, signal
victim = rk.instance_processes(me)[0]
(server,) = victim.children()
folder = rk.data_folder(server).parent
below, segments = [p.pid for p in victim.children(recursive=True)], rk.segments(server.pid) if psutil.LINUX else []
victim.kill()
name = kit.eventually(lambda: next((n for n in ("shop", "stock") if rk.describe(n)["DBInstanceStatus"] == "failed"),
                                   None), "one of them has failed")
for pid in below:
    kit.eventually(lambda: not kit.is_alive(pid), "PostgreSQL has ended")
kit.eventually(lambda: not folder.exists(), "its folder is gone")
other = {"shop": "stock", "stock": "shop"}[name]
answer = rk.value(rk.describe(other), "SELECT 7")
error = kit.attempt(lambda: aws.database_address(name))
kit.client("rds").delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
rk.until_gone(name)
kit.say(answer=answer, error=error, segments=segments, other=rk.describe(other)["DBInstanceStatus"])
"""
    started = program(OWNER + source + WAITS, TMPDIR=str(place))
    said, after = started.hear(), started.hear()
    assert (after["answer"], after["other"]) == (7, "available")
    assert after["error"][0] == "CloudError"
    assert "is failed, not available. The process of the DB instance has ended." in after["error"][1]
    if psutil.LINUX:
        assert len(after["segments"]) == 1
        assert segments_there() & set(after["segments"]) == set()
    started.go_on()
    assert_all_gone(tools, said, place)


def test_an_instance_that_was_stopped_goes_with_its_kernel(
    program: Callable[..., Any], tools: Any, place: Path
) -> None:
    source = """
kit.client("rds").stop_db_instance(DBInstanceIdentifier="stock")
rk.until("stock", "stopped")
kit.client("rds").create_db_instance(**rk.order("third"))
kit.say()
"""
    started = program(OWNER + source + WAITS, TMPDIR=str(place))
    said = started.hear()
    started.hear()
    started.process.send_signal(signal.SIGKILL)
    assert_all_gone(tools, said, place)
