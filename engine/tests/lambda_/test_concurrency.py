"""How many invocations may be under way: the account's quota, what a function reserves, what is refused."""

from __future__ import annotations

import io
import json
import random
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serverless_cloud.errors import TooManyRequests
from serverless_cloud.lambda_.concurrency import Concurrency, ConcurrencyError, place_of
from serverless_cloud.lambda_.environment import Surroundings
from serverless_cloud.lambda_.fleet import Fleet
from serverless_cloud.lambda_.function import Call, FunctionSpec

PLACE = "arn:aws:lambda:us-east-1:123456789012"
PRICE, ORDERS, STOCK = (f"{PLACE}:function:{name}" for name in ("price", "orders", "stock"))
TOKYO = "arn:aws:lambda:ap-northeast-1:123456789012:function:price"
ACCOUNT, RESERVED = "ConcurrentInvocationLimitExceeded", "ReservedFunctionConcurrentInvocationLimitExceeded"


def enter(limits: Concurrency, arn: str, times: int) -> None:
    for _ in range(times):
        limits.enter(arn)


def refusal(limits: Concurrency, arn: str) -> str:
    with pytest.raises(TooManyRequests, match="Rate Exceeded") as caught:
        limits.enter(arn)
    return caught.value.reason


def test_all_functions_share_the_account_s_quota() -> None:
    limits = Concurrency(3)
    enter(limits, PRICE, 2)
    enter(limits, ORDERS, 1)
    assert [refusal(limits, arn) for arn in (PRICE, ORDERS, STOCK)] == [ACCOUNT] * 3
    limits.leave(PRICE)
    limits.enter(STOCK)
    assert refusal(limits, PRICE) == ACCOUNT


def test_each_region_has_a_quota_of_its_own() -> None:
    assert place_of(TOKYO) != place_of(PRICE) == PLACE
    limits = Concurrency(2)
    enter(limits, PRICE, 2)
    enter(limits, TOKYO, 2)
    assert refusal(limits, PRICE) == refusal(limits, TOKYO) == ACCOUNT


def test_what_is_reserved_is_taken_from_the_others() -> None:
    limits = Concurrency(105)
    limits.reserve(PRICE, 5)
    assert (limits.unreserved(PLACE), limits.reserved(PRICE), limits.reserved(ORDERS)) == (100, 5, None)
    enter(limits, ORDERS, 100)
    assert refusal(limits, ORDERS) == refusal(limits, STOCK) == ACCOUNT
    enter(limits, PRICE, 5)  # its own are still free
    assert refusal(limits, PRICE) == RESERVED
    limits.leave(ORDERS)
    assert refusal(limits, PRICE) == RESERVED  # and it never gets more


def test_a_reservation_that_is_given_back_is_shared_again() -> None:
    limits = Concurrency(103)
    limits.reserve(PRICE, 3)
    enter(limits, PRICE, 3)
    limits.reserve(PRICE, None)
    enter(limits, ORDERS, 100)  # three of the 103 are under way in PRICE
    assert refusal(limits, ORDERS) == refusal(limits, PRICE) == ACCOUNT
    limits.reserve(PRICE, None)  # nothing to give back: no error


def test_zero_stops_a_function() -> None:
    limits = Concurrency()
    limits.enter(PRICE)
    limits.reserve(PRICE, 0)
    assert refusal(limits, PRICE) == RESERVED
    limits.leave(PRICE)
    assert refusal(limits, PRICE) == RESERVED


def test_a_hundred_stay_unreserved() -> None:
    limits = Concurrency(1000)
    limits.reserve(PRICE, 600)
    limits.reserve(ORDERS, 300)
    for arn, count in ((STOCK, 1), (PRICE, 601), (ORDERS, 301)):
        with pytest.raises(ConcurrencyError, match=r"below its minimum value of \[100\]"):
            limits.reserve(arn, count)
    assert (limits.reserved(PRICE), limits.reserved(ORDERS), limits.reserved(STOCK)) == (600, 300, None)
    limits.reserve(PRICE, 500)
    limits.reserve(STOCK, 100)
    assert limits.unreserved(PLACE) == 100
    limits.reserve(TOKYO, 900)
    assert limits.unreserved(place_of(TOKYO)) == 100


def test_provisioned_concurrency_fits_into_what_is_reserved() -> None:
    limits = Concurrency()
    limits.reserve(PRICE, 5)
    limits.provision(PRICE, 5)
    with pytest.raises(ConcurrencyError, match=r"\[5\]"):
        limits.provision(PRICE, 6)
    with pytest.raises(ConcurrencyError, match=r"total provisioned concurrency \[5\]"):
        limits.reserve(PRICE, 4)
    limits.provision(PRICE, 2)
    limits.reserve(PRICE, 4)


def test_provisioned_concurrency_without_a_reservation_is_taken_from_what_is_unreserved() -> None:
    limits = Concurrency(1000)
    limits.reserve(PRICE, 300)
    limits.provision(ORDERS, 400)
    with pytest.raises(ConcurrencyError, match=r"greater than account's unreserved concurrency \[300\]\.$"):
        limits.provision(STOCK, 301)
    least = r"Specified ConcurrentExecutions for function decreases .* below its minimum value of \[100\]\.$"
    with pytest.raises(ConcurrencyError, match=least):
        limits.provision(STOCK, 201)
    limits.provision(STOCK, 200)
    limits.provision(ORDERS, 400)  # as many as it has: nothing new is taken


def test_a_deleted_function_is_forgotten() -> None:
    limits = Concurrency()
    limits.reserve(PRICE, 0)
    limits.forget(PRICE)
    limits.enter(PRICE)
    limits.reserve(ORDERS, 5)
    limits.provision(ORDERS, 5)
    limits.forget(ORDERS)
    limits.reserve(ORDERS, 1)


def test_clear_keeps_count_of_what_is_under_way() -> None:
    limits = Concurrency(2)
    limits.reserve(PRICE, None)
    enter(limits, PRICE, 2)
    limits.clear()
    assert refusal(limits, PRICE) == ACCOUNT
    limits.leave(PRICE)
    limits.enter(PRICE)


def test_many_threads_never_exceed_a_limit() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    limits = Concurrency(104)
    limits.reserve(PRICE, 4)
    inside = {PRICE: 0, ORDERS: 0}
    highest = {PRICE: 0, ORDERS: 0}
    lock = threading.Lock()

    def one(arn: str) -> bool:
        try:
            limits.enter(arn)
        except TooManyRequests:
            return False
        with lock:
            inside[arn] += 1
            highest[arn] = max(highest[arn], inside[arn])
        with lock:
            inside[arn] -= 1
        limits.leave(arn)
        return True

    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(one, [chance.choice([PRICE, ORDERS]) for _ in range(3000)]))
    assert any(done)
    assert highest[PRICE] <= 4
    assert inside == {PRICE: 0, ORDERS: 0}
    enter(limits, PRICE, 4)  # nothing was lost on the way
    enter(limits, ORDERS, 100)


# ---- with real environments

SOURCE = b"""
import os, time
def handler(event, context):
    if event:
        open(event["here"], "w").close()
        while not os.path.exists(event["leave"]):
            time.sleep(0.005)
    return os.getpid()
"""


def no_log(spec: FunctionSpec, stream: str, text: str) -> None:
    """Where CloudWatch Logs would be."""
    del spec, stream, text


@pytest.fixture
def make_fleet(tmp_path: Path) -> Iterator[Callable[[Concurrency], Fleet]]:
    """A data plane without a server around it."""
    fleets: list[Fleet] = []

    def make(limits: Concurrency) -> Fleet:
        fleets.append(Fleet(Surroundings("http://127.0.0.1:9", tmp_path / "cloud"), 600.0, no_log, limits))
        return fleets[-1]

    yield make
    for fleet in fleets:
        fleet.close()


def spec_of(name: str) -> FunctionSpec:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("price.py", SOURCE)
    return FunctionSpec(
        account_id="123456789012", region="us-east-1", name=name, arn=f"{PLACE}:function:{name}", version="$LATEST",
        runtime="python3.13", handler="price.handler", timeout_s=60.0, memory_mb=128, environment={},
        code_sha256=name, code=buffer.getvalue(),
    )  # fmt: skip


def test_calls_of_all_functions_together_reach_the_account_s_quota(
    make_fleet: Callable[[Concurrency], Fleet], tmp_path: Path
) -> None:
    fleet = make_fleet(Concurrency(2))
    price, orders = spec_of("price"), spec_of("orders")
    leave = tmp_path / "leave"
    with ThreadPoolExecutor(2) as pool:
        calls = []
        for spec in (price, orders):
            here = tmp_path / spec.name
            event = json.dumps({"here": str(here), "leave": str(leave)}).encode()
            calls.append(pool.submit(fleet.invoke, spec, Call(event, spec.arn)))
            for _ in range(4000):
                if here.exists() or calls[-1].done():
                    break
                threading.Event().wait(0.005)
            assert here.exists()
        for spec in (price, orders, spec_of("stock")):
            with pytest.raises(TooManyRequests) as caught:
                fleet.invoke(spec, Call(b"null", spec.arn))
            assert caught.value.reason == ACCOUNT
        leave.touch()
        assert [call.result().function_error for call in calls] == [None, None]
    assert fleet.invoke(price, Call(b"null", price.arn)).function_error is None
    assert len(fleet.of("123456789012", "us-east-1")) == 2
