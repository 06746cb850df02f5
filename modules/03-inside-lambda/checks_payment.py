"""Check of module 03, task 3.4: a limit for payment, and a checkout that handles a refusal."""

from __future__ import annotations

import itertools
from statistics import mean
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import readable
from serverless_first.lab.functions import Answer, at_once, borrowed, fresh_id, lent_code, log_lines, times_ms
from serverless_first.lab.meetings import refusing
from serverless_first.lab.show import say

LIMIT, ORDERS = 5, 15
TIMEOUT_S = 6
FAILING = """def handler(event, context):
    print("charged", event["order_id"])
    raise RuntimeError("the bank has charged, and its answer is lost")
"""


@task("3.4")
def payment(attempt: Attempt) -> None:
    """Checks that payment is limited to five, and that the checkout gets each order paid once or says that it isn't."""
    client = attempt.client("lambda")
    _limit(attempt, client)
    with borrowed(attempt, "hikari-checkout") as restart:
        restart(Timeout=TIMEOUT_S)
        attempt.invoke("hikari-checkout", {"order_id": fresh_id("warm"), "total_yen": 1})
        _warm_up(attempt)
        say(f"3.4: sending {ORDERS} orders at once ...")
        _rush(attempt)
        say("3.4: making payment fail after a charge, then blocking all payments for a moment ...")
        with lent_code(attempt, "hikari-payment", FAILING, file="payment.py"):
            _charged_once_when_payment_fails(attempt)
        _another_refusal_is_an_error(attempt)
        client.put_function_concurrency(FunctionName="hikari-payment", ReservedConcurrentExecutions=0)
        try:
            _honest_when_stopped(attempt)
        finally:
            client.put_function_concurrency(FunctionName="hikari-payment", ReservedConcurrentExecutions=LIMIT)


def _warm_up(attempt: Attempt) -> None:
    """Environments of both functions for the rush: fifteen cold starts on a busy machine outlast a checkout."""
    for name, calls in (("hikari-payment", LIMIT), ("hikari-checkout", ORDERS)):
        at_once(attempt, name, [{"order_id": fresh_id("warm"), "total_yen": 1} for _ in range(calls)])


def _rush(attempt: Attempt) -> None:
    orders = [fresh_id("ord") for _ in range(ORDERS)]
    answers = at_once(attempt, "hikari-checkout", [{"order_id": order, "total_yen": 4320} for order in orders])
    lines = log_lines(attempt, "hikari-payment")
    charges = {order: lines.count(f"charged {order}") for order in orders}
    for order, answer in zip(orders, answers, strict=True):
        paid = answer.payload.get("paid") if isinstance(answer.payload, dict) and not answer.error else None
        charged = charges[order]
        if paid is True and not charged:
            problem = "Your checkout says paid, but payment never charged the order. Hikari gives the lamp away."
            look_at = "what your handler returns if the charge didn't go through"
        elif charged > 1:
            problem, look_at = "An order was charged more than once.", "what happens after a charge that went through"
        elif charged and paid is not True:
            problem, look_at = (
                "An order was charged, but your checkout doesn't say that it is paid.",
                "what you return after a charge",
            )
        else:
            problem = "An order isn't paid, although payment had room again long before the checkout's timeout."
            look_at = "what your handler does after a refusal; one attempt isn't enough, and an error is also wrong"
        attempt.expect(
            paid is True and charged == 1,
            problem=problem,
            called=f"invoke hikari-checkout with {ORDERS} orders at once, among them {order}",
            came_back=answer.error or answer.payload,
            expected='{"paid": true}, and one charge',
            look_at=f"{look_at} (charges of {order}: {charged})",
        )


def _charged_once_when_payment_fails(attempt: Attempt) -> None:
    """Makes payment fail after a charge. A second attempt would charge twice, and the answer "busy" would be wrong."""
    order = fresh_id("ord")
    (answer,) = at_once(attempt, "hikari-checkout", [{"order_id": order, "total_yen": 9000}])
    charges = log_lines(attempt, "hikari-payment").count(f"charged {order}")
    claim = answer.payload.get("paid") if isinstance(answer.payload, dict) and not answer.error else None
    if charges > 1:
        problem = "Your checkout charges again after payment failed. Payment may have charged before it failed."
        look_at = "which errors your handler treats as busy; a failed call, unlike a refused call, may have charged"
    else:
        problem = "Payment failed, and your checkout answers, although it can't know whether the order is paid."
        look_at = "what your handler does with an error that isn't a refusal"
    attempt.expect(
        charges == 1 and not isinstance(claim, bool),
        problem=problem,
        called=f"invoke hikari-checkout with {order}, while payment charges and then fails",
        came_back=f"{charges} charges; {answer.error or readable(answer.payload)}",
        expected="one charge, and an error",
        look_at=look_at,
    )


def _another_refusal_is_an_error(attempt: Attempt) -> None:
    """Lets Lambda fail without saying what became of the call. "Busy" is wrong then, and so is a second attempt."""
    order = fresh_id("ord")
    code, message = "ServiceException", "An internal error occurred."
    with refusing(attempt, "hikari-checkout", "Invoke", code, message, timeout_s=TIMEOUT_S):
        (answer,) = at_once(attempt, "hikari-checkout", [{"order_id": order, "total_yen": 9000}])
    attempts = answer.log.count("asking for payment,")
    attempt.expect(
        bool(answer.error) and attempts == 1,
        problem="Your checkout takes each error of the call for a refusal. Only TooManyRequestsException is one, and "
        "after any other error, nobody knows whether payment has charged.",
        called=f"invoke hikari-checkout with {order}, while Lambda answers {code}",
        came_back=f"{attempts} attempt{'' if attempts == 1 else 's'}; {answer.error or readable(answer.payload)}",
        expected="one attempt, and an error",
        look_at="which exceptions your handler catches",
    )


def _limit(attempt: Attempt, client: Any) -> None:
    def reserved_of(name: str) -> int | None:
        limit: int | None = client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
        return limit

    reserved, elsewhere = reserved_of("hikari-payment"), reserved_of("hikari-checkout")
    ready = client.list_provisioned_concurrency_configs(FunctionName="hikari-payment")["ProvisionedConcurrencyConfigs"]
    if reserved is None and elsewhere is None and not ready:
        attempt.not_started("hikari-payment has no limit yet.")
    if ready and reserved is None:
        problem = "Provisioned concurrency keeps environments ready. It isn't a limit, so a sixth call also runs."
    elif elsewhere is not None and reserved is None:
        problem = "The limit is on the checkout. Any other caller can still call payment as often as it likes."
    else:
        problem = "The limit on hikari-payment isn't five."
    attempt.expect(
        reserved == LIMIT,
        problem=problem,
        called="get_function_concurrency hikari-payment",
        came_back="no reserved concurrency" if reserved is None else f"{reserved} reserved",
        expected=f"{LIMIT} reserved",
        look_at="the call in step 1, its function and its kind of concurrency",
    )


def _honest_when_stopped(attempt: Attempt) -> None:
    events = [{"order_id": fresh_id("ord"), "total_yen": 9000} for _ in range(ORDERS)]
    # 40 ms apart, because a crowd on this machine would stretch the first waits.
    answers = at_once(attempt, "hikari-checkout", events, apart_s=0.04)
    called = f"invoke hikari-checkout with {ORDERS} orders, while payment refuses every call; the "
    called += f"checkout's timeout is {TIMEOUT_S} s here"
    expected = '{"paid": false, "reason": "busy"}, before the checkout\'s timeout'
    for answer in answers:
        timed_out = "timed out" in answer.error.lower()
        attempt.expect(
            not answer.error,
            problem="Your checkout retries until Lambda stops it. The customer gets an error instead of an answer."
            if timed_out
            else "Your checkout fails if payment stays busy.",
            called=called,
            came_back=answer.error,
            expected=expected,
            look_at="when your loop gives up" if timed_out else "what your handler does with a refusal",
        )
        claim = answer.payload if isinstance(answer.payload, dict) else {}
        attempt.expect(
            claim.get("paid") is False and claim.get("reason") == "busy",
            problem="Payment refused every call, but your checkout doesn't say that it is busy.",
            called=called,
            came_back=answer.payload,
            expected=expected,
            look_at="what your handler returns when no charge went through",
        )
    asked_ms = [_asked_ms(answer) for answer in answers]
    problem = _pace_problem(asked_ms, [times_ms(answer)[1] for answer in answers])
    attempt.expect(
        not problem,
        problem=problem,
        called=called,
        came_back=f"{mean(map(len, asked_ms)):.0f} attempts per order, "
        f"{[round(wait) for wait in _waits_ms(asked_ms[0])[:6]]} ms between the first attempts of one order, "
        f"{mean(times_ms(answer)[1] for answer in answers) / 1000:.1f} s in all",
        expected=f"several attempts, with growing waits, until too little of the {TIMEOUT_S} s is left",
        look_at="how long your handler sleeps, how that changes from one attempt to the next, and when your loop ends",
    )


def _asked_ms(answer: Answer) -> list[float]:
    """When each attempt began, as milliseconds since the function's start, from what `charge` prints."""
    left = [line.split(",")[1].split()[0] for line in answer.log.splitlines() if line.startswith("asking for payment,")]
    return [TIMEOUT_S * 1000 - float(left_ms) for left_ms in left]


def _waits_ms(asked_ms: list[float]) -> list[float]:
    return [late - early for early, late in itertools.pairwise(asked_ms)]


def _pace_problem(asked_ms: list[list[float]], durations_ms: list[float]) -> str:
    """Returns what is wrong with the attempts of all orders together, or "" if nothing is.

    Random waits scatter, so the first waits of all orders are compared with the later half of theirs. With 15 orders
    the ratio lies, in 998 of 1000 simulated runs, at 1.0 for waits that stay the same, between 0.7 and 1.5 for random
    waits that do not grow (0.05 to 0.5 s), between 1.4 and 3.0 for decorrelated jitter, which asks seldom, and above
    3 for waits that double. A checkout that asks often must therefore reach 2, one that asks seldom 1.3.

    Args:
        asked_ms: for each order the moments of its attempts; of a very long log only the end.
        durations_ms: how long each checkout took.
    """
    attempts = mean(map(len, asked_ms))
    if max(map(len, asked_ms)) > 80 or attempts > 40:
        return "Your checkout retries without a pause. That is another rush on a service that is already busy."
    left_ms, last_ms = TIMEOUT_S * 1000 - mean(durations_ms), [waits[-1] for waits in map(_waits_ms, asked_ms) if waits]
    # A checkout that doubles its waits may stop when four times its last wait are left; random waits are often shorter.
    has_room = left_ms > max(4 * max(last_ms, default=0), TIMEOUT_S * 1000 * 2 / 3)
    if attempts < 2 or left_ms > TIMEOUT_S * 1000 * 3 / 4 or has_room:
        return "Your checkout gives up early, although it has most of its time left."
    waits_ms = [waits for waits in map(_waits_ms, asked_ms) if len(waits) >= 2]
    if len(waits_ms) < len(asked_ms) / 2:
        return ""  # long waits, two attempts each: there is nothing to compare
    first = mean(waits[0] for waits in waits_ms)
    late = mean(wait for waits in waits_ms for wait in waits[(len(waits) + 1) // 2 :])
    if late < (2.0 if attempts > 12 else 1.3) * first:
        return "Your waits don't grow. If payment stays busy, every checkout keeps calling it at the same pace."
    # Random waits and small steps are alike in few orders. The last of three waits isn't judged, because it may be what
    # was left of the time.
    for place, least in ((-3, 3), (-2, 4)):
        growth = [waits[place + 1] / max(waits[place], 1) for waits in waits_ms if len(waits) >= least]
        if sum(abs(ratio - 1) < 0.03 for ratio in growth) > len(asked_ms) * 2 / 3:
            return "Your waits grow only at first, and then stay the same."
    return ""
