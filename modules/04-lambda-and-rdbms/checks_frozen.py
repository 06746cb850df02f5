"""Check of module 04, task 4.3: one connection per environment, and no order lost or placed twice when it dies."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import psycopg

from serverless_cloud import CallResult, DatabaseSession
from serverless_first import cloud
from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import one_line, readable
from serverless_first.lab.functions import alive, fresh_id, wait_until
from serverless_first.lab.show import say
from serverless_first.shop import hikari

NAME, USER = "orders", "orders_app"
CALLS = 5
#: When the line is cut: the order is still running, or it is in the table.
WHEN = {
    "asked": "the database begins to place the order, and the connection dies immediately",
    "answered": "the database places the order, and the connection dies before the reply arrives",
}
#: Lamps whose orders the database refuses, with its words. psycopg raises an OperationalError only for the deadlock.
REFUSALS = {"Yuki, sold out": "this lamp is sold out", "Yuki, locked": "deadlock detected"}
# Each attempt leaves a trace, because a sequence is not rolled back.
REFUSING = """
DROP SEQUENCE IF EXISTS check_tries CASCADE;
CREATE SEQUENCE check_tries;
CREATE OR REPLACE FUNCTION check_refusal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM nextval('check_tries');
    IF NEW.lamp = 'Yuki, sold out' THEN
        RAISE EXCEPTION 'this lamp is sold out';
    END IF;
    RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected';
END $$;
CREATE OR REPLACE TRIGGER check_refusal BEFORE INSERT ON orders
    FOR EACH ROW WHEN (NEW.lamp LIKE 'Yuki, %') EXECUTE FUNCTION check_refusal();
"""
REFUSING_NO_MORE = "DROP FUNCTION check_refusal CASCADE; DROP SEQUENCE check_tries;"


@task("4.3")
def one_connection(attempt: Attempt) -> None:
    """The connection is kept, a dead one is replaced, and no order is placed twice."""
    shop = attempt.database()
    attempt.invoke(NAME, _order())  # says so if it is not there, or not written
    with _own_environments(attempt) as restart, _administrator(attempt, shop) as administrator:
        restart({})
        _end_all(administrator)  # a session that the learner has left open would be counted
        _one_connection_each(attempt)
        _refuses(attempt, administrator)
        say("4.3: the connections die while the environments are frozen ...")
        _survives(attempt, administrator)
        say("4.3: the network cuts the line in the middle of an order ...")
        with Relay(shop.host, shop.port) as relay:
            restart({"DB_HOST": relay.host, "DB_PORT": str(relay.port)})
            _survives_a_cut(attempt, administrator, relay)
            for when in WHEN:
                _places_once(attempt, administrator, relay, when)


def _order(lamp: str = "Tsuki") -> dict[str, Any]:
    return {"order_key": fresh_id("ord"), "lamp": lamp, "quantity": 1}


def _at_once(events: list[dict[str, Any]]) -> list[CallResult]:
    return cloud.start().at_once(NAME, events)


def _sessions() -> list[DatabaseSession]:
    return [s for s in cloud.start().database_sessions("orders-db") if s.user == USER]


def _rows_of(administrator: Any, key: str) -> list[int]:
    rows = administrator.execute("SELECT id FROM orders WHERE order_key = %s", (key,)).fetchall()
    return [row[0] for row in rows]


def _one_connection_each(attempt: Attempt) -> None:
    used: set[int] = set()
    for _ in range(4):
        attempt.invoke(NAME, _order())
        used |= {session.pid for session in _sessions()}
    wait_until(lambda: len(_sessions()) <= 1, limit_s=4.0)  # a closed session stays for another moment
    left, environments = len(_sessions()), len(alive(NAME))
    called = f"four orders, one after another, to {environments} execution environment"
    expected = "one connection, used four times"
    attempt.expect(
        left <= environments,
        problem="An environment holds more connections than it can use. It serves one call at a time.",
        called=called,
        came_back=f"{left} open connections",
        expected=expected,
        look_at="how many connections your code opens, and when",
    )
    attempt.expect(
        left == 1 and len(used) == 1,
        problem="Each order opens its own connection, so every customer waits for a login.",
        called=called,
        came_back=f"{len(used)} connections, one after another" if left else "no open connection after the orders",
        expected=expected,
        look_at="where your handler connects, and what happens to the connection when the handler returns",
    )


def _survives(attempt: Attempt, administrator: Any) -> None:
    """Checks it twice, because a connection that replaced a dead connection can also die."""
    _at_once([_order() for _ in range(CALLS)])
    for again in ("", " again"):
        _end_all(administrator)
        called = f"{CALLS} orders at once, after the connections of their frozen environments died{again}"
        _go_through(attempt, administrator, CALLS, called)
    attempt.expect(
        wait_until(lambda: len(_sessions()) <= CALLS, limit_s=4.0),
        problem="After your function replaced dead connections, it has more than one connection per environment.",
        called="a look at the sessions afterward",
        came_back=f"{len(_sessions())} connections from {CALLS} environments",
        expected="one connection per environment",
        look_at="what your code opens when it finds a dead connection",
    )


def _survives_a_cut(attempt: Attempt, administrator: Any, relay: Relay) -> None:
    """The network drops a frozen connection, so the database doesn't say goodbye, and psycopg raises another error."""
    attempt.invoke(NAME, _order())
    relay.cut()
    _go_through(attempt, administrator, 1, "an order, after the network cut the frozen environment's connection")


def _go_through(attempt: Attempt, administrator: Any, number: int, called: str) -> None:
    """Sends this many orders to environments whose connections are dead."""
    events = [_order() for _ in range(number)]
    for event, result in zip(events, _at_once(events), strict=True):
        attempt.expect(
            result.outcome == "answered",
            problem="The connection died while the environment was frozen, and the next customer's order failed.",
            called=called,
            came_back=one_line(result.error),
            expected="every order is placed",
            look_at="how your handler finds out that its connection is dead before the order depends on it",
        )
        _true_answer(attempt, result, _rows_of(administrator, event["order_key"]), called)


def _end_all(administrator: Any) -> None:
    administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (USER,))
    assert wait_until(lambda: not _sessions()), "sessions that were ended are still there"


def _refuses(attempt: Attempt, administrator: Any) -> None:
    """Orders that the database refuses, each followed by an ordinary order, in one environment."""
    administrator.execute(REFUSING)
    try:
        for lamp, words in REFUSALS.items():
            _fails_once(attempt, administrator, lamp, words)
            (result,) = _at_once([_order()])
            attempt.expect(
                result.outcome == "answered",
                problem="After the database has refused an order, the environment's next order fails.",
                called=f"an ordinary order, after an order that the database refuses: {words}",
                came_back=one_line(result.error),
                expected="an order that is placed",
                look_at="the state in which a refused order leaves your connection",
            )
    finally:
        administrator.execute(REFUSING_NO_MORE)
    wait_until(lambda: len(_sessions()) <= 1, limit_s=2.0)  # a closed session stays for another moment
    attempt.expect(
        len(_sessions()) <= 1,
        problem="After a refused order, your function opens another connection, and the old one stays open.",
        called=f"{len(REFUSALS)} orders that the database refuses, each followed by an ordinary order",
        came_back=f"{len(_sessions())} open connections of one execution environment",
        expected="one connection",
        look_at="what your handler does with its connection after an error, and whether the connection was dead",
    )


def _fails_once(attempt: Attempt, administrator: Any, lamp: str, words: str) -> None:
    query = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM check_tries"
    before = administrator.execute(query).fetchone()[0]
    (result,) = _at_once([_order(lamp)])
    attempts = administrator.execute(query).fetchone()[0] - before
    called = f"an order that the database refuses: {words}"
    attempt.expect(
        result.outcome == "failed",
        problem="The database refused the order, but your function answered as if it had placed the order.",
        called=called,
        came_back=readable(result.payload),
        expected="an error, because the caller must know that there is no order",
        look_at="which errors your handler catches, and what it returns in that case",
    )
    attempt.expect(
        attempts == 1,
        problem="The database refused an order, and your function retried it, although the connection was alive."
        if attempts
        else "The order never reached the database.",
        called=called,
        came_back=f"{attempts} attempts; {one_line(result.error)}",
        expected="one attempt, then the error",
        look_at="which errors mean that a connection is dead, and which don't",
    )


def _places_once(attempt: Attempt, administrator: Any, relay: Relay, when: str) -> None:
    attempt.invoke(NAME, _order())
    before = {session.pid for session in _sessions()}
    event = _order()
    relay.cut_at(event["order_key"].encode(), when)
    (result,) = _at_once([event])
    attempt.expect(
        relay.has_cut,
        problem="The order didn't reach the database through the address in DB_HOST and DB_PORT.",
        called=f"invoke {NAME} with other values of DB_HOST and DB_PORT",
        came_back=result.error or readable(result.payload),
        expected="an order that is sent to this address",
        look_at="where your code gets the host and the port from",
    )
    # The database continues with an order whose client has left, then ends the session.
    assert wait_until(lambda: not any(session.state == "active" or session.pid in before for session in _sessions())), (
        "an order is still running"
    )
    rows = _rows_of(administrator, event["order_key"])
    called = f"order {event['order_key']}; {WHEN[when]}"
    attempt.expect(
        len(rows) < 2,
        problem="The customer gets two lamps. The order was placed, and your function placed it again.",
        called=called,
        came_back=f"{len(rows)} rows with this order_key",
        expected="at most one row; the right answer is an error",
        look_at="what your handler does when the order itself fails, and what the handler can know at that point",
    )
    attempt.expect(
        result.outcome == "failed",
        problem="The connection died in the middle of an order, and your function hid that from its caller.",
        called=called,
        came_back=readable(result.payload),
        expected="the exception that psycopg raised",
        look_at="what your handler does when the order itself fails, and what the handler can know at that point",
    )
    attempt.invoke(NAME, _order())  # and the environment works again


def _true_answer(attempt: Attempt, result: CallResult, rows: list[int], called: str) -> None:
    claim = result.payload.get("order") if isinstance(result.payload, dict) else None
    attempt.expect(
        [claim] == rows,
        problem="The function's answer doesn't match the order in the table.",
        called=called,
        came_back=f"{readable(result.payload)}; ids of the rows with this order_key: {rows}",
        expected='one row, and {"order": its id}',
        look_at="what your handler returns",
    )


@contextlib.contextmanager
def _administrator(attempt: Attempt, shop: hikari.Database) -> Iterator[Any]:
    try:
        connection = shop.connect()
    except psycopg.OperationalError as error:
        attempt.fail(
            "The administrator is refused, so the check can't look at the orders.",
            called="a login as hikari",
            came_back=one_line(str(error)),
            expected="a free seat",
            look_at="which user your function logs in as; deploy it with the cell of this task",
        )
    with connection:
        yield connection


@contextlib.contextmanager
def _own_environments(attempt: Attempt) -> Iterator[Any]:
    """Yields a callable that restarts the function with changed variables, and restores the variables at the end."""
    client = attempt.client("lambda")
    before = (client.get_function_configuration(FunctionName=NAME).get("Environment") or {}).get("Variables") or {}

    def restart(changed: dict[str, str]) -> None:
        variables = before | changed | {"CHECK": fresh_id("check")}
        client.update_function_configuration(FunctionName=NAME, Environment={"Variables": variables})

    try:
        yield restart
    finally:
        client.update_function_configuration(FunctionName=NAME, Environment={"Variables": before})


class Relay:
    """A network between function and database, which passes bytes on and cuts the line once.

    Args:
        host, port: the database's address.

    Attributes:
        host, port: the address where the relay listens.
        has_cut: whether the relay has cut the line.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._server.getsockname()
        self._key, self._when = b"", ""
        self.has_cut = False
        self._open: list[socket.socket] = []

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, name="relay", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for end in [self._server, *self._open]:
            _cut(end)

    def cut(self) -> None:
        """Cuts every line that is open now."""
        for end in self._open:
            _cut(end)
        self._open.clear()

    def cut_at(self, key: bytes, when: str) -> None:
        """Cuts the line of the next client that sends `key`, once.

        Args:
            key: the bytes that the client sends.
            when: "asked", as soon as the database has received the key; "answered", when the database has answered
                after that, but before the client receives the answer.
        """
        self._key, self._when, self.has_cut = key, when, False

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(self._target)
                self._open += [client, server]
                marked = threading.Event()
                for ends in ((client, server, None), (server, client, marked)):
                    threading.Thread(target=self._pass_on, args=(*ends, marked), name="relay", daemon=True).start()

    def _pass_on(
        self, source: socket.socket, target: socket.socket, answers_of: threading.Event | None, marked: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if answers_of is None and self._key and self._key in data:
                    self._key = b""
                    if self._when == "asked":
                        target.sendall(data)
                        self.has_cut = True
                        break
                    marked.set()
                elif answers_of is not None and answers_of.is_set():
                    self.has_cut = True
                    break
                target.sendall(data)
        _cut(source)
        _cut(target)


def _cut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
