"""Lambda, PostgreSQL and the proxy between them: the same handler, direct or through the proxy.

All environments exist first. In each round every one of them gets one call: all calls meet inside the handler before
any goes on. What a run has opened is closed in a round of its own; the next run begins when PostgreSQL says so.

SERVERLESS_FIRST_DATABASE_RUNS=10 gives the acceptance test's number of runs.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

import serverless_cloud as cloud
from kits import rds_kit as rk

RUNS = int(os.environ.get("SERVERLESS_FIRST_DATABASE_RUNS", "2"))
PINNING_RUNS = RUNS if RUNS > 2 else 1  # each takes the whole borrow timeout
ENVIRONMENTS = 60
LIMIT_S = 60.0  # for all to come: so many cold starts on a busy machine
PASSWORDS = {"hikari": "the owner's 1st", "app": "an app's 2nd %"}
REFUSALS = ("remaining connection slots are reserved", "too many clients already")

#: The function. Where it connects to is in its environment variables, and nowhere else.
ORDERS = """
import os, socket
import psycopg

connection = None

def connect():
    return psycopg.connect(
        host=os.environ["DB_HOST"],
        port=os.environ["DB_PORT"],
        user=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"],
        dbname="shop",
        autocommit=True,
        prepare_threshold=None,  # as AWS advises users of RDS Proxy and psycopg
    )

def close(connection):
    if connection.closed:
        return
    with socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as ending:
        connection.close()
        ending.settimeout(60)
        while ending.recv(1000):  # its end comes when the other side has closed: only then is the seat free
            pass

def handler(event, context):
    global connection
    with socket.create_connection(("127.0.0.1", event["meet"])) as meeting:
        assert meeting.recv(1), "not all came"
    if event.get("close"):
        if connection is not None:
            close(connection)
            connection = None
    elif event.get("open") and connection is None:
        connection = connect()
        if event.get("first"):
            connection.execute(event["first"])
    if connection is None or not event.get("sql"):
        return {"pid": os.getpid(), "rows": None}
    return {"pid": os.getpid(), "rows": connection.execute(event["sql"]).fetchall()}
"""

OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
#: A login that is about to be refused is in pg_stat_activity, too, while it starts.
LOGGED_IN = OTHERS + " AND state <> 'starting'"


@contextlib.contextmanager
def meeting(of: int) -> Iterator[int]:
    """A port where handlers meet: each that connects gets its answer when `of` have come. Nobody polls."""
    with socket.create_server(("127.0.0.1", 0), backlog=of) as listener:
        listener.settimeout(LIMIT_S)

        def serve() -> None:
            with contextlib.ExitStack() as stack:  # who waits in vain hears the end
                came: list[socket.socket] = []
                with contextlib.suppress(OSError):
                    while len(came) < of:
                        came.append(stack.enter_context(listener.accept()[0]))
                    for connection in came:
                        connection.sendall(b"!")

        host = threading.Thread(target=serve)
        host.start()
        try:
            yield listener.getsockname()[1]
        finally:
            host.join()


class Shop:
    """A database with 20 seats, and functions that use it."""

    def __init__(self, aws: cloud.Cloud, kit: Any) -> None:
        self._aws, self._kit = aws, kit
        rk.group("small", max_connections="20")
        master = {"MasterUsername": "hikari", "MasterUserPassword": PASSWORDS["hikari"]}
        rk.create("shop", **master, DBName="shop", DBParameterGroupName="small")
        with self.administrator() as connection:
            connection.execute(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORDS['app'].replace(chr(39), chr(39) * 2)}'")

    @property
    def address(self) -> tuple[str, int]:
        """The DB instance's endpoint."""
        endpoint = rk.describe()["Endpoint"]
        return endpoint["Address"], endpoint["Port"]

    @contextlib.contextmanager
    def administrator(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection of the master user, direct; its seat is free after the block."""
        host, port = self.address
        connection = psycopg.connect(
            host=host, port=port, user="hikari", password=PASSWORDS["hikari"], dbname="shop", autocommit=True
        )
        ending = socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        try:
            yield connection
        finally:
            connection.close()
            ending.setblocking(True)
            with ending:
                ending.settimeout(LIMIT_S)
                assert ending.recv(1) == b""  # the backend has ended: only now is its seat free

    def deploy(self, name: str, source: str, user: str, address: tuple[str, int]) -> None:
        """A function with all its environments, none of which has connected."""
        variables = {"DB_HOST": address[0], "DB_PORT": str(address[1]), "DB_USER": user, "DB_PASSWORD": PASSWORDS[user]}
        layers = [self._aws.layer("psycopg")]
        self._kit.deploy(name, source, Timeout=120, Layers=layers, Environment={"Variables": variables})
        answers = self.round(name)
        assert [a.error for a in answers] == [None] * ENVIRONMENTS, answers[0]

    def round(self, name: str, **event: Any) -> list[Any]:
        """One call for each environment, all inside it at the same moment; the answers."""
        with meeting(ENVIRONMENTS) as port:
            answers: list[Any] = self._kit.invoke_at_once(name, [{"meet": port} | event] * ENVIRONMENTS)
        environments = self._aws.environments(name)
        assert len(environments) == ENVIRONMENTS
        assert {e.state for e in environments} == {"frozen"}
        assert len({e.invocations for e in environments}) == 1, "each has had as many calls as every other"
        return answers

    def close_connections(self, name: str) -> None:
        """Every environment closes what it holds; returns when all seats are free."""
        assert {a.error for a in self.round(name, close=True)} == {None}

        def empty() -> bool:
            with contextlib.suppress(psycopg.OperationalError), self.administrator() as connection:
                return connection.execute(OTHERS).fetchone() == (0,)
            return False

        self._kit.eventually(empty, "no client is connected to PostgreSQL")

    def proxy(self, name: str, **pool: int) -> tuple[str, int]:
        """A proxy in front of the database for the user app; where it is."""
        rk.make_proxy(rk.make_secret(name, "app", PASSWORDS["app"]), name)
        rds = self._kit.client("rds")
        rds.modify_db_proxy_target_group(DBProxyName=name, TargetGroupName="default", ConnectionPoolConfig=pool)
        rds.register_db_proxy_targets(DBProxyName=name, DBInstanceIdentifiers=["shop"])
        return self._aws.database_address(name)

    def peak(self, proxy: str, metric: str) -> float:
        """The most that a metric of a proxy has shown in CloudWatch."""
        points = self._kit.datapoints("AWS/RDS", metric, "Maximum", ProxyName=proxy)
        return max(float(point["Maximum"]) for point in points)


@pytest.fixture
def shop(aws: cloud.Cloud, kit: Any) -> Shop:
    """A database with 20 seats."""
    return Shop(aws, kit)


def failures(answers: list[Any]) -> list[str]:
    return [str(a.payload["errorMessage"]) for a in answers if a.error is not None]


@pytest.mark.parametrize(("user", "seats"), [("hikari", 17), ("app", 15)])
def test_direct(shop: Shop, user: str, seats: int) -> None:
    """The same count every time; while the environments are frozen they keep their seats."""
    shop.deploy("orders", ORDERS, user, shop.address)
    counts, texts = [], Counter[str]()
    for run in range(RUNS):
        if run:
            shop.close_connections("orders")
        answers = shop.round("orders", open=True, sql="SELECT pg_sleep(0.2)::text")
        counts.append(sum(a.error is None for a in answers))
        texts.update(failures(answers))
    assert counts == [seats] * RUNS, texts
    assert all(any(known in text for known in REFUSALS) for text in texts), texts
    assert texts.total() == RUNS * (ENVIRONMENTS - seats)
    seen = [a.payload["rows"] for a in shop.round("orders", sql=LOGGED_IN) if a.payload["rows"]]
    assert seen == [[[seats - 1]]] * seats, "each that is connected sees the others"
    # All are frozen, and hold what they have.
    if user == "hikari":
        with pytest.raises(psycopg.OperationalError, match="|".join(REFUSALS)), shop.administrator():
            pass
    else:
        with shop.administrator() as connection:
            assert connection.execute(OTHERS).fetchone() == (seats,)
            assert connection.execute(OTHERS + " AND usename = 'app' AND state = 'idle'").fetchone() == (seats,)
    shop.close_connections("orders")
    with shop.administrator() as connection:
        assert connection.execute(OTHERS).fetchone() == (0,)


class Sampler:
    """Counts the connections of others, again and again, by a direct connection."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.counts: list[int] = []
        self._connection, self._over = connection, threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def _sample(self) -> None:
        while not self._over.wait(0.005):
            row = self._connection.execute(OTHERS).fetchone()
            self.counts.append(row[0] if row else -1)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def test_through_the_proxy_the_same_handler_always_succeeds_unless_it_pins(
    aws: cloud.Cloud, kit: Any, shop: Shop
) -> None:
    shop.deploy("orders", ORDERS, "app", shop.proxy("shop-proxy", MaxConnectionsPercent=50))
    with shop.administrator() as connection, Sampler(connection) as sampler:
        for _ in range(RUNS):
            answers = shop.round("orders", open=True, sql="SELECT pg_sleep(0.2)::text")
            assert failures(answers) == []
    assert len(sampler.counts) > 10
    assert max(sampler.counts) == 10
    assert shop.peak("shop-proxy", "DatabaseConnections") == 10
    assert shop.peak("shop-proxy", "MaxDatabaseConnectionsAllowed") == 10
    assert shop.peak("shop-proxy", "ClientConnections") == ENVIRONMENTS
    assert shop.peak("shop-proxy", "DatabaseConnectionsCurrentlySessionPinned") == 0
    events = aws.proxy_events("shop-proxy")
    kinds = Counter(event.kind for event in events)
    assert kinds["login"] == ENVIRONMENTS
    assert kinds["query"] == kinds["borrow"] == kinds["return"] == RUNS * ENVIRONMENTS
    assert kinds["open"] == 10
    assert {"pin", "timeout", "refuse", "lost"} & set(kinds) == set()
    # The same environments, and a statement before the query that pins.
    pool = {"ConnectionBorrowTimeout": 3}
    kit.client("rds").modify_db_proxy_target_group(
        DBProxyName="shop-proxy", TargetGroupName="default", ConnectionPoolConfig=pool
    )
    for run in range(1, PINNING_RUNS + 1):
        assert {a.error for a in shop.round("orders", close=True)} == {None}
        before = aws.proxy_events("shop-proxy")[-1].number
        a_setting_of_the_session_fills_the_pool(aws, shop, before)
        the_log_names(kit, run * 10)
    assert shop.peak("shop-proxy", "DatabaseConnectionsCurrentlySessionPinned") == 10
    assert shop.peak("shop-proxy", "DatabaseConnections") == 10


SETTING = "SET statement_timeout = '50s'"
CAUSE = "SQL changed session settings that the proxy doesn't track."


def a_setting_of_the_session_fills_the_pool(aws: cloud.Cloud, shop: Shop, after: int) -> None:
    """Ten pin all there is, and keep it while they are frozen; the others wait in vain."""
    with shop.administrator() as connection, Sampler(connection) as sampler:
        answers = shop.round("orders", open=True, first=SETTING, sql="SELECT pg_sleep(0.2)::text")
        assert sum(a.error is None for a in answers) == 10
        told = failures(answers)
        assert len(told) == ENVIRONMENTS - 10
        assert all("Timed-out waiting to acquire database connection" in text for text in told), set(told)
        assert connection.execute(OTHERS + " AND state = 'idle'").fetchone() == (10,)
    assert max(sampler.counts) == 10
    events = aws.proxy_events("shop-proxy", after)
    kinds = Counter(event.kind for event in events)
    assert (kinds["pin"], kinds["timeout"], kinds["return"]) == (10, ENVIRONMENTS - 10, 0)
    pins = [event for event in events if event.kind == "pin"]
    assert all(CAUSE in event.detail and SETTING in event.detail for event in pins)
    assert len({event.server for event in pins}) == 10


def the_log_names(kit: Any, count: int) -> None:
    """CloudWatch Logs has so many messages of a pin, each with its cause."""

    def logged() -> list[str]:
        group = "/aws/rds/proxy/shop-proxy"
        pages = kit.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        messages = [event["message"] for page in pages for event in page["events"]]
        pins = [message for message in messages if "was pinned" in message]
        return pins if len(pins) >= count else []

    messages = kit.eventually(logged, "the log names every pin")
    assert len(messages) == count
    assert all(CAUSE in message for message in messages)
