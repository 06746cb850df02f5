"""Checks of module 08, tasks 8.3 and 8.5: cache and throttle of a stage, tests of a handler."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from serverless_first import cloud
from serverless_first.lab import Attempt, task
from serverless_first.lab.apis import Answered, rest_api, send
from serverless_first.lab.broken_copies import Broken, judge_tests
from serverless_first.lab.functions import fresh_id
from serverless_first.lab.show import say

# ---- 8.3

PRICES_YEN = {"Tsuki": 1200, "Hoshi": 900, "Kumo": 2100}
ROUNDS = 5
BURST, RATE_PER_S, ROBOT_S = 5, 1, 1.5
OLDEST_S = 300  # also AWS's default


@task("8.3")
def protected(attempt: Attempt) -> None:
    """Prices come from the cache, orders never; orders are throttled, and nothing else is."""
    api, address = rest_api(attempt, "shop")
    with suppress(ClientError):  # no cache, nothing to flush: the check finds that out below
        attempt.client("apigateway").flush_stage_cache(restApiId=api, stageName="prod")
    stage = attempt.client("apigateway").get_stage(restApiId=api, stageName="prod")
    attempt.expect(
        bool(stage.get("methodSettings")) or stage.get("cacheClusterEnabled", False),
        problem="The stage has none of your settings, because step 2 did not finish.",
        called="get_stage for the API shop",
        came_back="no method settings, no cache",
        expected="the settings from step 1",
        look_at="the error below step 2's cell, which names the rejected path or value",
    )
    settings = stage["methodSettings"]
    _as_many_as_wanted(attempt, settings)
    _looking_is_free(attempt, settings)
    _not_too_old(attempt, settings)
    _private(attempt, address)
    _prices(attempt, address)
    say("8.3: a bot places orders ...")
    _robot(attempt, address)


def _private(attempt: Attempt, address: str) -> None:
    mio, ken = fresh_id("mio"), fresh_id("ken")
    _put(attempt, mio, "Tsuki")
    for customer, lamps in ((mio, ["Tsuki"]), (ken, [])):
        got = _ask(attempt, address, "/orders", customer)
        attempt.expect(
            got.has({"lamps": lamps}),
            problem="One customer sees another customer's orders, because the response comes from the cache.",
            called=f"{got.called}; before that {mio}, who has one order, sent the same request",
            came_back=str(got),
            expected=f'200 {{"lamps": {lamps}}}'.replace("'", '"'),
            look_at="the methods for which your SETTINGS turn on caching",
        )
    _put(attempt, mio, "Kumo")
    got = _ask(attempt, address, "/orders", mio)
    attempt.expect(
        got.has({"lamps": ["Kumo", "Tsuki"]}),
        problem="A customer who orders again sees her old list, because the response comes from the cache.",
        called=got.called,
        came_back=str(got),
        expected="both of her orders",
        look_at="the methods for which your SETTINGS turn on caching",
    )
    for _ in range(2 * BURST):
        _ask(attempt, address, "/orders", mio)


def _put(attempt: Attempt, customer: str, lamp: str) -> None:
    item = {"order_key": fresh_id("ord"), "lamp": lamp, "customer": customer}
    attempt.client("dynamodb").put_item(TableName="orders", Item={name: {"S": value} for name, value in item.items()})


def _prices(attempt: Attempt, address: str) -> None:
    before = _calls()
    for number in range(ROUNDS):
        for lamp, price_yen in PRICES_YEN.items():
            got = _ask(attempt, address, f"/prices/{lamp}", fresh_id(f"customer{number}"))
            attempt.expect(
                got.has({"price_yen": price_yen}),
                problem="A lamp has another lamp's price, because the cache cannot tell their responses apart.",
                called=got.called,
                came_back=str(got),
                expected=f'200 {{"price_yen": {price_yen}}}',
                look_at="CACHE_KEYS, because the path's {lamp} is not a key by default",
            )
    requests, ran = ROUNDS * len(PRICES_YEN), _calls() - before
    attempt.expect(
        ran <= len(PRICES_YEN),
        problem="The function is called for each request, so nothing comes from the cache."
        if ran == requests
        else "The function is called more than once per lamp.",
        called=f"GET /prices/... {requests} times: {len(PRICES_YEN)} lamps, a different customer each time",
        came_back=f"the function ran {ran} times",
        expected=f"{len(PRICES_YEN)} times, once per lamp",
        look_at="whether the stage has a cache, whether caching is on for this method (a method's own settings "
        "replace the settings for all methods), and the contents of CACHE_KEYS",
    )


def _own(settings: dict[str, Any], path: str, verb: str) -> dict[str, Any]:
    """The settings of a method: its own, or the settings of all methods."""
    own = settings.get(f"{path.replace('/', '~1')}/{verb}", settings.get("*/*", {}))
    return dict(own)


def _not_too_old(attempt: Attempt, settings: dict[str, Any]) -> None:
    found_s = int(_own(settings, "/prices/{lamp}", "GET").get("cacheTtlInSeconds", OLDEST_S))
    attempt.expect(
        found_s <= OLDEST_S,
        problem="A price may stay in the cache longer than the shop wants.",
        called="get_stage for the API shop",
        came_back=f"prices are kept for {found_s} s",
        expected=f"at most {OLDEST_S} s",
        look_at="the setting for how long a response is kept",
    )


def _limits(settings: dict[str, Any], path: str, verb: str) -> tuple[float, float]:
    """The burst and the rate of a method's throttle. Without its own, it has the account's, or -1."""
    own = _own(settings, path, verb)
    return float(own.get("throttlingBurstLimit", -1)), float(own.get("throttlingRateLimit", -1))


def _as_many_as_wanted(attempt: Attempt, settings: dict[str, Any]) -> None:
    burst, per_s = _limits(settings, "/orders", "POST")
    account = attempt.client("apigateway").get_account()["throttleSettings"]
    if not 0 <= burst < account["burstLimit"] and not 0 <= per_s < account["rateLimit"]:
        problem, came_back = "The bot gets in as often as it likes.", "no throttle for POST /orders"
    else:
        fewer = (burst, per_s) < (BURST, RATE_PER_S)
        problem = f"{'Fewer' if fewer else 'More'} orders get in than the shop wants."
        came_back = f"{burst:g} at once, then {per_s:g} per second"
    attempt.expect(
        (burst, per_s) == (BURST, RATE_PER_S),
        problem=problem,
        called="get_stage for the API shop",
        came_back=came_back,
        expected=f"{BURST} at once, then {RATE_PER_S} per second",
        look_at="burstLimit and rateLimit for POST /orders: which of the two is the bucket's size?",
    )


def _looking_is_free(attempt: Attempt, settings: dict[str, Any]) -> None:
    """The methods that only look have no limit below the account's."""
    account = attempt.client("apigateway").get_account()["throttleSettings"]
    for path in ("/prices/{lamp}", "/orders"):
        burst, per_s = _limits(settings, path, "GET")
        attempt.expect(
            not 0 <= burst < account["burstLimit"] and not 0 <= per_s < account["rateLimit"],
            problem="A customer who only looks is turned away if many look. Your throttle affects more than orders.",
            called="get_stage for the API shop",
            came_back=f"GET {path}: {burst:g} at once, then {per_s:g} per second",
            expected="no limit, except the account's",
            look_at="the methods for which your SETTINGS have burstLimit and rateLimit",
        )


def _robot(attempt: Attempt, address: str) -> None:
    def order(_number: int = 0) -> int:
        body = {"order_key": fresh_id("ord"), "lamp": "Tsuki"}
        return send(attempt, address, "POST", "/orders", body, Customer="robot").status

    for waits_s in (BURST / RATE_PER_S + 0.5, 0.0):  # an earlier run of this check may have emptied the bucket
        begin_s = time.monotonic()
        with ThreadPoolExecutor(2 * BURST) as robot:
            at_once = list(robot.map(order, range(2 * BURST)))
        if at_once.count(201) >= BURST - 1:
            break
        time.sleep(waits_s)
    statuses = list(at_once)
    end_s = time.monotonic() + ROBOT_S  # on a busy machine ten at once take long
    while time.monotonic() < end_s:
        statuses.append(order())
        time.sleep(0.02)
    seconds = time.monotonic() - begin_s
    passed, refused = statuses.count(201), statuses.count(429)
    expected = f"{BURST} at once, then {RATE_PER_S} per second; the others get 429"
    attempt.expect(
        at_once.count(201) >= BURST - 1,  # one token may have gone in step 2
        problem="Fewer orders get in at once than the shop wants.",
        called=f"POST /orders {len(at_once)} times at once",
        came_back=f"{at_once.count(201)} times 201, {at_once.count(429)} times 429",
        expected=expected,
        look_at="burstLimit and rateLimit for POST /orders: which of the two is the bucket's size?",
    )
    attempt.expect(
        passed <= BURST + RATE_PER_S * seconds + 1,
        problem="The bot gets in as often as it likes." if not refused else "More orders get in than the shop wants.",
        called=f"POST /orders {len(statuses)} times in {seconds:.1f} s, the first {len(at_once)} at once",
        came_back=f"{passed} times 201, {refused} times 429",
        expected=expected,
        look_at="burstLimit and rateLimit for POST /orders: how many tokens does the bucket hold, and how many "
        "are added per second?",
    )


def _ask(attempt: Attempt, address: str, path: str, customer: str) -> Answered:
    got = send(attempt, address, "GET", path, Customer=customer)
    attempt.expect(
        got.status != 429,
        problem="A customer who only looks is turned away. Your throttle affects more than orders.",
        called=f"{got.called}, several times in a row",
        came_back=str(got),
        expected="200, no matter how often",
        look_at="the method for which your SETTINGS have burstLimit and rateLimit",
    )
    attempt.expect(
        got.status == 200,
        problem="The API does not respond like the API in step 2.",
        called=got.called,
        came_back=str(got),
        expected="200",
        look_at="step 2: rerun its cells",
    )
    return got


def _calls() -> int:
    return sum(e.invocations for e in cloud.start().environments("shop"))


# ---- 8.5

#: The fault of a broken front.py in words, a text of the right file, and its replacement.
BROKEN = (
    Broken("returns 200 for a bad order", "return answer(400,", "return answer(200,"),
    Broken(
        "stores an order that is too large before it refuses it",
        "        return answer(400,",
        '        dynamodb.put_item(TableName="orders", Item={"order_key": {"S": order["order_key"]},\n'
        '            "lamp": {"S": order["lamp"]}, "quantity": {"N": str(order["quantity"])}})\n'
        "        return answer(400,",
    ),
    Broken("returns 400 for an order that does not exist", "else answer(404,", "else answer(400,"),
    Broken("lets a second order with the same key replace the first", "    if known:", "    if known == order:"),
    Broken("returns 201 for a good order and does not store it", "    dynamodb.put_item(", "    dict("),
    Broken("accepts 21 lamps", "<= 20:", "<= 21:"),
    Broken("returns 201 for a repeated order key", "return answer(200, known)", "return answer(201, known)"),
    Broken(
        "returns the second order with the same key instead of the first",
        "return answer(200, known)",
        "return answer(200, order)",
    ),
    Broken(
        "returns the first order with a key and stores the second",
        "        return answer(200, known)",
        '        dynamodb.put_item(TableName="orders", Item={"order_key": {"S": order["order_key"]},\n'
        '            "lamp": {"S": order["lamp"]}, "quantity": {"N": str(order["quantity"])}})\n'
        "        return answer(200, known)",
    ),
    Broken("returns 200 for a good order", "return answer(201, order)", "return answer(200, order)"),
    Broken("returns an empty body for a good order", "return answer(201, order)", "return answer(201, {})"),
    Broken(
        "returns only the key of a good order",
        "return answer(201, order)",
        'return answer(201, {"order_key": order["order_key"]})',
    ),
    Broken("stores one lamp more than was ordered", 'str(order["quantity"])', 'str(order["quantity"] + 1)'),
)


@task("8.5")
def tests_of_front(attempt: Attempt) -> None:
    """The learner's tests pass on the right handler and fail on each broken one."""
    judge_tests(
        attempt,
        "test_front.py",
        "front.py",
        BROKEN,
        look_at="the table in step 1, which says what to test in each of the four cases",
    )
