"""pg8000, a driver in pure Python: its native interface and DB-API."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import pg8000.dbapi
import pg8000.native
import pytest

from kits.proxy_kit import Endpoint


@contextlib.contextmanager
def native(endpoint: Endpoint) -> Iterator[Any]:
    """A native connection."""
    with contextlib.closing(pg8000.native.Connection(**endpoint.keywords())) as c:
        yield c


@contextlib.contextmanager
def dbapi(endpoint: Endpoint) -> Iterator[Any]:
    """A DB-API connection."""
    with contextlib.closing(pg8000.dbapi.connect(**endpoint.keywords())) as c:
        yield c


def test_native_queries(endpoint: Endpoint) -> None:
    with native(endpoint) as c:
        for n in range(20):
            assert c.run("SELECT CAST(:n AS int) + 1, :name", n=n, name="ランプ") == [[n + 1, "ランプ"]]
        with pytest.raises(pg8000.native.DatabaseError) as caught:
            c.run("SELECT 1 / CAST(:n AS int)", n=0)
        assert caught.value.args[0]["C"] == "22012"
        assert c.run("SELECT 2") == [[2]]


def test_native_prepared_statements(endpoint: Endpoint) -> None:
    with native(endpoint) as c, native(endpoint) as other:
        double = c.prepare("SELECT 2 * CAST(:n AS int)")
        triple = other.prepare("SELECT 3 * CAST(:n AS int)")
        for n in range(15):
            assert double.run(n=n) == [[2 * n]]
            assert triple.run(n=n) == [[3 * n]]
        double.close()
        assert triple.run(n=5) == [[15]]
        assert c.run("SELECT 1") == [[1]]


def test_native_transactions(endpoint: Endpoint) -> None:
    with native(endpoint) as c:
        c.run("DROP TABLE IF EXISTS kept_by_pg8000")
        c.run("CREATE TABLE kept_by_pg8000 (id int)")
        c.run("START TRANSACTION")
        c.run("INSERT INTO kept_by_pg8000 VALUES (:n)", n=1)
        c.run("ROLLBACK")
        c.run("START TRANSACTION")
        c.run("INSERT INTO kept_by_pg8000 VALUES (:n)", n=2)
        c.run("COMMIT")
        assert c.run("SELECT id FROM kept_by_pg8000") == [[2]]


@pytest.mark.parametrize("rows", [0, 3, 100_000])
def test_copy(endpoint: Endpoint, rows: int) -> None:
    sent = "".join(f"{n}\tlamp {n}\n" for n in range(rows)).encode()
    with native(endpoint) as c:
        c.run("DROP TABLE IF EXISTS copied_by_pg8000")
        c.run("CREATE TABLE copied_by_pg8000 (id int, name text)")
        c.run("COPY copied_by_pg8000 FROM STDIN", stream=io.BytesIO(sent))
        received = io.BytesIO()
        c.run("COPY (SELECT * FROM copied_by_pg8000 ORDER BY id) TO STDOUT", stream=received)
        assert received.getvalue() == sent
        with pytest.raises(pg8000.native.DatabaseError, match="22P02"):
            c.run("COPY copied_by_pg8000 FROM STDIN", stream=io.BytesIO(sent + b"x\ty\n" + sent))
        assert c.run("SELECT count(*) FROM copied_by_pg8000") == [[rows]]


def test_dbapi(endpoint: Endpoint) -> None:
    with dbapi(endpoint) as c:
        cursor = c.cursor()
        cursor.execute("DROP TABLE IF EXISTS by_dbapi")
        cursor.execute("CREATE TABLE by_dbapi (id int, name text)")
        cursor.executemany("INSERT INTO by_dbapi VALUES (%s, %s)", [(n, f"lamp {n}") for n in range(200)])
        c.commit()
        cursor.execute("INSERT INTO by_dbapi VALUES (%s, %s)", (1000, "undone"))
        c.rollback()
        cursor.execute("SELECT count(*), sum(id) FROM by_dbapi WHERE id >= %s", (0,))
        assert tuple(cursor.fetchone()) == (200, 19900)
        c.commit()


def test_dbapi_after_an_error(endpoint: Endpoint) -> None:
    with dbapi(endpoint) as c:
        cursor = c.cursor()
        for _ in range(5):
            with pytest.raises(pg8000.dbapi.DatabaseError):
                cursor.execute("SELECT * FROM no_such_table WHERE id = %s", (1,))
            with pytest.raises(pg8000.dbapi.DatabaseError, match="25P02"):
                cursor.execute("SELECT 1")
            c.rollback()
            cursor.execute("SELECT %s", ("fine",))
            assert tuple(cursor.fetchone()) == ("fine",)
            c.rollback()
