"""Many cold starts at once on a small machine: all succeed, none trips the Init limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from serverless_cloud import Cloud


def test_fifty_cold_starts_at_once(aws: Cloud, kit: Any, tmp_path: Path) -> None:
    kit.deploy("orders", kit.MEET, Timeout=120)
    answers = kit.invoke_at_once("orders", [{"folder": str(tmp_path), "of": 50}] * 50)
    assert [a.error for a in answers] == [None] * 50
    assert len({a.payload for a in answers}) == 50
    assert all("Init Duration" in a.log for a in answers)
    pids = [e.pid for e in aws.environments("orders")]
    assert len(pids) == 50
    aws.reset()
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


def test_twenty_at_once_whose_init_imports_boto3(kit: Any, tmp_path: Path) -> None:
    kit.deploy("orders", "import boto3\ns3 = boto3.client('s3')\n" + kit.MEET, Timeout=120)
    answers = kit.invoke_at_once("orders", [{"folder": str(tmp_path), "of": 20}] * 20)
    assert [a.error for a in answers] == [None] * 20
    assert len({a.payload for a in answers}) == 20


def test_many_functions_called_at_once_each_get_their_own_log(kit: Any) -> None:
    """Their log groups and streams are made at the same moment, in the same dictionaries of moto."""
    names = [f"price{number}" for number in range(8)]
    for name in names:
        kit.deploy(name, kit.COUNT)
    through = kit.client("lambda")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda name: kit.invoke(name, through=through), names * 4))
    assert [a.error for a in answers] == [None] * 32
    groups = kit.client("logs").describe_log_groups()["logGroups"]
    assert sorted(g["logGroupName"] for g in groups) == sorted(f"/aws/lambda/{name}" for name in names)
