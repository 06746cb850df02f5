"""A look at the database from outside: who is connected, when it is full, restarts, or gets a burst of orders."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest

from serverless_first import cloud
from serverless_first.shop import hikari

ORDERS = """
import os
import psycopg

connection = None


def handler(event, context):
    global connection
    if connection is None:
        connection = psycopg.connect(
            host=os.environ["DB_HOST"],
            port=os.environ["DB_PORT"],
            user=os.environ["DB_USER"],
            password=os.environ["DB_PASSWORD"],
            dbname=os.environ["DB_NAME"],
            autocommit=True,
            prepare_threshold=None,
        )
    return connection.execute("SELECT place_order(%s, 'Tsuki', 1)", (event,)).fetchone()
"""


@pytest.fixture
def database(aws: cloud.Cloud, kit: Any) -> hikari.Database:
    """Hikari's database; whoever has made it is gone."""
    made = hikari.database(aws, work_s=0.05)
    kit.eventually(lambda: aws.database_sessions("orders-db") == [], "nobody is connected")
    return made


def test_who_is_there(aws: cloud.Cloud, kit: Any, database: hikari.Database) -> None:
    assert aws.database_sessions("orders-db") == []
    with (
        database.connect(application_name="the till"),
        database.connect("orders_app") as app,
        app.transaction(),
    ):
        app.execute("SELECT count(*) FROM orders")
        first, second = aws.database_sessions("orders-db")
        assert (first.user, first.database, first.application, first.state) == (
            "hikari",
            "shop",
            "the till",
            "idle",
        )
        assert (second.user, second.state, second.query) == (
            "orders_app",
            "idle in transaction",
            "SELECT count(*) FROM orders",
        )
        assert 0 < first.connected_s <= second.connected_s <= second.since_s
    kit.eventually(lambda: aws.database_sessions("orders-db") == [], "both have gone")


def test_a_full_database_is_seen_and_a_look_takes_no_seat(
    aws: cloud.Cloud, kit: Any, database: hikari.Database
) -> None:
    there: list[Any] = []
    try:
        with aws.watch_database("orders-db", every_s=0.001) as watch:
            while len(there) < 15:
                there.append(database.connect("orders_app"))
        for _ in range(5):
            assert len(aws.database_sessions("orders-db")) == 15
            with pytest.raises(psycopg.OperationalError, match="remaining connection slots are reserved"):
                database.connect("orders_app")
    finally:
        for connection in there:
            connection.close()
    assert watch.most == 15
    assert watch.samples[0].sessions == []
    assert watch.samples[-1].states == {"idle": 15}
    times_s = [sample.time_s for sample in watch.samples]
    assert times_s == sorted(times_s)
    kit.eventually(lambda: aws.database_sessions("orders-db") == [], "all have gone")


def test_a_restart_leaves_a_gap(aws: cloud.Cloud, kit: Any, database: hikari.Database) -> None:
    del database
    rds = kit.client("rds")
    with aws.watch_database("orders-db", every_s=0.01) as watch:
        rds.reboot_db_instance(DBInstanceIdentifier="orders-db")
        kit.eventually(
            lambda: rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] == "available",
            "it is available again",
        )
    assert len(watch.samples) >= 2


def test_names_that_do_not_exist(aws: cloud.Cloud, database: hikari.Database) -> None:
    del database
    with pytest.raises(
        cloud.CloudError, match=r"There is no DB instance orders in us-east-1\. DB instances: orders-db"
    ):
        aws.database_sessions("orders")


def test_a_burst_of_orders_and_the_proxy(
    aws: cloud.Cloud, database: hikari.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """hikari's database, functions and proxy, made twice over each other, and what a learner counts."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.py").write_text(ORDERS, encoding="utf-8")
    size = 24
    hikari.deploy(aws, "orders", "orders.py", database.as_variables("orders_app"))
    assert Counter(r.outcome for r in aws.at_once("orders", ["direct"] * size)) == {"answered": 15, "failed": 9}
    for _ in range(2):
        address = hikari.proxy(aws, database, MaxConnectionsPercent=25)
    hikari.deploy(aws, "orders", "orders.py", database.as_variables("orders_app", address), Timeout=60)
    with aws.watch_database("orders-db", every_s=0.01) as watch:
        assert Counter(r.outcome for r in aws.at_once("orders", ["proxied"] * size)) == {"answered": size}
    assert watch.most == 5
    assert {s.application for s in watch.samples[-1].sessions} == {"RDS Proxy orders-proxy"}
    with database.connect() as connection:
        rows = connection.execute("SELECT order_key, count(*) FROM orders GROUP BY 1 ORDER BY 1").fetchall()
    assert rows == [("direct", 15), ("proxied", size)]
    assert [path.name for path in tmp_path.iterdir()] == ["orders.py"]
