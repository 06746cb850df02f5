"""Which statements pin, against the list of AWS's page "Avoiding pinning an RDS Proxy"."""

from __future__ import annotations

import random
import time
import timeit

import pytest

from serverless_cloud.rds_proxy import pinning
from serverless_cloud.rds_proxy.pinning import (
    ADVISORY_LOCK,
    CURSOR,
    DISCARD,
    LARGE_STATEMENT,
    LISTEN,
    LOAD,
    PREPARED,
    SEQUENCE,
    SETTINGS,
    STATEMENT_BYTES,
    TEMPORARY,
    UNREADABLE,
    pin_cause,
)

PINS = [
    ("UPDATE pg_settings SET setting = 'Asia/Tokyo' WHERE name = 'TimeZone'", SETTINGS),
    ("WITH a AS (UPDATE pg_catalog.pg_settings SET setting = '1' RETURNING 1) SELECT * FROM a", SETTINGS),
    ("SET LOCAL standard_conforming_strings = off", SETTINGS),
    ("SELECT set_config('Client_Encoding', 'SJIS', true)", SETTINGS),
    ("SELECT set_config($1, $2, true)", SETTINGS),
    ("SELECT set_config('search_path', 'pg_' || 'temp', true)", SETTINGS),
    ("SELECT set_config('search_path', 'pg_temp', true)", TEMPORARY),
    ("SET LOCAL search_path = pg_temp", TEMPORARY),
    ("BEGIN; SET LOCAL search_path = 'app', 'PG_TEMP'; CREATE TABLE t (a int); COMMIT", TEMPORARY),
    ("CREATE TYPE pg_temp.lamp AS ENUM ('floor', 'desk')", TEMPORARY),
    ("CREATE TYPE pg_temp.lamp AS (a int)", TEMPORARY),
    ("CREATE DOMAIN pg_temp_3.lamp AS int", TEMPORARY),
    ("CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", TEMPORARY),
    # what the parser can't read
    ("SET", UNREADABLE),
    ("SET search_path =", UNREADABLE),
    ("SELECT 'nextval(", UNREADABLE),
    (r"SELECT '\''; SET timezone = 'Asia/Tokyo'", UNREADABLE),
    ("CREATE TEMP TABLE", UNREADABLE),
    ("LISTEN to me", UNREADABLE),
    ("SELEC nextval('s')", UNREADABLE),
    ("SET search_path = app", SETTINGS),
    ("set search_path to app, public", SETTINGS),
    ("SeT TIME ZONE 'UTC'", SETTINGS),
    ("SET SESSION statement_timeout = 5000", SETTINGS),
    ("SET statement_timeout TO DEFAULT", SETTINGS),
    ("SET NAMES 'UTF8'", SETTINGS),
    ("SET ROLE app", SETTINGS),
    ("SET SESSION AUTHORIZATION app", SETTINGS),
    ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", SETTINGS),
    ("SET app.tenant = '7'", SETTINGS),
    ("RESET search_path", SETTINGS),
    ("RESET ALL", SETTINGS),
    ("RESET ROLE", SETTINGS),
    ("RESET SESSION AUTHORIZATION", SETTINGS),
    ("-- a comment\nSET work_mem = '8MB'", SETTINGS),
    ("/* a /* nested */ comment */SET work_mem = '8MB'", SETTINGS),
    ("\n\t SET work_mem = '8MB'", SETTINGS),
    ("SELECT 1;SET work_mem = '8MB';", SETTINGS),
    ("BEGIN; SET work_mem = '8MB'; COMMIT", SETTINGS),
    (";;SET work_mem = '8MB'", SETTINGS),
    ("SELECT set_config('app.tenant', '7', false)", SETTINGS),
    ("SELECT pg_catalog.set_config('search_path', '', false)", SETTINGS),
    ("SELECT set_config('app.tenant', $1, $2)", SETTINGS),
    ("SELECT set_config(setting_name => 'a.b', new_value => '1', is_local => false)", SETTINGS),
    ("SELECT * FROM t WHERE set_config('a.b', x, 1 > 2) = ''", SETTINGS),
    ("WITH x AS (SELECT set_config('a.b', '1', false)) SELECT * FROM x", SETTINGS),
    ("PREPARE q AS SELECT 1", PREPARED),
    ("prepare q (int) as select $1", PREPARED),
    ("EXECUTE q", PREPARED),
    ("EXECUTE q (1, 'x')", PREPARED),
    ("EXPLAIN EXECUTE q", PREPARED),
    ("CREATE TABLE t AS EXECUTE q", PREPARED),
    ("DEALLOCATE q", PREPARED),
    ("DEALLOCATE ALL", PREPARED),
    ("DEALLOCATE PREPARE q", PREPARED),
    ("DISCARD ALL", DISCARD),
    ("DISCARD PLANS", DISCARD),
    ("discard temp", DISCARD),
    ("LISTEN orders", LISTEN),
    ('LISTEN "Orders"', LISTEN),
    ("LOAD 'auto_explain'", LOAD),
    ("DECLARE c CURSOR FOR SELECT 1", CURSOR),
    ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", CURSOR),
    ("BEGIN; DECLARE c SCROLL CURSOR FOR SELECT 1", CURSOR),
    ("CREATE TEMP TABLE t (a int)", TEMPORARY),
    ("CREATE TEMPORARY TABLE IF NOT EXISTS t (a int) ON COMMIT DROP", TEMPORARY),
    ("CREATE LOCAL TEMPORARY TABLE t (a int)", TEMPORARY),
    ("CREATE TEMP TABLE t AS SELECT 1", TEMPORARY),
    ("SELECT 1 AS a INTO TEMP t", TEMPORARY),
    ("SELECT a INTO TEMPORARY TABLE t FROM u", TEMPORARY),
    ("CREATE TEMP VIEW v AS SELECT 1", TEMPORARY),
    ("CREATE OR REPLACE TEMPORARY VIEW v AS SELECT 1", TEMPORARY),
    ("CREATE TEMP SEQUENCE s", TEMPORARY),
    ("CREATE TABLE pg_temp.t (a int)", TEMPORARY),
    ("create/**/temp/**/table t (a int)", TEMPORARY),
    ("SELECT nextval('s')", SEQUENCE),
    ("SELECT NextVal('s')", SEQUENCE),
    ("SELECT \"nextval\"('s')", SEQUENCE),
    ("SELECT pg_catalog.nextval('s'::regclass)", SEQUENCE),
    ("SELECT U&\"\\006eextval\"('s')", SEQUENCE),
    ("SELECT nextval /* x */ ('s')", SEQUENCE),
    ("INSERT INTO t VALUES (nextval('s'), 'x')", SEQUENCE),
    ("INSERT INTO t (a) SELECT 1 RETURNING currval('s')", SEQUENCE),
    ("SELECT setval('s', 7)", SEQUENCE),
    ("SELECT lastval()", SEQUENCE),
    ("UPDATE t SET a = nextval('s')", SEQUENCE),
    ("EXPLAIN ANALYZE SELECT nextval('s')", SEQUENCE),
    ("SELECT (SELECT max(x) FROM (SELECT nextval('s') AS x) y)", SEQUENCE),
    ("SELECT pg_advisory_lock(1)", ADVISORY_LOCK),
    ("SELECT pg_advisory_lock_shared(1, 2)", ADVISORY_LOCK),
    ("SELECT pg_try_advisory_lock(1)", ADVISORY_LOCK),
    ("SELECT pg_catalog.pg_try_advisory_lock_shared(1)", ADVISORY_LOCK),
    ("SELECT pg_advisory_unlock(1)", ADVISORY_LOCK),
    ("SELECT pg_advisory_unlock_shared(1)", ADVISORY_LOCK),
    ("SELECT pg_advisory_unlock_all()", ADVISORY_LOCK),
    ("SELECT 1 WHERE pg_try_advisory_lock(hashtext('x'))", ADVISORY_LOCK),
    # asyncpg's reset: RDS Proxy's log names the settings, though they come last
    ("SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;", SETTINGS),
    ("LISTEN a; CREATE TEMP TABLE t (a int)", LISTEN),
    ("SELECT " + "(SELECT " * 60 + "nextval('s')" + ")" * 60, SEQUENCE),
    ("SET work_mem = '8MB'; SELECT " + "1 + " * 200 + "1", SETTINGS),
]

FREE = [
    "",
    "   ",
    "SELECT 1",
    "SELECT 'SET search_path = app'",
    "SELECT '; SET search_path = app'",
    "SELECT E'it\\'s; SET search_path = app'",
    "SELECT 1 -- ; SET search_path = app",
    "SELECT 1 /* ; SET search_path = app; nextval('s') */",
    "SELECT $$; SET search_path = app$$",
    "SELECT $x$ nextval('s') $$ pg_advisory_lock(1) $x$",
    'SELECT "nextval" FROM t',
    "SELECT nextval FROM t",
    "SELECT app.nextval('s')",
    "SELECT \"NEXTVAL\"('s')",
    "SELECT my_nextval('s'), nextval2('s')",
    "UPDATE t SET a = 1",
    "UPDATE t\nSET a = 1\nWHERE b = 2",
    "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2",
    "SELECT * FROM t OFFSET 5",
    "SET LOCAL search_path = app",
    "set local statement_timeout = 5000",
    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "SET TRANSACTION SNAPSHOT '00000003-0000001B-1'",
    "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
    "SET CONSTRAINTS ALL DEFERRED",
    "SELECT set_config('app.tenant', '7', true)",
    "SELECT pg_catalog.set_config('app.tenant', $1, TRUE)",
    "SELECT set_config(is_local => true, setting_name => 'a.b', new_value => '1')",
    "SELECT app.set_config('a', 'b', false)",
    "SHOW search_path",
    "SELECT current_setting('search_path')",
    "ALTER ROLE app SET search_path = app",
    "ALTER DATABASE shop SET work_mem = '8MB'",
    "ALTER TABLE t ALTER COLUMN a SET DEFAULT 1",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = app AS $$ SELECT nextval('s') $$",
    "DO $$ BEGIN PERFORM set_config('a.b', '1', false); EXECUTE 'LISTEN x'; END $$",
    "PREPARE TRANSACTION 'x'",
    "COMMIT PREPARED 'x'",
    "ROLLBACK PREPARED 'x'",
    "GRANT EXECUTE ON FUNCTION f() TO app",
    "CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
    "NOTIFY orders, 'LISTEN'",
    "UNLISTEN orders",
    "UNLISTEN *",
    "FETCH 10 FROM c",
    "CLOSE c",
    "SELECT load, temp, temporary FROM declare_log",
    "CREATE TABLE temp (a int)",
    "CREATE UNLOGGED TABLE t (a int)",
    "SELECT a INTO t FROM u",
    "CREATE MATERIALIZED VIEW v AS SELECT 1",
    "DROP TABLE temp",
    "CREATE SEQUENCE s",
    "ALTER SEQUENCE s RESTART",
    "SELECT pg_advisory_xact_lock(1)",
    "SELECT pg_try_advisory_xact_lock_shared(1)",
    "LOCK TABLE t",
    "COPY t FROM STDIN",
    "CALL do_it()",
    "SELECT " + "1 + " * 200 + "1",
    "UPDATE t SET a = " + "1 + " * 200 + "1",
    "SELECT '" + "SET a; " * 2300 + "'",
]


@pytest.mark.parametrize(("sql", "cause"), PINS)
def test_it_pins(sql: str, cause: str) -> None:
    assert pin_cause(sql.encode()) == cause


@pytest.mark.parametrize("sql", FREE)
def test_it_does_not_pin(sql: str) -> None:
    assert pin_cause(sql.encode()) is None


def test_a_statement_above_16_kb_pins_whatever_it_says() -> None:
    text = b"SELECT '" + b"x" * (16_384 - 9) + b"'"
    assert len(text) == 16_384
    assert pin_cause(text) is None
    assert pin_cause(text + b" ") == LARGE_STATEMENT


def test_bytes_that_are_no_utf8_are_read_as_well() -> None:
    assert pin_cause("SELECT 'é', nextval('s')".encode("latin-1")) == SEQUENCE
    assert pin_cause("SELECT 'é; SET a = 1'".encode("latin-1")) is None
    assert pin_cause(b"SELECT 1\x00; SET a.b = 1") is None  # PostgreSQL reads to the zero byte


@pytest.mark.parametrize("cause", sorted(set(pinning.CAUSES) - {pinning.EXTENDED_PROTOCOL, LARGE_STATEMENT}))
def test_every_cause_is_in_the_table(cause: str) -> None:
    assert cause in {given for _, given in PINS}


def test_the_quick_look_misses_nothing_that_the_parser_finds() -> None:
    """Random texts from the pieces above, in random case and spacing: with and without the quick look the same."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    texts = [sql for sql, _ in PINS] + [sql for sql in FREE if sql]
    for _ in range(2_000):
        parts = [chance.choice(texts) for _ in range(chance.randint(1, 3))]
        text = chance.choice([";", "; ", ";\n", "; /* SET */ ", ";--x\n", ";\r"]).join(parts)
        text = text.swapcase() if chance.random() < 0.3 else text
        if len(text) > pinning.STATEMENT_BYTES:
            continue
        assert pin_cause(text.encode()) == pinning._parsed(text.encode()).cause, text[:500]


ENDLESS = ["\n", "\r\n", " \n", "; ", ";", "*/ ", "/\t", "set", "\nset_", " "]


@pytest.mark.parametrize("piece", ENDLESS)
def test_no_text_takes_much_longer_than_another_of_its_length(piece: str) -> None:
    """The proxy's other clients wait meanwhile. Line ends took 260 times as long as letters, measured."""
    size = STATEMENT_BYTES - 8
    letters, pieces = (b"x" * size, (piece.encode() * size)[:size] + b"x")

    def shortest_s(sql: bytes) -> float:
        assert pin_cause(sql) is None
        return min(timeit.repeat(lambda: pin_cause(sql), number=1, repeat=5, timer=time.process_time))

    assert shortest_s(pieces) < 30 * max(shortest_s(letters), 100e-6)


def test_a_digest_has_no_values() -> None:
    assert pinning.digest(b"SET search_path = 'app'; SELECT 7") == "set search_path = $1; select $2"
    assert pinning.digest(b"SELEC") == ""
