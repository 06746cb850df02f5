"""Checks of module 12, task 12.1: the front door and the table."""

from __future__ import annotations

import uuid
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import one_line, readable
from serverless_first.lab.rights import allows, beyond
from serverless_first.lab.show import say
from serverless_first.lab.whole_shop import FILES, NUL, Whole, deployed, log_of, migrate, order, statements_of

SENDS = ("sqs:send*", "sqs:getqueue*")
READS = (
    "dynamodb:get*",
    "dynamodb:batchget*",
    "dynamodb:query",
    "dynamodb:scan",
    "dynamodb:describe*",
    "dynamodb:condition*",
)

#: An order as long as the front door accepts, and longer than anybody's name.
LONGEST = order(customer="Sato Emi " * 11 + "S", lamp="Tsuki " * 16 + "Moon")


@task("12.1")
def door(attempt: Attempt) -> None:
    """A new table survives Migrate and rejects a second row. Good orders are queued, and bad orders are rejected."""
    whole = deployed(attempt, FILES["12.1"], ["Front", "ProjectionTable", "QueueUrl", "Database", "Migrate"], anew=True)
    _table(whole)
    attempt.expect(
        "ApiUrl" in whole.shop.outputs,
        problem="There is no API in front of your function.",
        called="deploy",
        came_back=sorted(whole.shop.outputs),
        expected="an output ApiUrl, which appears as soon as Front has an event of type HttpApi",
        look_at="the Events of Front in parts/door.yaml",
    )
    _role(whole)
    with whole.paused("Worker"):
        whole.purge("QueueUrl")
        say("12.1: good orders ...")
        _good_orders(whole)
        say("12.1: bad orders ...")
        _bad_orders(whole)
        _what_it_says(whole)
        say("12.1: the queue does not exist ...")
        _no_queue(whole)
        whole.purge("QueueUrl")
    say("12.1: accepted orders are in the queue, and the table refuses to store an order twice.")


def _role(whole: Whole) -> None:
    """The function may do everything that it needs, and nothing else."""
    attempt, statements = whole.attempt, statements_of(whole, "Front")
    called, look_at = "look at the role of Front", "the Policies of Front in parts/door.yaml"
    queue = whole.shop.client("sqs").get_queue_attributes(QueueUrl=whole["QueueUrl"], AttributeNames=["QueueArn"])
    table = whole.shop.client("dynamodb").describe_table(TableName=whole["ProjectionTable"])
    needs = {queue["Attributes"]["QueueArn"]: SENDS, table["Table"]["TableArn"]: READS}
    attempt.expect(
        not (wide := list(filter(None, (beyond(one_statement, needs) for one_statement in statements)))),
        problem="Front may do more than it needs. Anyone who finds a security hole in it can do the same.",
        called=called,
        came_back=f"Front may also do {wide[0]}" if wide else "",
        expected="send to the queue Orders, read the table Projection, and nothing else",
        look_at=look_at,
    )
    for (arn, _), kinds in zip(
        needs.items(), (["sqs:SendMessage"], ["dynamodb:GetItem", "dynamodb:Query"]), strict=True
    ):
        may = any(allows(statement, kind, arn) for statement in statements for kind in kinds)
        attempt.expect(
            may,
            problem=f"Front is not allowed to do {kinds[0]}, so AWS would deny every such call.",
            called=called,
            came_back=[one_statement.get("Action", one_statement.get("Managed")) for one_statement in statements],
            expected=f"{kinds[0]} on {arn}. Your local cloud allows the call without it, but AWS does not",
            look_at=look_at,
        )


def _table(whole: Whole) -> None:
    """The table takes every order that the front door accepts, keeps it, and has one row for each order id."""
    import psycopg

    attempt, mine = whole.attempt, LONGEST | {"order_id": _id_of_40()}
    row = "INSERT INTO orders (order_id, customer, lamp, quantity) VALUES (%s, %s, %s, %s) RETURNING status"
    with whole.shop.database() as connection:
        try:
            (status,) = connection.execute(row, list(mine.values())).fetchone()
            for later in ("cancelled", "paid"):
                connection.execute("UPDATE orders SET status = %s", [later])
        except psycopg.Error as error:
            attempt.fail(
                "A good order cannot be written to your table.",
                called="drop the table orders, run Migrate, then INSERT an order with 40 characters in order_id and "
                "100 in customer and in lamp, and UPDATE its status to both later ones",
                came_back=one_line(str(error)),
                expected="a row",
                look_at="the columns in functions/schema.sql",
            )
    attempt.expect(
        status == "accepted",
        problem="A new order has the wrong status.",
        called="INSERT an order without a status",
        came_back=status,
        expected="accepted",
        look_at="the column status in functions/schema.sql",
    )
    migrate(whole)
    rows = whole.rows([mine["order_id"]])
    attempt.expect(
        rows == [(mine["order_id"], "paid")],
        problem="Each deployment changes the orders." if rows else "Each deployment throws the orders away.",
        called="put an order in the table, mark it as paid, then run Migrate a second time",
        came_back=f"the order is: {rows[0][1]}" if rows else "the order is gone",
        expected="the same row, because Migrate runs on every deployment",
        look_at="the first lines of functions/schema.sql",
    )
    with whole.shop.database() as connection:
        try:
            connection.execute(row, [mine["order_id"], "Ito Ken", "Hoshi", 1])
        except psycopg.errors.UniqueViolation:
            return
        finally:
            connection.rollback()
    attempt.fail(
        "The table accepts the same order twice.",
        called=f"drop the table orders, run Migrate, then INSERT two rows with the order_id {mine['order_id']} and "
        "different customers",
        came_back="two rows",
        expected="the database rejects the second INSERT, no matter who sends it",
        look_at="what in functions/schema.sql makes order_id unique",
    )


def _id_of_40() -> str:
    return f"ORD-{uuid.uuid4()}"


def _good_orders(whole: Whole) -> None:
    attempt = whole.attempt
    orders = [
        order(quantity=1000),
        order(quantity=1, customer="佐藤 恵美"),
        order(order_id="7"),
        LONGEST | {"order_id": _id_of_40()},
        order(customer=f"Ito{NUL}Ken"),
        order(),
    ]
    for mine in orders:
        form = {"Content-Type": "application/x-www-form-urlencoded"} if mine is orders[-1] else {}
        answer = whole.post(mine, **form)
        strange = NUL in mine["customer"]
        attempt.expect(
            answer.status == 202,
            problem="The front door rejects an order because of the customer's name, which is none of its business."
            if strange
            else "An order is not accepted whose body API Gateway encodes as base64, as it does for curl -d."
            if form
            else "A good order is not accepted.",
            called=answer.called,
            came_back=f"{answer} {_why(whole, answer.status)}",
            expected='202 and {"order_id": ...}',
            look_at="how your handler gets the body" if form else "your handler, and the routes in parts/door.yaml",
        )
        attempt.expect(
            answer.has({"order_id": mine["order_id"]}),
            problem="The response does not say which order was accepted.",
            called=answer.called,
            came_back=str(answer),
            expected=readable({"order_id": mine["order_id"]}),
            look_at="what your handler returns",
        )
    _queued(whole, orders)


def _queued(whole: Whole, orders: list[dict[str, Any]]) -> None:
    """Each order is in the queue once, as it was posted."""
    attempt = whole.attempt
    messages = whole.take("QueueUrl", len(orders), limit_s=5.0)
    for message in messages:
        attempt.expect(
            isinstance(message, dict),
            problem="The body of the message is not an order as JSON, so the worker cannot read it.",
            called="POST /orders with a good order, then read the queue",
            came_back=message,
            expected="a message with the order as JSON",
            look_at="the MessageBody",
        )
    there = {str(message.get("order_id")): message for message in messages}
    for mine in orders:
        attempt.expect(
            mine["order_id"] in there,
            problem="The front door said 202, but the order is not in any queue, so it is lost.",
            called=f"POST /orders with {readable(mine)}, then read the queue",
            came_back=f"{len(messages)} messages, none of them this order",
            expected="a message with the order as JSON",
            look_at="where your handler sends the message",
        )
        attempt.expect(
            there[mine["order_id"]] == mine,
            problem="The message is not the order that was posted.",
            called=f"POST /orders with {readable(mine)}, then read the queue",
            came_back=there[mine["order_id"]],
            expected="the four fields of the order, unchanged",
            look_at="the MessageBody",
        )
    attempt.expect(
        len(messages) == len(orders),
        problem="The front door sends an order to the queue more than once.",
        called=f"post {len(orders)} orders",
        came_back=f"{len(messages)} messages",
        expected=f"{len(orders)} messages",
        look_at="where your handler sends the message",
    )


def _bad_orders(whole: Whole) -> None:
    attempt = whole.attempt
    without = order()
    del without["lamp"]
    bad: list[tuple[str, Any]] = [
        ("no lamp", without),
        ("a body that is not JSON", "lamp=Tsuki"),
        ("a list instead of an order", [order()]),
        ("null instead of an order", "null"),
        ("a space in the order_id", order(order_id="ord 17")),
        ("a line break at the end of the order_id", order(order_id="ord-17\n")),
        ("an underscore in the order_id", order(order_id="ord_17")),
        ("an empty order_id", order(order_id="")),
        ("an order_id that is a number", order(order_id=17)),
        ("an order_id of 41 characters", order(order_id="o" * 41)),
        ("an empty customer", order(customer="")),
        ("null instead of a customer", order(customer=None)),
        ("an empty lamp", order(lamp="")),
        ("a lamp that is a number", order(lamp=7)),
        ("a quantity of 0", order(quantity=0)),
        ("a quantity of -2", order(quantity=-2)),
        ("a quantity of 1,001", order(quantity=1001)),
        ("a quantity that is a string", order(quantity="2")),
        ("half a lamp", order(quantity=1.5)),
        ("true instead of a quantity", order(quantity=True)),
    ]
    for what, body in bad:
        answer = whole.post(body)
        attempt.expect(
            answer.status != 500,
            problem=f"A bad order ({what}) causes an error in the shop.",
            called=answer.called,
            came_back=f"{answer} {_why(whole, 500)}",
            expected="400 and a message",
            look_at="what your handler does with a field before it knows its type",
        )
        attempt.expect(
            answer.status == 400 and isinstance(answer.body, dict) and "message" in answer.body,
            problem=f"A bad order ({what}) is accepted."
            if answer.status == 202
            else f"A bad order ({what}) does not get a 400.",
            called=answer.called,
            came_back=str(answer),
            expected='400 and {"message": ...}',
            look_at="your checks of the order's fields",
        )
    left = whole.take("QueueUrl", 1, limit_s=0.3)
    attempt.expect(
        not left,
        problem="A rejected order is in the queue anyway.",
        called="post bad orders, then read the queue",
        came_back=left[:1],
        expected="an empty queue",
        look_at="what comes first in your handler: the check, or the message",
    )


def _what_it_says(whole: Whole) -> None:
    attempt, order_id = whole.attempt, order()["order_id"]
    unknown = whole.get(order_id)
    attempt.expect(
        unknown.status == 404 and isinstance(unknown.body, dict) and "message" in unknown.body,
        problem="The response for an unknown order is not a 404 with a message.",
        called=unknown.called,
        came_back=f"{unknown} {_why(whole, unknown.status)}",
        expected='404 and {"message": ...}',
        look_at="what your handler does when the table has no item, and the second route in parts/door.yaml",
    )
    for status in ("cancelled", "paid"):
        item = {"order_id": {"S": order_id}, "status": {"S": status}, "step": {"N": "2"}}
        whole.shop.client("dynamodb").put_item(TableName=whole["ProjectionTable"], Item=item)
        known = whole.get(order_id)
        expectation = {"order_id": order_id, "status": status}
        attempt.expect(
            known.status == 200 and known.has(expectation),
            problem="The customer does not see the status that is in the table.",
            called=f"put an item with the status {status} in the table Projection, then {known.called}",
            came_back=f"{known} {_why(whole, known.status)}",
            expected=f"200 and {readable(expectation)}",
            look_at="your handler's other route",
        )


def _no_queue(whole: Whole) -> None:
    """Sends to a queue that is not there: nothing may be accepted."""
    with whole.away("Front", "QueueUrl"):
        answer = whole.post(order())
    whole.attempt.expect(
        answer.status >= 500,
        problem="The front door says 202 before the order is safe."
        if answer.status == 202
        else "The queue is gone, but the front door blames the client.",
        called=f"{answer.called}, while the queue does not exist",
        came_back=str(answer),
        expected="a server error (5xx), so that the client retries",
        look_at="what your handler does when the message cannot be sent",
    )


def _why(whole: Whole, status: int) -> str:
    """The front's log lines about an error."""
    return f"({log_of(whole, 'Front', 'ERROR|Error')})" if status >= 500 else ""
