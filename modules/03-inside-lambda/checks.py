"""Checks of module 03."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import random
import re
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

from serverless_first import cloud
from serverless_first.cloud import ExecutionEnvironment
from serverless_first.lab import Attempt, CheckFailed, NotStarted, Reply, task
from serverless_first.lab.pytest_run import FAILED, NONE_FOUND, PASSED, TIMED_OUT, PytestRun, run_pytest
from serverless_first.lab.show import say

_chance = random.Random()
PRICES_YEN = {"Tsuki": 4800, "Hoshi": 12800, "Kumo": 9600, "Yuki": 3200}


# ---- 3.1

SPANS = "Your count spans environments. Each execution environment has memory of its own, and counts its own."


@task("3.1")
def price(attempt: Attempt) -> None:
    """The price list is read once for each environment, a coupon is for one call, calls are counted for each."""
    name = "hikari-price"
    attempt.invoke(name, {"lamp": "Tsuki"})  # says so if there is no function yet, or no code in it
    with borrowed(attempt, name) as restart:
        restart()
        lamp, other = _chance.sample(sorted(PRICES_YEN), 2)
        coupon = {"coupon": "FLASH10"}
        events: list[dict[str, str]] = [{"lamp": other}, {"lamp": lamp} | coupon, {"lamp": lamp}, {"lamp": other}]
        replies = [attempt.invoke(name, event) for event in events]
        _read_once(attempt, replies)
        for event, reply in zip(events, replies, strict=True):
            _right_price(attempt, event, reply)
        _counts_from_one(attempt, replies)
        restart()
        answers = at_once(attempt, name, [{"lamp": lamp}] * 4)
        counted = sorted(a.payload.get("calls_here", 0) if isinstance(a.payload, dict) else 0 for a in answers)
        right = sorted(n for e in alive(name) for n in range(1, e.invocations + 1))
    attempt.expect(
        counted == right,
        problem=SPANS,
        called=f"invoke {name} four times at the same moment, after a restart: {len(right)} calls, "
        f"{right.count(1)} environments",
        came_back=f"calls_here {counted}",
        expected=f"calls_here {right}",
        look_at="where the count is kept: what lives as long as the environment, and is seen by it alone?",
    )


def _read_once(attempt: Attempt, replies: list[Reply]) -> None:
    readings = sum(reply.log.count("price list read") for reply in replies)
    called = f"{len(replies)} calls to one environment"
    attempt.expect(
        readings > 0,
        problem="The price list is never read. When a price changes, your function would not know.",
        called=called,
        came_back="no line 'price list read' in the log",
        expected="one such line",
        look_at="where your file takes the prices from",
    )
    attempt.expect(
        readings == 1,
        problem="The price list is read again and again. Each reading costs every customer 0.2 s.",
        called=called,
        came_back=f"{readings} lines 'price list read' in the logs",
        expected="one such line, in the Init of the environment",
        look_at="which part of your file runs at each call, and which runs once",
    )


def _right_price(attempt: Attempt, event: dict[str, str], reply: Reply) -> None:
    full_yen, has_coupon = PRICES_YEN[event["lamp"]], "coupon" in event
    right_yen = full_yen * 0.9 if has_coupon else full_yen
    price_yen = reply["price_yen"]
    if not isinstance(price_yen, int | float) or isinstance(price_yen, bool):
        problem, look_at = "The price is no number.", "the value of price_yen"
    elif not has_coupon and price_yen < full_yen:
        problem = "One customer's coupon changed the price for the next customer, who has none."
        look_at = "what the handler changes outside itself: it stays for the next call"
    elif has_coupon and price_yen == full_yen:
        problem, look_at = "The coupon FLASH10 takes nothing off.", "where your handler reads the coupon"
    else:
        problem, look_at = "The price is wrong.", "the lines that work out the price"
    attempt.expect(
        isinstance(price_yen, int | float) and abs(price_yen - right_yen) < 0.5,
        problem=problem,
        called=reply.called,
        came_back=reply,
        expected=f"price_yen {right_yen:.0f}",
        look_at=look_at,
    )


def _counts_from_one(attempt: Attempt, replies: list[Reply]) -> None:
    counted = [reply["calls_here"] for reply in replies]
    right = list(range(1, len(replies) + 1))
    if counted == [1] * len(replies):
        problem = "Your count begins anew at each call. What the handler makes inside itself is gone when it returns."
    elif counted[0] != 1 and counted == [counted[0] + n for n in range(len(counted))]:
        problem = SPANS
    else:
        problem = "The count of this environment's calls is wrong."
    attempt.expect(
        counted == right,
        problem=problem,
        called=f"invoke hikari-price {len(replies)} times in a row, after a restart",
        came_back=f"calls_here {counted}",
        expected=f"calls_here {right}",
        look_at="where the count starts, and what makes it grow",
    )


# ---- 3.2

GOAL = 0.2  # a fifth; with either the library or the client left in Init it is more, on any machine


@task("3.2")
def sale(attempt: Attempt) -> None:
    """Init and the first call take at most a fifth of before; answers and later calls are as before."""
    before, after = "hikari-sale-before", "hikari-sale"
    _same_answers(attempt, after)
    say("3.2: starting both functions three times, turn by turn ...")
    with borrowed(attempt, before) as restart_before, borrowed(attempt, after) as restart_after:
        inits: dict[str, list[float]] = {before: [], after: []}
        firsts: dict[str, list[float]] = {before: [], after: []}
        laters: dict[str, list[float]] = {before: [], after: []}
        for _ in range(3):
            for name, restart in ((before, restart_before), (after, restart_after)):
                restart()
                replies = [attempt.invoke(name, {"lamp": "Kumo", "quantity": n}) for n in range(1, 7)]
                init_ms, first_ms = times_ms(replies[0])
                inits[name].append(init_ms)
                firsts[name].append(init_ms + first_ms)
                laters[name] += [times_ms(reply)[1] for reply in replies[1:]]
    init, first, later = ({name: median(values) for name, values in taken.items()} for taken in (inits, firsts, laters))
    attempt.expect(
        later[after] <= 3 * later[before],
        problem="Each later call is slower than before: it builds anew what it could have kept, or does not need.",
        called=f"{len(laters[after])} calls of each that are no cold start; the middle value of Duration",
        came_back=f"before {later[before]:.1f} ms, now {later[after]:.1f} ms",
        expected="about as long as before",
        look_at="what your handler does before it works out the price",
    )
    memory = {n: attempt.client("lambda").get_function_configuration(FunctionName=n)["MemorySize"] for n in init}
    share = first[after] / first[before]
    if init[after] <= GOAL * init[before]:
        problem = "The work has moved from Init to the first call. The customer waits as long as before."
    elif memory[after] > memory[before]:
        problem = "More memory is no cure: Init still does work that the price does not need."
    elif share > 0.9:
        problem = "Init is as slow as before. What is slow still runs in it."
    else:
        problem = "Init is shorter, but not short. Something slow still runs in it."
    attempt.expect(
        share <= GOAL,
        problem=problem,
        called="both functions, three cold starts each; the middle values of Init Duration plus the first Duration",
        came_back=f"before {first[before]:.0f} ms (Init {init[before]:.0f}), now {first[after]:.0f} ms "
        f"(Init {init[after]:.0f})",
        expected="at most a fifth of before",
        look_at="each line that init_profile.py prints for sale.py: does a price need it?",
    )


def _same_answers(attempt: Attempt, name: str) -> None:
    for _ in range(3):
        lamp, quantity = _chance.choice(sorted(PRICES_YEN)), _chance.randint(1, 30)
        reply = attempt.invoke(name, {"lamp": lamp, "quantity": quantity})
        attempt.expect(
            reply["total_yen"] == PRICES_YEN[lamp] * quantity * 90 // 100,
            problem="The total has changed. A faster start must not change what a customer pays.",
            called=reply.called,
            came_back=reply,
            expected=f'{{"total_yen": {PRICES_YEN[lamp] * quantity * 90 // 100}}}',
            look_at="the line that works out the total, in sale_before.py and in sale.py",
        )
    day, sold = fresh_id("check"), [_chance.randrange(1000, 60_000) for _ in range(5)]
    right = {"lamps": len(sold), "sum_yen": sum(sold)}
    try:
        reply = attempt.invoke(name, {"day": day, "sold_yen": sold})
    except NotStarted:
        raise
    except CheckFailed as failure:
        attempt.fail(
            "The nightly report is broken. It runs rarely, so nobody would notice before night.",
            called=failure.called,
            came_back=failure.came_back,
            expected=right,
            look_at=f"what the report needs, and whether it still has it; {failure.look_at}",
        )
    stored = _taken_from_the_bucket(attempt, f"{day}.json")
    attempt.expect(
        reply == right and stored == [right],
        problem="The nightly report has changed." if reply != right else "The nightly report is not stored any more.",
        called=reply.called,
        came_back=f"{reply!r}; in the file: {json.dumps(stored)}",
        expected=f"{json.dumps(right)}, and the same in {day}.json in hikari-reports",
        look_at="the function report, in sale_before.py and in sale.py",
    )
    wrong = {"day": day, "sold_yen": _chance.choice(["many", ["4320"], [4320.5]])}
    try:
        answer: object = attempt.invoke(name, wrong)
    except CheckFailed:
        answer = None
    stored = _taken_from_the_bucket(attempt, f"{day}.json")
    attempt.expect(
        answer is None and not stored,
        problem="The report takes an event that it refused before.",
        called=f"invoke {name} with {json.dumps(wrong)}",
        came_back=f"{answer!r}; in the file: {json.dumps(stored)}",
        expected="an error, and no file",
        look_at="what sale_before.py does with an event that does not fit the schema",
    )


def _taken_from_the_bucket(attempt: Attempt, key: str) -> list[Any]:
    """What a file in the bucket of the reports holds, in a list; the file is deleted. Empty: there is none."""
    s3 = attempt.client("s3")
    files = s3.list_objects_v2(Bucket="hikari-reports", Prefix=key).get("Contents", [])
    held = [json.loads(s3.get_object(Bucket="hikari-reports", Key=file["Key"])["Body"].read()) for file in files]
    for file in files:
        s3.delete_object(Bucket="hikari-reports", Key=file["Key"])
    return held


# ---- 3.3

GOOD, BAD = "def handler(e, c):\n    return {}\n", "def handler(e, c):\n    raise ValueError('broken')\n"


@task("3.3")
def release(attempt: Attempt) -> None:
    """The canary is at a tenth; the guard promotes what works and rolls back what fails."""
    _canary(attempt)
    say("3.3: your guard at work on three releases ...")
    with Scratch(attempt, like="hikari-release-guard") as scratch:
        _guarded(attempt, scratch, GOOD, BAD, "the new version fails", promote=False)
        _guarded(attempt, scratch, GOOD, GOOD, "both versions work", promote=True)
        _guarded(attempt, scratch, BAD, GOOD, "the old version fails, the new one works", promote=True)


def _canary(attempt: Attempt) -> None:
    client = attempt.client("lambda")
    try:
        alias = client.get_alias(FunctionName="hikari-banner", Name="live")
    except client.exceptions.ResourceNotFoundException:
        attempt.not_started('hikari-banner has no alias "live" yet.')
    old, weights = alias["FunctionVersion"], (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    called, shown = "get_alias hikari-banner live", {"FunctionVersion": old, "AdditionalVersionWeights": weights}
    expected = "nine calls in ten to today's code, one in ten to the sale's"
    attempt.expect(
        len(weights) == 1,
        problem="live leads every call to one version: there is no canary.",
        called=called,
        came_back=shown,
        expected=expected,
        look_at="the RoutingConfig of create_alias",
    )
    ((new, weight),) = weights.items()
    texts = [str(attempt.invoke("hikari-banner", {}, qualifier=version)["text"]) for version in (old, new)]
    is_sale = ["sale" in text for text in texts]
    attempt.expect(
        is_sale != [True, False],
        problem=f"The canary's weight is on the wrong version: the sale's code gets {1 - weight:.0%} of the calls.",
        called=f"{called}, then versions {old} and {new}",
        came_back=f"{json.dumps(shown)}; version {old} says {texts[0]!r}",
        expected=expected,
        look_at="which version FunctionVersion names, and which one has the weight",
    )
    attempt.expect(
        is_sale == [False, True],
        problem="The two versions hold the same code.",
        called=f"{called}, then versions {old} and {new}",
        came_back=texts,
        expected="today's text, then the sale's",
        look_at="where you publish: publish_version takes the code that is deployed at that moment",
    )
    attempt.expect(
        abs(weight - 0.1) < 0.001,
        problem=f"The new version gets {weight:.0%} of the calls.",
        called=called,
        came_back=shown,
        expected=expected,
        look_at="the weight: it is a share of the calls, 0.0 to 1.0",
    )


def _guarded(attempt: Attempt, scratch: Scratch, old_code: str, new_code: str, case: str, *, promote: bool) -> None:
    """Half of the calls go to each version: that 45 calls never meet the new one has a chance of 1 in 2**45."""
    client, name, calls = attempt.client("lambda"), scratch.function(old_code), _chance.randint(45, 60)
    old = client.publish_version(FunctionName=name)["Version"]
    scratch.change(name, new_code + "# the new version\n")
    new = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(
        FunctionName=name, Name="live", FunctionVersion=old, RoutingConfig={"AdditionalVersionWeights": {new: 0.5}}
    )
    reply = attempt.invoke("hikari-release-guard", {"function": name, "alias": "live", "calls": calls})
    alias = client.get_alias(FunctionName=name, Name="live")
    leads_to, weights = alias["FunctionVersion"], (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    served = sum(e.invocations for e in alive(name))
    keep, action = (new, "promoted") if promote else (old, "rolled back")
    told = {
        "called": f"{reply.called} (old version {old}, new version {new}; {case})",
        "came_back": f"{reply!r}; the alias leads to {leads_to}, weights {json.dumps(weights or {})}",
        "expected": f'{{"action": "{action}"}}; the alias leads to {keep}, weights {{}}',
    }
    if weights and leads_to == keep and reply["action"] == action:
        problem, look_at = "The weights are still in place: the other version goes on getting calls.", "RoutingConfig"
    elif leads_to == "$LATEST":
        problem = "The alias leads to $LATEST: from now on every deployment goes to all customers at once."
        look_at = "the version that you give to update_alias"
    elif not promote and reply["action"] == "promoted":
        problem = "Your guard promoted a version that fails. Lambda answers HTTP 200 when a function fails, too."
        look_at = "how your guard notices that a call has failed"
    elif promote and reply["action"] == "rolled back" and old_code == BAD:
        problem = "Your guard blames the new version for errors of the old one."
        look_at = "which of the failed calls count: the answer names the version that served it"
    else:
        problem, look_at = "The alias does not lead where it should.", "update_alias in guard.py, and what you return"
    right = reply["action"] == action and leads_to == keep and not weights
    attempt.expect(right, problem=problem, look_at=look_at, **told)
    attempt.expect(
        served == calls or not promote,
        problem=f"Your guard called the function {served} times, not {calls}: too few to trust, or too many.",
        look_at="the number of calls: it comes with the event",
        **told,
    )


# ---- 3.4

LIMIT, ORDERS = 5, 15


@task("3.4")
def payment(attempt: Attempt) -> None:
    """Payment is limited to five; the checkout gets each order paid once, or says truly that it is not."""
    client = attempt.client("lambda")
    _limit(attempt, client)
    attempt.invoke("hikari-checkout", {"order_id": fresh_id("warm"), "total_yen": 1})
    say(f"3.4: a rush of {ORDERS} orders ...")
    orders = [fresh_id("ord") for _ in range(ORDERS)]
    answers = at_once(attempt, "hikari-checkout", [{"order_id": order, "total_yen": 4320} for order in orders])
    lines = log_lines(attempt, "hikari-payment")
    charges = {order: lines.count(f"charged {order}") for order in orders}
    for order, answer in zip(orders, answers, strict=True):
        paid = answer.payload.get("paid") if isinstance(answer.payload, dict) and not answer.error else None
        charged = charges[order]
        if paid is True and not charged:
            problem = "Your checkout says paid, and payment never charged the order. Hikari gives the lamp away."
            look_at = "what your handler returns when the charge did not go through"
        elif charged > 1:
            problem, look_at = "An order is charged more than once.", "what happens after a charge that went through"
        elif charged and paid is not True:
            problem, look_at = (
                "An order is charged, and your checkout does not say so.",
                "what you return after a charge",
            )
        else:
            problem = "An order is not paid, though payment was free again long before the checkout's time was over."
            look_at = "what your handler does when payment refuses: once is not enough, and nor is an error"
        attempt.expect(
            paid is True and charged == 1,
            problem=problem,
            called=f"invoke hikari-checkout with {ORDERS} orders at once; of these {order}",
            came_back=answer.error or answer.payload,
            expected='{"paid": true}, and one charge',
            look_at=f"{look_at} (charges of {order}: {charged})",
        )
    say("3.4: payment is stopped for a moment ...")
    client.put_function_concurrency(FunctionName="hikari-payment", ReservedConcurrentExecutions=0)
    try:
        with borrowed(attempt, "hikari-checkout") as restart:
            restart(Timeout=4)
            _honest_when_stopped(attempt)
    finally:
        client.put_function_concurrency(FunctionName="hikari-payment", ReservedConcurrentExecutions=LIMIT)


def _limit(attempt: Attempt, client: Any) -> None:
    def reserved_of(name: str) -> int | None:
        limit: int | None = client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
        return limit

    reserved, elsewhere = reserved_of("hikari-payment"), reserved_of("hikari-checkout")
    ready = client.list_provisioned_concurrency_configs(FunctionName="hikari-payment")["ProvisionedConcurrencyConfigs"]
    if reserved is None and elsewhere is None and not ready:
        attempt.not_started("hikari-payment has no limit yet.")
    if ready and reserved is None:
        problem = "Provisioned concurrency keeps environments ready. It is no limit: a sixth call starts a sixth one."
    elif elsewhere is not None and reserved is None:
        problem = "The limit is on the checkout. Any other caller still reaches payment as often as it likes."
    else:
        problem = "The limit of hikari-payment is not five."
    attempt.expect(
        reserved == LIMIT,
        problem=problem,
        called="get_function_concurrency hikari-payment",
        came_back="no reserved concurrency" if reserved is None else f"{reserved} reserved",
        expected=f"{LIMIT} reserved",
        look_at="the call in step 1: which function, and which kind of concurrency",
    )


def _honest_when_stopped(attempt: Attempt) -> None:
    event = {"order_id": fresh_id("ord"), "total_yen": 9000}
    expected = '{"paid": false, "reason": "busy"}, before the function\'s own time is over'
    try:
        reply = attempt.invoke("hikari-checkout", event)
    except CheckFailed as failure:
        timed_out = "timed out" in failure.came_back.lower()
        attempt.fail(
            "Your checkout tries until Lambda ends it. The customer gets an error in place of an answer."
            if timed_out
            else "Your checkout fails when payment stays busy.",
            called=f"{failure.called}, while payment refuses every call; its timeout is 4 s here",
            came_back=failure.came_back,
            expected=expected,
            look_at="when your loop gives up" if timed_out else failure.look_at,
        )
    called = f"{reply.called}, while payment refuses every call; its timeout is 4 s here"
    attempt.expect(
        reply["paid"] is False and reply["reason"] == "busy",
        problem="Payment refused every call, and your checkout does not say so.",
        called=called,
        came_back=reply,
        expected=expected,
        look_at="what your handler returns when no charge went through",
    )
    left_ms = [int(line.split(",")[1].split()[0]) for line in reply.log.splitlines() if line.startswith("asking for")]
    waits_ms = [early - late for early, late in itertools.pairwise(left_ms)]
    problem = ""
    if len(left_ms) < 3:
        problem = "Your checkout gives up early, with most of its time left."
    elif len(left_ms) > 40:
        problem = "Your checkout asks again without a pause. That is one more rush on a service that is busy already."
    elif len(waits_ms) > 3 and mean(waits_ms[len(waits_ms) // 2 :]) < 1.5 * waits_ms[0]:
        problem = "Your waits do not grow. When payment stays busy for long, every checkout goes on asking as often."
    attempt.expect(
        not problem,
        problem=problem,
        called=called,
        came_back=f"{len(left_ms)} attempts in the log's end, {waits_ms[:6]} ms between the first ones",
        expected="several attempts, with waits that grow",
        look_at="how long your handler sleeps, and what changes from one attempt to the next",
    )


# ---- 3.5


@task("3.5")
def parcels(attempt: Attempt) -> None:
    """What fails for good reaches the queue; replay sends it again and deletes only what was accepted."""
    _kept(attempt)
    with Scratch(attempt, like="hikari-replay") as scratch:
        _replayed(attempt, scratch)
        _not_accepted(attempt, scratch)


def _kept(attempt: Attempt) -> None:
    client, sqs, name = attempt.client("lambda"), attempt.client("sqs"), "hikari-parcel"
    try:
        settings = client.get_function_event_invoke_config(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        attempt.not_started("hikari-parcel has no settings for its asynchronous calls yet.")
    ends = settings.get("DestinationConfig") or {}
    shown = {"MaximumRetryAttempts": settings.get("MaximumRetryAttempts"), "DestinationConfig": ends}
    attempt.expect(
        bool(ends.get("OnFailure")),
        problem="Events that fail have no destination. "
        + ("Yours gets those that succeed." if ends.get("OnSuccess") else "They vanish after the last try."),
        called=f"get_function_event_invoke_config {name}",
        came_back=shown,
        expected="a destination for events that failed",
        look_at="DestinationConfig: it has a key for each way in which a call can end",
    )
    order = fresh_id("ord")
    answer = client.invoke(FunctionName=name, Payload=json.dumps({"order_id": order}).encode())
    attempt.expect(
        bool(answer.get("FunctionError")),
        problem="hikari-parcel hides its error. Lambda takes the event for done: no retry, no record, no parcel.",
        called=f'invoke {name} with {{"order_id": "{order}"}}, which has no address',
        came_back=answer["Payload"].read().decode(),
        expected="an error of the function",
        look_at="parcel.py: who tries again, your handler or Lambda? Run the given cell again",
    )
    say("3.5: an order without an address, and Lambda's retry ...")
    order = fresh_id("ord")
    client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"order_id": order}).encode())
    url = sqs.get_queue_url(QueueName="hikari-lost-parcels")["QueueUrl"]
    mine: list[tuple[str, Any]] = []
    others: list[tuple[str, Any]] = []
    for _ in range(8):
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            record = json.loads(message["Body"])
            ours = isinstance(record, dict) and (record.get("requestPayload") or {}).get("order_id") == order
            (mine if ours else others).append((message["ReceiptHandle"], record))
        if mine:
            break
    for handle, _ in mine:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    for handle, _ in others:  # the learner's own records: visible again at once
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    tries = mine[0][1]["requestContext"]["approximateInvokeCount"] if mine else 0
    attempt.expect(
        tries == 2,
        problem=f"Lambda tried {tries} times. One retry was asked for, so two tries in all."
        if mine
        else "The event has failed, and no record of it is in hikari-lost-parcels.",
        called=f'{name} asynchronously, with {{"order_id": "{order}"}}',
        came_back=f"a record after {tries} tries" if mine else f"no record after 8 s; {json.dumps(shown)}",
        expected="a record after 2 tries",
        look_at="MaximumRetryAttempts and the destination's ARN",
    )


def _replayed(attempt: Attempt, scratch: Scratch) -> None:
    """Real records of a function that failed; then the function is mended and replay may work."""
    client, sqs = attempt.client("lambda"), attempt.client("sqs")
    (lost_url, lost_arn), (sent_url, sent_arn) = scratch.queue(), scratch.queue()
    name = scratch.function("def handler(e, c):\n    raise ValueError('no address')\n")
    client.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": lost_arn}, "OnSuccess": {"Destination": sent_arn}},
    )
    orders = {fresh_id("ord"): {"lamp": _chance.choice(["Tsuki", "Hoshi", "Kumo"])} for _ in range(13)}
    for order, rest in orders.items():
        payload = json.dumps({"order_id": order, **rest}).encode()
        client.invoke(FunctionName=name, InvocationType="Event", Payload=payload)
    wait_until(lambda: messages_in(attempt, lost_url) == len(orders))
    scratch.change(name, "def handler(e, c):\n    return {}\n")
    addresses = {order: fresh_id("street") for order in sorted(orders)[:-2]}
    reply = attempt.invoke("hikari-replay", {"queue_url": lost_url, "addresses": addresses})
    arrived: list[Any] = []
    while batch := sqs.receive_message(QueueUrl=sent_url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages"):
        arrived += [json.loads(message["Body"])["requestPayload"] for message in batch]
        if len(arrived) >= len(addresses):
            break
    left = messages_in(attempt, lost_url)
    right = [{"order_id": order, **orders[order], "address": street} for order, street in addresses.items()]
    told = {
        "called": f"hikari-replay with a queue of {len(orders)} records and {len(addresses)} addresses",
        "came_back": f"{len(arrived)} events arrived, as {json.dumps(arrived[0]) if arrived else 'none'}; "
        f"{left} records left in the queue",
        "expected": f"{len(right)} events, as {json.dumps(right[0])}; {len(orders) - len(right)} records left",
    }
    whole = [event for event in arrived if isinstance(event, dict) and "requestContext" in event]
    attempt.expect(
        not whole,
        problem="You sent the whole record. The function knows its own events, and not what Lambda wraps around them.",
        look_at="what a record holds: the event that failed is one of its fields",
        **told,
    )
    attempt.expect(
        len(arrived) == len(right),
        problem="Nothing arrived as an asynchronous call." if not arrived else "Not as many events arrived as should.",
        look_at="the call to functions.invoke, and for which records it is made",
        **told,
    )
    attempt.expect(
        sorted(arrived, key=str) == sorted(right, key=str),
        problem="The events that arrived are not the ones that failed, with their addresses.",
        look_at="what you send: all that was in the event, and its own address",
        **told,
    )
    attempt.expect(
        left >= len(orders) - len(right),
        problem="You deleted records that you had no address for. These parcels are lost now.",
        look_at="for which records your code reaches delete_message",
        **told,
    )
    attempt.expect(
        left == len(orders) - len(right),
        problem="What you sent is still in the queue: the next replay sends it again, and customers get two parcels.",
        look_at="what becomes of a message after its event was accepted",
        **told,
    )
    attempt.expect(
        sorted(reply["replayed"]) == sorted(addresses),
        problem="The list of the orders sent is not complete.",
        called=told["called"],
        came_back=reply,
        expected=f"the {len(addresses)} orders that had an address",
        look_at="what you append to replayed, and when",
    )


def _not_accepted(attempt: Attempt, scratch: Scratch) -> None:
    """A record of a function that is gone: Lambda refuses the event, so the message must stay."""
    url, _ = scratch.queue()
    gone = "arn:aws:lambda:us-east-1:123456789012:function:check-gone:$LATEST"
    order = fresh_id("ord")
    record = {"requestContext": {"functionArn": gone}, "requestPayload": {"order_id": order}}
    attempt.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(record))
    try:
        came_back: object = attempt.invoke("hikari-replay", {"queue_url": url, "addresses": {order: "Nara"}})
    except CheckFailed as failure:  # an error is a fair answer here
        came_back = failure.came_back
    attempt.expect(
        messages_in(attempt, url) == 1,
        problem="Lambda did not accept the event, and its record is gone all the same: it was deleted too early.",
        called="hikari-replay with a record of a function that does not exist any more",
        came_back=came_back,
        expected="the record stays in the queue",
        look_at="the order of your calls, and which of them may fail",
    )


# ---- 3.6

#: What a broken stock.py does, the text to replace in the right one, and the text in its place. Each needs an assertion
#: that no other one needs.
BROKEN = (
    (
        "takes one lamp, whatever the quantity",
        '":wanted": {"N": str(event["quantity"])}}',
        '":wanted": {"N": str(event["quantity"])}, ":one": {"N": "1"}}',
    ),
    ("says yes to a customer when there is too little", '{"reserved": False}', '{"reserved": True}'),
    ("refuses the customer who takes the very last ones", ">= :wanted", "> :wanted"),
    (
        "refuses an order, and takes the lamps all the same",
        '        return {"reserved": False}',
        '        dynamodb.update_item(TableName="hikari-stock", Key={"lamp": {"S": event["lamp"]}},\n'
        '            UpdateExpression="SET #left = :none", ExpressionAttributeNames={"#left": "left"},\n'
        '            ExpressionAttributeValues={":none": {"N": "0"}})\n        return {"reserved": False}',
    ),
)


@task("3.6")
def stock_tests(attempt: Attempt) -> None:
    """The learner's tests pass on the right handler and fail on each broken one."""
    files = ("test_stock.py", "stock.py")
    for file in files:
        if not Path(file).is_file():
            attempt.not_started(f"There is no {file} yet.")
    right = Path("stock.py").read_text(encoding="utf-8")
    say("3.6: running your tests on stock.py, then on broken copies of it ...")
    _passes(attempt, run_pytest(*files))
    copies = []
    for _, old, new in BROKEN:
        copy = right.replace(old, new)
        if ":one" in new:
            copy = copy.replace("#left - :wanted", "#left - :one")
        attempt.expect(
            copy != right,
            problem="stock.py is not the given one: the check cannot break it.",
            called="reading stock.py",
            came_back="another text",
            expected="the text of the cell above",
            look_at="the cell with stock.py: run it again as it was, your tests go into test_stock.py",
        )
        copies.append(copy)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda copy: run_pytest(*files, replaced={"stock.py": copy}), copies))
    missed = [what for (what, _, _), run in zip(BROKEN, runs, strict=True) if run.exit_code == PASSED]
    attempt.expect(
        len(missed) < len(BROKEN),
        problem="Your tests pass whatever the handler does: nothing in them looks at what it answered or at the stock.",
        called=f"pytest test_stock.py, with each of {len(BROKEN)} broken copies of stock.py",
        came_back="passed each time",
        expected="a test that fails, each time",
        look_at="what each of your tests asserts",
    )
    attempt.expect(
        not missed,
        problem=f"Your tests do not notice a stock.py that {' or one that '.join(missed)}.",
        called=f"pytest test_stock.py, with each of {len(BROKEN)} broken copies of stock.py",
        came_back=f"passed {len(missed)} times",
        expected="a test that fails, each time",
        look_at="the three cases of step 1: for each the answer, and what is left",
    )


def _passes(attempt: Attempt, run: PytestRun) -> None:
    if "NotImplementedError: not started" in run.output:
        attempt.not_started("test_stock.py still raises NotImplementedError.")
    if "RealAwsRefused" in run.output:
        problem = "Your tests reach for the real AWS: a call is made where moto does not answer. It was refused."
        look_at = "which calls stand outside of mock_aws: also those that run when the file is imported"
    elif run.exit_code == NONE_FOUND:
        problem = "pytest finds no test in your file. A file without tests is not a file that passes."
        look_at = "the names of your functions"
    elif run.exit_code == TIMED_OUT:
        problem, look_at = "Your tests do not come to an end.", "the loops in your tests"
    elif run.exit_code == FAILED:
        problem = "Your tests fail on the right stock.py."
        look_at = "what the test expects, and whether each test makes its own table"
    else:
        problem, look_at = "pytest cannot run your file.", "the error that pytest names"
    attempt.expect(
        run.exit_code == PASSED,
        problem=problem,
        called="pytest test_stock.py, with the given stock.py",
        came_back=run.verdicts or run.output[-300:],
        expected="every test passes",
        look_at=look_at,
    )


# ---- what the checks share

_PUT_BACK = ("Timeout", "MemorySize")
_TIMES = re.compile(r"\t(Init Duration|Duration): ([\d.]+) ms")


@dataclass(frozen=True)
class Answer:
    """One of several calls at once: what came back, or the error on one line (empty: none)."""

    payload: Any
    error: str


@contextlib.contextmanager
def borrowed(attempt: Attempt, name: str) -> Iterator[Callable[..., None]]:
    """Lends a function: gives a call that restarts it, and puts its settings back at the end.

    The call takes settings of update_function_configuration. It changes a variable of the environment each time, so
    the next invocation is a cold start.
    """
    client = attempt.client("lambda")
    before = client.get_function_configuration(FunctionName=name)
    variables = (before.get("Environment") or {}).get("Variables") or {}

    def restart(**settings: Any) -> None:
        fresh = {**variables, "CHECK": uuid.uuid4().hex}
        client.update_function_configuration(FunctionName=name, Environment={"Variables": fresh}, **settings)

    try:
        yield restart
    finally:
        settings = {setting: before[setting] for setting in _PUT_BACK}
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables}, **settings)


def at_once(attempt: Attempt, name: str, events: Sequence[Any]) -> list[Answer]:
    """Invokes a function with all events at the same moment; the answers in their order."""
    # A client each, made one after the other: making clients is not safe in threads.
    clients = [attempt.client("lambda") for _ in events]
    together = threading.Barrier(len(events))

    def call(client: Any, event: Any) -> Answer:
        together.wait()
        try:
            answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
        except client.exceptions.TooManyRequestsException as error:
            return Answer(None, f"TooManyRequestsException: {error.response['Error']['Message']}")
        payload = json.loads(answer["Payload"].read() or b"null")
        if answer.get("FunctionError"):
            return Answer(payload, f"{payload.get('errorType')}: {payload.get('errorMessage')}")
        return Answer(payload, "")

    with ThreadPoolExecutor(len(events)) as pool:
        return list(pool.map(call, clients, events))


def times_ms(reply: Reply) -> tuple[float, float]:
    """Init Duration (0 for a warm start) and Duration of a call, in milliseconds, from its REPORT line."""
    report = next(line for line in reply.log.splitlines() if line.startswith("REPORT "))
    found = {name: float(value) for name, value in _TIMES.findall(report)}
    return found.get("Init Duration", 0.0), found["Duration"]


def alive(name: str) -> list[ExecutionEnvironment]:
    """The execution environments of a function that have not ended, oldest first."""
    return [e for e in cloud.start().environments(name) if e.state != "ended"]


def log_lines(attempt: Attempt, name: str) -> list[str]:
    """Everything that a function has logged so far."""
    pages = attempt.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
    return [event["message"].rstrip("\n") for page in pages for event in page["events"]]


class Scratch:
    """Functions and queues that a check makes for itself; a context manager that takes them away again.

    Args:
        attempt: the run of the check.
        like: name of a function of the learner's, whose role the functions get.
    """

    def __init__(self, attempt: Attempt, like: str) -> None:
        self._lambda, self._sqs, self._logs = (attempt.client(service) for service in ("lambda", "sqs", "logs"))
        self._role = self._lambda.get_function_configuration(FunctionName=like)["Role"]
        self._functions: list[str] = []
        self._queues: list[str] = []

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._functions:
            with contextlib.suppress(self._lambda.exceptions.ResourceNotFoundException):
                self._lambda.delete_function(FunctionName=name)
            with contextlib.suppress(self._logs.exceptions.ResourceNotFoundException):
                self._logs.delete_log_group(logGroupName=f"/aws/lambda/{name}")
        for url in self._queues:
            self._sqs.delete_queue(QueueUrl=url)

    def function(self, source: str) -> str:
        """Creates a function from the source of its module; its name."""
        name = f"check-{uuid.uuid4().hex[:8]}"
        self._lambda.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=self._role,
            Handler="code_of_check.handler",
            Code={"ZipFile": _zip(source)},
        )
        self._functions.append(name)
        return name

    def change(self, name: str, source: str) -> None:
        """Gives one of the functions other code."""
        self._lambda.update_function_code(FunctionName=name, ZipFile=_zip(source))

    def queue(self) -> tuple[str, str]:
        """Creates a queue; its URL and its ARN."""
        url = self._sqs.create_queue(QueueName=f"check-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        self._queues.append(url)
        return url, self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def messages_in(attempt: Attempt, queue_url: str) -> int:
    """How many messages a queue holds, those that are hidden for a while included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = attempt.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
    return sum(int(counts[name]) for name in names)


def wait_until(condition: Callable[[], bool], limit_s: float = 8.0) -> bool:
    """Waits until a condition holds, at most `limit_s` seconds; whether it does."""
    end_s = time.monotonic() + limit_s
    while not (holds := condition()) and time.monotonic() < end_s:
        time.sleep(0.05)
    return holds


def fresh_id(kind: str) -> str:
    """A name that nobody has seen, as in "ord-3f9a1c"."""
    return f"{kind}-{uuid.uuid4().hex[:6]}"


def _zip(source: str) -> bytes:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("code_of_check.py", source)
    return package.getvalue()
