"""A DB proxy and the life of its database and its owner: stopped, rebooted, deleted, killed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil
import psycopg
import pytest

import serverless_cloud as cloud
from kits import rds_kit as rk

MODULE = "serverless_cloud.rds_proxy"


def make_proxy(kit: Any, name: str = "shop-proxy", **given: Any) -> None:
    """A proxy with one user, and the DB instance "shop" as its target."""
    rk.make_proxy(rk.make_secret(name), name, **given)
    kit.client("rds").register_db_proxy_targets(DBProxyName=name, DBInstanceIdentifiers=["shop"])


def connect(aws: cloud.Cloud, name: str = "shop-proxy", **given: Any) -> psycopg.Connection[Any]:
    host, port = aws.database_address(name)
    login: dict[str, Any] = {"user": rk.MASTER, "password": rk.PASSWORD, "dbname": "postgres", "autocommit": True}
    return psycopg.connect(host=host, port=port, **(login | given))


def health(kit: Any) -> str:
    targets = kit.client("rds").describe_db_proxy_targets(DBProxyName="shop-proxy")["Targets"]
    return str(targets[0]["TargetHealth"]["State"])


def test_clients_stay_while_the_database_reboots(aws: cloud.Cloud, kit: Any) -> None:
    rk.create()
    make_proxy(kit)
    with connect(aws) as idle:
        idle.execute("CREATE TABLE lamps AS SELECT 1 AS id")
        kit.client("rds").reboot_db_instance(DBInstanceIdentifier="shop")
        # A query under way while the database goes down would be lost with it; this client is idle then.
        kit.eventually(lambda: "lost" in [e.kind for e in aws.proxy_events("shop-proxy")], "the connection is lost")
        assert idle.execute("SELECT count(*) FROM lamps").fetchone() == (1,)  # waits for it, on the same connection
    rk.until("shop", "available")


def test_a_stopped_database_makes_requests_wait_and_a_started_one_serves_them(aws: cloud.Cloud, kit: Any) -> None:
    rds = kit.client("rds")
    rk.create()
    make_proxy(kit)
    rds.modify_db_proxy_target_group(
        DBProxyName="shop-proxy", TargetGroupName="default", ConnectionPoolConfig={"ConnectionBorrowTimeout": 1}
    )
    with connect(aws) as patient, connect(aws) as hasty:
        rds.stop_db_instance(DBInstanceIdentifier="shop")
        rk.until("shop", "stopped")
        assert health(kit) == "UNAVAILABLE"
        with pytest.raises(psycopg.OperationalError, match="Timed-out waiting to acquire database connection"):
            hasty.execute("SELECT 1")
        rds.start_db_instance(DBInstanceIdentifier="shop")
        rk.until("shop", "available")
        kit.eventually(lambda: health(kit) == "AVAILABLE", "the target is available")
        assert patient.execute("SELECT 1").fetchone() == (1,)


def test_more_seats_after_a_reboot_make_a_larger_pool(kit: Any) -> None:
    rk.group("small", max_connections="20")
    rk.create(DBParameterGroupName="small")
    make_proxy(kit)  # 100 per cent of 20
    rk.change_group("small", max_connections="30")
    rds = kit.client("rds")

    def ceiling() -> float:
        points = kit.datapoints("AWS/RDS", "MaxDatabaseConnectionsAllowed", "Maximum", ProxyName="shop-proxy")
        return float(max(points, key=lambda point: point["Timestamp"])["Maximum"])

    assert ceiling() == 20
    rds.reboot_db_instance(DBInstanceIdentifier="shop")
    rk.until("shop", "available")
    kit.eventually(lambda: ceiling() == 30, "the pool has grown")


def test_the_behaviour_before_2023_is_a_tag(aws: cloud.Cloud, kit: Any) -> None:
    rk.create()
    make_proxy(kit)
    make_proxy(kit, "old-proxy", Tags=[{"Key": "serverless-first:extended-protocol", "Value": "pins"}])
    for name, pins in (("shop-proxy", False), ("old-proxy", True)):
        with connect(aws, name) as connection:
            connection.execute("SELECT %s::int", [1])
            assert any(event.kind == "pin" for event in aws.proxy_events(name)) is pins


def test_reset_and_stop_end_every_proxy(aws: cloud.Cloud, kit: Any) -> None:
    rk.create()
    make_proxy(kit)
    mine = [p for p in psutil.Process().children(recursive=True) if MODULE in p.cmdline()]
    assert len(mine) == 1
    aws.reset()
    assert not mine[0].is_running()
    assert kit.client("rds").describe_db_proxies()["DBProxies"] == []


OWNER = """
import psutil
from kits import cloud_kit as kit, rds_kit as rk
from rds_proxy import test_proxy_life as life
import serverless_cloud as cloud
aws = cloud.start()
rk.create()
life.make_proxy(kit)
held = [life.connect(aws) for _ in range(5)]
held[0].execute("BEGIN")
held[1].execute("SET statement_timeout = 1000")
children = psutil.Process().children(recursive=True)
kit.say(server=psutil.Process().children()[0].pid, all=[p.pid for p in children],
        proxies=[p.pid for p in children if life.MODULE in p.cmdline()])
try:
    input()
except EOFError:
    pass
"""


@pytest.mark.skipif(psutil.WINDOWS, reason="signals as on Unix")
@pytest.mark.parametrize("victim", ["kernel", "server"])
def test_nothing_is_left_of_a_proxy_whose_owner_is_killed(program: Callable[..., Any], victim: str, tools: Any) -> None:
    owner = program(OWNER)
    said = owner.hear()
    assert len(said["proxies"]) == 1
    if victim == "kernel":
        owner.process.kill()
    else:
        psutil.Process(said["server"]).kill()
    tools.eventually(lambda: not [pid for pid in said["all"] if tools.is_alive(pid)], "all are gone")
