"""Checks of module 02, tasks 2.3 and 2.4: a runtime past its end of support, a partner that hangs."""

from __future__ import annotations

import re
import uuid
from typing import Any

from serverless_first.lab import Attempt, CheckFailed, task
from serverless_first.lab.functions import at_once, borrowed, fresh_id
from serverless_first.lab.show import say
from serverless_first.shop.provider import LATE_S, Behaviour, PaymentProvider

INVOICE, STATUS = "hikari-invoice", "hikari-payment-status"
#: The oldest Python whose runtime has not passed its end (facts runtime-python39, runtime-python310).
OLDEST_MINOR = 11
LONGEST_TIMEOUT_S = 3

# ---- 2.3


@task("2.3")
def the_runtime(attempt: Attempt) -> None:
    """The invoice function is on a runtime that is patched, and writes what it wrote before."""
    runtime = attempt.client("lambda").get_function_configuration(FunctionName=INVOICE)["Runtime"]
    match = re.fullmatch(r"python3\.(\d+)", runtime)
    moved = bool(match) and int(match[1]) >= OLDEST_MINOR if match else False
    total_yen = uuid.uuid4().int % 90_000 + 1_000
    orders = [(fresh_id("order"), paid_yen) for paid_yen in (total_yen, 0, total_yen + 500, total_yen - 1)]
    lines = []
    for order, paid_yen in orders:
        event = {"order": order, "total_yen": total_yen, "paid_yen": paid_yen}
        try:
            reply = attempt.invoke(INVOICE, event)
            lines.append(reply["line"])
        except CheckFailed as failure:
            _code_of_yesterday(attempt, failure, runtime, moved)
    for line, (order, paid_yen) in zip(lines, orders, strict=True):
        expected = f"{order}: {total_yen} yen, {'paid' if paid_yen >= total_yen else 'open'}"
        silent = isinstance(line, str) and "Status." in line
        attempt.expect(
            line == expected,
            problem="Your function answers, but not as it did on Python 3.9. No error warned you."
            if silent
            else "The invoice line is wrong.",
            called=f"invoke {INVOICE} with {order}, {total_yen} yen, {paid_yen} yen paid",
            came_back=line,
            expected=expected,
            look_at="how the status gets into the text, because Python 3.11 and later format it differently"
            if silent
            else "the text that your handler returns",
        )
    attempt.expect(
        list(reply.payload) == ["line"],
        problem="The answer has more in it than on Python 3.9. A new runtime must not change the answer.",
        called=reply.called,
        came_back=reply,
        expected={"line": lines[-1]},
        look_at="the dict that your handler returns",
    )
    attempt.expect(
        moved,
        problem=f"The code is ready, but the function is still on {runtime}, which is also past its end of support."
        if runtime != "python3.9"
        else "The code is ready for a new Python, but the function is still on python3.9.",
        called=f"get_function_configuration {INVOICE}",
        came_back=runtime,
        expected="a runtime that AWS patches today",
        look_at="step 2: which runtime do you give the function?",
    )


def _code_of_yesterday(attempt: Attempt, failure: CheckFailed, runtime: str, moved: bool) -> None:
    """An invocation has failed: untouched, half done, or an error of another kind."""
    removed = "collections" in failure.came_back
    if removed and not moved:
        attempt.not_started(f"{INVOICE} is as you found it, on {runtime}, and its code needs that old Python.")
    if removed:
        attempt.fail(
            "The runtime is new, but the code still needs the old one. On AWS, customers would get this error now.",
            called=failure.called,
            came_back=failure.came_back,
            expected="an invoice line",
            look_at="the first line of invoice.py, and whether you deployed it after you changed it",
        )
    raise failure


# ---- 2.4


@task("2.4")
def the_partner(attempt: Attempt) -> None:
    """The function tells the status when the provider is well or late, and "unknown" in time when it hangs."""
    client = attempt.client("lambda")
    settings = client.get_function_configuration(FunctionName=STATUS)
    timeout_s, as_found = settings["Timeout"], settings.get("Description") == "as found"
    variables = sorted((settings.get("Environment") or {}).get("Variables") or {})
    attempt.expect(
        "PROVIDER_URL" in variables,
        problem="Your function does not know where the provider is, because it was deployed without PROVIDER_URL.",
        called=f"get_function_configuration {STATUS}",
        came_back=f"variables {variables}",
        expected="PROVIDER_URL is one of them",
        look_at="step 2: the function gets only the variables that you pass",
    )
    payments = {fresh_id("pay"): status for status in ("paid", "refused")}
    with (
        PaymentProvider(payments) as provider,
        borrowed(attempt, STATUS, variables_too={"PROVIDER_URL": provider.url}) as restart,
    ):
        restart()
        attempt.invoke(STATUS, {"payment": "warm"})  # says so if nothing is written yet
        attempt.expect(
            timeout_s <= LONGEST_TIMEOUT_S,
            problem="You gave the function more time, but that does not help when the provider hangs. The "
            "customer waits longer, and Hikari pays for the waiting.",
            called=f"get_function_configuration {STATUS}",
            came_back=f"Timeout {timeout_s}",
            expected=f"{LONGEST_TIMEOUT_S} at most",
            look_at="step 2, and the purpose of a function's timeout",
        )
        if not provider.keys:
            attempt.fail(
                "Your function did not call the provider at the address in PROVIDER_URL.",
                called=f"invoke {STATUS} with another address in PROVIDER_URL",
                came_back="no call to that address",
                expected="a call there",
                look_at="where your code gets the address",
            )
        for behaviour in ("well", "late"):
            _check_statuses(attempt, provider, behaviour, payments)
        for behaviour in ("hangs", "hangs halfway"):
            _unknown(attempt, provider, behaviour, as_found)
        provider.close()
        _unknown(attempt, None, "is not there", as_found)


def _ask(attempt: Attempt, payment: str) -> tuple[Any, str]:
    """The answer and the error."""
    (answer,) = at_once(attempt, STATUS, [{"payment": payment}])
    return answer.payload, answer.error


def _check_statuses(
    attempt: Attempt, provider: PaymentProvider, behaviour: Behaviour, payments: dict[str, str]
) -> None:
    say(f"2.4: the provider answers {'at once' if behaviour == 'well' else 'late, within its promise'} ...")
    provider.behaviour = behaviour
    when = "at once" if behaviour == "well" else f"after {LATE_S} s"
    for payment, status in payments.items():
        payload, error = _ask(attempt, payment)
        gave_up = behaviour == "late" and (error or payload == {"status": "unknown"})
        attempt.expect(
            not error and payload == {"status": status},
            problem="Your function gives up on a provider that keeps its promise."
            if gave_up
            else "The status is not the status that the provider returned.",
            called=f"invoke {STATUS}, while the provider answers {when}",
            came_back=error or payload,
            expected={"status": status},
            look_at="how long your function waits for the provider"
            if gave_up
            else "what your handler returns, and which payment it asks about",
        )


def _unknown(attempt: Attempt, provider: PaymentProvider | None, behaviour: str, as_found: bool) -> None:
    say(f"2.4: the provider {behaviour} ...")
    if provider:
        provider.behaviour = behaviour  # type: ignore[assignment]
    payload, error = _ask(attempt, fresh_id("pay"))
    if "timed out" in error and "Task" in error:
        if as_found:
            attempt.not_started(f"{STATUS} is as you found it. It waits for the provider until Lambda ends the call.")
        problem = "Your function waits for the provider until Lambda ends the call. The customer gets an error."
        look_at = "how long urlopen waits, and how long the function may run"
        if behaviour == "hangs halfway":
            look_at += "; urlopen's timeout starts again with each piece of the reply"
    elif error:
        problem = "Your function notices that the provider does not answer, but ends with an error."
        look_at = "what happens to the exception, no matter which line raises it"
    elif isinstance(payload, dict) and payload.get("status") in ("paid", "refused"):
        problem = "Your function returns a status that the provider did not give."
        look_at = "what your handler returns when there was no answer"
    else:
        problem, look_at = "The answer does not say that the status is unknown.", "what your handler returns here"
    attempt.expect(
        not error and payload == {"status": "unknown"},
        problem=problem,
        called=f"invoke {STATUS}, while the provider {behaviour}",
        came_back=re.sub(r"^.*?(?=Task timed out)", "", error) or payload,
        expected={"status": "unknown"},
        look_at=look_at,
    )
