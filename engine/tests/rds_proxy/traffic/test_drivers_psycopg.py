"""psycopg 3, synchronous, through PostgreSQL itself and the proxy: the same answers."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.types.json import Jsonb

from kits.proxy_kit import Endpoint


def value(connection: psycopg.Connection[Any], query: str, parameters: Any = None, **how: Any) -> Any:
    """The only value of a query's only row."""
    (row,) = connection.execute(query, parameters, **how).fetchall()
    assert len(row) == 1
    return row[0]


def table(connection: psycopg.Connection[Any], name: str) -> None:
    """An empty table of one number and one text."""
    connection.execute(f"DROP TABLE IF EXISTS {name}")
    connection.execute(f"CREATE TABLE {name} (id int, name text)")


def test_the_types_that_an_order_has(endpoint: Endpoint) -> None:
    given = (
        2**40,
        decimal.Decimal("1234567890.0123"),
        "lampe ‑ ランプ 'x' \\ \"",
        bytes(range(256)),
        dt.datetime(2026, 11, 24, 12, 30, tzinfo=dt.UTC),
        dt.date(2020, 1, 31),
        uuid.UUID(int=7),
        [1, None, 3],
        None,
        True,
        0.1,
    )
    types = ["int8", "numeric", "text", "bytea", "timestamptz", "date", "uuid", "int4[]", "text", "bool", "float8"]
    for binary in (False, True):
        mark = "%b" if binary else "%s"
        query = "SELECT " + ", ".join(f"{mark}::{each}" for each in types)
        with endpoint.connect() as c, c.cursor(binary=binary) as cursor:
            assert cursor.execute(query, given).fetchall() == [given]
            (doc,) = cursor.execute(f"SELECT {mark}::jsonb", [Jsonb({"lamps": [1, {"watt": 4.5}]})]).fetchall()
            assert doc == ({"lamps": [1, {"watt": 4.5}]},)


def test_a_transaction_is_kept_or_undone(endpoint: Endpoint) -> None:
    with endpoint.connect(autocommit=False) as c:
        table(c, "kept")
        c.commit()
        c.execute("INSERT INTO kept VALUES (1, 'a')")
        c.rollback()
        c.execute("INSERT INTO kept VALUES (2, 'b')")
        c.commit()
        with c.transaction():
            c.execute("INSERT INTO kept VALUES (3, 'c')")
            with pytest.raises(errors.DivisionByZero), c.transaction():
                c.execute("INSERT INTO kept SELECT 4 / 0")
            c.execute("INSERT INTO kept VALUES (5, 'e')")
    with endpoint.connect() as other:
        assert other.execute("SELECT id FROM kept ORDER BY id").fetchall() == [(2,), (3,), (5,)]


def test_an_error_in_a_transaction_ends_it(endpoint: Endpoint) -> None:
    with endpoint.connect(autocommit=False) as c:
        assert value(c, "SELECT 1") == 1
        with pytest.raises(errors.UndefinedTable) as caught:
            c.execute("SELECT * FROM there_is_no_such_table")
        assert caught.value.sqlstate == "42P01"
        assert c.info.transaction_status == TransactionStatus.INERROR
        with pytest.raises(errors.InFailedSqlTransaction):
            c.execute("SELECT 1")
        c.rollback()
        assert value(c, "SELECT 2") == 2


def test_autocommit(endpoint: Endpoint) -> None:
    with endpoint.connect() as c, endpoint.connect() as other:
        table(c, "at_once")
        c.execute("INSERT INTO at_once VALUES (1, 'seen')")
        assert c.info.transaction_status == TransactionStatus.IDLE
        assert value(other, "SELECT name FROM at_once") == "seen"
        with pytest.raises(errors.SyntaxError):
            c.execute("SELEC 1")
        assert value(c, "SELECT 3") == 3


@pytest.mark.parametrize("threshold", [0, 5, None])
def test_prepared_statements(endpoint: Endpoint, threshold: int | None) -> None:
    """More clients than the pool has connections, so that a statement meets backends that do not know it."""
    connections = [endpoint.connect(prepare_threshold=threshold) for _ in range(13)]
    try:
        with ThreadPoolExecutor(13) as pool:
            for round_ in range(8):
                jobs = [
                    pool.submit(value, c, "SELECT %s::int * 1000 + %s::int", (n, round_))
                    for n, c in enumerate(connections)
                ]
                assert [job.result() for job in jobs] == [n * 1000 + round_ for n in range(13)]
    finally:
        for c in connections:
            c.close()


def test_more_prepared_statements_than_the_client_keeps(endpoint: Endpoint) -> None:
    """psycopg forgets the oldest and has it closed on the server."""
    with endpoint.connect(prepare_threshold=0) as c:
        c.prepared_max = 3
        for round_ in range(3):
            for n in range(10):
                assert value(c, f"SELECT {n} + %s::int", [round_]) == n + round_


def test_the_same_name_for_different_statements_of_two_clients(endpoint: Endpoint) -> None:
    """psycopg names its first statement _pg3_0 in every connection."""
    with endpoint.connect(prepare_threshold=0) as one, endpoint.connect(prepare_threshold=0) as two:
        for n in range(5):
            assert value(one, "SELECT 'one' || %s", [n]) == f"one{n}"
            assert value(two, "SELECT %s::int * 2", [n]) == 2 * n


def test_a_prepared_statement_that_the_server_refuses(endpoint: Endpoint) -> None:
    with endpoint.connect(prepare_threshold=0) as c:
        for _ in range(3):
            with pytest.raises(errors.UndefinedColumn):
                c.execute("SELECT no_such_column + %s", [1])
            with pytest.raises(errors.DivisionByZero):
                c.execute("SELECT 1 / %s", [0])
            assert value(c, "SELECT 1 / %s", [1]) == 1


def test_a_statement_that_is_prepared_and_fails_in_one_transaction_and_works_in_the_next(endpoint: Endpoint) -> None:
    with endpoint.connect(prepare_threshold=0, autocommit=False) as c:
        for _ in range(4):
            with pytest.raises(errors.DivisionByZero):
                c.execute("SELECT 7 / %s::int", [0])
            c.rollback()
            assert value(c, "SELECT 7 / %s::int", [1]) == 7
            c.commit()


def test_pipeline(endpoint: Endpoint) -> None:
    with endpoint.connect() as c, c.pipeline():
        cursors = [c.execute("SELECT %s::int", [n]) for n in range(300)]
        assert [cursor.fetchone() for cursor in cursors] == [(n,) for n in range(300)]


def test_an_error_in_a_pipeline_fails_what_was_sent_behind_it(endpoint: Endpoint) -> None:
    with endpoint.connect() as c:
        table(c, "in_pipeline")
        failures: list[type[BaseException]] = []
        with c.pipeline() as pipeline:
            c.execute("INSERT INTO in_pipeline VALUES (1, 'undone with the rest')")
            # psycopg raises the error where it first reads it: in the next call, if the server was quick.
            for step in (
                lambda: c.execute("SELECT 1 / 0"),
                lambda: c.execute("INSERT INTO in_pipeline VALUES (2, 'never done')"),
                pipeline.sync,
                pipeline.sync,
            ):
                try:
                    step()
                except psycopg.Error as error:
                    failures.append(type(error))
        assert failures[0] is errors.DivisionByZero
        assert set(failures[1:]) <= {errors.PipelineAborted}
        with c.pipeline():
            c.execute("INSERT INTO in_pipeline VALUES (3, 'fine')")
        assert c.execute("SELECT id FROM in_pipeline").fetchall() == [(3,)]


def test_several_transactions_in_one_pipeline(endpoint: Endpoint) -> None:
    with endpoint.connect() as c:
        table(c, "pipelined")
        with c.pipeline() as pipeline:
            for n in range(20):
                with c.transaction(force_rollback=n % 2 == 1):
                    c.execute("INSERT INTO pipelined VALUES (%s, %s)", [n, str(n)])
            pipeline.sync()
        found = c.execute("SELECT id FROM pipelined ORDER BY id").fetchall()
        assert found == [(n,) for n in range(0, 20, 2)]


def test_executemany(endpoint: Endpoint) -> None:
    with endpoint.connect() as c, c.cursor() as cursor:
        table(c, "many")
        cursor.executemany("INSERT INTO many VALUES (%s, %s)", [(n, f"lamp {n}") for n in range(1000)])
        assert cursor.rowcount == 1000
        assert value(c, "SELECT sum(id) FROM many") == 499500
        cursor.executemany("SELECT %s::int", [(1,), (2,)], returning=True)
        assert cursor.fetchone() == (1,)
        assert cursor.nextset()
        assert cursor.fetchone() == (2,)


def test_a_cursor_on_the_server(endpoint: Endpoint) -> None:
    with endpoint.connect(autocommit=False) as c, c.cursor("rows", scrollable=True) as cursor:
        cursor.execute("SELECT generate_series(1, 5000)")
        assert cursor.fetchmany(3) == [(1,), (2,), (3,)]
        cursor.scroll(4990, "absolute")
        assert [row for (row,) in cursor] == list(range(4991, 5001))


def test_rows_one_by_one(endpoint: Endpoint) -> None:
    with endpoint.connect() as c, c.cursor() as cursor:
        rows = cursor.stream("SELECT n, repeat('x', 100) FROM generate_series(1, 20000) n")
        assert sum(n for n, _ in rows) == 20000 * 20001 // 2


def test_a_large_value_in_both_directions(endpoint: Endpoint) -> None:
    sent = bytes(range(256)) * (10 * 2**20 // 256)
    with endpoint.connect() as c, c.cursor(binary=True) as cursor:
        for _ in range(2):
            assert cursor.execute("SELECT %b::bytea", [sent]).fetchone() == (sent,)


@pytest.mark.parametrize("size", [15_000, 20_000, 5_000_000])
def test_a_long_statement(endpoint: Endpoint, size: int) -> None:
    text = "x" * size
    with endpoint.connect() as c:
        for _ in range(2):
            assert value(c, f"SELECT '{text}'") == text
            assert value(c, f"SELECT '{text}' || %s::text", ["!"]) == text + "!"
            assert value(c, f"SELECT '{text}' || %s::text", ["!"], prepare=True) == text + "!"


def test_as_many_parameters_as_the_protocol_has(endpoint: Endpoint) -> None:
    with endpoint.connect() as c:
        query = "SELECT (" + " + ".join(["%s::int8"] * 1000) + ")"
        assert value(c, query, list(range(1000))) == 499500
        count = 65535
        values = "SELECT count(*) FROM (VALUES " + ",".join(["(%s::int)"] * count) + ") v"
        assert value(c, values, [1] * count) == count


def test_several_statements_in_one_text(endpoint: Endpoint) -> None:
    with endpoint.connect() as c, c.cursor() as cursor:
        cursor.execute("SELECT 1; SELECT 2, 'b'; SELECT 3 WHERE false")
        assert cursor.fetchall() == [(1,)]
        assert cursor.nextset()
        assert cursor.fetchall() == [(2, "b")]
        assert cursor.nextset()
        assert cursor.fetchall() == []
        assert not cursor.nextset()
        table(c, "all_or_none")
        with pytest.raises(errors.DivisionByZero):
            cursor.execute("INSERT INTO all_or_none VALUES (1, 'a'); SELECT 1 / 0; SELECT 3")
        assert value(c, "SELECT count(*) FROM all_or_none") == 0
        cursor.execute("BEGIN; INSERT INTO all_or_none VALUES (2, 'b'); COMMIT; BEGIN")
        assert c.info.transaction_status == TransactionStatus.INTRANS
        cursor.execute("ROLLBACK")
        assert value(c, "SELECT id FROM all_or_none") == 2


def test_an_empty_query_and_a_row_without_columns(endpoint: Endpoint) -> None:
    with endpoint.connect() as c:
        assert c.pgconn.exec_(b"").status == ExecStatus.EMPTY_QUERY
        assert c.pgconn.exec_params(b"  ", []).status == ExecStatus.EMPTY_QUERY
        assert c.pgconn.exec_(b"-- nothing").status == ExecStatus.EMPTY_QUERY
        assert c.execute("SELECT").fetchall() == [()]
        assert value(c, "SELECT 1") == 1


def test_notices_arrive(endpoint: Endpoint) -> None:
    with endpoint.connect() as c:
        heard: list[str | None] = []
        c.add_notice_handler(lambda diagnostic: heard.append(diagnostic.message_primary))
        c.execute("DO $$ BEGIN RAISE NOTICE 'the lamp is on'; RAISE WARNING 'it is hot'; END $$")
        assert heard == ["the lamp is on", "it is hot"]


def test_two_phase_commit_is_refused_by_postgresql(endpoint: Endpoint) -> None:
    """max_prepared_transactions is 0 unless someone sets it."""
    with endpoint.connect() as c:
        c.execute("BEGIN")
        c.execute("SELECT 1")
        with pytest.raises(errors.ObjectNotInPrerequisiteState, match="prepared transactions are disabled"):
            c.execute("PREPARE TRANSACTION 'order-1'")
        c.execute("ROLLBACK")
        assert value(c, "SELECT 1") == 1


def test_what_the_server_says_of_itself(endpoint: Endpoint) -> None:
    with endpoint.connect() as c:
        assert c.info.parameter_status("client_encoding") == "UTF8"
        assert c.info.parameter_status("integer_datetimes") == "on"
        assert c.info.parameter_status("standard_conforming_strings") == "on"
        assert c.info.server_version // 10000 == int(value(c, "SHOW server_version_num")) // 10000
        assert c.info.backend_pid > 0
