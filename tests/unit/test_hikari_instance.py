"""hikari.instance: a second call goes on waiting for the instance that a first call has stopped waiting for."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from serverless_cloud import CloudError
from serverless_first.shop import hikari


class NotFound(Exception):
    pass


class Rds:
    """An RDS whose instance keeps its status; `created` and `deleted` count the calls."""

    class exceptions:
        DBInstanceNotFoundFault = NotFound

    def __init__(self) -> None:
        self.status, self.created, self.deleted = "", 0, 0
        self.status_when_created = "creating"

    def create_db_instance(self, **_: Any) -> None:
        self.status, self.created = self.status_when_created, self.created + 1

    def delete_db_instance(self, **_: Any) -> None:
        self.describe_db_instances()
        self.status, self.deleted = "", self.deleted + 1

    def describe_db_instances(self, **_: Any) -> dict[str, Any]:
        if not self.status:
            raise NotFound
        return {"DBInstances": [{"DBInstanceStatus": self.status}]}


class Aws:
    def database_address(self, _: str) -> tuple[str, int]:
        return "127.0.0.1", 5432


@pytest.fixture
def rds(monkeypatch: pytest.MonkeyPatch) -> Rds:
    made = Rds()
    monkeypatch.setattr(boto3, "client", lambda _: made)
    monkeypatch.setattr(hikari.until, "__defaults__", (0.0,))
    monkeypatch.setattr(hikari, "_unfinished", {})
    return made


def make(**settings: Any) -> None:
    hikari.instance(Aws(), "shop-db", **settings)  # type: ignore[arg-type]


def test_a_call_that_times_out_says_how_to_go_on(rds: Rds) -> None:
    with pytest.raises(CloudError, match="run this cell again to keep waiting"):
        make()
    assert rds.created == 1


@pytest.mark.parametrize("status", ["creating", "available"])
def test_the_next_call_goes_on_waiting(rds: Rds, status: str) -> None:
    with pytest.raises(CloudError):
        make()
    rds.status = status
    if status == "available":
        make()
    else:
        with pytest.raises(CloudError):
            make()
    assert (rds.created, rds.deleted) == (1, 0)


@pytest.mark.parametrize(("status", "settings"), [("failed", {}), ("creating", {"DBParameterGroupName": "other"})])
def test_a_failed_or_a_different_instance_is_replaced(rds: Rds, status: str, settings: dict[str, str]) -> None:
    with pytest.raises(CloudError):
        make()
    rds.status = status
    with pytest.raises(CloudError):
        make(**settings)
    assert (rds.created, rds.deleted) == (2, 1)


def test_without_a_timeout_each_call_makes_an_empty_database(rds: Rds) -> None:
    rds.status_when_created = "available"
    make()
    make()
    assert (rds.created, rds.deleted) == (2, 1)
