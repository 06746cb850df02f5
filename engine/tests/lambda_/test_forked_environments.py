"""Environments that are forked from a template process: what they share with it, and what they don't (Linux)."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from serverless_cloud import Cloud
from serverless_cloud.lambda_ import forking
from serverless_cloud.lambda_.forking import CannotFork, Template

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forked on Linux only")

#: Says at the start of Init what the process has found, before it has imported anything but these.
FOUND = """
import os, signal, sys, threading
found = {
    "loaded": sorted(sys.modules),
    "files": {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
              if os.path.lexists(f"/proc/self/fd/{fd}")},
    "threads": [thread.name for thread in threading.enumerate()],
    "signals": {str(number): str(signal.getsignal(number)) for number in signal.valid_signals()},
    "environ": dict(os.environ), "folder": os.getcwd(), "mask": os.umask(0o022),
    "path": sys.path, "session": os.getsid(0) == os.getpid(), "group": os.getpgid(0) == os.getpid(),
}
def handler(event, context):
    return found
"""
SEEDS = """
import os, random, uuid, secrets, tempfile
seeds = [random.random(), str(uuid.uuid4()), secrets.token_hex(), os.path.basename(tempfile.mktemp())]
def handler(event, context):
    import time
    time.sleep(0.2)
    return seeds
"""
RUDE = """
import builtins, json, os
builtins.print = None
json.dumps = json.loads
os.environ["X"] = "1"
def handler(event, context):
    return None
"""
#: Variables that differ between environments or runs.
OWN = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API"}
OWN |= {"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "_HANDLER"}
OWN |= {"LAMBDA_TASK_ROOT", "HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "AWS_ENDPOINT_URL"}


def parent_of(aws: Cloud, name: str) -> psutil.Process:
    (environment,) = [e for e in aws.environments(name) if e.state != "ended"]
    parent = psutil.Process(environment.pid).parent()
    assert parent is not None
    return parent


def test_an_environment_is_forked_from_the_servers_template(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    kit.invoke("price")
    template = parent_of(aws, "price")
    assert "--template" in template.cmdline()
    assert template.ppid() == aws.environments.__self__._server.pid  # type: ignore[attr-defined]


def test_it_finds_nothing_of_the_learners_or_of_others(kit: Any) -> None:
    kit.deploy("first", "import boto3, random\ndef handler(event, context):\n    return 1\n")
    kit.invoke("first")
    kit.deploy("found", FOUND)
    found = kit.invoke("found").payload
    assert {"boto3", "botocore", "moto", "ssl", "random", "app"} & set(found["loaded"]) == set()
    assert found["threads"] == ["MainThread"]
    assert {number: where for number, where in found["files"].items() if not re.search(r"/fd(/|$)", where)} == {
        "0": os.devnull, "1": found["files"]["1"], "2": found["files"]["1"],
    }  # fmt: skip
    assert found["files"]["1"].endswith("/output.log")


def test_it_finds_what_a_new_program_finds(kit: Any) -> None:
    kit.deploy("forked", FOUND)
    kit.deploy("started", FOUND, Environment={"Variables": {"PYTHONDONTWRITEBYTECODE": "1"}})
    forked, started = kit.invoke("forked").payload, kit.invoke("started").payload
    for found in (forked, started):
        found["environ"] = {name: value for name, value in found["environ"].items() if name not in OWN}
    assert started["environ"].pop("PYTHONDONTWRITEBYTECODE") == "1"
    forked["folder"], started["folder"] = (Path(found["folder"]).parent for found in (forked, started))
    forked["path"], started["path"] = forked["path"][1:], started["path"][1:]
    for what in ("signals", "environ", "folder", "mask", "path", "session", "group", "threads"):
        assert forked[what] == started[what], what


def test_variables_that_python_reads_at_its_start_hold(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", "import sys\ndef handler(event, context):\n    return sys.path\n",
               Environment={"Variables": {"PYTHONPATH": "/opt/hikari"}})  # fmt: skip
    assert "/opt/hikari" in kit.invoke("price").payload
    assert "--template" not in parent_of(aws, "price").cmdline()


def test_each_has_its_own_random_numbers(kit: Any) -> None:
    kit.deploy("price", SEEDS)
    seeds = [answer.payload for answer in kit.invoke_at_once("price", [{}] * 4)]
    assert all(len(set(column)) == 4 for column in zip(*seeds, strict=True)), seeds


def test_what_one_does_to_its_process_stays_there(kit: Any) -> None:
    kit.deploy("rude", RUDE)
    kit.invoke("rude")
    kit.deploy("price", "import os\nprint('heard')\ndef handler(event, context):\n    return os.environ.get('X')\n")
    answer = kit.invoke("price")
    assert (answer.payload, "heard" in answer.log) == (None, True)


def test_a_killed_template_takes_its_environments_along_and_is_replaced(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    first = kit.invoke("price").payload
    template = parent_of(aws, "price")
    template.send_signal(signal.SIGKILL)
    kit.eventually(lambda: not psutil.pid_exists(first["pid"]), "the environment has ended with the template")
    kit.eventually(lambda: [e.state for e in aws.environments("price")] == ["ended"], "the server has noticed")
    second = kit.invoke("price").payload
    assert second["count"] == 1
    assert parent_of(aws, "price").pid not in (template.pid, psutil.Process(second["pid"]).pid)


def test_a_reset_leaves_no_environment_and_the_template(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    pid, template = kit.invoke("price").payload["pid"], parent_of(aws, "price")
    aws.reset()
    assert not psutil.pid_exists(pid)
    assert template.children() == []


def test_exit_codes_and_signals_are_told(kit: Any) -> None:
    kit.deploy("leaves", "import os\ndef handler(event, context):\n    os._exit(event)\n")
    assert "exit status 3" in str(kit.invoke("leaves", 3).payload)
    kit.deploy("killed", "import os, signal\ndef handler(event, context):\n    os.kill(os.getpid(), signal.SIGKILL)\n")
    assert "signal: killed" in str(kit.invoke("killed").payload)


def test_without_a_template_a_new_program_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that has no room for a template at that moment."""
    template = Template()

    def refuse() -> None:
        raise CannotFork("none today")

    monkeypatch.setattr(template, "_connected", refuse)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # a runtime API that never answers: the program waits
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        environ = {"AWS_LAMBDA_RUNTIME_API": address, "LAMBDA_TASK_ROOT": str(tmp_path), "PATH": os.environ["PATH"]}
        process = template.start("app.handler", environ, tmp_path, tmp_path / "log")
        assert psutil.Process(process.pid).ppid() == os.getpid()
        process.kill()
        assert process.wait() == -signal.SIGKILL


def test_a_folder_that_is_gone_is_an_error_and_no_process_is_left(kit: Any, tmp_path: Path) -> None:
    template = Template()
    with pytest.raises(FileNotFoundError):
        template.start("app.handler", {"PATH": os.environ["PATH"]}, tmp_path / "gone", tmp_path / "log")
    assert template._link is not None
    process = psutil.Process(template._link.process.pid)
    kit.eventually(lambda: not process.children(), "the template has no child")
    template.close()
    assert not process.is_running()


class SlowTemplate:
    """The link of a template whose answers a test writes, in the place of the process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ours = socket.socket()

        def spawn(*arguments: Any) -> Any:
            self.ours = socket.socket(fileno=os.dup(arguments[-1]))
            return subprocess.Popen(["sleep", "60"])

        monkeypatch.setattr(forking, "spawn", spawn)
        monkeypatch.setattr(forking, "ANSWERS_WITHIN_S", 0.05)
        self.link = forking._Link()
        self.answer(ready=True)

    def answer(self, **message: object) -> None:
        self.ours.send(json.dumps(message).encode())

    def close(self) -> None:
        self.link.process.kill()
        self.ours.close()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowTemplate]:
    template = SlowTemplate(monkeypatch)
    yield template
    template.close()


@pytest.mark.parametrize(
    "late",
    [{"error": "no room"}, {"pid": 2**22 + 1}, {"status": 1}],
    ids=["an error", "a process that is gone", "an end"],
)
def test_an_answer_that_comes_too_late_stops_nothing(slow: SlowTemplate, tmp_path: Path, late: dict[str, Any]) -> None:
    with pytest.raises(TimeoutError):
        slow.link.fork("app.handler", {}, tmp_path, tmp_path / "log")
    slow.answer(id=0, **late)
    with ThreadPoolExecutor(1) as threads:
        forking.ANSWERS_WITHIN_S = 20.0
        forked = threads.submit(slow.link.fork, "app.handler", {}, tmp_path, tmp_path / "log")
        slow.ours.recv(forking._LARGEST_ANSWER)  # the request that nobody answered in time
        slow.ours.recv(forking._LARGEST_ANSWER)
        slow.answer(id=1, pid=os.getpid())
        assert forked.result().pid == os.getpid()
        slow.answer(id=1, status=3)
        assert forked.result().wait() == 3


def test_a_process_that_ends_before_it_is_an_environment_is_told_at_once(slow: SlowTemplate, tmp_path: Path) -> None:
    forking.ANSWERS_WITHIN_S = 20.0
    with ThreadPoolExecutor(1) as threads:
        forked = threads.submit(slow.link.fork, "app.handler", {}, tmp_path, tmp_path / "log")
        slow.ours.recv(forking._LARGEST_ANSWER)
        slow.answer(id=0, status=1)
        with pytest.raises(CannotFork, match="ended before"):
            forked.result()


def test_a_template_that_still_loads_is_asked_for_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(forking, "READY_WITHIN_S", 0.0)
    monkeypatch.setattr(SlowTemplate, "answer", lambda *_args, **_message: None)
    template = SlowTemplate(monkeypatch)
    with pytest.raises(CannotFork, match="still loading"):
        template.link.fork("app.handler", {}, tmp_path, tmp_path / "log")
    template.close()
