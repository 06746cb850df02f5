"""DB proxies through boto3: made, changed, refused, gone; with a real database behind them."""

from __future__ import annotations

import functools
import json
from typing import Any

import psycopg
import pytest

import serverless_cloud as cloud
from kits import rds_kit as rk

PASSWORD = "it's a secret %"


@pytest.fixture
def secret(aws: cloud.Cloud) -> str:
    """The ARN of a secret with a user's name and password."""
    del aws
    return rk.make_secret(password=PASSWORD)


@pytest.fixture
def make(secret: str) -> Any:
    """Makes a proxy; the arguments change CreateDBProxy's."""
    return functools.partial(rk.make_proxy, secret)


def make_database() -> None:
    """Makes a DB instance with a database for the proxy's user."""
    rk.create("shop", MasterUserPassword=PASSWORD, DBName="shop")


def test_a_query_goes_through_the_proxy(aws: cloud.Cloud, kit: Any, make: Any) -> None:
    rds = kit.client("rds")
    make_database()
    make()
    registered = rds.register_db_proxy_targets(DBProxyName="shop-proxy", DBInstanceIdentifiers=["shop"])
    assert [t["RdsResourceId"] for t in registered["DBProxyTargets"]] == ["shop"]
    host, port = aws.database_address("shop-proxy")
    with psycopg.connect(host=host, port=port, user="shop", password=PASSWORD, dbname="shop") as connection:
        assert connection.execute("SELECT 7").fetchone() == (7,)
        connection.execute("SET search_path = public")
    proxy = rds.describe_db_proxies(DBProxyName="shop-proxy")["DBProxies"][0]
    assert (proxy["Status"], proxy["Endpoint"]) == ("available", "127.0.0.1")
    kinds = [event.kind for event in aws.proxy_events("shop-proxy")]
    assert "borrow" in kinds
    assert "pin" in kinds
    target = rds.describe_db_proxy_targets(DBProxyName="shop-proxy")["Targets"][0]
    assert target["TargetHealth"] == {"State": "AVAILABLE"}
    assert (target["Type"], target["Role"]) == ("RDS_INSTANCE", "READ_WRITE")

    def pinned() -> Any:
        groups = kit.client("logs").describe_log_groups()["logGroups"]
        if "/aws/rds/proxy/shop-proxy" not in [g["logGroupName"] for g in groups]:
            return None
        found = kit.client("logs").filter_log_events(logGroupName="/aws/rds/proxy/shop-proxy")["events"]
        return [e for e in found if "was pinned" in e["message"]]

    assert "changed session settings" in kit.eventually(pinned, "the log tells of the pin")[0]["message"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"EngineFamily": "MYSQL"}, "only PostgreSQL"),
        ({"EngineFamily": "SQLSERVER"}, "only PostgreSQL"),
        ({"IdleClientTimeout": 0}, "between 1 and 28800"),
        ({"IdleClientTimeout": 28_801}, "between 1 and 28800"),
        ({"DefaultAuthScheme": "IAM_AUTH"}, "doesn't have IAM logins"),
        ({"EndpointNetworkType": "DUAL"}, "only IPV4"),
        ({"Auth": []}, "Auth is missing"),
        ({"Tags": [{"Key": "serverless-first:extended-protocol", "Value": "maybe"}]}, "pins or multiplexed"),
    ],
)
def test_what_is_not_honoured_is_refused(kit: Any, make: Any, given: dict[str, Any], words: str) -> None:
    kit.refused(lambda: make(**given), "InvalidParameterValue", words)
    assert kit.client("rds").describe_db_proxies()["DBProxies"] == []


def test_a_login_by_iam_and_a_bad_secret_are_refused(kit: Any, make: Any, secret: str) -> None:
    iam = [{"AuthScheme": "SECRETS", "SecretArn": secret, "IAMAuth": "REQUIRED"}]
    assert "IAMAuth is REQUIRED" in kit.refused(lambda: make(Auth=iam)).message
    bad = kit.client("secretsmanager").create_secret(Name="bad", SecretString="no json")["ARN"]
    assert "username" in kit.refused(lambda: make(Auth=[{"AuthScheme": "SECRETS", "SecretArn": bad}])).message
    none = [{"AuthScheme": "SECRETS", "SecretArn": secret[:-1] + "?"}]
    assert "can't read the secret" in kit.refused(lambda: make(Auth=none)).message


def test_unknown_names_get_awss_faults(kit: Any, make: Any) -> None:
    rds = kit.client("rds")
    make()
    calls = [
        lambda: rds.delete_db_proxy(DBProxyName="no"),
        lambda: rds.describe_db_proxies(DBProxyName="no"),
        lambda: rds.modify_db_proxy(DBProxyName="no"),
        lambda: rds.describe_db_proxy_targets(DBProxyName="no"),
        lambda: rds.describe_db_proxy_target_groups(DBProxyName="no"),
        lambda: rds.describe_db_proxy_endpoints(DBProxyName="no"),
        lambda: rds.register_db_proxy_targets(DBProxyName="no", DBInstanceIdentifiers=["x"]),
        lambda: rds.deregister_db_proxy_targets(DBProxyName="no", DBInstanceIdentifiers=["x"]),
    ]
    assert {kit.refused(call).code for call in calls} == {"DBProxyNotFoundFault"}
    name = "shop-proxy"
    assert kit.refused(make).code == "DBProxyAlreadyExistsFault"
    unknown = kit.refused(lambda: rds.register_db_proxy_targets(DBProxyName=name, DBInstanceIdentifiers=["x"]))
    assert unknown.code.startswith("DBInstanceNotFound")
    gone = kit.refused(lambda: rds.deregister_db_proxy_targets(DBProxyName=name, DBInstanceIdentifiers=["x"]))
    assert gone.code == "DBProxyTargetNotFoundFault"


def test_the_pools_settings_are_kept_and_checked(kit: Any, make: Any) -> None:
    rds = kit.client("rds")
    make()

    def change(**pool: Any) -> dict[str, Any]:
        answer = rds.modify_db_proxy_target_group(
            DBProxyName="shop-proxy", TargetGroupName="default", ConnectionPoolConfig=pool
        )
        config: dict[str, Any] = answer["DBProxyTargetGroup"]["ConnectionPoolConfig"]
        return config

    assert change(ConnectionBorrowTimeout=3)["ConnectionBorrowTimeout"] == 3
    halved = change(MaxConnectionsPercent=50)
    assert (halved["MaxIdleConnectionsPercent"], halved["ConnectionBorrowTimeout"]) == (25, 3)
    assert change(MaxConnectionsPercent=50, MaxIdleConnectionsPercent=0)["MaxIdleConnectionsPercent"] == 0
    assert change(InitQuery="SET work_mem = '8MB'")["InitQuery"] == "SET work_mem = '8MB'"
    assert change(ConnectionBorrowTimeout=0)["MaxIdleConnectionsPercent"] == 0
    for bad in (
        {"MaxConnectionsPercent": 0},
        {"MaxConnectionsPercent": 101},
        {"ConnectionBorrowTimeout": 301},
        {"MaxConnectionsPercent": 50, "MaxIdleConnectionsPercent": 51},
        {"SessionPinningFilters": ["EXCLUDE_VARIABLE_SETS"]},
    ):
        assert kit.refused(lambda bad=bad: change(**bad)).code == "InvalidParameterValue"
    assert kit.refused(lambda: change(MaxIdleConnectionsPercent=5)).code == "InvalidParameterCombination"


def test_a_deleted_proxy_is_gone(aws: cloud.Cloud, kit: Any, make: Any) -> None:
    rds = kit.client("rds")
    make()
    aws.database_address("shop-proxy")
    assert rds.delete_db_proxy(DBProxyName="shop-proxy")["DBProxy"]["Status"] == "deleting"
    with pytest.raises(cloud.CloudError, match="shop-proxy"):
        aws.database_address("shop-proxy")
    assert kit.refused(lambda: rds.delete_db_proxy(DBProxyName="shop-proxy")).code == "DBProxyNotFoundFault"
    assert make()["DBProxyName"] == "shop-proxy"  # the name is free again


def test_endpoints_of_ones_own_are_refused_by_name(kit: Any, make: Any) -> None:
    rds = kit.client("rds")
    made = make()
    refusal = kit.refused(
        lambda: rds.create_db_proxy_endpoint(
            DBProxyName="shop-proxy", DBProxyEndpointName="more", VpcSubnetIds=made["VpcSubnetIds"]
        )
    )
    assert "create_db_proxy_endpoint" in refusal.message
    assert rds.describe_db_proxy_endpoints(DBProxyName="shop-proxy")["DBProxyEndpoints"] == []


def test_a_changed_secret_reaches_the_proxy(aws: cloud.Cloud, kit: Any, make: Any, secret: str) -> None:
    rds = kit.client("rds")
    make_database()
    make()
    rds.register_db_proxy_targets(DBProxyName="shop-proxy", DBInstanceIdentifiers=["shop"])
    rds.modify_db_instance(DBInstanceIdentifier="shop", MasterUserPassword="another one", ApplyImmediately=True)
    text = json.dumps({"username": "shop", "password": "another one"})
    kit.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=text)
    host, port = aws.database_address("shop-proxy")
    with psycopg.connect(host=host, port=port, user="shop", password="another one", dbname="shop") as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("shop",)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=host, port=port, user="shop", password=PASSWORD, dbname="shop")
