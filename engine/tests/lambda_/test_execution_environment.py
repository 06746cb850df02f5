"""Where a handler runs: a process of its own, reused, frozen between calls."""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from kits.both_ways import IN_BOTH_WAYS
from serverless_cloud import Cloud
from serverless_cloud.lambda_.lifecycle import TRANSITIONS, State

pytestmark = IN_BOTH_WAYS

TICKER = """
import os, threading, time
file = os.environ["TICKS"]
def tick():
    count = 0
    while True:
        count += 1
        with open(file + ".new", "w") as out:
            out.write(str(count))
        os.replace(file + ".new", file)
        time.sleep(0.001)
threading.Thread(target=tick, daemon=True).start()
def ticks():
    try:
        with open(file) as text:
            return int(text.read())
    except FileNotFoundError:
        return 0
def handler(event, context):
    target = ticks() + 20
    while ticks() < target:
        time.sleep(0.001)
    return ticks()
"""


def test_a_function_from_a_zip_answers(kit: Any) -> None:
    kit.deploy("price", "def handler(event, context):\n    return event['quantity'] * 1200\n")
    answer = kit.invoke("price", {"quantity": 3})
    assert (answer.payload, answer.error, answer.status) == (3600, None, 200)


def test_the_environment_is_a_process_that_the_server_started(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    answer = kit.invoke("price").payload
    (server,) = [c for c in psutil.Process().children() if "serverless_cloud.server" in " ".join(c.cmdline())]
    assert answer["pid"] not in (os.getpid(), server.pid)
    assert [process.pid for process in kit.environment_processes(server)] == [answer["pid"]]
    assert [e.pid for e in aws.environments("price")] == [answer["pid"]]


def test_module_state_is_kept_between_two_calls(kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    first, second = kit.invoke("price").payload, kit.invoke("price").payload
    assert (first["count"], second["count"]) == (1, 2)
    assert first["pid"] == second["pid"]


@pytest.mark.parametrize("calls", [2, 8])
def test_calls_at_the_same_moment_get_an_environment_each(aws: Cloud, kit: Any, tmp_path: Path, calls: int) -> None:
    kit.deploy("orders", kit.MEET, Timeout=60)
    answers = kit.invoke_at_once("orders", [{"folder": str(tmp_path), "of": calls}] * calls)
    assert len({a.payload for a in answers}) == calls
    assert len(aws.environments("orders")) == calls


def test_the_most_recently_used_environment_serves(kit: Any, tmp_path: Path) -> None:
    source = kit.WAIT + (
        "def handler(event, context):\n"
        "    if event:\n"
        "        open(event['here'], 'w').close()\n"
        "        wait_for(lambda: os.path.exists(event['leave']))\n"
        "    return os.getpid()\n"
    )
    kit.deploy("orders", source, Timeout=60)
    with ThreadPoolExecutor(2) as pool:
        calls = []
        for name in ("first", "second"):
            event = {"here": str(tmp_path / name), "leave": str(tmp_path / f"{name}-leaves")}
            calls.append(pool.submit(kit.invoke, "orders", event))
            kit.eventually((tmp_path / name).exists, f"the {name} call is inside its handler")
        # The one that was started first comes back last: it is then the most recently used.
        (tmp_path / "second-leaves").touch()
        second = calls[1].result().payload
        (tmp_path / "first-leaves").touch()
        first = calls[0].result().payload
    assert first != second
    assert [kit.invoke("orders").payload for _ in range(3)] == [first] * 3


@pytest.mark.skipif(not psutil.LINUX, reason="only Linux names the state of a stopped process so")
def test_the_process_is_stopped_between_calls_and_runs_during_one(aws: Cloud, kit: Any, tmp_path: Path) -> None:

    kit.deploy("orders", kit.MEET, Timeout=60)
    pid = kit.invoke("orders", {"folder": str(tmp_path), "of": 1}).payload
    process = psutil.Process(pid)
    kit.eventually(lambda: process.status() == psutil.STATUS_STOPPED, "the frozen process is stopped")
    assert [e.state for e in aws.environments("orders")] == ["frozen"]
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(kit.invoke, "orders", {"folder": str(tmp_path), "of": 3})
        kit.eventually(lambda: len(list(tmp_path.iterdir())) == 2, "the second call is inside the handler")
        assert [e.state for e in aws.environments("orders")] == ["busy"]
        assert process.status() != psutil.STATUS_STOPPED
        (tmp_path / "one-more").touch()
        assert call.result().payload == pid
    kit.eventually(lambda: process.status() == psutil.STATUS_STOPPED, "the process is stopped again")


def test_a_thread_stands_still_while_its_environment_is_frozen(aws: Cloud, kit: Any, tmp_path: Path) -> None:
    frozen, running = tmp_path / "frozen", tmp_path / "running"
    kit.deploy("price", TICKER, Environment={"Variables": {"TICKS": str(frozen)}}, Timeout=30)
    kit.deploy("orders", TICKER, Environment={"Variables": {"TICKS": str(running)}}, Timeout=30)
    assert kit.invoke("price").payload >= 20  # the thread runs during a call
    process = psutil.Process(aws.environments("price")[0].pid)
    if psutil.LINUX:
        kit.eventually(lambda: process.status() == psutil.STATUS_STOPPED, "it is frozen")
    before = frozen.read_text(encoding="ascii")
    assert kit.invoke("orders").payload >= 20  # long enough for twenty ticks of a thread that runs
    assert frozen.read_text(encoding="ascii") == before
    assert kit.invoke("price").payload >= int(before) + 20  # and it goes on where it was


@pytest.mark.skipif(not psutil.POSIX, reason="states of processes are told apart as on Unix")
def test_what_a_handler_has_started_is_frozen_with_it(kit: Any) -> None:
    source = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
def handler(event, context):
    return child.pid
"""
    kit.deploy("price", source)
    child = psutil.Process(kit.invoke("price").payload)
    kit.eventually(lambda: child.status() == psutil.STATUS_STOPPED, "it is frozen")


def test_the_environment_has_what_lambda_gives_a_handler(kit: Any) -> None:
    source = """
import os, tempfile, pathlib
def handler(event, context):
    place = pathlib.Path(tempfile.gettempdir(), "note")
    seen = place.exists()
    place.write_text("lamp")
    return {"environ": dict(os.environ), "seen": seen, "name": context.function_name,
            "arn": context.invoked_function_arn, "version": context.function_version,
            "memory": context.memory_limit_in_mb, "cwd": os.getcwd(),
            "left_ms": context.get_remaining_time_in_millis(), "group": context.log_group_name}
"""
    arn = kit.deploy("price", source, MemorySize=256, Environment={"Variables": {"SHOP": "Hikari ランプ"}})
    first, again = kit.invoke("price").payload, kit.invoke("price").payload
    environ = first["environ"]
    assert environ["SHOP"] == "Hikari ランプ"
    assert (environ["AWS_LAMBDA_FUNCTION_NAME"], environ["AWS_REGION"]) == ("price", "us-east-1")
    assert environ["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert (first["name"], first["arn"], first["version"]) == ("price", arn, "$LATEST")
    assert (first["memory"], first["group"]) == ("256", "/aws/lambda/price")
    assert first["cwd"] == environ["LAMBDA_TASK_ROOT"]
    assert 0 < first["left_ms"] <= 3000
    assert (first["seen"], again["seen"]) == (False, True)  # the temporary folder lives as long as the environment


def test_every_move_of_the_life_cycle_happens_to_real_environments(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", "import os\ndef handler(event, context):\n    if event: os._exit(1)\n")
    assert kit.publish("price") == "1"
    kit.client("lambda").put_provisioned_concurrency_config(
        FunctionName="price", Qualifier="1", ProvisionedConcurrentExecutions=1
    )
    kit.eventually(lambda: [e for e in aws.environments("price") if e.state == "frozen"], "one is provisioned")
    kit.invoke("price")  # init, busy, frozen
    kit.invoke("price")  # frozen, busy, frozen
    kit.invoke("price", {"end": True})  # busy, ended
    kit.invoke("price")
    kit.change_code("price", "raise ValueError('no price list')\n")  # frozen, ended
    kit.invoke("price")  # init, ended
    kit.invoke("price", Qualifier="1")  # the one that was frozen after Init
    states = {"init": State.INIT, "invoke": State.BUSY, "frozen": State.FROZEN}
    lives = {e.id: [] if e.state != "ended" else [State.ENDED] for e in aws.environments("price")}
    for row in reversed(aws.timeline("price")):
        lives[row.environment].insert(0, states[row.phase])
    seen = {step for life in lives.values() for step in itertools.pairwise(life)}
    assert seen == {(state, target) for (state, _), target in TRANSITIONS.items()}
