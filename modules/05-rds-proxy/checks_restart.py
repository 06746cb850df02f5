"""Check of module 05, task 5.4: no order is lost and none is stored twice when the database restarts in a burst."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from serverless_cloud import CallResult, CloudError
from serverless_first import cloud
from serverless_first.lab import Attempt, task
from serverless_first.lab.functions import borrowed, fresh_id, wait_until
from serverless_first.lab.show import say
from serverless_first.shop import hikari

_chance = random.Random()
PROXY, DATABASE = "orders-proxy", "orders-db"
POOL, TIMEOUT_S, AGAIN_TIMEOUT_S = 10, 5, 30  # the longer timeout is much longer than the door stays shut
HIDDEN_TIMEOUT_S, SHUT_S = 3, 2.9  # any fixed time of trying is too long for one or too short for the other
MOST_ATTEMPTS = 40  # without a wait there are hundreds of them while the door is shut
LIMIT_S = 60.0  # for a restart on a slow machine


@task("5.4")
def restart_in_mid_burst(attempt: Attempt) -> None:
    """Each order is stored once, even if it comes twice or the database restarts. Other errors come out at once."""
    attempt.client("lambda").get_function_configuration(FunctionName="orders")
    try:
        database = hikari.find(cloud.start(), DATABASE)
        cloud.start().proxy_events(PROXY)
    except CloudError:
        attempt.not_started("The database or its proxy doesn't exist.", look_at="the first cell of task 5.4. Run it")
    with borrowed(attempt, "orders") as restart:
        restart(Timeout=TIMEOUT_S)
        attempt.invoke("orders", _order())  # says so if it is not written yet
        _twice(attempt, database)
        _unique(attempt, database)
        most, _ = _attempts_of(_order())
        for event in (_order(quantity=0), _order(quantity="two")):
            _not_retried(attempt, event, most)
        _not_retried_when_cancelled(attempt, database)
    say("5.4: a restart during a burst ...")
    _restarted(attempt, database)
    say("5.4: the proxy is hidden for a while ...")
    _hidden(attempt)
    _comes_back(attempt, database)


def _order(**changed: Any) -> dict[str, Any]:
    lamp = _chance.choice(["Tsuki", "Hoshi", "Kumo", "Yuki"])
    return {"order_key": fresh_id("check"), "lamp": lamp, "quantity": _chance.randint(1, 3)} | changed


def _stored(database: hikari.Database, events: list[dict[str, Any]]) -> list[list[int]]:
    """For each order the numbers of its rows."""
    with database.connect() as connection:
        query = "SELECT order_key, array_agg(id) FROM orders WHERE order_key = ANY(%s) GROUP BY order_key"
        times = dict(connection.execute(query, [[event["order_key"] for event in events]]).fetchall())
    return [times.get(event["order_key"], []) for event in events]


def _twice(attempt: Attempt, database: hikari.Database) -> None:
    aws, event = cloud.start(), _order()
    first, second = aws.at_once("orders", [event]) + aws.at_once("orders", [event])
    _same(attempt, database, event, [first, second], "twice, one after the other")
    event = _order()
    _same(attempt, database, event, aws.at_once("orders", [event, event]), "twice at the same time")


def _same(
    attempt: Attempt, database: hikari.Database, event: dict[str, Any], results: list[CallResult], how: str
) -> None:
    ((*rows,),) = _stored(database, [event])
    called = f"invoke orders with {json.dumps(event)}, {how}"
    failed = next((result for result in results if result.outcome != "answered"), None)
    came_back = f"{[result.error or result.payload for result in results]}; rows with this key: {len(rows)}"
    expected = "one row, and its number in both answers"
    attempt.expect(
        len(rows) < 2,
        problem="One order is stored twice. The customer gets two packages and two bills.",
        called=called,
        came_back=came_back,
        expected=expected,
        look_at="what stops a second row with the same order_key, even if both orders arrive at the same time",
    )
    attempt.expect(
        len(rows) == 1,
        problem="The order isn't stored under its key.",
        called=called,
        came_back=came_back,
        expected=expected,
        look_at="the order_key that your statement stores, and whether it is committed",
    )
    attempt.expect(
        failed is None,
        problem="An order that is already there ends with an error, so the customer believes that it is lost.",
        called=called,
        came_back=came_back,
        expected=expected,
        look_at="what place does when the database refuses the second order",
    )
    attempt.expect(
        all(result.payload == {"order": rows[0]} for result in results),
        problem="The same order gets two different answers.",
        called=called,
        came_back=came_back,
        expected=f'{{"order": {rows[0]}}}, both times',
        look_at="where the number comes from when the order is already there",
    )


def _unique(attempt: Attempt, database: hikari.Database) -> None:
    """The database refuses a second row with the same key, whatever the rest of the order is."""
    statement = "INSERT INTO orders (order_key, lamp, quantity) VALUES (%s, %s, 1)"
    key = fresh_id("check")
    with database.connect() as connection:
        connection.execute(statement, [key, "Tsuki"])
        try:
            connection.execute(statement, [key, "Hoshi"])
        except psycopg.errors.IntegrityError:
            return
    attempt.fail(
        "The database accepts another order with the same key, if the lamp is another.",
        called=f"two rows with the order_key {key}, and the lamps Tsuki and Hoshi",
        came_back="both are in the table",
        expected="psycopg.errors.UniqueViolation for the second row",
        look_at="the columns of your constraint or index in step 1",
    )


def _attempts_of(event: dict[str, Any]) -> tuple[int, CallResult]:
    """How often a call sends its order to the database, and the call's result."""
    mark = max((e.number for e in cloud.start().proxy_events(PROXY)), default=0)
    (result,) = cloud.start().at_once("orders", [event])
    statements = [e.detail.lower() for e in cloud.start().proxy_events(PROXY, mark) if e.kind == "query"]
    return sum("place_order" in text or "insert" in text for text in statements), result


def _not_retried(attempt: Attempt, event: dict[str, Any], most: int) -> None:
    """The database refuses an order each time, so the handler must try it once and let the error out."""
    attempts, result = _attempts_of(event)
    called = f"invoke orders with {json.dumps(event)}"
    attempt.expect(
        attempts <= max(1, most),
        problem="Your function repeats an order that can never succeed.",
        called=called,
        came_back=f"attempts: {attempts}; {result.error or json.dumps(result.payload)}",
        expected="one attempt, and the error",
        look_at="how your handler distinguishes a lost connection from an invalid order",
    )
    attempt.expect(
        result.outcome == "failed",
        problem="The database refused the order, but your function answers as if it had been placed.",
        called=called,
        came_back=result.payload,
        expected="an error",
        look_at="which errors your handler catches",
    )


def _not_retried_when_cancelled(attempt: Attempt, database: hikari.Database) -> None:
    """A canceled query is an OperationalError on a connection that still works, so it comes out after one attempt.

    A lock on the table holds the order until it is canceled, however slow the machine is.
    """
    aws, event = cloud.start(), _order()
    attempts: set[tuple[int, float]] = set()  # process and start time of each statement that has waited for the lock
    with database.connect() as locker, database.connect() as administrator, ThreadPoolExecutor(1) as threads:
        with locker.transaction():
            locker.execute("LOCK TABLE orders IN SHARE MODE")  # readers go on, new rows wait
            calling = threads.submit(aws.at_once, "orders", [event])
            while len(attempts) < 2 and not calling.done():
                for session in aws.database_sessions(DATABASE):
                    if session.waits_for == "Lock" and PROXY in session.application:
                        attempts.add((session.pid, session.since_s))
                        administrator.execute("SELECT pg_cancel_backend(%s)", [session.pid])
                time.sleep(0.02)
        (result,) = calling.result()
    called = f"invoke orders with {json.dumps(event)}, and pg_cancel_backend while its statement runs"
    attempt.expect(
        len(attempts) < 2,
        problem="Your function tries again on a connection that still works. Somebody canceled the query. That "
        "also raises an OperationalError, but the connection isn't lost.",
        called=called,
        came_back=f"{len(attempts)} attempts",
        expected="one attempt, and the error",
        look_at="what else your handler can check about the connection, besides the error's class",
    )
    attempt.expect(
        result.outcome == "failed",
        problem="The statement was canceled, but your function answers as if the order had been placed.",
        called=called,
        came_back=result.payload,
        expected="an error",
        look_at="which errors your handler catches",
    )


def _restarted(attempt: Attempt, database: hikari.Database) -> None:
    calls = 2 * POOL  # half of them wait when it restarts
    for _ in range(3):  # on a very slow machine the restart may come when all is over
        events = [_order() for _ in range(calls)]
        mark = max((e.number for e in cloud.start().proxy_events(PROXY)), default=0)
        results = _burst_and_restart(attempt, events)
        if any(e.kind == "disconnect" for e in cloud.start().proxy_events(PROXY, mark)):
            break
    rows = _stored(database, events)
    called = f"invoke orders with {calls} orders at once, and reboot_db_instance while the database works on them"
    for result, numbers in zip(results, rows, strict=True):
        answered = result.outcome == "answered"
        if len(numbers) > 1:
            problem, look_at = "An order is stored twice after the restart.", "what stops a second row"
        elif answered and not numbers:
            problem = "Your function says that an order was placed, but it isn't in the table. The order is lost."
            look_at = "what your handler returns after a failed attempt"
        elif not answered:
            problem = (
                "Orders that were running when the database restarted don't get an answer. Their customers don't "
                "know whether their orders were placed."
            )
            look_at = "what your handler does when its connection is lost, and on which connection it tries again"
        else:
            problem, look_at = "The answer isn't the order's number.", "the value that place returns"
        attempt.expect(
            answered and len(numbers) == 1 and result.payload == {"order": numbers[0]},
            problem=problem,
            called=called,
            came_back=f"{sum(r.outcome == 'answered' for r in results)} answered, {sum(map(len, rows))} rows; "
            f"for example: {result.error or json.dumps(result.payload)}",
            expected=f"{calls} answered, {calls} rows",
            look_at=look_at,
        )


def _burst_and_restart(attempt: Attempt, events: list[dict[str, Any]]) -> list[CallResult]:
    rds, aws = attempt.client("rds"), cloud.start()

    def is_at_work() -> bool:
        return any(s.state == "active" and PROXY in s.application for s in aws.database_sessions(DATABASE))

    def is_available() -> bool:
        database = rds.describe_db_instances(DBInstanceIdentifier=DATABASE)["DBInstances"][0]
        return bool(database["DBInstanceStatus"] == "available")

    with ThreadPoolExecutor(1) as threads:
        selling = threads.submit(aws.at_once, "orders", events)
        wait_until(lambda: is_at_work() or selling.done(), LIMIT_S)
        rds.reboot_db_instance(DBInstanceIdentifier=DATABASE)
        results = selling.result()
    wait_until(is_available, LIMIT_S)
    return results


def _hidden(attempt: Attempt) -> None:
    """Nothing listens where the function connects: it must give up before Lambda ends it, and say why."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: a port that refuses
        port = nobody.getsockname()[1]
        with _connecting_to(attempt, port, HIDDEN_TIMEOUT_S):
            (result,) = cloud.start().at_once("orders", [_order()])
    called = f"invoke orders when nothing answers at DB_PORT; the function's timeout is {HIDDEN_TIMEOUT_S} s"
    attempt.expect(
        "timed out" not in result.error.lower() or "Task" not in result.error,
        problem="Your function keeps trying until Lambda ends it.",
        called=called,
        came_back=result.error,
        expected="the error of the last attempt, before the timeout",
        look_at="when your loop gives up",
    )
    attempt.expect(
        result.outcome == "failed",
        problem="The function can't reach the database, but it answers as if the order had been placed.",
        called=called,
        came_back=result.payload,
        expected="an error",
        look_at="what your handler does after the last attempt",
    )
    attempt.expect(
        str(port) in result.error,  # as in psycopg's error, which names the address
        problem="Your handler expects a connection, but the first connection couldn't be made. Its own error hides the "
        "cause."
        if "NoneType" in result.error
        else "The error doesn't say why the order couldn't be placed.",
        called=called,
        came_back=result.error,
        expected=f"psycopg's error, which says that the connection to port {port} failed",
        look_at="what connection is if it was never made"
        if "NoneType" in result.error
        else "what your handler raises when it gives up",
    )


def _comes_back(attempt: Attempt, database: hikari.Database) -> None:
    """The environment's first connections fail for a while, and a later one reaches the proxy."""
    event = _order()
    with _Door(*cloud.start().database_address(PROXY)) as door, _connecting_to(attempt, door.port, AGAIN_TIMEOUT_S):
        (result,) = cloud.start().at_once("orders", [event])
    ((*rows,),) = _stored(database, [event])
    called = f"invoke orders when connections to DB_PORT fail for {SHUT_S} s; the timeout is {AGAIN_TIMEOUT_S} s"
    came_back = f"{result.error or json.dumps(result.payload)}; connections: {door.arrived}; rows: {len(rows)}"
    attempt.expect(
        len(rows) == 1 and result.payload == {"order": rows[0]},
        problem=f"Your function gives up after {door.arrived} attempts, although most of its time is left."
        if door.arrived > 1
        else "Your function gives up when its first connection can't be made. A later one would have got through.",
        called=called,
        came_back=came_back,
        expected="one row, and its number in the answer",
        look_at="what connection is if it was never made, and how your handler decides that it is time to give up",
    )
    attempt.expect(
        door.arrived <= MOST_ATTEMPTS,
        problem="Your function tries again without a wait. A database that starts has no use for so many connections.",
        called=called,
        came_back=came_back,
        expected=f"at most {MOST_ATTEMPTS} connections",
        look_at="what your handler does between two attempts",
    )


@contextlib.contextmanager
def _connecting_to(attempt: Attempt, port: int, timeout_s: int) -> Iterator[None]:
    """Points the function at another port, in new environments, and puts its settings back at the end."""
    client = attempt.client("lambda")
    before = client.get_function_configuration(FunctionName="orders")
    variables = before["Environment"]["Variables"]

    def update(variables: dict[str, str], timeout_s: int) -> None:
        settings = {"Environment": {"Variables": variables}, "Timeout": timeout_s}
        client.update_function_configuration(FunctionName="orders", **settings)

    try:
        update(variables | {"DB_PORT": str(port)}, timeout_s)
        yield
    finally:
        update(variables, before["Timeout"])


class _Door:
    """A port that hangs up on clients for SHUT_S, and passes on what later clients and the proxy say to each other.

    Args:
        host, port: the proxy's address.

    Attributes:
        port, arrived: where it listens, and how many clients have come so far.
    """

    def __init__(self, host: str, port: int) -> None:
        self._behind = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.arrived = 0
        self._open: list[socket.socket] = []

    def __enter__(self) -> _Door:
        threading.Thread(target=self._answer, name="door", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self._listener, *self._open):
            _hang_up(end)

    def _answer(self) -> None:
        with contextlib.suppress(OSError):  # closed, at the end
            first_s = 0.0
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                self.arrived += 1
                first_s = first_s or time.monotonic()
                if time.monotonic() < first_s + SHUT_S:
                    _hang_up(client)
                    continue
                proxy = socket.create_connection(self._behind)
                self._open.append(proxy)
                for ends in ((client, proxy), (proxy, client)):
                    threading.Thread(target=_pass_on, args=ends, name="door", daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    _hang_up(source)
    _hang_up(target)


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
