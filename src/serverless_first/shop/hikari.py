"""Hikari's shop as several lessons and labs find it: a database for orders, functions that use it, a proxy between.

Plain boto3. On AWS it would also need waits (for a new role and a new proxy), a network with the function in it, and
your own layers instead of `aws.layer`. Lesson 04 makes the database step by step, and lesson 05 the proxy. The others
begin with these functions, which replace anything that exists already, so that you start from nothing.
"""

from __future__ import annotations

import contextlib
import io
import json
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg

from serverless_cloud import Cloud, CloudError

#: The users of the database; "hikari" is the master user, "orders_app" an ordinary role.
PASSWORDS = {"hikari": "lamps-for-everyone-1", "orders_app": "one-lamp-at-a-time-2"}

#: The password of "orders_app" before it was changed. The database doesn't know it any more.
OLD_PASSWORD = "one-lamp-at-a-time-1"

_RIGHTS: dict[str, dict[str, Any]] = {
    "lambda.amazonaws.com": {
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:*:*:log-group:/aws/lambda/*",
    },
    "rds.amazonaws.com": {
        "Action": "secretsmanager:GetSecretValue",
        "Resource": ["arn:aws:secretsmanager:*:*:secret:orders-*", "arn:aws:secretsmanager:*:*:secret:*-proxy-login-*"],
    },
    "scheduler.amazonaws.com": {"Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:*"},
    "states.amazonaws.com": {
        "Action": [
            "lambda:InvokeFunction", "sns:Publish", "sqs:SendMessage",
            "batch:SubmitJob", "batch:DescribeJobs", "batch:TerminateJob",
            "events:PutTargets", "events:PutRule", "events:DescribeRule",  # by these it hears of a job's end
        ],
        "Resource": "*",
    },
    "ecs-tasks.amazonaws.com": {
        "Action": ["s3:PutObject", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "*",
    },
}  # fmt: skip
_LIMIT_S = 60.0
#: Instances for which a call waits, or has stopped waiting: identifier -> settings.
_unfinished: dict[str, dict[str, Any]] = {}
_LOOK_EVERY_S = 0.05  # boto3's waiters for RDS look every 30 s

#: The order's work: price, stock and bill take as long as the function waits.
SCHEMA = """
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_key text,
    lamp text NOT NULL,
    quantity int NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION place_order(order_key text, lamp text, quantity int) RETURNS bigint LANGUAGE sql AS $$
    SELECT pg_sleep({work_s});
    INSERT INTO orders (order_key, lamp, quantity) VALUES (order_key, lamp, quantity) RETURNING id;
$$;
CREATE ROLE orders_app LOGIN PASSWORD '{app_password}';
GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO orders_app;
"""


@dataclass(frozen=True)
class Database:
    """Hikari's database.

    Args:
        host, port: its endpoint.
        passwords: user -> password; "hikari" is the master user, "orders_app" an ordinary role.
    """

    identifier: str
    host: str
    port: int
    passwords: dict[str, str]
    name: str = "shop"

    def connect(self, user: str = "hikari", **settings: Any) -> Any:
        """A psycopg connection, in which each statement is its own transaction.

        Args:
            user: "hikari" or "orders_app".
            settings: for `psycopg.connect`, instead of these.

        Raises:
            psycopg.OperationalError: the database refuses it.
        """
        return psycopg.connect(**(self.as_settings(user) | {"autocommit": True} | settings))

    def as_settings(self, user: str) -> dict[str, Any]:
        """The settings that psycopg needs to connect."""
        return {
            "host": self.host,
            "port": self.port,
            "user": user,
            "password": self.passwords[user],
            "dbname": self.name,
        }

    def as_variables(self, user: str, address: tuple[str, int] | None = None) -> dict[str, str]:
        """The environment variables of a function that connects: DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME.

        Args:
            user: "hikari" or "orders_app".
            address: where to connect, if not to the database itself; a proxy, for instance.
        """
        host, port = address or (self.host, self.port)
        return {
            "DB_HOST": host,
            "DB_PORT": str(port),
            "DB_USER": user,
            "DB_PASSWORD": self.passwords[user],
            "DB_NAME": self.name,
        }


def database(aws: Cloud, *, seats: int = 20, work_s: float = 0.2, identifier: str = "orders-db") -> Database:
    """An RDS instance with few seats, the table `orders`, the function `place_order` and the role `orders_app`.

    Args:
        seats: max_connections.
        work_s: how long `place_order` takes, in seconds.

    Raises:
        CloudError: it did not become available.
    """
    rds = boto3.client("rds")
    group = f"{identifier}-{seats}-seats"
    with contextlib.suppress(rds.exceptions.DBParameterGroupAlreadyExistsFault):
        rds.create_db_parameter_group(
            DBParameterGroupName=group, DBParameterGroupFamily="postgres18", Description=f"{seats} connections"
        )
    few = {"ParameterName": "max_connections", "ParameterValue": str(seats), "ApplyMethod": "pending-reboot"}
    rds.modify_db_parameter_group(DBParameterGroupName=group, Parameters=[few])
    orders_db = instance(aws, identifier, DBParameterGroupName=group)
    with orders_db.connect() as connection:
        connection.execute(SCHEMA.format(work_s=work_s, app_password=PASSWORDS["orders_app"]))
    return orders_db


def instance(aws: Cloud, identifier: str, **settings: Any) -> Database:
    """Makes an RDS instance with an empty database, instead of an existing one, and waits until it is available.

    If an earlier call with the same settings has stopped waiting for its instance, this call goes on waiting for it.

    Args:
        settings: for `create_db_instance`, beside class, engine, storage, master user and database.

    Raises:
        CloudError: it did not become available.
    """
    rds = boto3.client("rds")
    if _unfinished.pop(identifier, None) != settings or _status(rds, identifier) in ("", "failed"):
        delete_instance(identifier)
        rds.create_db_instance(
            DBInstanceIdentifier=identifier,
            DBInstanceClass="db.t4g.micro",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="hikari",
            MasterUserPassword=PASSWORDS["hikari"],
            DBName="shop",
            **settings,
        )
    _unfinished[identifier] = settings
    try:
        until(lambda: _status(rds, identifier) == "available", f"{identifier} is available")
    except CloudError as error:
        raise CloudError(f"{error} If your computer is busy, run this cell again to keep waiting.") from None
    del _unfinished[identifier]
    return find(aws, identifier)


def delete_instance(identifier: str) -> None:
    """Deletes an RDS instance, if it is there, and waits until it is gone.

    Raises:
        CloudError: it is still there after a minute.
    """
    rds = boto3.client("rds")
    with contextlib.suppress(rds.exceptions.DBInstanceNotFoundFault):
        rds.delete_db_instance(DBInstanceIdentifier=identifier, SkipFinalSnapshot=True)
        until(lambda: not _status(rds, identifier), f"{identifier} is deleted")


def find(aws: Cloud, identifier: str = "orders-db") -> Database:
    """The database that is there already.

    Args:
        identifier: its DBInstanceIdentifier; or the DBProxyName of a proxy in front of it, to connect through that.

    Raises:
        CloudError: there is none of this name, or it is not available.
    """
    return Database(identifier, *aws.database_address(identifier), PASSWORDS)


def proxy(aws: Cloud, database: Database, *, name: str = "orders-proxy", **settings: Any) -> tuple[str, int]:
    """An RDS proxy in front of the database, for the role `orders_app`.

    Args:
        name: its DBProxyName.
        settings: of its pool: MaxConnectionsPercent, ConnectionBorrowTimeout, InitQuery and so on.

    Returns:
        Its host and its port.

    Raises:
        CloudError: it does not listen.
    """
    rds = boto3.client("rds")
    with contextlib.suppress(rds.exceptions.DBProxyNotFoundFault):
        rds.delete_db_proxy(DBProxyName=name)
    secret = {"username": "orders_app", "password": database.passwords["orders_app"]}
    subnets = boto3.client("ec2").describe_subnets()["Subnets"]
    rds.create_db_proxy(
        DBProxyName=name,
        EngineFamily="POSTGRESQL",
        Auth=[{"AuthScheme": "SECRETS", "SecretArn": _secret(f"{name}-login", secret)}],
        RoleArn=role("hikari-proxy", "rds.amazonaws.com"),
        VpcSubnetIds=[subnet["SubnetId"] for subnet in subnets[:2]],
    )
    rds.modify_db_proxy_target_group(DBProxyName=name, TargetGroupName="default", ConnectionPoolConfig=settings)
    rds.register_db_proxy_targets(DBProxyName=name, DBInstanceIdentifiers=[database.identifier])
    return aws.database_address(name)


def faulty_setup(aws: Cloud, database: Database, file: str) -> None:
    """The proxy `orders-proxy` and the function `orders` as a colleague left them, for task 5.1.

    The secret holds an old password, no target is registered, the pool may take every seat, and the function's new
    variables are not the ones that its handler reads.

    Args:
        file: the file that holds `handler`, as for `deploy`.
    """
    host, port = proxy(aws, database, ConnectionBorrowTimeout=3)
    _secret("orders-proxy-login", {"username": "orders_app", "password": OLD_PASSWORD})
    boto3.client("rds").deregister_db_proxy_targets(
        DBProxyName="orders-proxy", DBInstanceIdentifiers=[database.identifier]
    )
    variables = database.as_variables("orders_app") | {"PROXY_HOST": host, "PROXY_PORT": str(port)}
    deploy(aws, "orders", file, variables)


def deploy(aws: Cloud, name: str, file: str, variables: dict[str, str], **settings: Any) -> None:
    """Creates a function from a file beside the notebook, with psycopg as a layer; waits until it is active.

    Args:
        file: the file that holds `handler`.
        settings: for `create_function`, instead of these.

    Raises:
        FileNotFoundError: there is no such file.
    """
    functions = boto3.client("lambda")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.write(file, Path(file).name)
    with contextlib.suppress(functions.exceptions.ResourceNotFoundException):
        functions.delete_function(FunctionName=name)
    arguments: dict[str, Any] = {
        "FunctionName": name,
        "Runtime": "python3.13",
        "Handler": f"{Path(file).stem}.handler",
        "Role": role("hikari-shop", "lambda.amazonaws.com"),
        "Code": {"ZipFile": package.getvalue()},
        "Layers": [aws.layer("psycopg")],
        "Environment": {"Variables": variables},
        "Timeout": 30,
        "MemorySize": 256,
    }
    functions.create_function(**(arguments | settings))
    functions.get_waiter("function_active_v2").wait(FunctionName=name)


def role(name: str, service: str) -> str:
    """The ARN of a role that a service may assume, with the rights that Hikari needs; created if need be.

    Args:
        service: "lambda.amazonaws.com": its functions may write their logs; "rds.amazonaws.com": a proxy may read
            Hikari's secrets; "scheduler.amazonaws.com": schedules may send to queues; "states.amazonaws.com": workflows
            may call functions, send messages and run jobs; "ecs-tasks.amazonaws.com": jobs may keep what they make.
    """
    iam = boto3.client("iam")
    may_assume = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [may_assume]})
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | _RIGHTS[service]]})
    iam.put_role_policy(RoleName=name, PolicyName="hikari", PolicyDocument=policy)
    return str(iam.get_role(RoleName=name)["Role"]["Arn"])


def _secret(name: str, value: dict[str, str]) -> str:
    secrets = boto3.client("secretsmanager")
    with contextlib.suppress(secrets.exceptions.ResourceExistsException):
        secrets.create_secret(Name=name)
    return str(secrets.put_secret_value(SecretId=name, SecretString=json.dumps(value))["ARN"])


def _status(rds: Any, identifier: str) -> str:
    """An instance's description, or an empty dict if there is none."""
    with contextlib.suppress(rds.exceptions.DBInstanceNotFoundFault):
        return str(rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]["DBInstanceStatus"])
    return ""


def until(holds: Callable[[], bool], what: str, limit_s: float = _LIMIT_S) -> None:
    """Looks again and again until a condition holds.

    Args:
        what: for the error, in words.
        limit_s: how long, in seconds.

    Raises:
        CloudError: it is still not so then.
    """
    end_s = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > end_s:
            raise CloudError(f"After {limit_s:.0f} s it is still not true that {what}.")
        time.sleep(_LOOK_EVERY_S)
