"""Checks of module 08, task 8.4: orders that are accepted while stock is down, and reserved once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from serverless_first.lab import Attempt, CheckFailed, messages, task
from serverless_first.lab.apis import Answered, begun, http_api, http_event, items, lamps, send, switched_off
from serverless_first.lab.functions import Answer, at_once, borrowed, fresh_id, messages_in, wait_until
from serverless_first.lab.meetings import DYNAMODB_WRITES, meeting, refusing
from serverless_first.lab.show import say

FUNCTION = "stock-inbox"
CAUGHT_UP_S = 15.0
THROTTLED = ("ProvisionedThroughputExceededException", "Too many writes.")
CONFLICT = (
    "TransactionCanceledException",
    "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict, None]",
)


@task("8.4")
def open_while_stock_is_down(attempt: Attempt) -> None:
    """While stock is off orders are accepted and wait in the queue; then each is reserved once."""
    lamp = fresh_id("lamp")
    with lamps(attempt, lamp, 100):
        begun(attempt, "orders", http_event("POST /orders", _order(lamp, 1)))
        begun(attempt, FUNCTION, messages.batch({}))
        address = http_api(attempt, "orders")
        queue, mapping = _queue(attempt)
        wait_until(lambda: not messages_in(attempt, queue), 5)  # what the cells above may have left
        orders = [_order(lamp, quantity) for quantity in (2, 3, 1)]
        say("8.4: stock is turned off, orders arrive ...")
        with switched_off(attempt, FUNCTION), _not_fetched(attempt, mapping):
            before = _left(attempt, lamp)
            for order in (*orders, orders[-1]):
                _accepted(attempt, send(attempt, address, "POST", "/orders", order), order)
            _check_orders_wait(attempt, orders, lamp, before)
            body = _copy_a_message(attempt, queue, orders)
            behind = _told_again(attempt, address, queue, lamp)
        say("8.4: stock is back ...")
        _caught_up(attempt, queue, orders, lamp, before)
        with borrowed(attempt, FUNCTION) as restart:
            restart()  # what an environment has in its memory is gone
            attempt.client("sqs").send_message(QueueUrl=queue, MessageBody=body)
            _caught_up(attempt, queue, orders, lamp, before, again=True)
        _behind_a_repetition(attempt, body, behind, lamp)
        _refused_writes(attempt, behind, lamp)
        _no_queue(attempt, address, queue, lamp)


def _order(lamp: str, quantity: int) -> dict[str, Any]:
    return {"order_key": fresh_id("ord"), "lamp": lamp, "quantity": quantity}


def _left(attempt: Attempt, lamp: str) -> int:
    return int(items(attempt, "stock-lamps", "lamp")[lamp]["left"])


def _queue(attempt: Attempt) -> tuple[str, str]:
    """The queue's URL, and the id of what fetches messages for the function."""
    mappings = attempt.client("lambda").list_event_source_mappings(FunctionName=FUNCTION)["EventSourceMappings"]
    if not mappings:
        attempt.not_started(f"Nothing passes the queue's messages to the function {FUNCTION} yet.")
    name = mappings[0]["EventSourceArn"].rpartition(":")[2]
    url = attempt.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    return str(url), str(mappings[0]["UUID"])


@contextmanager
def _not_fetched(attempt: Attempt, mapping: str) -> Iterator[None]:
    """Nobody fetches messages until the block ends, so that the check can look at them."""
    client = attempt.client("lambda")

    def has_come_to(state: str) -> bool:
        return bool(client.get_event_source_mapping(UUID=mapping)["State"] == state)

    client.update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        wait_until(lambda: has_come_to("Disabled"), 15)
        yield
    finally:
        client.update_event_source_mapping(UUID=mapping, Enabled=True)


def _accepted(attempt: Attempt, got: Answered, order: dict[str, Any]) -> None:
    if got.status == 500:
        problem = "Stock is off, and the customer gets an error. The front door must stay open."
    elif got.status >= 500:
        problem = "Stock is off, and the customer is told to come back later. Does orders still wait for stock?"
    elif got.status in (200, 201):
        problem = "The status says that all is done. But nothing is reserved yet, and the order is only accepted."
    else:
        problem = "A good order is refused."
    attempt.expect(
        got.status == 202,
        problem=problem,
        called=f"{got.called}, while the function {FUNCTION} is turned off",
        came_back=f"{got}{_cause(attempt, order) if got.status == 500 else ''}",
        expected="202",
        look_at="what place does, and what it waits for",
    )


def _cause(attempt: Attempt, order: dict[str, Any]) -> str:
    """The error with which the function itself ends; empty if it does not."""
    try:
        attempt.invoke("orders", http_event("POST /orders", order))
    except CheckFailed as failure:
        return f"; the function says {failure.came_back}"
    return ""


def _check_orders_wait(attempt: Attempt, orders: list[dict[str, Any]], lamp: str, before: int) -> None:
    called = f"POST /orders, {len(orders)} orders, while the function {FUNCTION} is turned off"
    stored = items(attempt, "orders", "order_key")
    missing = [order["order_key"] for order in orders if order["order_key"] not in stored]
    attempt.expect(
        not missing,
        problem="Orders that got 202 are not in the orders table. If customers ask about them, they cannot be found.",
        called=called,
        came_back=f"not in the table: {', '.join(missing)}",
        expected="one item per order",
        look_at="where place calls store",
    )
    left = _left(attempt, lamp)
    attempt.expect(
        left == before,
        problem="Stock is off, but lamps are gone, because orders writes to the stock service's table.",
        called=called,
        came_back=f"lamps left: {left} of {before}",
        expected="no change before stock is back",
        look_at="place: it sends stock a message, and does not use stock's tables",
    )


def _copy_a_message(attempt: Attempt, queue: str, orders: list[dict[str, Any]]) -> str:
    """Puts a second copy of one message into the queue: queues deliver at least once. Its text."""
    sqs = attempt.client("sqs")
    bodies: dict[str, str] = {}

    def all_seen() -> bool:
        batch = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        bodies.update({message["MessageId"]: message["Body"] for message in batch})
        return len(bodies) >= len(orders)

    attempt.expect(
        wait_until(all_seen, 8),
        problem="The customers got 202, but the queue does not hold their orders. Stock will never know about them.",
        called=f"POST /orders, {len(orders)} orders, then receive_message",
        came_back=f"{len(bodies)} messages",
        expected="at least one message per order",
        look_at="send_message in place: is it called for each order, with the QueueUrl of STOCK_QUEUE?",
    )
    body = min(bodies.values())
    sqs.send_message(QueueUrl=queue, MessageBody=body)
    return body


def _told_again(attempt: Attempt, address: str, queue: str, lamp: str) -> tuple[dict[str, Any], str]:
    """An order that is in the table already, as if its first try had ended there, and the message that it sends now.

    The message is taken out of the queue.
    """
    sqs, order = attempt.client("sqs"), _order(lamp, 2)
    item = {"order_key": {"S": order["order_key"]}, "lamp": {"S": lamp}, "quantity": {"N": str(order["quantity"])}}
    attempt.client("dynamodb").put_item(TableName="orders", Item=item)
    known: set[str] = set()

    def look() -> dict[str, dict[str, str]]:
        batch = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        return {message["MessageId"]: message for message in batch}

    def all_known() -> bool:
        known.update(look())
        return len(known) >= messages_in(attempt, queue)

    wait_until(all_known, 10)
    got = send(attempt, address, "POST", "/orders", order)
    _accepted(attempt, got, order)
    new: dict[str, dict[str, str]] = {}

    def has_come() -> bool:
        new.update({key: message for key, message in look().items() if key not in known})
        return bool(new)

    attempt.expect(
        wait_until(has_come, 4),
        problem="An order was in the table but not in the queue, because the first attempt failed between the two "
        "writes. The customer retried and got 202, but stock will never know about the order.",
        called=f"{got.called}, for an order that is already in the orders table",
        came_back=f"{got}, and no message",
        expected="a message for each order that gets 202",
        look_at="what place does with an order that is already in the table",
    )
    [message, *_] = new.values()
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return order, message["Body"]


def _behind_a_repetition(attempt: Attempt, old: str, behind: tuple[dict[str, Any], str], lamp: str) -> None:
    """A batch of an order that was reserved before and a new one, three times at the same moment."""
    order, body = behind
    at_once(
        attempt, FUNCTION, [messages.batch(old)] * 3
    )  # an environment each: cold starts would keep them from meeting
    before = _left(attempt, lamp)
    answers = at_once(attempt, FUNCTION, [messages.batch(old, body)] * 3)
    called = (
        f"invoke {FUNCTION} 3 times at the same time with two records: an order that was reserved before, "
        "then a new order"
    )
    lamps, there = (
        before - _left(attempt, lamp),
        order["order_key"] in items(attempt, "stock-reservations", "order_key"),
    )
    attempt.expect(
        there and lamps >= order["quantity"],
        problem="The order after a repeated order is not reserved, and the message about it is gone.",
        called=called,
        came_back=f"lamps taken: {lamps}; {_first_error(answers)}",
        expected=f"lamps taken: {order['quantity']}",
        look_at="what your loop does after a record that it has seen before",
    )
    _taken_once(attempt, called, answers, lamps, order["quantity"])
    before, again = _left(attempt, lamp), messages.batch(body.replace(order["order_key"], fresh_id("ord")))
    with meeting(attempt, FUNCTION, 3, before=DYNAMODB_WRITES):
        answers = at_once(attempt, FUNCTION, [again] * 3)
    lamps, called = before - _left(attempt, lamp), f"invoke {FUNCTION} 3 times at the same time with a new order"
    _taken_once(attempt, called, answers, lamps, order["quantity"])


def _taken_once(attempt: Attempt, called: str, answers: list[Answer], lamps: int, quantity: int) -> None:
    attempt.expect(
        lamps >= quantity,
        problem="A new order that arrives three times at the same time is not reserved at all.",
        called=called,
        came_back=f"lamps taken: {lamps}; {_first_error(answers)}",
        expected=f"lamps taken: {quantity}",
        look_at="what your function does when several copies run at once: one of the three calls has to take the lamps",
    )
    attempt.expect(
        lamps == quantity,
        problem="An order that arrives in two environments at the same time takes its lamps more than once.",
        called=called,
        came_back=f"lamps taken: {lamps}",
        expected=f"lamps taken: {quantity}",
        look_at="whether checking and writing are one step",
    )


def _refused_writes(attempt: Attempt, behind: tuple[dict[str, Any], str], lamp: str) -> None:
    """DynamoDB refuses every write of a new order, then all but the first. Then the message comes again."""
    order, body = behind
    key = fresh_id("ord")
    event, before = messages.batch(body.replace(order["order_key"], key)), _left(attempt, lamp)
    with refusing(attempt, FUNCTION, DYNAMODB_WRITES, *CONFLICT, reasons=("TransactionConflict", "None")):
        [answer] = at_once(attempt, FUNCTION, [event])
    attempt.expect(
        bool(answer.error),
        problem="DynamoDB refused a new order's reservation, but the function ended well. Lambda deletes the message, "
        "and the order is lost.",
        called=f"invoke {FUNCTION} with a new order, while DynamoDB cancels each write with a TransactionConflict",
        came_back="no error",
        expected="an error, so that the message comes again",
        look_at="which errors your function catches, and what they say about the order",
    )
    with refusing(attempt, FUNCTION, DYNAMODB_WRITES, *THROTTLED, spared=1):
        at_once(attempt, FUNCTION, [event])
    [answer] = at_once(attempt, FUNCTION, [event])
    lamps, there = before - _left(attempt, lamp), key in items(attempt, "stock-reservations", "order_key")
    if not there:
        problem = (
            "DynamoDB refused some writes, and when the message came again, the function did not reserve the order."
        )
    elif lamps < order["quantity"]:
        problem = (
            "The function stopped between two writes. The order is noted as reserved, but its lamps are never taken."
        )
    else:
        problem = "The function stopped between two writes. When the message came again, the lamps were taken twice."
    attempt.expect(
        there and lamps == order["quantity"],
        problem=problem,
        called=f"invoke {FUNCTION} twice with a new order. In the first call, DynamoDB throttles all but one write",
        came_back=f"lamps taken: {lamps}; {'a' if there else 'no'} reservation; {_first_error([answer])}",
        expected=f"lamps taken: {order['quantity']}; a reservation",
        look_at="how many writes a reservation takes, and what is left if the function stops between them",
    )


def _first_error(answers: list[Answer]) -> str:
    return next((answer.error for answer in answers if answer.error), "no error")


def _no_queue(attempt: Attempt, address: str, queue: str, lamp: str) -> None:
    """Either write of the orders service fails, and the customer doesn't hear that all is well."""
    with borrowed(attempt, "orders", variables_too={"STOCK_QUEUE": f"{queue}-gone"}) as restart:
        restart()
        got = send(attempt, address, "POST", "/orders", _order(lamp, 1))
    attempt.expect(
        got.status >= 500,
        problem="The message could not be sent, but the customer got a success status. Stock will never know about "
        "her order.",
        called=f"{got.called}, while STOCK_QUEUE names a queue that does not exist",
        came_back=str(got),
        expected="a status of 500 or more, so that she retries",
        look_at="which errors of send_message your function swallows",
    )
    with refusing(attempt, "orders", DYNAMODB_WRITES, *THROTTLED):
        got = send(attempt, address, "POST", "/orders", _order(lamp, 1))
    attempt.expect(
        got.status >= 500,
        problem="DynamoDB did not store the order, but the customer got a success status. If she asks about her order, "
        "it cannot be found.",
        called=f"{got.called}, while DynamoDB throttles the writes of orders",
        came_back=str(got),
        expected="a status of 500 or more, so that she retries",
        look_at="which errors of the write to orders your function swallows",
    )


def _caught_up(
    attempt: Attempt, queue: str, orders: list[dict[str, Any]], lamp: str, before: int, *, again: bool = False
) -> None:
    keys = {order["order_key"] for order in orders}
    quantity = sum(order["quantity"] for order in orders)

    def reserved() -> set[str]:
        return keys & set(items(attempt, "stock-reservations", "order_key"))

    wait_until(lambda: not messages_in(attempt, queue), CAUGHT_UP_S)
    lamps, waiting = before - _left(attempt, lamp), messages_in(attempt, queue)
    called = (
        f"{len(orders)} orders for {quantity} lamps while stock was off, one order sent twice, one message copied"
    ) + ("; a third copy, in a new execution environment" if again else "")
    came_back = f"lamps taken: {lamps}; reservations under these keys: {len(reserved())}; messages left: {waiting}"
    expected = f"lamps taken: {quantity}; reservations: {len(orders)}; messages left: 0"
    attempt.expect(
        lamps <= quantity,
        problem="An order that arrived twice took its lamps twice. Queues deliver at least once.",
        called=called,
        came_back=came_back,
        expected=expected,
        look_at="how your function finds out that this order_key was reserved before, and what it does then",
    )
    attempt.expect(
        not waiting,
        problem="Messages stay in the queue, because the function fails and receives them again and again.",
        called=called,
        came_back=came_back,
        expected=expected,
        look_at="an order that was reserved before: is that an error? And what is in your messages?",
    )
    attempt.expect(
        reserved() == keys and lamps == quantity,
        problem="The queue is empty, but orders are missing in stock, so they are lost.",
        called=called,
        came_back=came_back,
        expected=expected,
        look_at="how many records your function processes, and which errors it hides",
    )
