"""Of 60 clients that log in at once the same number gets a seat each time: 17 as master user, 15 as ordinary role."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import psycopg
import pytest

import serverless_cloud as cloud
from kits import rds_kit as rk

CLIENTS, RUNS = 60, 10
WORDS = ("too many clients already", "remaining connection slots are reserved")


def at_once(instance: dict[str, Any], **who: str) -> tuple[int, list[str]]:
    """How many of the clients were let in, and what the others were told; none leaves before all have been answered."""
    ready, answered = threading.Barrier(CLIENTS), threading.Barrier(CLIENTS)

    def client(number: int) -> str:
        del number
        ready.wait(60)
        connection = None
        try:
            try:
                connection = rk.connect(instance, **who)
                assert connection.execute("SELECT 7").fetchone() == (7,)
            except psycopg.OperationalError as error:
                return str(error)
            return ""
        finally:
            answered.wait(60)
            if connection is not None:
                connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(client, range(CLIENTS)))
    return answers.count(""), [a for a in answers if a]


def all_free() -> bool:
    """Whether no client's PostgreSQL process is left from the run before."""
    return not any(rk.backends(os.getpid(), user) for user in ("shop", "app"))


@pytest.fixture(scope="module")
def shop(cloud_of_module: cloud.Cloud) -> dict[str, Any]:
    """An instance with 20 seats and an ordinary role."""
    del cloud_of_module
    rk.group("few", max_connections="20")
    instance: dict[str, Any] = rk.create(DBParameterGroupName="few")
    rk.run(instance, "CREATE ROLE app LOGIN PASSWORD 'an ordinary one'")
    return instance


@pytest.mark.skipif(psutil.WINDOWS, reason="PostgreSQL's processes carry no user's name on Windows")
@pytest.mark.parametrize(
    ("who", "seats"), [({"user": "shop"}, 17), ({"user": "app", "password": "an ordinary one"}, 15)]
)
def test_the_count_is_the_same_each_time(shop: dict[str, Any], tools: Any, who: dict[str, str], seats: int) -> None:
    counts = []
    for _ in range(RUNS):
        tools.eventually(all_free, "every seat is free")
        let_in, refusals = at_once(shop, **who)
        counts.append(let_in)
        assert len(refusals) == CLIENTS - let_in
        assert [r for r in refusals if not any(words in r for words in WORDS)] == []
    assert counts == [seats] * RUNS


@pytest.mark.skipif(psutil.WINDOWS, reason="as above")
def test_the_master_user_gets_in_when_ordinary_roles_have_taken_all_seats(shop: dict[str, Any], tools: Any) -> None:
    tools.eventually(all_free, "every seat is free")
    app = {"user": "app", "password": "an ordinary one"}
    held = [rk.connect(shop, **app) for _ in range(15)]
    try:
        with pytest.raises(psycopg.OperationalError, match="remaining connection slots are reserved"):
            rk.connect(shop, **app)
        assert rk.value(shop, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'") == 15
    finally:
        for connection in held:
            connection.close()
