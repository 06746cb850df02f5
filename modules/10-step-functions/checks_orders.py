"""Checks of module 10, tasks 10.3 to 10.5: start once and go on, ask a person, the orders of a day."""

from __future__ import annotations

import json
import random
from typing import Any

from serverless_first import hikari_workflows
from serverless_first.hikari_workflows import Execution
from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import readable
from serverless_first.lab.functions import alive, at_once, borrowed, fresh_id, wait_until
from serverless_first.lab.meetings import meeting
from serverless_first.lab.show import say
from serverless_first.lab.workflows import News, ended, expect_one, how_it_ended, machine_arn, run_all

_chance = random.Random()

# ---- 10.3

START, ORDER, AT_ONCE = "start-order", "hikari-order", 4
OFF = {"id": {"S": "the printer is off"}}
AGAIN = "what your function does when the order has an execution already"


@task("10.3")
def once(attempt: Attempt) -> None:
    """Two calls at once, a late one, and one after a failure: the same execution, one payment, one label."""
    machine_arn(attempt, ORDER)
    table = attempt.client("dynamodb")
    table.delete_item(TableName="calls", Key=OFF)
    first, other = _order(), _order()
    attempt.invoke(START, other)  # says so if there is no function yet
    at_once(attempt, START, [other] * AT_ONCE)  # so that the calls that count are warm, and meet
    replies = at_once(attempt, START, [first] * AT_ONCE)
    called = f"invoke {START} {AT_ONCE} times at the same moment with {readable(first)}"
    for reply in replies:
        attempt.expect(
            not reply.error,
            problem="An order that comes twice is no error: the queue delivers at least once.",
            called=called,
            came_back=reply.error,
            expected="the ARN of the order's execution, from each call",
            look_at=AGAIN,
        )
    arns = [_arn_of(attempt, reply.payload, called) for reply in replies]
    attempt.expect(
        len(set(arns)) == 1,
        problem="The same order has more than one execution: it is paid more than once.",
        called=called,
        came_back=f"{len(set(arns))} ARNs, {len(_executions(attempt, first))} executions of this order",
        expected="the same execution from each call",
        look_at="what makes an execution the one of this order",
    )
    done = ended(attempt, called, arns[0], 20.0, "the event that you hand on as input")
    _well(attempt, done, called)
    late = attempt.invoke(START, first)
    _same(attempt, _arn_of(attempt, late.payload, late.called), arns[0], late.called)
    _counted(attempt, first, f"{called}, and once more after its end")
    for calls in (1, AT_ONCE):  # alone first: what one call does wrong has a message of its own
        _after_a_failure(attempt, calls)
    _nothing_started(attempt)
    say("However often an order comes: one execution, one payment, one label.")


def _order() -> dict[str, Any]:
    return {"order_id": fresh_id("ord"), "amount_yen": _chance.randint(1000, 9000)}


def _after_a_failure(attempt: Attempt, calls: int) -> None:
    """The printer is off, the execution fails; it is switched on, and the order comes again, so often at once."""
    table, order = attempt.client("dynamodb"), _order()
    table.put_item(TableName="calls", Item=OFF)
    try:
        reply = attempt.invoke(START, order)
        arn = _arn_of(attempt, reply.payload, reply.called)
        ended(attempt, reply.called, arn, 20.0, "the machine of the task")
    finally:
        table.delete_item(TableName="calls", Key=OFF)
    called = (
        f"invoke {START} {f'{calls} times at the same moment ' if calls > 1 else ''}with {readable(order)}, "
        "whose execution has failed: the printer was off, and is on now"
    )
    now = _arn_of(attempt, attempt.invoke(START, order).payload if calls == 1 else _met(attempt, order, called), called)
    done = ended(attempt, called, now, 20.0, "the machine of the task")
    _counted(attempt, order, called, labels=None)
    _same(attempt, now, arn, called)
    _well(attempt, done, called)
    _counted(attempt, order, called)


def _met(attempt: Attempt, order: dict[str, Any], called: str) -> Any:
    """What one of the calls gives that meet at an execution that has failed."""
    with meeting(attempt, START, AT_ONCE, before=["RedriveExecution"]):
        replies = at_once(attempt, START, [order] * AT_ONCE)
    errors = sorted({reply.error for reply in replies if reply.error})
    attempt.expect(
        not errors,
        problem="Two calls find the same failed execution, and one of them is a moment too late. That is no error.",
        called=called,
        came_back=" and ".join(errors),
        expected="the ARN of the order's execution, from each call",
        look_at="what can have happened between two lines of your handler, when another call is at work",
    )
    return replies[0].payload


def _nothing_started(attempt: Attempt) -> None:
    """A start that fails for another reason must not look like a good one."""
    gone = machine_arn(attempt, ORDER) + "-gone"
    with borrowed(attempt, START, variables_too={"MACHINE": gone}) as restart:
        restart()
        [reply] = at_once(attempt, START, [_order()])
    attempt.expect(
        bool(reply.error),
        problem="Nothing was started, and your function says that all is well. The queue forgets the order then.",
        called=f"invoke {START}, whose variable MACHINE names a machine that is not there",
        came_back=readable(reply.payload),
        expected="an error",
        look_at="which errors your handler keeps to itself",
    )


def _arn_of(attempt: Attempt, payload: Any, called: str) -> str:
    arn = payload.get("execution") if isinstance(payload, dict) else None
    attempt.expect(
        isinstance(arn, str) and ":execution:" in arn,
        problem='The answer has no field "execution" with the ARN of an execution.',
        called=called,
        came_back=readable(payload),
        expected="the ARN of the order's execution",
        look_at="what your function returns",
    )
    return str(arn)


def _executions(attempt: Attempt, order: dict[str, Any]) -> list[str]:
    """The ARNs of all executions whose input is this order."""
    states = attempt.client("stepfunctions")
    found = []
    for execution in states.list_executions(stateMachineArn=machine_arn(attempt, ORDER))["executions"]:
        given = json.loads(states.describe_execution(executionArn=execution["executionArn"])["input"])
        if isinstance(given, dict) and given.get("order_id") == order["order_id"]:
            found.append(execution["executionArn"])
    return found


def _same(attempt: Attempt, now: str, before: str, called: str) -> None:
    attempt.expect(
        now == before,
        problem="A further call of the same order gives another execution.",
        called=called,
        came_back=now.rpartition(":")[2],
        expected=f"the execution that the order has: {before.rpartition(':')[2]}",
        look_at=AGAIN,
    )


def _well(attempt: Attempt, done: Execution, called: str) -> None:
    attempt.expect(
        done.status == "SUCCEEDED",
        problem="The order's execution does not come to a good end.",
        called=called,
        came_back=how_it_ended(done),
        expected="SUCCEEDED: what had failed works now",
        look_at="how an execution that failed goes on, and the input that you give",
    )


def _counted(attempt: Attempt, order: dict[str, Any], called: str, labels: int | None = 1) -> None:
    """The bank was called once, and the label was printed so often."""
    table = attempt.client("dynamodb")
    for what, number in {"bank": 1, "label": labels}.items():
        key = {"id": {"S": f"{what} {order['order_id']}"}}
        found = int(table.get_item(TableName="calls", Key=key).get("Item", {}).get("calls", {}).get("N", 0))
        attempt.expect(
            number is None or found == number,
            problem=("The money was taken" if what == "bank" else "The label was printed") + f" {found} times.",
            called=called,
            came_back=f"{found} calls of {what}",
            expected=f"{number} for each order",
            look_at=AGAIN,
        )


# ---- 10.4

REFUND, PATIENCE_S = "hikari-refund", 2
_TRIES = 3


@task("10.4")
def asked(attempt: Attempt) -> None:
    """A yes, a no and no answer lead to their messages; each answer reaches the execution that asked."""
    arn = machine_arn(attempt, REFUND)
    with News(attempt, "news", "order_id") as news:
        # A busy machine may need longer than a person's two seconds from the question to the answer: ask again then.
        for number in range(1, _TRIES + 1):
            if _asked_once(attempt, news, arn, is_last=number == _TRIES):
                break
    say("A yes, a no and a silence: each has its own end.")


def _asked_once(attempt: Attempt, news: News, arn: str, *, is_last: bool) -> bool:
    """Three refunds; False if an answer came too late, unless this try is the last one."""
    states = attempt.client("stepfunctions")
    wanted = {"refunded": True, "refused": False, "escalated": None}
    orders = {result: _order() for result in wanted}
    running = {result: hikari_workflows.start(arn, order) for result, order in orders.items()}
    try:
        tokens = _questions(attempt, {order["order_id"] for order in orders.values()}, orders, running)
        for result in ("refused", "refunded"):  # not in the order in which they asked
            answer = json.dumps({"approved": wanted[result]})
            try:
                states.send_task_success(taskToken=tokens[orders[result]["order_id"]], output=answer)
            except (states.exceptions.InvalidToken, states.exceptions.TaskTimedOut) as error:
                if isinstance(error, states.exceptions.TaskTimedOut) and not is_last:
                    return False
                attempt.fail(
                    "The token that the person got answers nothing.",
                    called="send_task_success with the token of the message",
                    came_back=str(error),
                    expected="a token of a state that waits",
                    look_at="where your token comes from, and what the state waits for",
                )
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

    wait_until(take, 8.0)
    if len(tokens) < len(ids):
        status = how_it_ended(hikari_workflows.ended(running["refunded"], 6.0)) if not seen else "they wait"
        attempt.fail(
            "The person gets no question that can be answered.",
            called=f"three executions of {REFUND}, then a look into the queue approvals",
            came_back=readable([{**one, "token": "..."} if isinstance(one, dict) and "token" in one else one
                                for one in seen]) if seen else f"no message; the execution: {status}",
            expected='for each a message with "order_id", "amount_yen" and "token"',
            look_at="what your state sends",
        )  # fmt: skip
    return tokens


def _answered(attempt: Attempt, news: News, result: str, order: dict[str, Any], execution: str, called: str) -> None:
    look_at = {
        "refunded": "what your machine does after the answer",
        "refused": "whether your machine reads the answer, or is content that there is one",
        "escalated": "what ends the wait, and where that leads",
    }[result]
    limit_s = PATIENCE_S + 6.0
    done = ended(attempt, called, execution, limit_s, look_at)
    told = [message for message, _ in news.about(order["order_id"])]
    attempt.expect(
        not any(message.get("result") == "refunded" for message in told) or result == "refunded",
        problem="Money goes out though nobody has said yes.",
        called=called,
        came_back=readable(told),
        expected=f'the result "{result}"',
        look_at=look_at,
    )
    attempt.expect(
        done.status == "SUCCEEDED",
        problem="The refund does not come to an end of its own.",
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
        problem="The person has another time to answer than was ordered.",
        called=called,
        came_back=f"the wait ended after {waited_s or 0:.1f} s",
        expected=f"{PATIENCE_S} s",
        look_at="what ends the wait of your state",
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
    """Each order has its text in its place, none is refused, all seats are used, a bad order stops no other."""
    machine_arn(attempt, DAY)
    orders = [_order() for _ in range(9)]
    bad = _chance.randrange(1, 8)
    odd = _chance.choice([number for number in range(1, 8) if number != bad])
    del orders[bad]["amount_yen"]
    sent: list[Any] = [*orders]
    sent[odd] = orders[odd]["order_id"]
    called = f"an execution of {DAY} with 9 orders; number {bad + 1} has no amount, number {odd + 1} is a text"
    with borrowed(attempt, LEDGER) as restart:
        for _ in range(3):  # calls of an execution that failed before may be at work still, and take seats
            wait_until(lambda: all(e.state == "frozen" for e in alive(LEDGER)), 10.0)
            restart()
            [done] = run_all(attempt, DAY, [{"orders": sent}])
            used, refused = len(alive(LEDGER)), _refused(done)
            if not refused:
                break
    attempt.expect(
        refused == 0,
        problem="More orders are worked on at once than there are seats: Lambda refuses calls.",
        called=called,
        came_back=f"{refused} calls were refused",
        expected=f"at most {SEATS} calls at the same moment",
        look_at="how many items your state works on at once",
    )
    attempt.expect(
        done.status == "SUCCEEDED",
        problem="One bad order stops the day: the others are not booked.",
        called=called,
        came_back=how_it_ended(done),
        expected="SUCCEEDED, with the bad orders kept back",
        look_at="where the error of one order is caught",
    )
    right = ["kept back" if number in (bad, odd) else "booked" for number in range(len(orders))]
    attempt.expect(
        done.output == right,
        problem="The output is not one text for each order, in their order.",
        called=called,
        came_back=readable(done.output),
        expected=readable(right),
        look_at="the output of one iteration, when all is well and when not",
    )
    attempt.expect(
        used == SEATS,
        problem="Too careful: seats stay empty, and the night gets long.",
        called=called,
        came_back=f"{used} execution environments of {LEDGER} at most",
        expected=f"{SEATS} at once",
        look_at="how many items your state works on at once",
    )
    say("The day is booked on three seats, and the bad orders wait for somebody.")


def _refused(execution: Execution) -> int:
    """How many calls Lambda refused, for want of a seat."""
    return sum(
        details.get("error") == "Lambda.TooManyRequestsException"
        for event in execution.events
        for details in event.values()
        if isinstance(details, dict)
    )
