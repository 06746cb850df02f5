"""The local cloud as it is on macOS and Windows, with Linux pretending to be one (tests/pretend).

What the course does otherwise there is what runs here: no signal when a parent dies, no process groups, no stopping by
signals, no fork, no Unix sockets, no numbers of users. What Windows itself does otherwise is not in sight.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from kits import cloud_kit
from kits.cloud_kit import WAITS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pretends on Linux")

TESTS = Path(__file__).resolve().parent
PATH = os.pathsep.join([str(TESTS / "pretend"), str(TESTS)])

#: A function with a child process and a clock of its own; its process pretends as well.
BEGIN = """
import os, sys, psutil
from kits import cloud_kit as kit
import serverless_cloud as cloud
from serverless_cloud.lambda_ import process as seen
aws = cloud.start()
names = ("PYTHONPATH", "SERVERLESS_FIRST_PRETEND")
inside = {"Variables": {**{n: os.environ[n] for n in names}, "SERVERLESS_FIRST_RUNTIME_CLIENT": "python"}}
kit.deploy("clock", '''
import os, subprocess, sys, threading, time
from time import monotonic as now
from serverless_cloud import guard
import serverless_cloud.lambda_.lifecycle
ticks = 0
def tick():
    global ticks
    while True:
        time.sleep(0.01)
        ticks += 1
threading.Thread(target=tick, daemon=True).start()
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
def handler(event, context):
    if event.get("wait"):
        time.sleep(600)
    time.sleep(0.1)
    return {"pid": os.getpid(), "child": child.pid, "before": now(), "ticks": ticks, "after": now()}
''', Environment=inside, Timeout=20)
def state(*pids):
    def one(pid):
        try:
            return psutil.Process(pid).status()
        except psutil.NoSuchProcess:
            return "gone"
    return [one(pid) for pid in pids]
first = kit.invoke("clock", {}).payload
pids = [first["pid"], first["child"]]
"""

LIFE = (
    BEGIN
    + """
import time, boto3
# Its child as well, one by one where there is no group.
kit.eventually(lambda: state(*pids) == ["stopped", "stopped"], "the process and its child stand still")
still_s = time.monotonic()
time.sleep(0.5)
woken_s = time.monotonic()
second = kit.invoke("clock", {}).payload
# One clock for all processes of the machine: between the two looks at the ticks it may have run for this long.
ran_s = still_s - first["before"] + second["after"] - woken_s
boto3.client("lambda").update_function_configuration(FunctionName="clock", Timeout=1)
third = kit.invoke("clock", {}).payload
late = [third["pid"], third["child"]]
error = kit.invoke("clock", {"wait": True}).error
after_timeout = state(*late)
retired = state(*pids)
boto3.client("lambda").update_function_configuration(FunctionName="clock", Timeout=20)
fourth = kit.invoke("clock", {}).payload
aws.reset()
after_reset = state(fourth["pid"], fourth["child"])
below = [p.pid for p in psutil.Process().children(recursive=True)]
aws.stop()
kit.say(platform=seen.sys.platform, real=sys.platform, same=second["pid"] == pids[0],
        ticked=second["ticks"] - first["ticks"], ran_s=ran_s, error=error, after_timeout=after_timeout, retired=retired,
        after_reset=after_reset, left=[s for s in state(*below) if s not in ("gone", "zombie")])
"""
)

JOB = """
import os, sys, tempfile
from kits import cloud_kit as kit, batch_kit as batch
from pathlib import Path
import serverless_cloud as cloud
aws = cloud.start()
done = batch.run("print('rendered')")
command = ["python", "-c", "import os, time; open(os.environ['HERE'], 'w').write(str(os.getpid())); time.sleep(600)"]
here = Path(tempfile.mkdtemp()) / "here"
inside = [{"name": n, "value": os.environ[n]} for n in ("PYTHONPATH", "SERVERLESS_FIRST_PRETEND")]
batch.register(command, "long", environment=[*inside, {"name": "HERE", "value": str(here)}])
job = batch.submit("long")
pid = int(kit.eventually(lambda: here.exists() and here.read_text(), "the job is in its program"))
kit.client("batch").terminate_job(jobId=job, reason="enough lamps")
ended = batch.wait(job)["status"]
kit.eventually(lambda: not kit.is_alive(pid), "the job's program has ended")
aws.stop()
kit.say(done=done["status"], ended=ended)
"""


def pretends(system: str, **more: str) -> dict[str, str]:
    """The variables of a program that pretends."""
    return {"PYTHONPATH": PATH, "SERVERLESS_FIRST_PRETEND": system, **more}


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if cloud_kit.is_alive(pid)]


SYSTEMS = pytest.mark.parametrize("system", ["win32", pytest.param("darwin", marks=pytest.mark.thorough)])


@SYSTEMS
def test_a_function_s_life(program: Callable[..., Any], system: str) -> None:
    said = program(LIFE, **pretends(system)).hear()
    assert (said["platform"], said["real"]) == (system, "linux")
    assert said["same"]
    assert 0 < said["ticked"] <= said["ran_s"] / 0.01 + 2  # half a second frozen would be 50 more
    assert said["error"] == "Unhandled"
    for when in ("after_timeout", "retired", "after_reset"):
        assert set(said[when]) <= {"gone", "zombie"}, when
    assert said["left"] == []


@pytest.mark.thorough
@SYSTEMS
def test_a_notebook_ends_what_a_killed_server_leaves(program: Callable[..., Any], tools: Any, system: str) -> None:
    begin = "kit.say(pids=pids, server=psutil.Process().children()[0].pid)\ninput()\naws = cloud.start()\n"
    source = BEGIN + begin + "kit.say(states=state(*pids), buckets=len(kit.client('s3').list_buckets()['Buckets']))\n"
    owner = program(source, **pretends(system))
    said = owner.hear()
    psutil.Process(said["server"]).kill()
    tools.eventually(lambda: not tools.is_alive(said["server"]), "the server has ended")
    assert alive(said["pids"]) == said["pids"]  # nobody tells them: that is what the system lacks
    owner.go_on()
    said = owner.hear()
    assert set(said["states"]) <= {"gone", "zombie"}
    assert said["buckets"] == 0


@pytest.mark.thorough
@SYSTEMS
def test_the_next_start_ends_what_is_left_of_both(
    program: Callable[..., Any], tools: Any, tmp_path: Path, system: str
) -> None:
    place = tmp_path / "files"
    place.mkdir()
    owner = program(BEGIN + "kit.say(pids=pids, server=psutil.Process().children()[0].pid)\n" + WAITS,
                    **pretends(system, TMPDIR=str(place)))  # fmt: skip
    said = owner.hear()
    owner.process.kill()
    psutil.Process(said["server"]).kill()
    tools.eventually(lambda: not alive([said["server"]]), "the server has ended")
    assert alive(said["pids"]) == said["pids"]
    assert list(place.rglob("run-*"))
    source = (
        "from kits import cloud_kit as kit\nimport serverless_cloud as cloud\ncloud.start().stop()\nkit.say(ok=True)\n"
    )
    assert program(source, **pretends(system, TMPDIR=str(place))).hear()["ok"]
    tools.eventually(lambda: not alive(said["pids"]), "the environment and its child have ended")
    assert list(place.rglob("run-*")) == []


@pytest.mark.thorough
def test_a_job_on_windows_ends_with_its_program(program: Callable[..., Any]) -> None:
    said = program(JOB, **pretends("win32")).hear()
    assert (said["done"], said["ended"]) == ("SUCCEEDED", "FAILED")
