"""Handlers that fail, each in its own way: what Invoke answers and what becomes of the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

from kits.both_ways import IN_BOTH_WAYS
from serverless_cloud import Cloud

pytestmark = IN_BOTH_WAYS


def test_a_handler_that_raises(aws: Cloud, kit: Any) -> None:
    source = (
        "def total(order):\n    return order['lamps'] * 1200\ndef handler(event, context):\n    return total(event)\n"
    )
    kit.deploy("price", source)
    answer = kit.invoke("price", {"quantity": 3})
    assert (answer.status, answer.error) == (200, "Unhandled")
    assert (answer.payload["errorType"], answer.payload["errorMessage"]) == ("KeyError", "'lamps'")
    trace = "".join(answer.payload["stackTrace"])
    assert "price.py" in trace
    assert "return total(event)" in trace
    assert "awslambdaric" not in trace
    assert "[ERROR] KeyError: 'lamps'" in answer.log
    assert kit.invoke("price", {"lamps": 1}).payload == 1200
    assert [e.invocations for e in aws.environments("price")] == [2]


def test_a_handler_that_takes_longer_than_its_timeout(aws: Cloud, kit: Any) -> None:
    source = """
import os, threading
def handler(event, context):
    print("waiting for the lamp")
    if event: threading.Event().wait()
    return os.getpid()
"""
    kit.deploy("price", source, Timeout=1)
    first = kit.invoke("price").payload
    answer = kit.invoke("price", {"wait": True})
    assert (answer.status, answer.error) == (200, "Unhandled")
    assert answer.payload["errorType"] == "Sandbox.Timedout"
    assert answer.payload["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert "waiting for the lamp" in answer.log
    assert "Task timed out after 1.00 seconds" in answer.log
    assert "Status: timeout" in answer.log
    assert [e.state for e in aws.environments("price")] == ["ended"]
    assert not psutil.pid_exists(first)
    second = kit.invoke("price")
    assert second.error is None
    assert second.payload != first
    assert "Init Duration" in second.log


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("sys.exit(1)", "Runtime exited with error: exit status 1"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
@pytest.mark.skipif(psutil.WINDOWS, reason="Windows has no signals")
def test_a_process_that_ends_in_the_middle(aws: Cloud, kit: Any, statement: str, reason: str) -> None:
    source = f"import os, sys\ndef handler(event, context):\n    print('last words')\n    if event: {statement}\n"
    kit.deploy("price", source)
    answer = kit.failed(kit.invoke("price", {"end": True}), "Runtime.ExitError")
    assert answer.payload["errorMessage"].endswith(f"Error: {reason}")
    assert "last words" in answer.log
    assert reason in answer.log
    assert kit.invoke("price").error is None
    assert [e.state for e in aws.environments("price")] == ["ended", "frozen"]


def test_a_frozen_environment_that_is_killed_does_not_disturb_the_next_call(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    pid = kit.invoke("price").payload["pid"]
    psutil.Process(pid).kill()
    kit.eventually(lambda: aws.environments("price")[0].state == "ended", "the loss is noticed")
    answer = kit.invoke("price")
    assert (answer.error, answer.payload["count"]) == (None, 1)
    assert answer.payload["pid"] != pid


def test_processes_that_a_handler_started_end_with_it(kit: Any) -> None:
    source = """
import os, subprocess, sys
def handler(event, context):
    child = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
    if event: print("child", child.pid); sys.stdout.flush(); os._exit(1)
    return child.pid
"""
    kit.deploy("price", source)
    kept = kit.invoke("price").payload
    assert kit.is_alive(kept)
    log = kit.invoke("price", {"crash": True}).log
    crashed = int(log.split("child ")[1].split()[0])
    for child in (kept, crashed):
        kit.eventually(lambda pid=child: not kit.is_alive(pid), "the child has ended with its environment")


INIT_ERRORS = {
    "missing module": (
        "import lampshade\ndef handler(event, context): ...\n",
        "Runtime.ImportModuleError",
        "Unable to import module 'price': No module named 'lampshade'",
    ),
    "syntax": ("def handler(event, context:\n", "Runtime.UserCodeSyntaxError", "Syntax error in module 'price'"),
    "missing handler": (
        "def total(event, context): ...\n",
        "Runtime.HandlerNotFound",
        "Handler 'handler' missing on module 'price'",
    ),
    "raises": ("raise ValueError('no price list')\n", "ValueError", "no price list"),
}


@pytest.mark.parametrize("case", INIT_ERRORS)
def test_init_that_fails(aws: Cloud, kit: Any, case: str) -> None:
    source, kind, message = INIT_ERRORS[case]
    kit.deploy("price", source)
    answer = kit.invoke("price")
    assert (answer.status, answer.error) == (200, "Unhandled")
    assert answer.payload["errorType"] == kind
    assert message in answer.payload["errorMessage"]
    assert "stackTrace" in answer.payload
    assert message in answer.log
    assert answer.log.count("INIT_REPORT") == 2  # Init runs once more, within the call
    assert [e.state for e in aws.environments("price")] == ["ended", "ended"]


@pytest.mark.parametrize("statement", ["os._exit(4)", "sys.exit(4)"])
def test_init_that_ends_its_process(kit: Any, statement: str) -> None:
    kit.deploy("price", f"import os, sys\nprint('last words')\n{statement}\n")
    answer = kit.failed(kit.invoke("price"), "Runtime.ExitError", "exit status 4")
    assert "last words" in answer.log


def test_a_mended_function_works(kit: Any) -> None:
    kit.deploy("price", "raise ValueError('no price list')\n")
    assert kit.invoke("price").error == "Unhandled"
    kit.change_code("price", "def handler(event, context):\n    return 1200\n")
    assert kit.invoke("price").payload == 1200


def test_a_function_that_does_not_exist(kit: Any) -> None:
    through = kit.client("lambda")
    with pytest.raises(through.exceptions.ResourceNotFoundException, match="price"):
        kit.invoke("price", through=through)


def test_an_init_that_runs_again_counts_as_time_of_the_call(kit: Any, tmp_path: Path) -> None:
    flag = tmp_path / "second"
    source = f"""
import pathlib, time
flag = pathlib.Path({str(flag)!r})
if not flag.exists():
    flag.touch()
    raise OSError("no price list")
time.sleep(0.4)
def handler(event, context):
    return context.get_remaining_time_in_millis()
"""
    kit.deploy("price", source, Timeout=20)
    answer = kit.invoke("price")
    assert answer.error is None
    assert answer.payload < 19_600
    (report,) = [line for line in answer.log.splitlines() if line.startswith("REPORT")]
    fields = dict(field.split(": ") for field in report.strip().split("\t"))
    assert float(fields["Duration"].removesuffix(" ms")) > 400
    assert float(fields["Billed Duration"].removesuffix(" ms")) > float(fields["Duration"].removesuffix(" ms"))
    assert "Init Duration" not in fields


@pytest.mark.parametrize("handler", ["price", ".handler", "price."])
def test_a_handler_name_that_the_runtime_cannot_use(kit: Any, handler: str) -> None:
    kit.deploy("price", "def handler(event, context):\n    return 1\n", Handler=handler)
    answer = kit.invoke("price")
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"].startswith(("Runtime.", "ValueError"))
