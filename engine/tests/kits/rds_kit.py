"""What the tests of DB instances share with the programs that they start: plain boto3 and psycopg."""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path
from typing import Any

import psutil
import psycopg

import serverless_cloud as cloud
from kits import cloud_kit as kit

MASTER, PASSWORD = "shop", "it's a $ecret % \\ for #1"
MODULE = "serverless_cloud.rds.instance_process"


def order(identifier: str = "shop", **given: Any) -> dict[str, Any]:
    """Arguments of create_db_instance; those given as None are left out."""
    settings = {
        "DBInstanceIdentifier": identifier,
        "Engine": "postgres",
        "DBInstanceClass": "db.t4g.micro",
        "AllocatedStorage": 20,
        "MasterUsername": MASTER,
        "MasterUserPassword": PASSWORD,
    }
    return {name: value for name, value in (settings | given).items() if value is not None}


def create(identifier: str = "shop", **given: Any) -> dict[str, Any]:
    """Creates a DB instance; what it is once it is available."""
    kit.client("rds").create_db_instance(**order(identifier, **given))
    return until(identifier, "available")


def describe(identifier: str = "shop") -> dict[str, Any]:
    """What describe_db_instances says."""
    return dict(kit.client("rds").describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0])


def until(identifier: str, status: str) -> dict[str, Any]:
    """What a DB instance is once it has this status."""
    seen: dict[str, Any] = {}

    def look() -> bool:
        seen.update(describe(identifier))
        return bool(seen["DBInstanceStatus"] == status)

    try:
        kit.eventually(look, f"{identifier} is {status}")
    except AssertionError as error:
        why = kit.attempt(lambda: cloud.start().database_address(identifier))
        raise AssertionError(f"{error}; it is {seen['DBInstanceStatus']}: {why}") from None
    return seen


def until_gone(identifier: str) -> None:
    """Waits until a DB instance is not there any more."""
    rds = kit.client("rds")

    def look() -> bool:
        try:
            rds.describe_db_instances(DBInstanceIdentifier=identifier)
        except rds.exceptions.DBInstanceNotFoundFault:
            return True
        return False

    kit.eventually(look, f"{identifier} is gone")


def group(name: str, family: str = "postgres18", **parameters: str) -> None:
    """Makes a DB parameter group with these parameters, to be applied at the next reboot."""
    kit.client("rds").create_db_parameter_group(
        DBParameterGroupName=name, DBParameterGroupFamily=family, Description="-"
    )
    change_group(name, **parameters)


def change_group(name: str, method: str = "pending-reboot", **parameters: str) -> None:
    """Changes parameters of a group; `rds__x` stands for `rds.x`."""
    given = [
        {"ParameterName": key.replace("__", "."), "ParameterValue": value, "ApplyMethod": method}
        for key, value in parameters.items()
    ]
    if given:
        kit.client("rds").modify_db_parameter_group(DBParameterGroupName=name, Parameters=given)


def make_secret(name: str = "shop", user: str = MASTER, password: str = PASSWORD) -> str:
    """The ARN of a new secret with a user's name and password, as a DB proxy reads it."""
    text = json.dumps({"username": user, "password": password})
    return str(kit.client("secretsmanager").create_secret(Name=name, SecretString=text)["ARN"])


def make_proxy(secret: str, name: str = "shop-proxy", **given: Any) -> dict[str, Any]:
    """Makes a DB proxy for the user of a secret; the arguments change CreateDBProxy's."""
    settings = {
        "EngineFamily": "POSTGRESQL",
        "Auth": [{"AuthScheme": "SECRETS", "SecretArn": secret}],
        "RoleArn": "arn:aws:iam::123456789012:role/proxy",
        "VpcSubnetIds": [s["SubnetId"] for s in kit.client("ec2").describe_subnets()["Subnets"]][:2],
    }
    return dict(kit.client("rds").create_db_proxy(DBProxyName=name, **(settings | given))["DBProxy"])


def connect(instance: dict[str, Any], **given: Any) -> psycopg.Connection[Any]:
    """A connection to a DB instance, as its master user unless told."""
    where = {"host": instance["Endpoint"]["Address"], "port": instance["Endpoint"]["Port"]}
    who = {"user": MASTER, "password": PASSWORD, "dbname": "postgres", "connect_timeout": 30}
    return psycopg.connect(**(where | who | {"autocommit": True} | given))


def run(instance: dict[str, Any], sql: str, **given: Any) -> None:
    """Runs statements whose results nobody looks at."""
    with connect(instance, **given) as connection:
        connection.execute(sql.encode())


def value(instance: dict[str, Any], sql: str, **given: Any) -> Any:
    """The first value that a query gives."""
    with connect(instance, **given) as connection:
        row = connection.execute(sql.encode()).fetchone()
    return row[0] if row else None


# ---- below the protocol's surface


def dial(instance: dict[str, Any]) -> socket.socket:
    """A socket that is connected to the endpoint."""
    return socket.create_connection((instance["Endpoint"]["Address"], instance["Endpoint"]["Port"]), timeout=30)


def startup(user: str = MASTER, database: str = "postgres") -> bytes:
    """A start-up packet of protocol 3.0."""
    body = struct.pack("!I", 196608) + f"user\0{user}\0database\0{database}\0\0".encode()
    return struct.pack("!I", len(body) + 4) + body


def rest_of(sock: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    said = b""
    try:
        while chunk := sock.recv(65536):
            said += chunk
    except ConnectionResetError:
        pass
    return said


# ---- processes and what they leave


def instance_processes(root: int) -> list[psutil.Process]:
    """The instance processes below a process."""
    return [p for p in psutil.Process(root).children(recursive=True) if MODULE in _command(p)]


def postmasters(root: int) -> list[psutil.Process]:
    """The PostgreSQL servers below a process."""
    return [
        p for one in instance_processes(root) for p in one.children() if "-D" in _command(p) and "-p" in _command(p)
    ]


def data_folder(postmaster: psutil.Process) -> Path:
    """Its data folder."""
    command = _command(postmaster)
    return Path(command[command.index("-D") + 1])


def segments(postmaster: int) -> list[int]:
    """The System V segments that a process has made (Linux)."""
    lines = Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]
    return [int(fields[1]) for fields in map(str.split, lines) if int(fields[4]) == postmaster]


def backends(root: int, user: str) -> list[psutil.Process]:
    """The PostgreSQL processes that serve a user."""
    found = [p for server in postmasters(root) for p in server.children()]
    return [p for p in found if f"postgres: {user} " in " ".join(_command(p))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
