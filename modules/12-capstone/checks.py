"""Checks of module 12, tasks 12.1 and 12.2: the front door with its table, and the worker behind the queue."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import CheckFailed, readable
from serverless_first.lab.functions import wait_until
from serverless_first.lab.show import say
from serverless_first.lab.whole_shop import Whole, deployed, log_of, migrate, order

DOOR = ("functions/front.py", "parts/door.yaml", "functions/schema.sql")
NUL = chr(0)

# ---- 12.1


@task("12.1")
def door(attempt: Attempt) -> None:
    """The table survives Migrate and refuses a second row; good orders are in the queue, bad ones are refused."""
    whole = deployed(attempt, DOOR, ["Front", "ProjectionTable", "QueueUrl", "Database", "Migrate"])
    _table(whole)
    attempt.expect(
        "ApiUrl" in whole.shop.outputs,
        problem="There is no API in front of your function.",
        called="deploy",
        came_back=sorted(whole.shop.outputs),
        expected="an output ApiUrl: it is there as soon as Front has an event of the type HttpApi",
        look_at="the Events of Front in parts/door.yaml",
    )
    with whole.paused("Worker"):
        whole.purge("QueueUrl")
        say("12.1: good orders ...")
        _good_orders(whole)
        say("12.1: bad orders ...")
        _bad_orders(whole)
        _what_it_says(whole)
        say("12.1: the queue is away ...")
        _no_queue(whole)
        whole.purge("QueueUrl")
    say("12.1: what is accepted is in the queue, and the table refuses to keep it twice.")


def _table(whole: Whole) -> None:
    import psycopg

    attempt, mine = whole.attempt, order()
    row = "INSERT INTO orders (order_id, customer, lamp, quantity) VALUES (%s, %s, %s, %s) RETURNING status"
    with whole.shop.database() as connection:
        try:
            (status,) = connection.execute(row, list(mine.values())).fetchone()
        except psycopg.Error as error:
            attempt.fail(
                "A good order cannot be written into your table.",
                called=f"INSERT INTO orders (order_id, customer, lamp, quantity) of {readable(mine)}",
                came_back=str(error),
                expected="a row",
                look_at="the columns in functions/schema.sql",
            )
    attempt.expect(
        status == "accepted",
        problem="A new order has the wrong status.",
        called="the same INSERT, without a status",
        came_back=status,
        expected="accepted",
        look_at="what functions/schema.sql says of the column status",
    )
    migrate(whole)
    attempt.expect(
        bool(whole.rows([mine["order_id"]])),
        problem="Each deployment throws the orders away.",
        called="an order in the table, then Migrate once more",
        came_back="the order is gone",
        expected="the order is there: Migrate runs at each deployment",
        look_at="the first lines of functions/schema.sql",
    )
    with whole.shop.database() as connection:
        try:
            connection.execute(row, list(mine.values()))
        except psycopg.errors.UniqueViolation:
            return
        finally:
            connection.rollback()
    attempt.fail(
        "The table keeps the same order twice.",
        called=f"a second INSERT of the order {mine['order_id']}",
        came_back="two rows",
        expected="that the database refuses the second one, whoever sends it",
        look_at="what in functions/schema.sql makes order_id unique",
    )


def _good_orders(whole: Whole) -> None:
    attempt = whole.attempt
    orders = [order(), order(quantity=1, customer="佐藤 恵美"), order(customer=f"Ito{NUL}Ken")]
    for mine in orders:
        answer = whole.post(mine)
        strange = NUL in mine["customer"]
        attempt.expect(
            answer.status == 202,
            problem="The door looks into the customer's name, which is not its business."
            if strange
            else "A good order is not accepted.",
            called=answer.called,
            came_back=f"{answer} {_why(whole, answer.status)}",
            expected='202 and {"order_id": ...}',
            look_at="your handler, and the routes in parts/door.yaml",
        )
        attempt.expect(
            answer.has({"order_id": mine["order_id"]}),
            problem="The answer does not say which order was accepted.",
            called=answer.called,
            came_back=str(answer),
            expected=readable({"order_id": mine["order_id"]}),
            look_at="what your handler replies",
        )
    messages = whole.take("QueueUrl", len(orders), limit_s=5.0)
    there = {message.get("order_id"): message for message in messages if isinstance(message, dict)}
    for mine in orders:
        attempt.expect(
            mine["order_id"] in there,
            problem="The door has said 202, and the order is in no queue: it is lost.",
            called=f"POST /orders with {readable(mine)}, then a look into the queue",
            came_back=f"{len(messages)} messages, none of them this order",
            expected="a message with the order as JSON",
            look_at="where your handler sends the message",
        )
        attempt.expect(
            there[mine["order_id"]] == mine,
            problem="The message is not the order.",
            called=f"POST /orders with {readable(mine)}, then a look into the queue",
            came_back=there[mine["order_id"]],
            expected="the four fields of the order, as they came",
            look_at="the MessageBody",
        )
    attempt.expect(
        len(messages) == len(orders),
        problem="The door sends an order more than once.",
        called=f"{len(orders)} orders posted",
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
        ("a body that is no JSON", "lamp=Tsuki"),
        ("a list in place of an order", [order()]),
        ("a space in the order_id", order(order_id="ord 17")),
        ("a line break at the end of the order_id", order(order_id="ord-17\n")),
        ("an order_id of 41 characters", order(order_id="o" * 41)),
        ("an empty customer", order(customer="")),
        ("a lamp that is a number", order(lamp=7)),
        ("a quantity of 0", order(quantity=0)),
        ("a quantity that is a text", order(quantity="2")),
        ("half a lamp", order(quantity=1.5)),
        ("true in place of a quantity", order(quantity=True)),
    ]
    for what, body in bad:
        answer = whole.post(body)
        attempt.expect(
            answer.status != 500,
            problem=f"A bad order ({what}) ends in an error of the shop.",
            called=answer.called,
            came_back=f"{answer} {_why(whole, 500)}",
            expected="400 and a message",
            look_at="what your handler does with a field before it knows what it is",
        )
        attempt.expect(
            answer.status in (400, 422) and isinstance(answer.body, dict) and "message" in answer.body,
            problem=f"A bad order ({what}) is accepted." if answer.status == 202 else f"A bad order ({what}): no 400.",
            called=answer.called,
            came_back=str(answer),
            expected='400 and {"message": ...}',
            look_at="your checks of the order's fields",
        )
    left = whole.take("QueueUrl", 1, limit_s=0.3)
    attempt.expect(
        not left,
        problem="An order that was refused is in the queue all the same.",
        called="bad orders posted, then a look into the queue",
        came_back=left[:1],
        expected="an empty queue",
        look_at="what comes first in your handler: the check, or the message",
    )


def _what_it_says(whole: Whole) -> None:
    attempt, order_id = whole.attempt, order()["order_id"]
    unknown = whole.get(order_id)
    attempt.expect(
        unknown.status == 404,
        problem="An order that nobody knows: the status does not say so.",
        called=unknown.called,
        came_back=f"{unknown} {_why(whole, unknown.status)}",
        expected='404 and {"message": ...}',
        look_at="your handler, when the table has no item; and the second route in parts/door.yaml",
    )
    item = {"order_id": {"S": order_id}, "status": {"S": "paid"}, "step": {"N": "2"}}
    whole.shop.client("dynamodb").put_item(TableName=whole["ProjectionTable"], Item=item)
    known = whole.get(order_id)
    wanted = {"order_id": order_id, "status": "paid"}
    attempt.expect(
        known.status == 200 and known.has(wanted),
        problem="The customer does not see the status that the table has.",
        called=f"an item in the table Projection, then {known.called}",
        came_back=f"{known} {_why(whole, known.status)}",
        expected=f"200 and {readable(wanted)}",
        look_at="the other route of your handler",
    )


def _no_queue(whole: Whole) -> None:
    """Sends to a queue that is not there: nothing may be accepted."""
    client, name = whole.shop.client("lambda"), whole["Front"]
    before = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    gone = {key: value + "-gone" if value == whole["QueueUrl"] else value for key, value in before.items()}
    client.update_function_configuration(FunctionName=name, Environment={"Variables": gone})
    try:
        answer = whole.post(order())
    finally:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": before})
    whole.attempt.expect(
        answer.status >= 500,
        problem="The door says 202 before the order is safe."
        if answer.status == 202
        else "The queue is away, and the door says that it is the client's fault.",
        called=f"{answer.called}, while the queue is not there",
        came_back=str(answer),
        expected="an error of the shop (5xx): the client tries again",
        look_at="what your handler does when the message cannot be sent",
    )


def _why(whole: Whole, status: int) -> str:
    """What the log of the front says of an error."""
    return f"({log_of(whole, 'Front', 'ERROR|Error')})" if status >= 500 else ""


# ---- 12.2

BURST = 20


@task("12.2")
def burst(attempt: Attempt) -> None:
    """A batch with poison fails in part; a burst with copies is in the table once, the poison is a dead letter."""
    files = (*DOOR, "functions/worker.py", "parts/queues.yaml", "parts/work.yaml")
    whole = deployed(attempt, files, ["QueueUrl", "Worker", "Database", "Proxy"])
    with whole.paused("Provider"):
        with whole.paused("Worker"):
            whole.purge("QueueUrl")
            say("12.2: a batch with a message that fails ...")
            _batch(whole)
        _queue(whole)
        say("12.2: a burst, while the table is locked ...")
        _burst(whole)
    say("12.2: each order once, through the proxy; only the poison is a dead letter.")


def _queue(whole: Whole) -> None:
    attempt = whole.attempt
    found = whole.shop.client("sqs").get_queue_attributes(
        QueueUrl=whole["QueueUrl"], AttributeNames=["RedrivePolicy", "VisibilityTimeout"]
    )["Attributes"]
    policy = json.loads(found.get("RedrivePolicy") or "{}")
    attempt.expect(
        bool(policy) and "DeadLetterQueueUrl" in whole.shop.outputs,
        problem="A message that always fails comes back for ever: nothing takes it out of the queue of orders.",
        called="look at the attributes of the queue Orders",
        came_back=readable(policy) if policy else "no RedrivePolicy",
        expected="after some receives it moves to the queue OrdersDlq",
        look_at="parts/queues.yaml",
    )
    receives = int(policy["maxReceiveCount"])
    attempt.expect(
        receives >= 4,
        problem="A good order is given up too early: a killed process and a restart are enough.",
        called="look at the attributes of the queue Orders",
        came_back=f"maxReceiveCount {receives}",
        expected="as many as step 2 says",
        look_at="parts/queues.yaml",
    )


def _batch(whole: Whole) -> None:
    attempt = whole.attempt
    good = [order(), order()]
    bodies = [json.dumps(good[0]), json.dumps(order(customer=f"Mori{NUL}Aoi")), "no order", json.dumps(good[1])]
    sqs = whole.shop.client("sqs")
    whole.send("QueueUrl", bodies)
    received: dict[str, dict[str, Any]] = {}

    def all_there() -> bool:
        answer = sqs.receive_message(QueueUrl=whole["QueueUrl"], MaxNumberOfMessages=10, VisibilityTimeout=60)
        received.update({message["Body"]: message for message in answer.get("Messages", [])})
        return len(received) == len(bodies)

    wait_until(all_there)
    records = [_record(received[body]) for body in bodies]
    named = {record["messageId"]: number for number, record in enumerate(records)}
    called = "invoke Worker with a batch: a good order, poison, a body that is no JSON, a good order"
    failed = _failures(attempt, whole, records, called)
    numbers = {named.get(id) for id in failed}
    attempt.expect(
        not numbers & {0, 3},
        problem="One message that fails takes the good ones of its batch with it.",
        called=called,
        came_back=f"{len(failed)} failures, good orders among them; {log_of(whole, 'Worker', 'rror')}",
        expected="the two that cannot be written, and no other",
        look_at="where your handler catches an error: around the batch, or around one message",
    )
    attempt.expect(
        numbers == {1, 2},
        problem="A message that cannot be written counts as done: it is deleted, and nobody ever sees it.",
        called=called,
        came_back=f"{len(failed)} failures",
        expected="both messages that cannot be written, so that they come to the dead-letter queue",
        look_at="what your handler does after an error",
    )
    ids = [mine["order_id"] for mine in good]
    attempt.expect(
        [order_id for order_id, _ in whole.rows(ids)] == sorted(ids),
        problem="An order whose message counts as done is not in the table.",
        called=called,
        came_back=f"rows: {readable(whole.rows(ids))}",
        expected="a row for each of the two good orders",
        look_at="what your worker does with an order",
    )
    again = _failures(attempt, whole, [records[0], records[3]], "invoke Worker with the two good orders once more")
    attempt.expect(
        not again,
        problem="A second copy of an order counts as a failure: good orders end in the dead-letter queue.",
        called="invoke Worker with the two good orders once more",
        came_back=f"{len(again)} failures; {log_of(whole, 'Worker', 'rror')}",
        expected="no failure: the order is in the table",
        look_at="your INSERT, when the row is there already",
    )
    for message in received.values():
        sqs.delete_message(QueueUrl=whole["QueueUrl"], ReceiptHandle=message["ReceiptHandle"])


def _record(message: dict[str, Any]) -> dict[str, Any]:
    """A message as Lambda hands it on."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "awsRegion": "us-east-1",
    }


def _failures(attempt: Attempt, whole: Whole, records: list[dict[str, Any]], called: str) -> list[str]:
    try:
        reply = attempt.invoke(whole["Worker"], {"Records": records})
    except CheckFailed as error:
        if error.state != "failed":
            raise
        attempt.fail(
            "One message that fails ends the whole call: all messages of its batch come back.",
            called=called,
            came_back=error.came_back,
            expected='{"batchItemFailures": [...]}',
            look_at=error.look_at,
        )
    failures = (reply.payload or {}).get("batchItemFailures") if isinstance(reply.payload, dict | None) else None
    shape = isinstance(failures, list) and all(isinstance(each, dict) and "itemIdentifier" in each for each in failures)
    attempt.expect(
        shape or reply.payload is None,
        problem="The answer of your worker does not say which messages have failed.",
        called=called,
        came_back=reply,
        expected='{"batchItemFailures": [{"itemIdentifier": ...}]}',
        look_at="what your handler returns",
    )
    return [str(each["itemIdentifier"]) for each in failures or []]


def _burst(whole: Whole) -> None:
    attempt, shop = whole.attempt, whole.shop
    whole.purge("DeadLetterQueueUrl")
    orders = [order(quantity=number + 1) for number in range(BURST)]
    poison = order(customer=f"Abe{NUL}Rin")
    bodies = [json.dumps(each) for each in [*orders, poison, *orders[::4]]]
    sessions = _locked(whole, bodies)
    attempt.expect(
        sessions[1] == 0,
        problem="Your worker goes past the proxy: each of its environments takes a seat of the database.",
        called=f"{len(bodies)} messages in the queue, while the table is locked",
        came_back=f"{sessions[1]} connections straight to the database, {sessions[0]} through the proxy",
        expected="all connections through the proxy",
        look_at="DB_HOST and DB_PORT of Worker in parts/work.yaml",
    )
    ids = [each["order_id"] for each in orders]
    called = f"{len(bodies)} messages in the queue: {BURST} orders, {len(orders[::4])} of them twice, and one poison"
    wait_until(lambda: len(whole.rows(ids)) >= BURST, 40.0)
    found = Counter(order_id for order_id, _ in whole.rows(ids))
    attempt.expect(
        len(found) == BURST,
        problem="Orders are lost: their messages came, and they are not in the table.",
        called=called,
        came_back=f"{BURST - len(found)} orders without a row after 40 s; {log_of(whole, 'Worker', 'rror')}",
        expected="a row for each order",
        look_at="the event of Worker in parts/work.yaml, and its log",
    )
    wait_until(lambda: shop.depth(whole["QueueUrl"]) == 0, 40.0)
    left = shop.depth(whole["QueueUrl"])
    attempt.expect(
        left == 0,
        problem="A message that can never succeed waits and waits: it is neither done nor in the dead-letter queue.",
        called=called,
        came_back=f"{left} messages are still in the queue of orders after 40 s",
        expected="an empty queue, and the poison in the dead-letter queue",
        look_at="when your worker calls again_at_once",
    )
    dead = whole.take("DeadLetterQueueUrl", 1, limit_s=5.0)
    dead_ids = [each.get("order_id") for each in dead]
    attempt.expect(
        poison["order_id"] in dead_ids,
        problem="The poison is gone: it was deleted as if it had been done.",
        called=called,
        came_back=f"dead letters: {len(dead)}",
        expected="the poison in the dead-letter queue, where somebody finds it",
        look_at="whether Lambda reads your worker's answer: the event of Worker in parts/work.yaml",
    )
    attempt.expect(
        len(dead) == 1,
        problem="Good orders are in the dead-letter queue.",
        called=called,
        came_back=f"{len(dead)} dead letters",
        expected="the poison alone",
        look_at="what your worker reports as failed",
    )


def _locked(whole: Whole, bodies: list[str]) -> tuple[int, int]:
    """Sends messages while the table is locked, until some workers wait; connections through the proxy, and others."""
    shop = whole.shop
    with shop.database() as connection:
        connection.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        whole.send("QueueUrl", bodies)
        seen = (0, 0)

        def waiting() -> bool:
            nonlocal seen
            seen = max(seen, shop.sessions(), key=sum)
            return sum(seen) >= 3

        wait_until(waiting, 15.0)
        connection.rollback()
    return seen
