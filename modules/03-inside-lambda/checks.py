"""Checks of module 03, tasks 3.1 and 3.2: environments, cold starts."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Mapping
from statistics import median
from typing import Any

import psutil

from serverless_first.lab import Attempt, CheckFailed, NotStarted, Reply, task
from serverless_first.lab.functions import alive, at_once, borrowed, fresh_id, times_ms
from serverless_first.lab.show import say

_chance = random.Random()
COUPON, RUNTIME = "FLASH10", "python3.13"
PRICES_YEN = {"Tsuki": 4800, "Hoshi": 12800, "Kumo": 9600, "Yuki": 3200}


# ---- 3.1

SPANS = "Your count spans environments. Each execution environment has its own memory, and counts only its own calls."


@task("3.1")
def price(attempt: Attempt) -> None:
    """Checks that a coupon counts for one call, and that the price list and the count belong to the environment."""
    name = "hikari-price"
    attempt.invoke(name, {"lamp": "Tsuki"})  # says so if there is no function yet, or no code in it
    runtime = attempt.client("lambda").get_function_configuration(FunctionName=name)["Runtime"]
    attempt.expect(
        runtime == RUNTIME,
        problem=f"The function doesn't have the task's runtime. On AWS, it would run on {runtime}.",
        called=f"get_function_configuration {name}",
        came_back=f"Runtime {runtime}",
        expected=f"Runtime {RUNTIME}",
        look_at="the arguments of create_function, in step 2",
    )
    with borrowed(attempt, name) as restart:
        restart()
        lamp, other = _chance.sample(sorted(PRICES_YEN), 2)
        events: list[dict[str, str]] = [
            {"lamp": other},
            {"lamp": lamp, "coupon": COUPON},
            {"lamp": lamp},
            *({"lamp": other, "coupon": unknown} for unknown in ("FLASH20", "FLASH100", "flash10", "WINTER5")),
        ]
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
        called=f"invoke {name} four times at the same time, after a restart: {len(right)} calls, "
        f"{right.count(1)} environments",
        came_back=f"calls_here {counted}",
        expected=f"calls_here {right}",
        look_at="where you keep the count, which must live as long as the environment and be visible only to it",
    )


def _read_once(attempt: Attempt, replies: list[Reply]) -> None:
    readings = sum(reply.log.count("price list read") for reply in replies)
    called = f"{len(replies)} calls to one environment"
    attempt.expect(
        readings > 0,
        problem="Your function never reads the price list, so it wouldn't notice when a price changes.",
        called=called,
        came_back="no line 'price list read' in the log",
        expected="one line 'price list read'",
        look_at="where your file gets the prices from",
    )
    attempt.expect(
        readings == 1,
        problem="Your function reads the price list again and again. Each time, a customer waits 0.2 s longer.",
        called=called,
        came_back=f"{readings} lines 'price list read' in the logs",
        expected="one line, from the environment's Init",
        look_at="which part of your file runs on each call, and which part runs once",
    )


def _right_price(attempt: Attempt, event: dict[str, str], reply: Reply) -> None:
    full_yen, has_coupon = PRICES_YEN[event["lamp"]], event.get("coupon") == COUPON
    right_yen = full_yen * 0.9 if has_coupon else full_yen
    price_yen = reply["price_yen"]
    if not isinstance(price_yen, int | float) or isinstance(price_yen, bool):
        problem, look_at = "The price isn't a number.", "the value of price_yen"
    elif not has_coupon and "coupon" in event and price_yen < full_yen:
        problem = f"A coupon that Hikari never gave out takes money off. Only {COUPON} may do that."
        look_at = "whether your handler checks only that there is a coupon, or also which coupon it is"
    elif not has_coupon and price_yen < full_yen:
        problem = "One customer's coupon changed the price for the next customer, who has no coupon."
        look_at = "what the handler changes outside itself, because that stays for the next call"
    elif has_coupon and price_yen == full_yen:
        problem, look_at = "The coupon FLASH10 takes nothing off.", "where your handler reads the coupon"
    else:
        problem, look_at = "The price is wrong.", "the lines that compute the price"
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
        problem = "Your count starts over in each call. A variable inside the handler is gone when the handler returns."
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
        look_at="where the count starts, and what increases it",
    )


# ---- 3.2

PATIENCE_S = 60  # a busy machine may take longer for the slow start than the function's own 10 s
MOST_STARTS = 9  # at least three of each; more where the goal is not reached, as other programs may be the reason
# The quickest of several starts still varies by half on a busy machine, so the limits lie far from what is measured
# (26 November 2026, 2 cores, quiet and beside 8 busy programs):
# the solution takes 0.03 of before; with the client left in Init it is 0.21, with the library 0.84, with both 1.
GOAL = 0.1  # of the time that a customer waits
# Of the processor's time, which other programs change less, and in the median, so that one lucky start doesn't decide.
# Without this limit, one quick start among slow ones on a busy machine passes with the client left in Init.
MOST_BUSY, HARDLY = 0.12, 0.5
MOST_CALLS = 100  # more price calls in which a thread may go on with its work


@task("3.2")
def sale(attempt: Attempt) -> None:
    """Checks that Init and the first call take at most a tenth of before, and that nothing else has changed."""
    before, after = "hikari-sale-before", "hikari-sale"
    _same_answers(attempt, after)
    say("3.2: restarting both functions in turn, at least three times each ...")
    with borrowed(attempt, before) as restart_before, borrowed(attempt, after) as restart_after:
        inits: dict[str, list[float]] = {before: [], after: []}
        firsts: dict[str, list[float]] = {before: [], after: []}
        laters: dict[str, list[float]] = {before: [], after: []}
        busy: dict[str, list[float]] = {before: [], after: []}
        for number in range(MOST_STARTS):
            if number >= 3 and (_is_short(firsts, busy, before, after) or _works_as_much(busy, before, after)):
                break  # otherwise other programs may have slowed it, and it is measured again
            for name, restart in ((before, restart_before), (after, restart_after)):
                restart(Timeout=PATIENCE_S)
                replies = [attempt.invoke(name, {"lamp": "Kumo", "quantity": n}) for n in range(1, 7)]
                init_ms, first_ms = times_ms(replies[0])
                inits[name].append(init_ms or first_ms)  # an Init of more than 10 s has run again, in the first call
                firsts[name].append(init_ms + first_ms)
                busy[name].append(_processor_ms(attempt, name, init_ms + first_ms))
                laters[name] += [times_ms(reply)[1] for reply in replies[1:]]
    # The quickest start of each. Other programs make some starts slower, and none quicker.
    init, first = ({name: min(values) for name, values in samples.items()} for samples in (inits, firsts))
    later = {name: min(values) for name, values in laters.items()}
    attempt.expect(
        later[after] <= 3 * later[before],
        problem="Each later call is slower than before. It creates something that it could keep or doesn't need.",
        called=f"{len(laters[after])} warm calls of each function; the shortest Duration",
        came_back=f"before {later[before]:.1f} ms, now {later[after]:.1f} ms",
        expected="at most three times as long as before",
        look_at="what your handler does before it computes the price",
    )
    memory = {n: attempt.client("lambda").get_function_configuration(FunctionName=n)["MemorySize"] for n in init}
    look_at = "the lines that init_profile.py prints for sale.py, and whether a price needs them"
    if first[after] <= GOAL * first[before]:
        problem = "The first call is short now, but the slow lines still run, in a later call or in a thread beside it."
    elif init[after] <= GOAL * init[before]:
        problem = "Init is short now, but the first call does slow work, and the customer waits for it too."
        look_at = "the lines that a price runs in your handler, and whether it needs all of them"
    elif memory[after] > memory[before]:
        problem = "More memory doesn't help, because Init still does work that the price doesn't need."
    elif _works_as_much(busy, before, after):
        problem = "Init is hardly shorter than before, if at all. The slowest lines still run in Init."
    else:
        problem = "Init is shorter, but not short enough. Something slow still runs in Init."
    attempt.expect(
        _is_short(firsts, busy, before, after),
        problem=problem,
        called=f"{len(firsts[after])} cold starts of each function; the shortest Init Duration plus first Duration",
        came_back=f"before {first[before]:.0f} ms (Init {init[before]:.0f}), now {first[after]:.0f} ms "
        f"(Init {init[after]:.0f}); processor time before {median(busy[before]):.0f} ms, "
        f"now {median(busy[after]):.0f} ms",
        expected=f"at most a tenth of the earlier time, and at most {MOST_BUSY:.0%} of the earlier processor time",
        look_at=look_at,
    )


def _is_short(
    firsts_ms: Mapping[str, list[float]], busy_ms: Mapping[str, list[float]], before: str, after: str
) -> bool:
    """Whether the quickest start is short by the clock, and the median start by the processor's time."""
    by_the_clock = min(firsts_ms[after]) <= GOAL * min(firsts_ms[before])
    return by_the_clock and median(busy_ms[after]) <= MOST_BUSY * median(busy_ms[before])


def _works_as_much(busy_ms: Mapping[str, list[float]], before: str, after: str) -> bool:
    """Whether the processor works so long that more starts wouldn't show anything else."""
    return median(busy_ms[after]) > HARDLY * median(busy_ms[before])


def _processor_ms(attempt: Attempt, name: str, otherwise_ms: float) -> float:
    """The processor's time that a function's newest execution environment has taken, if it is still there.

    Between two calls, an environment is frozen. So if a thread goes on working there, more calls give it time.
    """
    with contextlib.suppress(IndexError, psutil.Error):
        process = psutil.Process(alive(name)[-1].pid)
        for _ in range(MOST_CALLS):
            if process.num_threads() == 1:
                break
            attempt.invoke(name, {"lamp": "Kumo", "quantity": 1})
        times = process.cpu_times()
        return 1000 * (times.user + times.system)
    return otherwise_ms


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
            look_at="the line that computes the total, in sale_before.py and in sale.py",
        )
    for sold in ([_chance.randrange(1000, 60_000) for _ in range(5)], []):  # nothing is sold on some days
        _same_report(attempt, name, sold)
    _same_rejections(attempt, name)


def _same_report(attempt: Attempt, name: str, sold: list[int]) -> None:
    day, right = fresh_id("check"), {"lamps": len(sold), "sum_yen": sum(sold)}
    try:
        reply = attempt.invoke(name, {"day": day, "sold_yen": sold})
    except NotStarted:
        raise
    except CheckFailed as failure:
        attempt.fail(
            "The nightly report is broken, and nobody would notice until tonight.",
            called=failure.called,
            came_back=failure.came_back,
            expected=right,
            look_at=f"whether the report still has everything that it needs; {failure.look_at}",
        )
    stored = _taken_from_the_bucket(attempt, f"{day}.json")
    attempt.expect(
        reply == right and stored == [right],
        problem="The nightly report has changed." if reply != right else "The nightly report isn't stored anymore.",
        called=reply.called,
        came_back=f"{reply!r}; in the file: {json.dumps(stored)}",
        expected=f"{json.dumps(right)}, and the same in {day}.json in hikari-reports",
        look_at="the function report in sale_before.py and in sale.py",
    )


def _same_rejections(attempt: Attempt, name: str) -> None:
    day = fresh_id("check")
    rejected: tuple[object, ...] = ("many", ["4320"], [4320.5], [True], None, {})
    for sold_yen in rejected:
        wrong = {"day": day, "sold_yen": sold_yen}
        try:
            answer: object = attempt.invoke(name, wrong)
        except CheckFailed:
            answer = None
        stored = _taken_from_the_bucket(attempt, f"{day}.json")
        attempt.expect(
            answer is None and not stored,
            problem="The report accepts an event that it rejected before.",
            called=f"invoke {name} with {json.dumps(wrong)}",
            came_back=f"{answer!r}; in the file: {json.dumps(stored)}",
            expected="an error, and no file",
            look_at="what sale_before.py does with an event that doesn't match the schema",
        )


def _taken_from_the_bucket(attempt: Attempt, key: str) -> list[Any]:
    """Returns a report's file in a list, which is empty if there is no file, and deletes the file."""
    s3 = attempt.client("s3")
    files = s3.list_objects_v2(Bucket="hikari-reports", Prefix=key).get("Contents", [])
    contents = [json.loads(s3.get_object(Bucket="hikari-reports", Key=file["Key"])["Body"].read()) for file in files]
    for file in files:
        s3.delete_object(Bucket="hikari-reports", Key=file["Key"])
    return contents
