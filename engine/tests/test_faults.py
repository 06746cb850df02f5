"""Faults of a learner's machine: each is survived, or a message says what is wrong and what to do (docs/faults.md)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from serverless_cloud.core import disk

#: A function that reads and prints letters of other languages, and a database; then the process's umask.
SHOP = """
HANDLER = '''
def handler(event, context):
    print("電球")
    return ["ランプ", open(__file__, encoding="utf-8").read().count("ランプ")]
'''
import os
from kits import cloud_kit as kit, rds_kit as rk
import serverless_cloud as cloud
aws = cloud.start()
kit.deploy("price", HANDLER)
answer = kit.invoke("price")
said = dict(answer=answer.payload, logged="電球" in answer.log)
if os.environ.get("DATABASE"):
    said["row"] = rk.value(rk.create("shop"), "SELECT 'ランプ'")
kit.say(**said)
"""

#: A resolver that knows localhost by ::1 alone, as on a machine without IPv4 in its hosts file.
IPV6_ONLY = """
import socket
_real = socket.getaddrinfo
def _six(host, port, family=0, *more, **named):
    if host not in ("localhost", b"localhost"):
        return _real(host, port, family, *more, **named)
    if family == socket.AF_INET:
        raise socket.gaierror(socket.EAI_NONAME, "localhost has no such address")
    return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", int(port or 0), 0, 0))]
socket.getaddrinfo = _six
"""

#: A local cloud in this very process, whose computer's clock the program puts forward and back.
JUMPS = """
import threading, time, moto.core.utils as utils
from kits import batch_kit as batch, cloud_kit as kit
from datetime import timedelta
from serverless_cloud.notebook import surroundings
from serverless_cloud.server import CloudServer
import os, tempfile
from pathlib import Path
server = CloudServer()
threading.Thread(target=server.serve, daemon=True).start()
surroundings.apply(surroundings.local_environ(os.environ, server.endpoint_url, "us-east-1", Path(tempfile.mkdtemp())))
shift_s, real, real_utc = 0.0, time.time, utils.utcnow
time.time = lambda: real() + shift_s
utils.utcnow = lambda: real_utc() + timedelta(seconds=shift_s)
sqs = kit.client("sqs")

def queue(name, timeout_s, delay_s="0"):
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": timeout_s})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=name, DelaySeconds=int(delay_s))
    return url

TIMES = ["SentTimestamp", "ApproximateFirstReceiveTimestamp"]

def received(url, wait_s=0, told=()):
    found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=wait_s, MessageSystemAttributeNames=list(told))
    if told:
        return [int(found["Messages"][0]["Attributes"][name]) for name in told]
    return [m["Body"] for m in found.get("Messages", [])]

long, later = queue("long", "600"), queue("later", "600", "600")
kit.deploy("price", kit.COUNT)
first = kit.invoke("price").payload["count"]
short, soon = queue("short", "2"), queue("soon", "600", "2")
kit.say(taken=received(short) + received(long))
shift_s = 3600.0
early = received(long) + received(later)
time.sleep(1.5)  # the fleet has looked for idle environments
kit.say(early=early, counts=[first, kit.invoke("price").payload["count"]])
told = [batch.run("print('lamp')")["stoppedAt"], *received(queue("after", "600"), told=TIMES), time.time() * 1000]
kit.say(told=told)
shift_s = -3600.0
kit.say(again=received(short, 10), soon=received(soon, 10), hidden=received(long))
(environment,) = server.plane.fleet.of("123456789012", "us-east-1", "price")
kit.say(init=0 < environment.init_ms < 60_000, used=environment.last_used_s >= environment.created_s)
server.stop_soon()
"""


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 1 MB, in a folder that others may enter: as root PostgreSQL runs as nobody.

    A test asks for it before `program`, so that its program ends while the disk is still there.
    """
    if not psutil.LINUX or os.geteuid() != 0:
        pytest.skip("only root of Linux can mount a small disk")
    base = Path(tempfile.mkdtemp(prefix="small-disk-"))
    base.chmod(0o711)
    place = base / "small disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        if not mounted:
            pytest.skip("this machine does not let us mount a disk")
        yield place
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)
        shutil.rmtree(base)


FILL = """
def fill(free):
    place = os.environ["TMPDIR"]
    there = os.statvfs(place)
    with open(place + "/ballast", "ab") as file:
        file.write(bytes(max(0, there.f_bavail * there.f_frsize - free)))
import os, tempfile
tempfile.gettempdir()  # asked once; from then on this disk is the one
"""


def test_a_strange_machine_is_survived(program: Callable[..., Any], tmp_path: Path) -> None:
    """No home folder, umask 077, locale C without UTF-8, localhost by IPv6 alone, strange names: all at once."""
    place = tmp_path / "temporär 電球 files"
    place.mkdir()
    source = IPV6_ONLY + "import os\nos.umask(0o077)\n" + SHOP
    said = program(
        source,
        **{"HOME": str(tmp_path / "nowhere"), "USER": "山田", "LOGNAME": "山田", "TMPDIR": str(place)},
        **{"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "DATABASE": "yes"},
    ).hear()
    assert said == {"answer": ["ランプ", 2], "logged": True, "row": "ランプ"}


def test_a_clock_that_is_put_forward_and_back_changes_no_wait(program: Callable[..., Any]) -> None:
    started = program(JUMPS)
    assert started.hear() == {"taken": ["short", "long"]}
    # An hour forward: what is hidden or delayed stays so, and an idle environment lives.
    assert started.hear() == {"early": [], "counts": [1, 2]}
    # What is told of a message and of a job is the time of the computer, as it is now: the job's end comes first.
    told_ms = started.hear()["told"]
    assert told_ms == sorted(told_ms)
    assert told_ms[-1] - told_ms[0] < 1_800_000  # the jump is of an hour
    # An hour back: what was hidden or delayed for a second comes within ten.
    assert started.hear() == {"again": ["short"], "soon": ["soon"], "hidden": []}
    assert started.hear() == {"init": True, "used": True}


def test_a_disk_that_is_full_when_the_cloud_starts(small_disk: Path, program: Callable[..., Any]) -> None:
    source = FILL + "fill(0)\nfrom kits import cloud_kit as kit\nimport serverless_cloud as cloud\n"
    (kind, text) = program(source + "kit.say(error=kit.attempt(cloud.start))", TMPDIR=str(small_disk)).hear()["error"]
    assert kind == "CloudDidNotStart"
    assert f"The disk that holds {small_disk} is full. Delete files there" in text
    assert list(small_disk.rglob("run-*")) == []


def test_a_disk_that_fills_up_while_the_cloud_runs(small_disk: Path, program: Callable[..., Any]) -> None:
    source = """
from kits import cloud_kit as kit
import serverless_cloud as cloud
aws = cloud.start()
kit.deploy("price", kit.COUNT)
fill(0)
error = kit.attempt(lambda: kit.invoke("price"))
os.remove(os.environ["TMPDIR"] + "/ballast")
kit.say(error=error, count=kit.invoke("price").payload["count"])
"""
    started = program(FILL + source, TMPDIR=str(small_disk))
    said = started.hear()
    assert f"The disk that holds {small_disk} is full. Delete files there" in said["error"][1]
    assert said["count"] == 1  # with room again it goes on
    started.end()
    assert list(small_disk.rglob("run-*")) == []


@pytest.mark.thorough
def test_a_database_on_a_disk_that_is_full(small_disk: Path, program: Callable[..., Any]) -> None:
    source = "from kits import cloud_kit as kit, rds_kit as rk\nimport serverless_cloud as cloud\ncloud.start()\n"
    said = program(
        FILL + source + "kit.say(error=kit.attempt(lambda: rk.create('shop')))", TMPDIR=str(small_disk)
    ).hear()
    assert "No space left on device" in said["error"][1]
    assert f"The disk that holds {small_disk} is full. Delete files there" in said["error"][1]


def test_what_is_said_of_a_full_disk_is_said_of_nothing_else() -> None:
    assert disk.with_advice("FATAL:  could not write to file: No space left on device").endswith(
        "on another disk and restart the kernel."
    )
    assert disk.with_advice("[Errno 13] Permission denied: '/lamps'") == "[Errno 13] Permission denied: '/lamps'"


def test_a_log_on_a_full_disk_does_not_fail_what_is_logged() -> None:
    class Full:
        encoding = "utf-8"

        def write(self, _text: str) -> int:
            raise OSError(28, os.strerror(28))

    log: Any = disk.PatientLog(Full())  # type: ignore[arg-type]
    print("lamp", file=log, flush=True)
    assert log.encoding == "utf-8"
