"""COPY, both ways, with what can go wrong in the middle on either side."""

from __future__ import annotations

import random
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.pq import TransactionStatus

from kits.proxy_kit import Endpoint

MB = 2**20


def usable(connection: psycopg.Connection[Any], rows: int) -> None:
    """The connection answers as before, and the table holds so many rows."""
    assert connection.info.transaction_status == TransactionStatus.IDLE
    assert connection.execute("SELECT count(*) FROM lamps").fetchone() == (rows,)
    assert connection.execute("SELECT %s::int + 1", [41], prepare=True).fetchone() == (42,)


def table(connection: psycopg.Connection[Any]) -> None:
    """An empty table."""
    connection.execute("DROP TABLE IF EXISTS lamps")
    connection.execute("CREATE TABLE lamps (id int8, watt float8, name text, picture bytea)")


def lamps(count: int, seed: int = 5) -> list[tuple[int, float, str, bytes | None]]:
    """Rows with all that COPY has to escape."""
    rng = random.Random(seed)
    names = ("Hikari", "ヒカリ", "tab\there", "line\nbreak", "back\\slash", "\\.", "\\N", "")
    return [(n, rng.random(), rng.choice(names), None if n % 7 == 0 else rng.randbytes(20)) for n in range(count)]


@pytest.mark.parametrize("form", ["TEXT", "BINARY"])
def test_rows_go_in_and_come_out(endpoint: Endpoint, form: str) -> None:
    given = lamps(1000)
    with endpoint.connect() as c, c.cursor() as cursor:
        table(c)
        types = ["int8", "float8", "text", "bytea"]
        with cursor.copy(f"COPY lamps FROM STDIN (FORMAT {form})") as copy:
            if form == "BINARY":
                copy.set_types(types)
            for row in given:
                copy.write_row(row)
        assert cursor.rowcount == 1000
        with cursor.copy(f"COPY (SELECT * FROM lamps ORDER BY id) TO STDOUT (FORMAT {form})") as copy:
            copy.set_types(types)
            assert list(copy.rows()) == given
        usable(c, 1000)


def test_copy_with_prepared_statements_around_it(endpoint: Endpoint) -> None:
    with endpoint.connect(prepare_threshold=0) as c, c.cursor() as cursor:
        table(c)
        for n in range(5):
            with cursor.copy("COPY lamps (id) FROM STDIN") as copy:
                copy.write(f"{n}\n")
            assert c.execute("SELECT max(id) FROM lamps WHERE id > %s", [-1]).fetchone() == (n,)


def test_nothing_is_copied(endpoint: Endpoint) -> None:
    with endpoint.connect() as c, c.cursor() as cursor:
        table(c)
        with cursor.copy("COPY lamps FROM STDIN"):
            pass
        with cursor.copy("COPY lamps TO STDOUT") as copy:
            assert list(copy) == []
        usable(c, 0)


@pytest.mark.parametrize("form", ["TEXT", "BINARY"])
def test_twenty_megabytes_in_and_out(endpoint: Endpoint, form: str) -> None:
    rows, width = 20, MB
    with endpoint.connect() as c, c.cursor() as cursor:
        table(c)
        with cursor.copy(f"COPY lamps (id, picture) FROM STDIN (FORMAT {form})") as copy:
            copy.set_types(["int8", "bytea"])
            for n in range(rows):
                copy.write_row((n, bytes([n]) * width))
        usable(c, rows)
        seen = 0
        with cursor.copy(f"COPY (SELECT id, picture FROM lamps ORDER BY id) TO STDOUT (FORMAT {form})") as copy:
            copy.set_types(["int8", "bytea"])
            for n, picture in copy.rows():
                assert picture == bytes([n]) * width
                seen += 1
        assert seen == rows
        c.execute("TRUNCATE lamps")


def test_the_server_refuses_a_row_in_the_middle(endpoint: Endpoint) -> None:
    """The client goes on sending behind the error: all of that must be swallowed."""
    with endpoint.connect() as c, c.cursor() as cursor:
        table(c)

        def send() -> None:
            with cursor.copy("COPY lamps (id) FROM STDIN") as copy:
                for n in range(100_000):
                    copy.write("not a number\n" if n == 10 else f"{n}\n")

        for _ in range(3):
            with pytest.raises(errors.InvalidTextRepresentation):
                send()
            usable(c, 0)


def test_the_server_fails_in_the_middle_of_sending(endpoint: Endpoint) -> None:
    with endpoint.connect() as c, c.cursor() as cursor:
        table(c)

        def fetch() -> None:
            query = "COPY (SELECT repeat('x', 1000), 1 / (20000 - n) FROM generate_series(1, 30000) n) TO STDOUT"
            with cursor.copy(query) as copy:
                for _ in copy:
                    pass

        for _ in range(3):
            with pytest.raises(errors.DivisionByZero):
                fetch()
            usable(c, 0)


class ClientGaveUp(Exception):
    """What the client raises in the middle of COPY."""


@pytest.mark.parametrize("sent", [0, 10, 200_000])
def test_the_client_gives_up_while_sending(endpoint: Endpoint, sent: int) -> None:
    with endpoint.connect() as c, c.cursor() as cursor:
        table(c)

        def give_up() -> None:
            with cursor.copy("COPY lamps (id) FROM STDIN") as copy:
                for n in range(sent):
                    copy.write(f"{n}\n")
                raise ClientGaveUp

        with pytest.raises(ClientGaveUp):
            give_up()
        usable(c, 0)


def test_the_client_gives_up_while_receiving(endpoint: Endpoint) -> None:
    """psycopg cancels the query then, on a connection of its own."""
    with endpoint.connect() as c, c.cursor() as cursor:
        table(c)

        def give_up() -> None:
            query = "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 1000000)) TO STDOUT"
            with cursor.copy(query) as copy:
                next(iter(copy))
                raise ClientGaveUp

        with pytest.raises(ClientGaveUp):
            give_up()
        usable(c, 0)


def test_the_client_goes_away_while_sending(endpoint: Endpoint) -> None:
    """Nothing of it stays, and the next client is not disturbed."""
    with endpoint.connect() as watch:
        table(watch)
        for _ in range(15):
            c = endpoint.connect()
            c.pgconn.exec_(b"COPY lamps (id) FROM STDIN")
            c.pgconn.put_copy_data(b"1\n2\n3")
            c.pgconn.flush()
            c.close()
        usable(watch, 0)


def test_copy_inside_a_transaction(endpoint: Endpoint) -> None:
    with endpoint.connect(autocommit=False) as c, c.cursor() as cursor:
        table(c)
        c.commit()
        with cursor.copy("COPY lamps (id) FROM STDIN") as copy:
            copy.write("1\n")
        assert c.execute("SELECT count(*) FROM lamps").fetchone() == (1,)
        c.rollback()
        assert c.execute("SELECT count(*) FROM lamps").fetchone() == (0,)
        c.rollback()


def test_copy_in_the_middle_of_several_statements(endpoint: Endpoint) -> None:
    with endpoint.connect() as c:
        table(c)
        text = b"INSERT INTO lamps (id) VALUES (1); COPY lamps (id) FROM STDIN; INSERT INTO lamps (id) VALUES (9)"
        assert c.pgconn.exec_(text).status == psycopg.pq.ExecStatus.COPY_IN
        c.pgconn.put_copy_data(b"2\n3\n")
        c.pgconn.put_copy_end()
        while c.pgconn.get_result() is not None:
            pass
        assert c.execute("SELECT id FROM lamps ORDER BY id").fetchall() == [(1,), (2,), (3,), (9,)]
        usable(c, 4)
