"""A burst of calls, and a look at the database from outside."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from serverless_first import cloud, hikari
from serverless_first.cloud.burst import burst_size, free_mb
from serverless_first.cloud.lambda_.gathering import HEADER

#: Answers at once: without the gathering one environment would serve most of the calls.
QUICK = """
import os
def handler(event, context):
    if event == "fail":
        raise ValueError("no lamp of this name")
    return [os.getpid(), event]
"""

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


class TestAtOnce:
    def test_each_call_has_an_environment_of_its_own_cold_and_warm(self, aws: cloud.Cloud, kit: Any) -> None:
        kit.deploy("lamps", QUICK)
        for _ in range(2):
            results = aws.at_once("lamps", list(range(12)))
            assert [r.outcome for r in results] == ["answered"] * 12
            assert [r.payload[1] for r in results] == list(range(12)), "in the order of the events"  # type: ignore[index]
            assert len({r.payload[0] for r in results}) == 12  # type: ignore[index]
            assert all("REPORT RequestId" in r.log and r.took_s > 0 for r in results)
        assert len(aws.environments("lamps")) == 12

    def test_refused_calls_are_not_waited_for(self, aws: cloud.Cloud, kit: Any) -> None:
        kit.deploy("lamps", QUICK)
        kit.client("lambda").put_function_concurrency(FunctionName="lamps", ReservedConcurrentExecutions=3)
        results = aws.at_once("lamps", ["go"] * 10)
        assert Counter(r.outcome for r in results) == {"answered": 3, "throttled": 7}
        assert {r.error for r in results if r.outcome == "throttled"} == {"Rate Exceeded."}

    def test_a_function_that_fails(self, aws: cloud.Cloud, kit: Any) -> None:
        kit.deploy("lamps", QUICK)
        good, bad = aws.at_once("lamps", ["go", "fail"])
        assert (good.outcome, good.error) == ("answered", "")
        assert (bad.outcome, bad.payload, bad.error) == ("failed", None, "no lamp of this name")

    def test_a_version(self, aws: cloud.Cloud, kit: Any) -> None:
        kit.deploy("lamps", QUICK)
        version = kit.publish("lamps")
        assert [r.outcome for r in aws.at_once("lamps", ["go"] * 2, qualifier=version)] == ["answered"] * 2
        assert {e.version for e in aws.environments("lamps")} == {version}

    def test_no_such_function(self, aws: cloud.Cloud) -> None:
        with pytest.raises(ClientError, match="Function not found"):
            aws.at_once("lanterns", ["go"] * 3)

    def test_no_calls(self, aws: cloud.Cloud, kit: Any) -> None:
        kit.deploy("lamps", QUICK)
        assert aws.at_once("lamps", []) == []

    def test_ordinary_calls_of_the_same_process_meet_nobody(self, aws: cloud.Cloud, kit: Any) -> None:
        kit.deploy("lamps", QUICK)
        aws.at_once("lamps", ["go"] * 2)
        assert kit.invoke("lamps", "go").error is None

    @pytest.mark.parametrize("header", ["sale", "sale/", "/2", "sale/0", "sale/-1", "sale/two"])
    def test_a_malformed_header_is_refused(self, aws: cloud.Cloud, kit: Any, header: str) -> None:
        del aws
        kit.deploy("lamps", QUICK)
        import boto3

        client = boto3.Session().client("lambda")
        client.meta.events.register(
            "before-call.lambda.Invoke", lambda params, **_: params["headers"].update({HEADER: header})
        )
        refusal = kit.refused(lambda: client.invoke(FunctionName="lamps"))
        assert refusal.code == "InvalidParameterValueException"
        assert "a name, a slash and a number" in refusal.message

    @pytest.mark.parametrize(("free", "size"), [(64_000, 60), (3_000, 44), (1_500, 24), (100, 24)])
    def test_a_burst_fits_the_memory(self, monkeypatch: pytest.MonkeyPatch, free: int, size: int) -> None:
        monkeypatch.setattr("serverless_first.cloud.burst.free_mb", lambda: free)
        assert burst_size(60) == size
        assert burst_size(10) == 10

    def test_free_memory_is_that_of_the_container(self, tmp_path: Path) -> None:
        unlimited = free_mb(tmp_path)  # no such files: not in a container
        assert unlimited > 0
        (tmp_path / "memory.current").write_text(f"{900 * 2**20}\n")
        (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {300 * 2**20}\n")
        (tmp_path / "memory.max").write_text("max\n")
        assert free_mb(tmp_path) > 0
        (tmp_path / "memory.max").write_text(f"{1000 * 2**20}\n")
        assert free_mb(tmp_path) == 400


@pytest.fixture(scope="module")
def database(cloud_of_module: cloud.Cloud) -> hikari.Database:
    """Hikari's database, for all the tests that do not empty the cloud."""
    return hikari.database(cloud_of_module, work_s=0.05)


class TestDatabaseFromOutside:
    @pytest.fixture
    def aws(self, cloud_of_module: cloud.Cloud) -> cloud.Cloud:
        """Not emptied: the database serves all tests of the class."""
        return cloud_of_module

    def test_who_is_there(self, aws: cloud.Cloud, kit: Any, database: hikari.Database) -> None:
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
        self, aws: cloud.Cloud, kit: Any, database: hikari.Database
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

    def test_a_restart_leaves_a_gap(self, aws: cloud.Cloud, kit: Any, database: hikari.Database) -> None:
        del database
        rds = kit.client("rds")
        with aws.watch_database("orders-db", every_s=0.01) as watch:
            rds.reboot_db_instance(DBInstanceIdentifier="orders-db")
            kit.eventually(
                lambda: rds.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"] == "available",
                "it is available again",
            )
        assert len(watch.samples) >= 2

    def test_names_that_do_not_exist(self, aws: cloud.Cloud, database: hikari.Database) -> None:
        del database
        with pytest.raises(
            cloud.CloudError, match=r"There is no DB instance orders in us-east-1\. There are: orders-db"
        ):
            aws.database_sessions("orders")

    def test_a_burst_of_orders_and_the_proxy(
        self, aws: cloud.Cloud, database: hikari.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
