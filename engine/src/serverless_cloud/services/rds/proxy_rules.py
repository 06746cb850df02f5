"""The rules of CreateDBProxy and similar calls: names, ranges, logins, secrets.

Ranges and defaults: botocore's model of RDS (1.44.8).
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.rds.exceptions import InvalidParameterCombination, InvalidParameterValue
from moto.secretsmanager.models import secretsmanager_backends

from serverless_cloud.core.json_types import JsonObject

TAG = "serverless-first:extended-protocol"
_AUTH_MEMBERS = ("Description", "UserName", "AuthScheme", "SecretArn", "IAMAuth", "ClientPasswordAuthType")


def valid_name(name: str) -> str:
    """The name. Raises: InvalidParameterValue: it is none (CreateDBProxy, DBProxyName)."""
    if not re.fullmatch(r"[A-Za-z](?:-?[A-Za-z0-9]){0,62}", name):
        raise InvalidParameterValue(
            f"DBProxyName is {name}. It must begin with a letter, have only letters, digits and hyphens, not end with "
            "a hyphen, not contain two hyphens in a row, and have at most 63 characters."
        )
    return name


def refuse_settings(given: JsonObject) -> None:
    """Raises InvalidParameterValue for values that are out of range or that the local cloud doesn't support."""
    _in_range("IdleClientTimeout", given, 1, 28_800)
    if given.get("DefaultAuthScheme", "NONE") != "NONE":
        raise InvalidParameterValue(
            "The local cloud doesn't have IAM logins. Give the DefaultAuthScheme NONE, and Auth with a SecretArn."
        )
    for member in ("EndpointNetworkType", "TargetConnectionNetworkType"):
        if given.get(member, "IPV4") != "IPV4":
            raise InvalidParameterValue(
                f"{member} is {given[member]}, but the local cloud has only IPV4. Leave it out, or give IPV4."
            )


def _in_range(name: str, given: JsonObject, least: int, most: int) -> None:
    if name in given and not least <= given[name] <= most:
        raise InvalidParameterValue(f"{name} is {given[name]}. It must be between {least} and {most}.")


def valid_auth(auth: list[JsonObject]) -> list[JsonObject]:
    """Auth with its defaults. Raises: InvalidParameterValue: the local cloud doesn't support it."""
    if not auth:
        raise InvalidParameterValue("Auth is missing. Give AuthScheme SECRETS and the SecretArn of a secret.")
    allowed = {
        "AuthScheme": ("SECRETS",),
        "IAMAuth": ("DISABLED",),
        "ClientPasswordAuthType": ("POSTGRES_SCRAM_SHA_256",),
    }
    for entry in auth:
        for member, values in allowed.items():
            if entry.get(member, values[0]) not in values:
                raise InvalidParameterValue(
                    f"{member} is {entry[member]}, but the local cloud supports only passwords from secrets. Give "
                    f"{values[0]}."
                )
        if "SecretArn" not in entry:
            raise InvalidParameterValue("A member of Auth has no SecretArn. Give the ARN of a secret.")
    defaults = {name: values[0] for name, values in allowed.items()}
    # moto's own kind of dict knows a member under two spellings, and cannot be merged
    return [defaults | {m: entry[m] for m in _AUTH_MEMBERS if m in entry} for entry in auth]


def read_users(auth: list[JsonObject], *, strict: bool = True) -> dict[str, str]:
    """Passwords by user name; a secret that cannot be used is left out unless `strict`."""
    users: dict[str, str] = {}
    for entry in auth:
        try:
            user, password = _read_secret(entry["SecretArn"])
        except InvalidParameterValue:
            if strict:
                raise
            continue
        users[user] = password
    return users


def _read_secret(arn: str) -> tuple[str, str]:
    parts = arn.split(":")
    if len(parts) < 7 or parts[2] != "secretsmanager":
        raise InvalidParameterValue(f"SecretArn {arn} is not the ARN of a secret.")
    secrets: Any = secretsmanager_backends[parts[4]][parts[3]]
    try:
        text = secrets.get_secret_value(arn, None, None)["SecretString"]
    except Exception as error:
        raise InvalidParameterValue(f"RDS Proxy can't read the secret {arn}: {error}") from error
    try:
        value = json.loads(text)
        user, password = value["username"], value["password"]
    except (ValueError, KeyError, TypeError):
        user = password = None
    if not (isinstance(user, str) and isinstance(password, str) and user and password):
        raise InvalidParameterValue(
            f'The secret {arn} must be JSON with two texts, such as {{"username": "app", "password": "..."}}.'
        )
    return user, password


def extended_protocol_pins(tags: list[dict[str, str]]) -> bool:
    """The value of the tag `serverless-first:extended-protocol`. Raises: InvalidParameterValue: neither value."""
    for tag in tags:
        if tag["Key"] == TAG:
            if tag.get("Value") not in ("pins", "multiplexed"):
                raise InvalidParameterValue(f"The tag {TAG} is {tag.get('Value')}. It must be pins or multiplexed.")
            return tag["Value"] == "pins"
    return False


def change_pool(group: Any, given: JsonObject) -> None:
    """Changes the members of ConnectionPoolConfig that are given. Raises: InvalidParameterValue, ...Combination."""
    most, idle = given.get("MaxConnectionsPercent"), given.get("MaxIdleConnectionsPercent")
    _in_range("MaxConnectionsPercent", given, 1, 100)
    _in_range("ConnectionBorrowTimeout", given, 0, 300)
    if idle is not None and most is None:
        raise InvalidParameterCombination("MaxIdleConnectionsPercent needs MaxConnectionsPercent. Give both.")
    if most is not None:
        _in_range("MaxIdleConnectionsPercent", given, 0, most)
    if given.get("SessionPinningFilters"):
        raise InvalidParameterValue(
            "RDS Proxy supports SessionPinningFilters only for the MySQL engine family. Leave them out."
        )
    if most is not None:
        group.max_connections = most
        if idle is not None:
            group.idle_was_given = True
            group.max_idle_connections = idle
        elif not getattr(group, "idle_was_given", False) or group.max_idle_connections > most:
            group.max_idle_connections = most // 2  # the default follows
    group.borrow_timeout = given.get("ConnectionBorrowTimeout", group.borrow_timeout)
    group.init_query = given.get("InitQuery", getattr(group, "init_query", ""))
