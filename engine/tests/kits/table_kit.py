"""Requests about tables of DynamoDB, and the errors that they get."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

READ_ONE = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
PROVISIONED = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": READ_ONE}
LONG = "a" * 256
BAD = "One or more parameter values were invalid: "
ALL = {"ProjectionType": "ALL"}


def key(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def defined(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def index(name: str = "by-a", keys: tuple[str, ...] = ("a",), **more: Any) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": key(*keys), "Projection": ALL} | more


def table(name: str = "orders", *names: str, **more: Any) -> dict[str, Any]:
    """A request for a table with the key `pk` and definitions of `pk` and these attributes."""
    return {
        "TableName": name, "KeySchema": key("pk"), "AttributeDefinitions": defined("pk", *names),
        "BillingMode": "PAY_PER_REQUEST",
    } | more  # fmt: skip


def client(service: str) -> Any:
    """A client that asks without boto3's own checks, and once."""
    return boto3.client(service, config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))


def refused(call: Any, **request: Any) -> tuple[str, str]:
    """Name and message of the error."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def constraint(value: str, path: str, rule: str) -> str:
    return f"1 validation error detected: Value {value} at '{path}' failed to satisfy constraint: Member must {rule}"
