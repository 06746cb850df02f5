"""Checks of module 10, tasks 10.4 and 10.5: ask a person, and record a day's orders."""

from __future__ import annotations

import json
import random
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import readable
from serverless_first.lab.functions import alive, borrowed, fresh_id, wait_until
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
def asked(attempt: Attempt) -> None:
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
            said = {"refunded": "yes", "refused": "no", "escalated": "nothing"}[result]
            called = f"an execution of {REFUND} with {readable(order)}; somebody says {said}"
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
    seen: list[Any] = []
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
                seen.append(body)
                if isinstance(body.get("token"), str) and body.get("amount_yen") == amounts[body["order_id"]]:
                    tokens[body["order_id"]] = body["token"]
            elif not isinstance(body, dict):
                seen.append(body)
        return len({one["order_id"] for one in seen if isinstance(one, dict)}) == len(ids)

    states = attempt.client("stepfunctions")

    def nothing_comes() -> bool:  # all have ended, and asked nothing
        return all(states.describe_execution(executionArn=arn)["status"] in over for arn in running.values())

    wait_until(lambda: take() or (not seen and nothing_comes()), 8.0)
    if len(tokens) < len(ids):
        status = "" if seen else how_it_ended(hikari_workflows.ended(running["refunded"], 6.0))
        attempt.fail(
            "The person did not get a question with all three fields."
            if not all(isinstance(one, dict) and set(one) >= FIELDS for one in seen) or not seen
            else "The question doesn't have the order's amount."
            if any(one["amount_yen"] != amounts[one["order_id"]] for one in seen)
            else "The question's token is not a string.",
            called=f"four executions of {REFUND}, then reading the queue approvals",
            came_back=readable([{**one, "token": "..."} if isinstance(one, dict) and "token" in one else one
                                for one in seen]) if seen else f"no message; the execution: {status}",
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
    told = [message for message, _ in news.about(order["order_id"])]
    attempt.expect(
        not any(message.get("result") == "refunded" for message in told) or result == "refunded",
        problem="Money is refunded although nobody has said yes.",
        called=called,
        came_back=readable(told),
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
    waited_s, is_exact = _waited_s(done)
    attempt.expect(
        waited_s is None or (waited_s == PATIENCE_S if is_exact else 0.9 * PATIENCE_S <= waited_s <= PATIENCE_S + 2.5),
        problem="The person gets more or less time to answer than the task says.",
        called=called,
        came_back=f"the wait ended after {waited_s or 0:.1f} s",
        expected=f"{PATIENCE_S} s",
        look_at="what ends the wait of your state",
    )


def _broken(attempt: Attempt, news: News, order: dict[str, Any], execution: str) -> None:
    """The person's program has reported an error, which is neither an answer nor silence."""
    called = f"an execution of {REFUND} with {readable(order)}; the person's program calls send_task_failure"
    done = ended(attempt, called, execution, PATIENCE_S + 6.0, "where your waiting state's errors lead")
    told = [message for message, _ in news.about(order["order_id"], 0)]
    attempt.expect(
        not told,
        problem="Money is refunded although nobody has said yes."
        if any(message.get("result") == "refunded" for message in told)
        else "An error in the person's program sends a message, as if somebody had answered or stayed silent.",
        called=called,
        came_back=readable(told),
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


def _waited_s(execution: Execution) -> tuple[float | None, bool]:
    """How long the state waited before it was over, in seconds; None if it was answered.

    And whether that is what the state itself was told, as its history says: a busy machine makes no difference to it.
    """
    over = next((event for event in execution.events if event["type"] == "TaskTimedOut"), None)
    if over is None:
        return None, False
    before = [event for event in execution.events if event["id"] < over["id"]]
    begun = next(event for event in reversed(before) if event["type"] == "TaskScheduled")
    told = begun.get("taskScheduledEventDetails", {})
    limits_s = [told[name] for name in ("timeoutInSeconds", "heartbeatInSeconds") if name in told]
    if limits_s:
        return float(min(limits_s)), True
    return float((over["timestamp"] - begun["timestamp"]).total_seconds()), False


# ---- 10.5

DAY, LEDGER, SEATS = "hikari-day", "ledger", 3


@task("10.5")
def booked(attempt: Attempt) -> None:
    """Each order has its string in its place, no call is refused, all seats are used, a bad order stops no others."""
    machine_arn(attempt, DAY)
    orders = [_order() for _ in range(9)]
    bad = _chance.randrange(1, 8)
    odd = _chance.choice([number for number in range(1, 8) if number != bad])
    del orders[bad]["amount_yen"]
    sent: list[Any] = [*orders]
    sent[odd] = orders[odd]["order_id"]
    called = f"an execution of {DAY} with 9 orders; number {bad + 1} has no amount, and number {odd + 1} is a string"
    with borrowed(attempt, LEDGER) as restart:
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
    attempt.expect(
        done.status == "SUCCEEDED",
        problem="One bad order stops the whole day, and the other orders are not recorded.",
        called=called,
        came_back=how_it_ended(done),
        expected="SUCCEEDED, with the bad orders held back",
        look_at="where the error of one order is caught",
    )
    right = ["held back" if number in (bad, odd) else "booked" for number in range(len(orders))]
    attempt.expect(
        done.output == right,
        problem="The output does not have one string per order, in the same sequence as the orders.",
        called=called,
        came_back=readable(done.output),
        expected=readable(right),
        look_at="the output of one iteration, with and without an error",
    )
    attempt.expect(
        used == SEATS,
        problem="Some seats stay empty, so the nightly run takes longer than it has to.",
        called=called,
        came_back=f"at most {used} execution environments of {LEDGER} at the same time",
        expected=f"{SEATS} at the same time",
        look_at="how many items your state works on at once",
    )


def _refused(execution: Execution) -> int:
    """How many calls Lambda refused because no seat was free."""
    return sum(
        details.get("error") == "Lambda.TooManyRequestsException"
        for event in execution.events
        for details in event.values()
        if isinstance(details, dict)
    )
