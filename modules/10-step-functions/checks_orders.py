"""Checks of module 10, tasks 10.4 and 10.5: ask a person, and record a day's orders."""

from __future__ import annotations

import json
import random
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import readable
from serverless_first.lab.functions import alive, borrowed, fresh_id, lent_code, log_lines, wait_until
from serverless_first.lab.workflows import News, ended, expect_one, how_it_ended, machine_arn, run_all
from serverless_first.shop import hikari_workflows
from serverless_first.shop.hikari_workflows import Execution

_chance = random.Random()


def _order() -> dict[str, Any]:
    return {"order_id": fresh_id("ord"), "amount_yen": _chance.randint(1000, 9000)}


# ---- 10.4

REFUND, PATIENCE_S, BROKEN = "hikari-refund", 2, "broken"
FIELDS = {"order_id", "amount_yen", "token"}
_TRIES = 3


@task("10.4")
def yes_no_or_silence(attempt: Attempt) -> None:
    """A yes, a no and no answer lead to their messages. An error in the person's program sends none."""
    arn = machine_arn(attempt, REFUND)
    with News(attempt, "news", "order_id") as news:
        # A busy machine may need longer than a person's two seconds from the question to the answer: ask again then.
        for number in range(1, _TRIES + 1):
            if _asked_once(attempt, news, arn, is_last=number == _TRIES):
                break


def _asked_once(attempt: Attempt, news: News, arn: str, *, is_last: bool) -> bool:
    """Asks about four refunds. False if an answer came too late, unless this attempt is the last one."""
    states = attempt.client("stepfunctions")
    orders = {result: _order() for result in ("refunded", "refused", "escalated", BROKEN)}
    running = {result: hikari_workflows.start(arn, order) for result, order in orders.items()}
    try:
        tokens = _questions(attempt, {order["order_id"] for order in orders.values()}, orders, running)
        for result in ("refused", BROKEN, "refunded"):  # not in the order in which they asked
            token, answer = tokens[orders[result]["order_id"]], json.dumps({"approved": result == "refunded"})
            try:
                if result == BROKEN:
                    states.send_task_failure(taskToken=token, error="ProgramBroken", cause="The screen is dark.")
                else:
                    states.send_task_success(taskToken=token, output=answer)
            except (states.exceptions.InvalidToken, states.exceptions.TaskTimedOut) as error:
                if isinstance(error, states.exceptions.TaskTimedOut) and not is_last:
                    return False
                attempt.fail(
                    "Step Functions does not accept the token that the person got.",
                    called=f"send_task_{'failure' if result == BROKEN else 'success'} with the token from the message",
                    came_back=str(error),
                    expected="the token of a waiting state",
                    look_at="where your token comes from, and what the state waits for",
                )
        _broken(attempt, news, orders.pop(BROKEN), running[BROKEN])
        for result, order in orders.items():
            reaction = {"refunded": "yes", "refused": "no", "escalated": "nothing"}[result]
            called = f"an execution of {REFUND} with {readable(order)}; somebody says {reaction}"
            _answered(attempt, news, result, order, running[result], called)
    finally:
        for execution in running.values():
            if states.describe_execution(executionArn=execution)["status"] == "RUNNING":
                states.stop_execution(executionArn=execution)
    return True


def _questions(
    attempt: Attempt, ids: set[str], orders: dict[str, dict[str, Any]], running: dict[str, str]
) -> dict[str, str]:
    """The token of each order, from the messages in the queue of approvals."""
    sqs, tokens = attempt.client("sqs"), dict[str, str]()
    url = sqs.get_queue_url(QueueName="approvals")["QueueUrl"]
    messages: list[Any] = []
    over = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
    amounts = {order["order_id"]: order["amount_yen"] for order in orders.values()}

    def take() -> bool:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            try:
                body = json.loads(message["Body"])
            except ValueError:
                body = message["Body"]
            if isinstance(body, dict) and body.get("order_id") in ids:
                messages.append(body)
                if isinstance(body.get("token"), str) and body.get("amount_yen") == amounts[body["order_id"]]:
                    tokens[body["order_id"]] = body["token"]
            elif not isinstance(body, dict):
                messages.append(body)
        return len({one["order_id"] for one in messages if isinstance(one, dict)}) == len(ids)

    states = attempt.client("stepfunctions")

    def nothing_comes() -> bool:  # all have ended, and asked nothing
        return all(states.describe_execution(executionArn=arn)["status"] in over for arn in running.values())

    wait_until(lambda: take() or (not messages and nothing_comes()), 8.0)
    if len(tokens) < len(ids):
        status = "" if messages else how_it_ended(hikari_workflows.ended(running["refunded"], 6.0))
        attempt.fail(
            "The person did not get a question with all three fields."
            if not all(isinstance(one, dict) and set(one) >= FIELDS for one in messages) or not messages
            else "The question doesn't have the order's amount."
            if any(one["amount_yen"] != amounts[one["order_id"]] for one in messages)
            else "The question's token is not a string.",
            called=f"four executions of {REFUND}, then reading the queue approvals",
            came_back=readable([{**one, "token": "..."} if isinstance(one, dict) and "token" in one else one
                                for one in messages]) if messages else f"no message; the execution: {status}",
            expected='for each refund, a message with its "order_id", its "amount_yen" and a "token"',
            look_at="what your state sends, and whether each value comes from the input or the context",
        )  # fmt: skip
    return tokens


def _answered(attempt: Attempt, news: News, result: str, order: dict[str, Any], execution: str, called: str) -> None:
    look_at = {
        "refunded": "what your machine does after the answer",
        "refused": "whether your machine reads the answer, or only notices that there is one",
        "escalated": "what ends the wait, and where that leads",
    }[result]
    limit_s = PATIENCE_S + 6.0
    done = ended(attempt, called, execution, limit_s, look_at)
    messages = [message for message, _ in news.about(order["order_id"])]
    attempt.expect(
        not any(message.get("result") == "refunded" for message in messages) or result == "refunded",
        problem="Money is refunded although nobody has said yes.",
        called=called,
        came_back=readable(messages),
        expected=f'the result "{result}"',
        look_at=look_at,
    )
    attempt.expect(
        done.status == "SUCCEEDED",
        problem="The timeout ends the whole execution, so nobody is told."
        if done.status == "TIMED_OUT"
        else "The execution fails instead of reporting the result.",
        called=called,
        came_back=how_it_ended(done),
        expected="SUCCEEDED, after the message",
        look_at=look_at,
    )
    message = {"order_id": order["order_id"], "result": result}
    expect_one(attempt, news, order["order_id"], message, done, called=called, look_at=look_at)
    _patience(attempt, done, called)


def _broken(attempt: Attempt, news: News, order: dict[str, Any], execution: str) -> None:
    """The person's program has reported an error, which is neither an answer nor silence."""
    called = f"an execution of {REFUND} with {readable(order)}; the person's program calls send_task_failure"
    done = ended(attempt, called, execution, PATIENCE_S + 6.0, "where your waiting state's errors lead")
    messages = [message for message, _ in news.about(order["order_id"], 0)]
    attempt.expect(
        not messages,
        problem="Money is refunded although nobody has said yes."
        if any(message.get("result") == "refunded" for message in messages)
        else "An error in the person's program sends a message, as if somebody had answered or stayed silent.",
        called=called,
        came_back=readable(messages),
        expected="no message, and an execution that is FAILED",
        look_at="which errors lead to your messages",
    )
    attempt.expect(
        done.status == "FAILED",
        problem="The person's program has failed, but the execution looks successful. Nobody will look at it.",
        called=called,
        came_back=how_it_ended(done),
        expected="FAILED",
        look_at="where your waiting state's errors lead",
    )


def _patience(attempt: Attempt, execution: Execution, called: str) -> None:
    """The person is asked once, and the wait ends after the time of the task, whatever the person's program sends.

    The history says how long the state may wait, so a busy machine makes no difference.
    """
    over = [number for number, event in enumerate(execution.events) if event["type"] == "TaskTimedOut"]
    if not over:  # the person has answered
        return
    begun = next(event for event in reversed(execution.events[: over[0]]) if event["type"] == "TaskScheduled")
    settings = begun.get("taskScheduledEventDetails", {})
    limit_s, heartbeat_s = settings.get("timeoutInSeconds"), settings.get("heartbeatInSeconds")
    waited_s = (execution.events[over[-1]]["timestamp"] - begun["timestamp"]).total_seconds()
    attempt.expect(
        len(over) == 1,
        problem="The person is asked again after the time is over, so the boss hears of the refund too late.",
        called=called,
        came_back=f"{len(over)} questions without an answer in {waited_s:.1f} s",
        expected=f"1 question, and the message after {PATIENCE_S} s",
        look_at="what your state does after its time is over, before it gives up",
    )
    attempt.expect(
        heartbeat_s is None or (limit_s is not None and limit_s <= heartbeat_s),
        problem="How long the wait lasts depends on heartbeats, but a heartbeat is not an answer.",
        called=called,
        came_back=f"a wait that ends {heartbeat_s} s after the last heartbeat",
        expected=f"a wait that ends after {PATIENCE_S} s, with or without heartbeats",
        look_at="what ends the wait of your state",
    )
    attempt.expect(
        limit_s == PATIENCE_S or (limit_s is None and 0.9 * PATIENCE_S <= waited_s <= PATIENCE_S + 2.5),
        problem="The person gets more or less time to answer than the task says.",
        called=called,
        came_back=f"the wait ended after {limit_s or waited_s:.1f} s",
        expected=f"{PATIENCE_S} s",
        look_at="what ends the wait of your state",
    )


# ---- 10.5

DAY, LEDGER, SEATS = "hikari-day", "ledger", 3
#: The check's own ledger logs its events after the word RUN, and can't record a lamp that is no longer sold.
LEDGER_CODE = """import json
import time


class NotInTheBooks(Exception):
    pass


def ledger(event, context):
    print("RUN", json.dumps(event))
    time.sleep(0.3)
    if event["lamp"] == "Kage":
        raise NotInTheBooks("There is no account for this lamp.")
    return {"booked_yen": event["amount_yen"]}
"""


@task("10.5")
def booked(attempt: Attempt) -> None:
    """Each order has its string in its place, no call is refused, all seats are used, a bad order stops no others."""
    machine_arn(attempt, DAY)
    orders = [_order() | {"lamp": "Tsuki"} for _ in range(9)]
    free, bad, odd, unknown = _chance.sample(range(1, 8), 4)
    orders[free]["amount_yen"] = 0
    del orders[bad]["amount_yen"]
    orders[unknown]["lamp"] = "Kage"
    sent: list[Any] = [*orders]
    sent[odd] = orders[odd]["order_id"]
    called = (
        f"an execution of {DAY} with 9 orders; number {free + 1} costs 0 yen, number {bad + 1} has no amount, "
        f"number {odd + 1} is a string, and the check makes {LEDGER} fail for number {unknown + 1}"
    )
    run = fresh_id("run")
    with (
        borrowed(attempt, LEDGER) as restart,
        lent_code(attempt, LEDGER, LEDGER_CODE.replace("RUN", run), file="shop.py"),
    ):
        for _ in range(3):  # calls of an execution that failed before may still be running, and take seats
            wait_until(lambda: all(e.state == "frozen" for e in alive(LEDGER)), 10.0)
            restart()
            [done] = run_all(attempt, DAY, [{"orders": sent}])
            used, refused = len(alive(LEDGER)), _refused(done)
            if not refused:
                break
    attempt.expect(
        refused == 0,
        problem="More orders are processed at once than there are seats, so Lambda refuses calls.",
        called=called,
        came_back=f"{refused} calls were refused",
        expected=f"at most {SEATS} calls at the same time",
        look_at="how many items your state works on at once",
    )
    _got_orders(attempt, run, sent, called)
    attempt.expect(
        done.status == "SUCCEEDED",
        problem="One bad order stops the whole day, and the other orders are not recorded.",
        called=called,
        came_back=how_it_ended(done),
        expected="SUCCEEDED, with the bad orders held back",
        look_at="where the error of one order is caught",
    )
    _right(attempt, done.output, called, held_back={bad, odd, unknown}, free=free)
    attempt.expect(
        used == SEATS,
        problem="Some seats stay empty, so the nightly run takes longer than it has to.",
        called=called,
        came_back=f"at most {used} execution environments of {LEDGER} at the same time",
        expected=f"{SEATS} at the same time",
        look_at="how many items your state works on at once",
    )


def _got_orders(attempt: Attempt, run: str, orders: list[Any], called: str) -> None:
    """Each event that the check's ledger has logged is an order."""
    events = [json.loads(line.removeprefix(run)) for line in log_lines(attempt, LEDGER) if line.startswith(run)]
    others = [event for event in events if event not in orders]
    attempt.expect(
        not others,
        problem=f"The event of {LEDGER} is not the order, so {LEDGER} doesn't know the whole order.",
        called=called,
        came_back=f"{readable(others[:1])} as an event of {LEDGER}",
        expected=f"an order, such as {readable(orders[0])}",
        look_at=f"what your state passes to {LEDGER}",
    )


def _right(attempt: Attempt, output: Any, called: str, *, held_back: set[int], free: int) -> None:
    """The output has the right string for each order, in the same sequence."""
    right = ["held back" if number in held_back else "booked" for number in range(9)]
    without_free = ["held back" if number == free else result for number, result in enumerate(right)]
    attempt.expect(
        output == right,
        problem=f"{LEDGER} has recorded the order that costs 0 yen, but the output says that it is held back."
        if output == without_free
        else "The output does not have one string per order, in the same sequence as the orders.",
        called=called,
        came_back=readable(output),
        expected=readable(right),
        look_at="the output of one iteration, with and without an error",
    )


def _refused(execution: Execution) -> int:
    """How many calls Lambda refused because no seat was free."""
    return sum(
        details.get("error") == "Lambda.TooManyRequestsException"
        for event in execution.events
        for details in event.values()
        if isinstance(details, dict)
    )
