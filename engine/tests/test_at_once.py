"""A burst of calls."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import serverless_cloud as cloud
from serverless_cloud.lambda_.gathering import HEADER
from serverless_cloud.notebook.burst import burst_size, free_mb

#: Answers at once: without the gathering one environment would serve most of the calls.
QUICK = """
import os
def handler(event, context):
    if event == "fail":
        raise ValueError("no lamp of this name")
    return [os.getpid(), event]
"""


class TestAtOnce:
    def test_each_call_has_an_environment_of_its_own_cold_and_warm(self, aws: cloud.Cloud, kit: Any) -> None:
        kit.deploy("lamps", QUICK)
        for _ in range(2):
            results = aws.at_once("lamps", list(range(12)))
            assert [r.outcome for r in results] == ["answered"] * 12
            assert [r.payload[1] for r in results] == list(range(12)), "in the order of the events"  # type: ignore[index]
            assert len({r.payload[0] for r in results}) == 12  # type: ignore[index]
            assert all("REPORT RequestId" in r.log and r.took_s > 0 for r in results)
        assert len(aws.environments("lamps")) == 12

    def test_refused_calls_are_not_waited_for(self, aws: cloud.Cloud, kit: Any) -> None:
        kit.deploy("lamps", QUICK)
        kit.client("lambda").put_function_concurrency(FunctionName="lamps", ReservedConcurrentExecutions=3)
        results = aws.at_once("lamps", ["go"] * 10)
        assert Counter(r.outcome for r in results) == {"answered": 3, "throttled": 7}
        assert {r.error for r in results if r.outcome == "throttled"} == {"Rate Exceeded."}

    def test_a_function_that_fails(self, aws: cloud.Cloud, kit: Any) -> None:
        kit.deploy("lamps", QUICK)
        good, bad = aws.at_once("lamps", ["go", "fail"])
        assert (good.outcome, good.error) == ("answered", "")
        assert (bad.outcome, bad.payload, bad.error) == ("failed", None, "no lamp of this name")

    def test_a_version(self, aws: cloud.Cloud, kit: Any) -> None:
        kit.deploy("lamps", QUICK)
        version = kit.publish("lamps")
        assert [r.outcome for r in aws.at_once("lamps", ["go"] * 2, qualifier=version)] == ["answered"] * 2
        assert {e.version for e in aws.environments("lamps")} == {version}

    def test_no_such_function(self, aws: cloud.Cloud) -> None:
        with pytest.raises(ClientError, match="Function not found"):
            aws.at_once("lanterns", ["go"] * 3)

    def test_no_calls(self, aws: cloud.Cloud, kit: Any) -> None:
        kit.deploy("lamps", QUICK)
        assert aws.at_once("lamps", []) == []

    def test_ordinary_calls_of_the_same_process_meet_nobody(self, aws: cloud.Cloud, kit: Any) -> None:
        kit.deploy("lamps", QUICK)
        aws.at_once("lamps", ["go"] * 2)
        assert kit.invoke("lamps", "go").error is None

    @pytest.mark.parametrize("header", ["sale", "sale/", "/2", "sale/0", "sale/-1", "sale/two"])
    def test_a_malformed_header_is_refused(self, aws: cloud.Cloud, kit: Any, header: str) -> None:
        del aws
        kit.deploy("lamps", QUICK)
        import boto3

        client = boto3.Session().client("lambda")
        client.meta.events.register(
            "before-call.lambda.Invoke", lambda params, **_: params["headers"].update({HEADER: header})
        )
        refusal = kit.refused(lambda: client.invoke(FunctionName="lamps"))
        assert refusal.code == "InvalidParameterValueException"
        assert "a name, a slash and a number" in refusal.message

    @pytest.mark.parametrize(("free", "size"), [(64_000, 60), (3_000, 44), (1_500, 24), (100, 24)])
    def test_a_burst_fits_the_memory(self, monkeypatch: pytest.MonkeyPatch, free: int, size: int) -> None:
        monkeypatch.setattr("serverless_cloud.notebook.burst.free_mb", lambda: free)
        assert burst_size(60) == size
        assert burst_size(10) == 10

    def test_free_memory_is_that_of_the_container(self, tmp_path: Path) -> None:
        unlimited = free_mb(tmp_path)  # no such files: not in a container
        assert unlimited > 0
        (tmp_path / "memory.current").write_text(f"{900 * 2**20}\n")
        (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {300 * 2**20}\n")
        (tmp_path / "memory.max").write_text("max\n")
        assert free_mb(tmp_path) > 0
        (tmp_path / "memory.max").write_text(f"{1000 * 2**20}\n")
        assert free_mb(tmp_path) == 400
