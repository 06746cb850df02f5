"""What ends environments: new code, new configuration, deletion, idleness, reset. And what the cloud tells of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

import serverless_cloud as cloud
from serverless_cloud import Cloud


def new_code(kit: Any) -> None:
    kit.change_code("price", kit.HOLD + "generation = 2\n")


def new_memory_size(kit: Any) -> None:
    kit.client("lambda").update_function_configuration(FunctionName="price", MemorySize=512)


def new_variables(kit: Any) -> None:
    settings = {"Variables": {"SHOP": "Hikari"}}
    kit.client("lambda").update_function_configuration(FunctionName="price", Environment=settings)


def deletion(kit: Any) -> None:
    kit.client("lambda").delete_function(FunctionName="price")


CHANGES = pytest.mark.parametrize("change", [new_code, new_memory_size, new_variables, deletion])


@CHANGES
def test_a_change_ends_the_environments_that_are_free(aws: Cloud, kit: Any, change: Callable[[Any], None]) -> None:
    kit.deploy("price", kit.HOLD)
    kit.deploy("orders", kit.COUNT)
    old, bystander = kit.invoke("price").payload, kit.invoke("orders").payload["pid"]
    change(kit)
    assert [e.state for e in aws.environments("price")] == ["ended"]
    assert not psutil.pid_exists(old)
    assert psutil.pid_exists(bystander)
    if change is not deletion:
        assert kit.invoke("price").payload != old


@CHANGES
def test_an_environment_that_is_busy_finishes_its_call_first(
    aws: Cloud, kit: Any, tmp_path: Path, change: Callable[[Any], None]
) -> None:
    kit.deploy("price", kit.HOLD, Timeout=60)
    with kit.held("price", tmp_path / "busy") as (call,):
        change(kit)
        assert [e.state for e in aws.environments("price")] == ["busy"]
    answer = call.result()
    assert answer.error is None
    kit.eventually(lambda: not psutil.pid_exists(answer.payload), "the old environment has ended")
    assert [e.state for e in aws.environments("price")] == ["ended"]


def test_a_function_made_again_under_its_old_name_keeps_its_environments(kit: Any) -> None:
    for _ in range(2):
        kit.deploy("price", kit.COUNT)
        assert [kit.invoke("price").payload["count"] for _ in range(3)] == [1, 2, 3]
        deletion(kit)


def test_configuration_changed_back_and_forth(kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    for size in (256, 128, 256):
        kit.client("lambda").update_function_configuration(FunctionName="price", MemorySize=size)
        assert [kit.invoke("price").payload["count"] for _ in range(2)] == [1, 2]


def test_an_idle_environment_ends(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    pid = kit.invoke("price").payload["pid"]
    try:
        assert cloud.start(idle_expiry_s=0.1) is aws
        kit.eventually(lambda: not psutil.pid_exists(pid), "the idle environment has ended")
        assert [e.state for e in aws.environments("price")] == ["ended"]
    finally:
        cloud.start(idle_expiry_s=600)
    assert kit.invoke("price").payload["count"] == 1


def test_reset_forgets_everything_and_ends_every_process(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    kit.client("s3").create_bucket(Bucket="hikari-orders")
    pid = kit.invoke("price").payload["pid"]
    aws.reset()
    assert aws.environments() == []
    assert not psutil.pid_exists(pid)
    assert kit.client("lambda").list_functions()["Functions"] == []
    assert kit.client("s3").list_buckets()["Buckets"] == []
    kit.deploy("price", kit.COUNT)
    assert [kit.invoke("price").payload["count"] for _ in range(2)] == [1, 2]


def test_a_call_under_way_during_reset_gets_an_answer(aws: Cloud, kit: Any, tmp_path: Path) -> None:
    kit.deploy("price", kit.HOLD, Timeout=60)
    with kit.held("price", tmp_path / "busy") as (call,):
        aws.reset()
        answer = call.result()
    assert (answer.error, answer.payload["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert aws.environments() == []


def test_what_the_cloud_tells_of_an_environment(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    kit.deploy("orders", kit.COUNT)
    pid = {kit.invoke("price").payload["pid"] for _ in range(3)}.pop()
    kit.invoke("orders")
    (price,) = aws.environments("price")
    assert (price.function, price.pid, price.state, price.invocations) == ("price", pid, "frozen", 3)
    assert price.created < price.last_used
    assert price.memory == pytest.approx(psutil.Process(pid).memory_info().rss / 2**20, abs=0.1)
    assert [e.function for e in aws.environments()] == ["price", "orders"]
    assert aws.environments("lamps") == []
    deletion(kit)
    (gone,) = aws.environments("price")
    assert (gone.state, gone.memory, gone.invocations) == ("ended", 0.0, 3)


def test_the_timeline_has_every_phase_without_gaps(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    kit.invoke("price")
    kit.invoke("price")
    rows = aws.timeline("price")
    assert [row.phase for row in rows] == ["init", "invoke", "frozen", "invoke", "frozen"]
    assert rows[0].start_s == 0
    assert all(row.end_s >= row.start_s for row in rows)
    assert [row.end_s for row in rows[:-1]] == [row.start_s for row in rows[1:]]
    assert {(row.environment, row.pid) for row in rows} == {(e.id, e.pid) for e in aws.environments("price")}
    assert aws.timeline("lamps") == []
    deletion(kit)
    assert [row.phase for row in aws.timeline("price")] == ["init", "invoke", "frozen", "invoke", "frozen"]


@pytest.mark.parametrize("minor", range(9, 16))
def test_every_python_runtime_runs(kit: Any, minor: int) -> None:
    kit.deploy("price", "import os\ndef handler(e, c):\n    return os.environ['AWS_EXECUTION_ENV']\n",
               Runtime=f"python3.{minor}")  # fmt: skip
    assert kit.invoke("price").payload == f"AWS_Lambda_python3.{minor}"


def test_code_from_a_bucket(kit: Any) -> None:
    s3 = kit.client("s3")
    s3.create_bucket(Bucket="hikari-code")
    for key, count in (("one.zip", 1), ("two.zip", 2)):
        source = f"def handler(event, context):\n    return {count}\n"
        s3.put_object(Bucket="hikari-code", Key=key, Body=kit.zip_of({"price.py": source}))
    kit.deploy("price", "", Code={"S3Bucket": "hikari-code", "S3Key": "one.zip"})
    assert kit.invoke("price").payload == 1
    kit.client("lambda").update_function_code(FunctionName="price", S3Bucket="hikari-code", S3Key="two.zip")
    assert kit.invoke("price").payload == 2
