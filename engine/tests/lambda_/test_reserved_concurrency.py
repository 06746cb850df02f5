"""How many invocations may be under way: reserved concurrency, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from serverless_cloud import Cloud

LIMIT = "ReservedFunctionConcurrentInvocationLimitExceeded"


def reserve(kit: Any, count: int, name: str = "price") -> None:
    answer = kit.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=count)
    assert answer["ReservedConcurrentExecutions"] == count


def unreserved(kit: Any, **where: Any) -> int:
    limit = kit.client("lambda", **where).get_account_settings()["AccountLimit"]
    assert limit["ConcurrentExecutions"] == 1000
    return int(limit["UnreservedConcurrentExecutions"])


@pytest.mark.parametrize("count", [1, 3])
def test_one_call_more_than_reserved_is_throttled(aws: Cloud, kit: Any, tmp_path: Path, count: int) -> None:
    kit.deploy("price", kit.HOLD, Timeout=60)
    reserve(kit, count)
    with kit.held("price", tmp_path / "busy", count) as calls:
        assert [e.state for e in aws.environments("price")] == ["busy"] * count
        refusal = kit.refused(lambda: kit.invoke("price"), "TooManyRequestsException", status=429)
        assert refusal.answer["Reason"] == LIMIT
        assert "Rate Exceeded" in refusal.message
    assert [call.result().error for call in calls] == [None] * count
    assert kit.invoke("price").error is None
    assert len(aws.environments("price")) == count


def test_the_next_call_goes_through_as_soon_as_one_has_ended(kit: Any, tmp_path: Path) -> None:
    kit.deploy("price", kit.HOLD, Timeout=60)
    reserve(kit, 2)
    with kit.held("price", tmp_path / "first"):
        with kit.held("price", tmp_path / "second"):
            assert kit.refused(lambda: kit.invoke("price")).status == 429
        assert kit.invoke("price").error is None
        assert kit.invoke("price").error is None


def test_boto3_tries_a_throttled_call_again_by_itself(kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    reserve(kit, 0)
    lam = boto3.client("lambda", config=Config(retries={"total_max_attempts": 2, "mode": "standard"}))
    refusal = kit.refused(lambda: lam.invoke(FunctionName="price"), "TooManyRequestsException")
    assert refusal.answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_zero_stops_a_function_and_taking_it_back_lets_it_go_on(aws: Cloud, kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    reserve(kit, 0)
    assert kit.refused(lambda: kit.invoke("price")).answer["Reason"] == LIMIT
    assert aws.environments("price") == []
    lam = kit.client("lambda")
    assert lam.get_function_concurrency(FunctionName="price")["ReservedConcurrentExecutions"] == 0
    assert lam.get_function(FunctionName="price")["Concurrency"]["ReservedConcurrentExecutions"] == 0
    lam.delete_function_concurrency(FunctionName="price")
    assert "ReservedConcurrentExecutions" not in lam.get_function_concurrency(FunctionName="price")
    assert kit.invoke("price").payload["count"] == 1


def test_what_has_ended_badly_is_not_counted_any_more(kit: Any) -> None:
    source = """
import os, threading
def handler(event, context):
    if event == "raise": raise ValueError("no price")
    if event == "exit": os._exit(1)
    if event == "wait": threading.Event().wait()
    return {1} if event == "set" else 1200
"""
    kit.deploy("price", source, Timeout=1)
    reserve(kit, 1)
    for event in ("raise", "exit", "wait", "set"):
        assert kit.invoke("price", event).error == "Unhandled"
        assert kit.invoke("price").payload == 1200
    kit.change_code("price", "raise ValueError('no price list')\n")
    for _ in range(2):
        assert kit.invoke("price").error == "Unhandled"


def test_versions_and_aliases_share_what_their_function_reserves(kit: Any, tmp_path: Path) -> None:
    kit.deploy("price", kit.HOLD, Timeout=60)
    version = kit.publish("price")
    kit.client("lambda").create_alias(FunctionName="price", Name="live", FunctionVersion=version)
    reserve(kit, 1)
    for qualifier in ("1", "live", "$LATEST"):
        with kit.held("price", tmp_path / f"busy-{qualifier}", Qualifier=qualifier):
            for other in ("1", "live", "$LATEST"):
                assert kit.refused(lambda q=other: kit.invoke("price", Qualifier=q)).answer["Reason"] == LIMIT


def test_another_function_is_not_held_up(kit: Any, tmp_path: Path) -> None:
    for name in ("price", "orders"):
        kit.deploy(name, kit.HOLD, Timeout=60)
    reserve(kit, 1)
    with kit.held("price", tmp_path / "busy"):
        assert kit.invoke("orders").error is None


def test_a_limit_that_is_changed_holds_for_the_next_call(kit: Any, tmp_path: Path) -> None:
    kit.deploy("price", kit.HOLD, Timeout=60)
    reserve(kit, 1)
    with kit.held("price", tmp_path / "busy"):
        reserve(kit, 2)
        assert kit.invoke("price").error is None
        reserve(kit, 1)
        assert kit.refused(lambda: kit.invoke("price")).status == 429
    assert kit.invoke("price").error is None


def test_a_hundred_must_stay_unreserved(kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    kit.deploy("orders", kit.COUNT)
    reserve(kit, 900)
    assert unreserved(kit) == 100
    for name, count in (("orders", 1), ("price", 901)):
        refusal = kit.refused(lambda n=name, c=count: reserve(kit, c, n))
        assert (refusal.code, refusal.status) == ("InvalidParameterValueException", 400)
        assert "below its minimum value of [100]" in refusal.message
    reserve(kit, 0, "orders")
    reserve(kit, 899)
    reserve(kit, 1, "orders")
    assert unreserved(kit) == 100
    assert kit.invoke("orders").error is None


def test_the_account_s_settings_follow(kit: Any) -> None:
    assert unreserved(kit) == 1000
    assert kit.client("lambda").get_account_settings()["AccountUsage"]["FunctionCount"] == 0
    kit.deploy("price", kit.COUNT)
    kit.deploy("orders", kit.COUNT)
    reserve(kit, 30)
    reserve(kit, 20, "orders")
    assert unreserved(kit) == 950
    kit.client("lambda").delete_function_concurrency(FunctionName="orders")
    assert unreserved(kit) == 970
    usage = kit.client("lambda").get_account_settings()["AccountUsage"]
    assert usage["FunctionCount"] == 2
    assert usage["TotalCodeSize"] > 0


@pytest.mark.parametrize("end", ["deletion", "reset"])
def test_a_function_that_is_gone_gives_back_what_it_reserved(aws: Cloud, kit: Any, end: str) -> None:
    kit.deploy("price", kit.COUNT)
    reserve(kit, 0)
    if end == "reset":
        aws.reset()
    else:
        kit.client("lambda").delete_function(FunctionName="price")
    assert unreserved(kit) == 1000
    kit.deploy("price", kit.COUNT)
    assert kit.invoke("price").payload["count"] == 1


def test_deleting_one_version_keeps_the_reservation(kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    kit.publish("price")
    reserve(kit, 0)
    kit.client("lambda").delete_function(FunctionName="price", Qualifier="1")
    assert kit.refused(lambda: kit.invoke("price")).status == 429


def test_each_region_has_limits_of_its_own(kit: Any) -> None:
    kit.deploy("price", kit.COUNT)
    tokyo = kit.client("lambda", region_name="ap-northeast-1")
    tokyo.create_function(**kit.function("price", kit.COUNT))
    reserve(kit, 900)
    assert (unreserved(kit), unreserved(kit, region_name="ap-northeast-1")) == (100, 1000)
    reserve(kit, 0)
    assert kit.refused(lambda: kit.invoke("price")).status == 429
    assert kit.invoke("price", through=tokyo).payload["count"] == 1


@pytest.mark.parametrize("count", [-1, "many", None])
def test_a_number_that_is_refused(aws: Cloud, kit: Any, count: Any) -> None:
    kit.deploy("price", kit.COUNT)
    body = json.dumps({"ReservedConcurrentExecutions": count}).encode()
    status, answer = kit.raw(aws.endpoint_url, "PUT", "/2017-10-31/functions/price/concurrency", body)
    assert status == 400, answer
    assert "eservedConcurrentExecutions" in str(answer)
    assert unreserved(kit) == 1000


def test_a_function_that_does_not_exist(kit: Any) -> None:
    kit.refused(lambda: reserve(kit, 1), "ResourceNotFoundException", status=404)
