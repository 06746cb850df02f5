"""Checks of module 10, tasks 10.1 and 10.2: report a job's result, and retry the right errors."""

from __future__ import annotations

import json
import random
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import readable
from serverless_first.lab.functions import fresh_id, lent_code, wait_until
from serverless_first.lab.workflows import News, ended, expect_one, how_it_ended, machine_arn, run_all
from serverless_first.shop import hikari_workflows
from serverless_first.shop.hikari_workflows import Execution

# ---- 10.1

PICTURE = "hikari-picture"


@task("10.1")
def one_message_each(attempt: Attempt) -> None:
    """A picture has one job and one message after its end. A job that fails has a message and a failed execution."""
    machine_arn(attempt, PICTURE)
    good, bad = fresh_id("Hoshi"), fresh_id("Kage")
    with News(attempt, "news", "lamp", known=(good, bad)) as news:
        drawn, failed = run_all(attempt, PICTURE, [{"lamp": good}, {"lamp": bad}], look_at="the loops in your machine")
        _drawn(attempt, news, good, drawn)
        called = f'an execution of {PICTURE} with {{"lamp": "{bad}"}}, whose job fails'
        _jobs(attempt, bad, called, failed)
        message = {"lamp": bad, "result": "failed"}
        look_at = "where a job's error leads, and which input the state that sends the message gets"
        expect_one(attempt, news, bad, message, failed, called=called, look_at=look_at)
        attempt.expect(
            failed.status == "FAILED",
            problem="The job has failed, but the execution looks successful. Nobody will look at it.",
            called=called,
            came_back=how_it_ended(failed),
            expected="FAILED, after the message",
            look_at="the state in which your error path ends",
        )


def _drawn(attempt: Attempt, news: News, lamp: str, execution: Execution) -> None:
    called = f'an execution of {PICTURE} with {{"lamp": "{lamp}"}}'
    [job] = _jobs(attempt, lamp, called, execution)
    _waits(attempt, called, execution)
    attempt.expect(
        execution.status == "SUCCEEDED",
        problem="The job can render this picture, but the execution does not succeed.",
        called=called,
        came_back=how_it_ended(execution),
        expected="SUCCEEDED",
        look_at="the last state that it entered: " + (execution.entered or ["none"])[-1],
    )
    attempt.expect(
        execution.function_calls == 0,
        problem="The machine still calls a function.",
        called=called,
        came_back=f"{execution.function_calls} function {'call' if execution.function_calls == 1 else 'calls'}",
        expected="none, because the state itself calls the service",
        look_at="the Resource of each state",
    )
    message = {"lamp": lamp, "result": "ready"}
    look_at = "the state that sends the message"
    sent_s = expect_one(attempt, news, lamp, message, execution, called=called, look_at=look_at)
    stopped_s = _stopped_s(attempt, job)
    attempt.expect(
        sent_s >= stopped_s,
        problem="The message was sent before the picture was ready.",
        called=called,
        came_back=f"the message, {stopped_s - sent_s:.1f} s before the job ended",
        expected="the message, after the job ended",
        look_at="what your state waits for: the job's submission, or its end",
    )


def _waits(attempt: Attempt, called: str, execution: Execution) -> None:
    """Expects that the execution called Batch once, instead of asking for the job's status."""
    services = [event.get("taskScheduledEventDetails", {}).get("resourceType", "") for event in execution.events]
    calls = sum(service.endswith("batch") for service in services)
    attempt.expect(
        calls <= 1,
        problem="The state that submits the job completes before the job has ended, so the machine keeps asking Batch.",
        called=called,
        came_back=f"{calls} calls to Batch, and {len(execution.entered)} states entered",
        expected="1 call to Batch, in a state that completes when the job has ended",
        look_at="the suffix of the Resource of your state, which determines when the execution moves on",
    )


def _jobs(attempt: Attempt, lamp: str, called: str, execution: Execution) -> list[str]:
    """The id of a lamp's only job, in a list. Fails the check if there isn't exactly one."""
    batch = attempt.client("batch")
    ids = []
    pages = batch.get_paginator("list_jobs").paginate(
        jobQueue="pictures", filters=[{"name": "JOB_DEFINITION", "values": ["render"]}]
    )
    for job in (job for page in pages for job in page["jobSummaryList"]):
        [detail] = batch.describe_jobs(jobs=[job["jobId"]])["jobs"]
        if detail.get("parameters", {}).get("lamp") == lamp:
            ids.append(job["jobId"])
    attempt.expect(
        len(ids) == 1,
        problem="There is no job for this lamp." if not ids else "There is more than one job for this lamp.",
        called=called,
        came_back=f"{len(ids) or 'no'} jobs for this lamp; the execution: {how_it_ended(execution)}",
        expected=f'one job, whose parameter "lamp" is {lamp}',
        look_at="what your state passes to Batch, and whether the lamp comes from the input",
    )
    return ids


def _stopped_s(attempt: Attempt, job_id: str) -> float:
    """When a job ended, in seconds since 1970. Waits until it has ended."""
    batch = attempt.client("batch")
    job: dict[str, Any] = {}

    def over() -> bool:
        job.update(batch.describe_jobs(jobs=[job_id])["jobs"][0])
        return "stoppedAt" in job

    wait_until(over, 30.0)
    return float(job["stoppedAt"]) / 1000


# ---- 10.2

#: Events of a call that failed. Lambda's two events belong to a state whose Resource is the function itself.
CALL_FAILED = ("TaskFailed", "LambdaFunctionFailed", "LambdaFunctionScheduleFailed")
PAYMENT, BANK = "hikari-payment", "bank"
MORE, FIRST_S, RATE, SCALE = 4, 6, 2, 60
NEVER_AGAIN = {
    "declined": "a declined card",
    "broken": "a bug in the bank",
    "unknown": "an order that it cannot read",
}
_TRIES = 3
SLOW_BANK = "import time\n\n\ndef bank(event, context):\n    time.sleep(3)\n"
TOO_LONG = 2.2  # times the ordered pauses together, because calls also take time


@task("10.2")
def paid(attempt: Attempt) -> None:
    """Busy and throttled calls are retried with growing pauses, others never. An unpaid order fails and is reported."""
    machine_arn(attempt, PAYMENT)
    plans: dict[str, Any] = {
        "busy": ["busy"] * MORE + ["paid"],
        "declined": ["declined"],
        "broken": ["broken"],
        "unknown": random.choice([[], 7]),  # a Python error that shop.py does not name
        "busy for long": ["busy"],
    }
    orders: dict[str, dict[str, Any]] = {
        name: {"order_id": fresh_id("ord"), "amount_yen": 4100, "answers": plan} for name, plan in plans.items()
    }
    known = [order["order_id"] for order in orders.values()]
    with News(attempt, "news", "order_id", known) as news:
        done = dict(zip(orders, run_all(attempt, PAYMENT, list(orders.values())), strict=True))
        called = {name: f"an execution of {PAYMENT} with {readable(order)}" for name, order in orders.items()}
        for name, what in NEVER_AGAIN.items():
            attempt.expect(
                done[name].function_calls <= 1,
                problem=f"The bank is called again after {what}. This call can never succeed.",
                called=called[name],
                came_back=f"{done[name].function_calls} calls to the bank",
                expected="1 call",
                look_at="the names in your Retry rules, and what else they match",
            )
        _patient(attempt, done["busy"], done["busy for long"], called)
        _not_too_patient(attempt, done["busy"], done["busy for long"], called["busy for long"])
        for name in (*NEVER_AGAIN, "busy for long"):
            _not_paid(attempt, news, orders[name]["order_id"], done[name], called[name])
        messages = news.about(orders["busy"]["order_id"], 0)
        attempt.expect(
            not messages,
            problem="An order that was finally paid is reported as not paid.",
            called=called["busy"],
            came_back=readable([message for message, _ in messages]),
            expected="no message",
            look_at="which path of the machine leads to the message",
        )
    _timed_out(attempt)
    _throttled(attempt)


def _patient(attempt: Attempt, busy: Execution, long: Execution, called: dict[str, str]) -> None:
    attempt.expect(
        busy.status == "SUCCEEDED",
        problem="The machine gives up too early. A moment later, the bank would have taken the money.",
        called=called["busy"],
        came_back=f"{busy.function_calls} calls to the bank, then {how_it_ended(busy)}",
        expected=f"{1 + MORE} calls, and SUCCEEDED",
        look_at="how many times your rule retries, which does not count the first call",
    )
    attempt.expect(
        long.function_calls == 1 + MORE,
        problem="A bank that stays busy is called more often than the task says."
        if long.function_calls > 1 + MORE
        else "A bank that stays busy is not called as often as the task says.",
        called=called["busy for long"],
        came_back=f"{long.function_calls} calls to the bank",
        expected=f"{1 + MORE} calls",
        look_at="how many times your rule retries, which does not count the first call",
    )
    gaps_s = [gap_s * SCALE for gap_s in _gaps_s(busy)]
    wanted_s = [FIRST_S * RATE**number for number in range(MORE)]
    attempt.expect(
        all(gap_s >= 0.9 * least_s for gap_s, least_s in zip(gaps_s, wanted_s, strict=True)),
        problem="The pauses are too short. A busy bank needs more time before the next call.",
        called=called["busy"],
        came_back=f"pauses of at most {', '.join(f'{gap_s:.0f}' for gap_s in gaps_s)} s on AWS",
        expected=f"at least {', '.join(map(str, wanted_s))} s",
        look_at="the first pause of your rule, and how it grows",
    )


def _not_too_patient(attempt: Attempt, busy: Execution, long: Execution, called: str) -> None:
    gaps_s = [
        SCALE * min(pair) for pair in zip(_gaps_s(busy), _gaps_s(long), strict=True)
    ]  # a busy machine adds to both
    wanted_s = [FIRST_S * RATE**number for number in range(MORE)]
    attempt.expect(
        sum(gaps_s) <= TOO_LONG * sum(wanted_s),
        problem="The pauses are too long. The customer waits minutes longer than the task says.",
        called=called,
        came_back=f"pauses of {', '.join(f'{gap_s:.0f}' for gap_s in gaps_s)} s on AWS",
        expected=f"about {', '.join(map(str, wanted_s))} s",
        look_at="the first pause of your rule, and how it grows",
    )


def _gaps_s(execution: Execution) -> list[float]:
    """The times between each failed attempt and the next attempt, in seconds."""
    gaps, failed = [], None
    for event in execution.events:
        if event["type"] in CALL_FAILED:
            failed = event["timestamp"]
        elif event["type"] in ("TaskScheduled", "LambdaFunctionScheduled") and failed is not None:
            gaps.append((event["timestamp"] - failed).total_seconds())
            failed = None
    return gaps[:MORE]


def _not_paid(attempt: Attempt, news: News, order_id: str, execution: Execution, called: str) -> None:
    message = {"order_id": order_id, "result": "not paid"}
    look_at = "which errors lead to your message, and which input the state that sends the message gets"
    expect_one(attempt, news, order_id, message, execution, called=called, look_at=look_at)
    attempt.expect(
        execution.status == "FAILED",
        problem="The order is not paid, but the execution looks successful.",
        called=called,
        came_back=how_it_ended(execution),
        expected="FAILED, after the message",
        look_at="the state in which your error path ends",
    )


def _timed_out(attempt: Attempt) -> None:
    """Lets the call to the bank time out, in a copy of the machine whose state waits for a second at most."""
    states = attempt.client("stepfunctions")
    order_id = fresh_id("ord")
    order = {"order_id": order_id, "amount_yen": 4100, "answers": ["paid"]}
    called = f"an execution of a copy of {PAYMENT} with {readable(order)}; the call to the bank takes too long"
    like = states.describe_state_machine(stateMachineArn=machine_arn(attempt, PAYMENT))
    definition = json.loads(like["definition"])
    for state in definition["States"].values():
        if state["Type"] == "Task" and "lambda" in json.dumps(state):
            state["TimeoutSeconds"] = 1
    arn = states.create_state_machine(
        name=fresh_id("check"), definition=json.dumps(definition), roleArn=like["roleArn"]
    )["stateMachineArn"]
    try:
        with (
            News(attempt, "news", "order_id", [order_id]) as news,
            lent_code(attempt, BANK, SLOW_BANK, file="shop.py"),
        ):
            done = ended(attempt, called, hikari_workflows.start(arn, order), 30.0, "the loops in your machine")
            _not_paid(attempt, news, order_id, done, called)
    finally:
        states.delete_state_machine(stateMachineArn=arn)


def _throttled(attempt: Attempt) -> None:
    """Lets no call to the bank through for a moment."""
    for _ in range(_TRIES):
        done, called = _while_throttled(attempt)
        # A busy machine may look away until all calls have been refused: then the moment was too long, and comes again.
        if sum(event["type"] in CALL_FAILED for event in done.events) <= MORE:
            break
    attempt.expect(
        done.status == "SUCCEEDED",
        problem="A call that Lambda throttles has done nothing yet, but the machine gives up on the order.",
        called=called,
        came_back=how_it_ended(done),
        expected="SUCCEEDED, because the bank can be called a moment later",
        look_at="which errors you retry, and how many times; the task gives the error's name",
    )
    gaps_s = _gaps_s(done)
    attempt.expect(
        bool(gaps_s),
        problem="A call that Lambda throttles is not retried, and the execution looks successful.",
        called=called,
        came_back=f"calls to the bank: {done.function_calls}, then {done.status}",
        expected="another call, some seconds later",
        look_at="where a throttled call's error leads",
    )
    pauses_s = [SCALE * gap_s for gap_s in gaps_s]
    wanted_s = [FIRST_S * RATE**number for number in range(len(pauses_s))]
    attempt.expect(
        all(pause_s >= 0.9 * least_s for pause_s, least_s in zip(pauses_s, wanted_s, strict=True)),
        problem="A throttled call is retried too soon. Lambda still has no room a moment later.",
        called=called,
        came_back=f"pauses of at most {', '.join(f'{pause_s:.0f}' for pause_s in pauses_s)} s on AWS",
        expected=f"at least {', '.join(map(str, wanted_s))} s, as for a busy bank",
        look_at="the pauses in the rule for throttled calls",
    )


def _while_throttled(attempt: Attempt) -> tuple[Execution, str]:
    """An execution during which Lambda throttles the bank until it has refused two calls, and how it was called."""
    functions, states = attempt.client("lambda"), attempt.client("stepfunctions")
    order = {"order_id": fresh_id("ord"), "amount_yen": 4100, "answers": ["paid"]}
    called = f"an execution of {PAYMENT} with {readable(order)}, while Lambda throttles the bank"
    functions.put_function_concurrency(FunctionName=BANK, ReservedConcurrentExecutions=0)
    try:
        running = hikari_workflows.start(machine_arn(attempt, PAYMENT), order)

        def refused() -> bool:  # twice: once may be luck
            events = states.get_execution_history(executionArn=running)["events"]
            over = events[-1]["type"] in ("ExecutionFailed", "ExecutionSucceeded")
            return over or sum(event["type"] in CALL_FAILED for event in events) >= 2

        wait_until(refused, 20.0)
    finally:
        functions.delete_function_concurrency(FunctionName=BANK)
    return ended(attempt, called, running, 30.0, "the loops in your machine"), called
