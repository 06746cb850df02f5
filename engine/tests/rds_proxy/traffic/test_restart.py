"""The database restarts: who was idle or queued goes on, who was in the middle of something is told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from kits.proxy_kit import ProxyProcess, eventually, send
from kits.raw_client import RawClient, query

Start = Callable[..., ProxyProcess]


def test_idle_clients_go_on(proxy: Start, postgres: Any) -> None:
    front = proxy()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(front.endpoint.connect(prepare_threshold=0)) for _ in range(20)]
        for _ in range(2):
            for n, each in enumerate(clients):
                assert each.execute("SELECT %s::int", [n]).fetchone() == (n,)
            postgres.restart()
        for n, each in enumerate(clients):
            assert each.execute("SELECT %s::int", [n]).fetchone() == (n,)


def test_a_client_in_a_transaction_is_told(proxy: Start, postgres: Any) -> None:
    """Nothing of its transaction is kept, and nothing that it sends as part of it is done outside of it."""
    front = proxy()
    with postgres.endpoint.connect() as direct:
        direct.execute("DROP TABLE IF EXISTS paid")
        direct.execute("CREATE TABLE paid (n int)")
    with front.endpoint.connect() as c:
        c.execute("BEGIN")
        c.execute("INSERT INTO paid VALUES (1)")
        postgres.restart()
        with pytest.raises(psycopg.OperationalError):
            c.execute("INSERT INTO paid VALUES (2)")
    with front.endpoint.connect() as fresh:
        assert fresh.execute("SELECT count(*) FROM paid").fetchone() == (0,)


def test_a_client_that_idles_in_a_transaction_is_told_once(proxy: Start, postgres: Any) -> None:
    """As by PostgreSQL itself: one FATAL error, then the end, whatever the client sends."""
    told = []
    for kind in ("postgres", "proxy"):
        with RawClient(postgres.endpoint if kind == "postgres" else proxy().endpoint) as c:
            c.login()
            assert c.ask(query("BEGIN"))[-1].brief() == "Z T"
            postgres.restart()
            with contextlib.suppress(ConnectionError):  # the other side may have closed long since
                c.send(query("COMMIT"))
            told.append([each.brief() for each in c.until("none of these")])
            assert c.closed()
    assert told == [["E 57P01"], ["E 57P01"]]


def test_a_driver_whose_transaction_is_gone_sees_a_closed_connection(proxy: Start, postgres: Any) -> None:
    with proxy().endpoint.connect(autocommit=False) as c:
        c.execute("SELECT 1")
        postgres.restart()
        with pytest.raises(psycopg.OperationalError):
            c.commit()
        assert c.closed


def test_a_client_in_a_query_is_told(proxy: Start, postgres: Any) -> None:
    front = proxy()
    with front.endpoint.connect() as c, ThreadPoolExecutor(1) as pool:
        job = pool.submit(c.execute, "SELECT pg_sleep(60)")
        eventually(lambda: postgres.sessions("active") == 1, "the query to run")
        postgres.restart()
        with pytest.raises(psycopg.OperationalError):
            job.result()


def test_a_pinned_client_is_told(proxy: Start, postgres: Any) -> None:
    """It must not get another backend without its settings in silence."""
    front = proxy()
    with front.endpoint.connect() as c:
        c.execute("SET work_mem = '7MB'")
        postgres.restart()
        with pytest.raises(psycopg.OperationalError):
            c.execute("SHOW work_mem")


def answer(connection: psycopg.Connection[Any]) -> bytes | None:
    """The value that a query sent before gives."""
    result = connection.pgconn.get_result()
    assert result is not None
    assert result.status == psycopg.pq.ExecStatus.TUPLES_OK, result.error_message
    found = result.get_value(0, 0)
    assert connection.pgconn.get_result() is None
    return found


def test_who_is_queued_is_served_afterwards(proxy: Start, postgres: Any) -> None:
    front = proxy(max_connections_percent=5, max_idle_connections_percent=5)
    with contextlib.ExitStack() as stack:
        holder, *queue = [stack.enter_context(front.endpoint.connect()) for _ in range(6)]
        holder.execute("BEGIN")
        for n, each in enumerate(queue):
            send(front, each, f"SELECT {n}")
        postgres.restart()
        holder.close()
        assert [answer(each) for each in queue] == [b"0", b"1", b"2", b"3", b"4"]


def test_the_log_says_why_a_client_is_closed_whose_connection_the_database_ended(proxy: Start, postgres: Any) -> None:
    front = proxy()
    with RawClient(front.endpoint) as c:
        c.login()
        assert c.ask(query("BEGIN"))[-1].brief() == "Z T"
        postgres.restart()
        c.until("none of these")
    reason = "the database ended its connection"
    assert [e["detail"] for e in front.events() if e["kind"] == "refuse"] == [reason]
    assert [line["message"].partition("] ")[2] for line in front.logged] == [
        f"The proxy closed the connection: {reason}"
    ]


def test_queries_wait_while_the_database_is_down(proxy: Start, postgres: Any) -> None:
    front = proxy()
    with front.endpoint.connect() as c:
        c.execute("SELECT 1")
        postgres.stop()
        try:
            send(front, c, "SELECT 5")
            assert c.pgconn.is_busy()
        finally:
            postgres.start()
        assert answer(c) == b"5"


def test_a_target_that_goes_and_comes_back_at_once_serves_everybody(proxy: Start, postgres: Any) -> None:
    """Deregister and register, as in a loop: new clients log in, and an idle client and one in a transaction go on."""
    front = proxy()
    target = front.settings["target"]
    with front.endpoint.connect() as idle, front.endpoint.connect() as busy:
        for number in range(20):
            idle.execute("SELECT 1")
            busy.execute("BEGIN")
            front.configure(target=None)
            front.configure(target=target)
            with front.endpoint.connect() as fresh:
                assert fresh.execute("SELECT %s::int", [number]).fetchone() == (number,)
            busy.execute("COMMIT")
    assert [line for line in front.logged if line["level"] == "ERROR"] == []
    eventually(lambda: postgres.sessions() <= 10, "connections to the old target to be closed")


def test_a_new_target_gets_no_connection_of_the_old_one(proxy: Start, postgres: Any, roomy: Any) -> None:
    front = proxy()
    ports = {}
    with front.endpoint.connect() as idle, front.endpoint.connect() as busy:
        for database in (postgres, roomy):
            front.configure(target=front.settings["target"] | {"port": database.port})
            for client in (idle, busy):
                ports[database.port, client] = client.execute("SELECT inet_server_port()").fetchone()
            busy.execute("BEGIN") if database is postgres else None
        busy.execute("COMMIT")
        ports[roomy.port, busy] = busy.execute("SELECT inet_server_port()").fetchone()
    assert ports[roomy.port, idle] == ports[roomy.port, busy] == (roomy.port,)


def test_a_query_at_the_old_target_is_cancelled_when_its_client_leaves(proxy: Start, postgres: Any, roomy: Any) -> None:
    front = proxy()
    with RawClient(front.endpoint) as c:
        c.login()
        c.send(query("SELECT pg_sleep(600)"))
        eventually(lambda: postgres.sessions("active") == 1, "the query to begin")
        front.configure(target=front.settings["target"] | {"port": roomy.port})
    eventually(lambda: not postgres.sessions(), "the query at the old target to end")
