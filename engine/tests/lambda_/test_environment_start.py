"""An execution environment whose process cannot be started leaves nothing behind."""

from __future__ import annotations

import threading
from pathlib import Path

import psutil
import pytest

from serverless_cloud.lambda_.environment import Environment, Surroundings
from serverless_cloud.lambda_.forking import Template
from serverless_cloud.lambda_.function import FunctionSpec

SPEC = FunctionSpec(
    account_id="123456789012",
    region="us-east-1",
    name="orders",
    arn="arn:aws:lambda:us-east-1:123456789012:function:orders",
    version="$LATEST",
    runtime="python3.13",
    handler="orders.handler",
    timeout_s=3.0,
    memory_mb=128,
    environment={},
    code_sha256="",
)


def listeners() -> set[int]:
    return {c.laddr[1] for c in psutil.Process().net_connections("tcp") if c.status == psutil.CONN_LISTEN}


@pytest.mark.parametrize("fault", ["no folder to start in", "no credentials"])
def test_a_process_that_does_not_start_leaves_no_port_no_thread_no_folder(fault: str, tmp_path: Path) -> None:
    def refuse(_: FunctionSpec) -> dict[str, str]:
        raise OSError("no credentials")

    around = Surroundings("http://127.0.0.1:1", tmp_path / "run", credentials=refuse)
    if fault == "no folder to start in":
        around = Surroundings("http://127.0.0.1:1", tmp_path / "run")
    before, template = listeners(), Template()
    with pytest.raises(OSError, match="No such file" if fault == "no folder to start in" else fault):
        Environment(SPEC, tmp_path / "missing", None, around, template)
    for thread in threading.enumerate():
        if thread.name == "runtime-api":
            thread.join(10)
            assert not thread.is_alive()
    template.close()
    assert listeners() == before
    assert list((tmp_path / "run" / "environments").iterdir()) == []
