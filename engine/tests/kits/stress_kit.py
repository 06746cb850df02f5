"""A randomised load in which every answer is checked. Each thread knows what it has stored and what it must be told."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors

from kits.proxy_kit import SHOP, STOCK, Endpoint

#: What a session must look like before its client has done anything; the second value is what is expected.
CLEAN = {
    "current_setting('search_path')": '"$user", public',
    "current_setting('work_mem')": "4MB",
    "current_setting('statement_timeout')": "0",
    "current_setting('default_transaction_isolation')": "read committed",
    "current_setting('TimeZone')": "Asia/Tokyo",
    "current_user = session_user": True,
    "(SELECT count(*) FROM pg_listening_channels())": 0,
    "(SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema())": 0,
    "(SELECT count(*) FROM pg_prepared_statements WHERE from_sql)": 0,
    "(SELECT count(*) FROM pg_cursors WHERE is_holdable)": 0,
    "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())": 0,
}
CLEAN_QUERY = "SELECT " + ", ".join(CLEAN)
#: The database's own TimeZone is set to this, so that what libpq sends and what leaks can be told from it.
TIME_ZONE = "Asia/Tokyo"


class Leak(AssertionError):
    """A session came with what another client has left."""


class Worker:
    """One thread: a client after another, each for some operations, with a table of its own.

    Args:
        pins: also does what pins a session (SET, LISTEN, temporary tables ...).
    """

    def __init__(self, endpoint: Endpoint, number: int, seed: int, operations: int, *, pins: bool) -> None:
        self.endpoint = endpoint
        self.number = number
        self.random = random.Random(f"{seed}-{number}")
        self.left = operations
        self.done: Counter[str] = Counter()
        self.table = f"public.stress_{number}"
        self.rows: dict[int, str] = {}
        self.failure: str | None = None
        self.last: list[str] = []
        common = (
            *(self.echo, self.echo, self.prepared, self.prepared, self.transaction, self.transaction, self.pipeline),
            *(self.error, self.error_in_transaction, self.copy_in, self.copy_out, self.copy_fails, self.cancel),
            *(self.many_statements, self.cursor, self.set_local, self.clean, self.broken_pipeline, self.leave),
        )
        self.actions: list[Callable[[], None]] = list(common)
        if pins:
            self.actions += [self.oversized, self.pin, self.pin]
        self.connection: psycopg.Connection[Any] | None = None

    def run(self) -> None:
        """Works until its operations are done; keeps the first failure."""
        try:
            while self.left > 0:
                self.client()
        except BaseException:
            self.failure = f"thread {self.number}, last actions {self.last[-15:]}:\n{traceback.format_exc()}"
        finally:
            if self.connection is not None:
                self.connection.close()

    def client(self) -> None:
        """One client's life."""
        threshold = self.random.choice([0, 1, 5, None])
        self.connection = self.endpoint.connect(prepare_threshold=threshold)
        self.note(f"connect {threshold}")
        self.clean()
        for _ in range(self.random.randint(1, 25)):
            if self.left <= 0 or self.connection.closed:
                break
            action = self.random.choice(self.actions)
            self.note(action.__name__)
            self.left -= 1
            action()
            self.done[action.__name__] += 1
        self.connection.close()

    def note(self, what: str) -> None:
        """Remembers what it does, for the report of a failure."""
        self.last = [*self.last[-30:], what]

    @property
    def c(self) -> psycopg.Connection[Any]:
        """The client's connection."""
        assert self.connection is not None
        return self.connection

    def token(self) -> str:
        """A text that no other query has."""
        size = self.random.choice([0, 0, 0, 10, 1000, 9000])
        return f"{self.number}-{self.random.getrandbits(60)}-" + "x" * size

    def value(self, query: str, parameters: Any = None, **how: Any) -> Any:
        """The only value of the only row."""
        rows = self.c.execute(query, parameters, **how).fetchall()
        assert len(rows) == 1, rows
        assert len(rows[0]) == 1, rows
        return rows[0][0]

    # What does not pin

    def clean(self) -> None:
        """No state of another client is in the session."""
        row = self.c.execute(CLEAN_QUERY).fetchone()
        assert row is not None
        if wrong := {k: got for (k, want), got in zip(CLEAN.items(), row, strict=True) if got != want}:
            raise Leak(f"a session came with {wrong}")

    def echo(self) -> None:
        token = self.token()
        assert self.value(f"SELECT '{token}'") == token
        assert self.value("SELECT %s::text", [token], prepare=False) == token

    def prepared(self) -> None:
        """Few names that many clients share, and many that only this one has."""
        token = self.token()
        few = self.random.randint(0, 5)
        assert self.value(f"SELECT '{few}' || %s::text", [token]) == f"{few}{token}"
        many = self.random.getrandbits(50)
        assert self.value(f"SELECT {many} + %s::int8", [few], prepare=True) == many + few

    def transaction(self) -> None:
        """Changes its table, for good or not; the backend stays the same meanwhile."""
        rows = dict(self.rows)
        keep = self.random.random() < 0.6
        self.c.execute("BEGIN")
        backend = self.value("SELECT pg_backend_pid()")
        for _ in range(self.random.randint(1, 4)):
            key, token = self.random.randint(1, 30), self.token()
            if key in rows and self.random.random() < 0.4:
                self.c.execute(f"DELETE FROM {self.table} WHERE id = %s", [key])
                del rows[key]
            else:
                upsert = f"INSERT INTO {self.table} VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET token = %s"
                self.c.execute(upsert, [key, token, token])
                rows[key] = token
        assert dict(self.c.execute(f"SELECT id, token FROM {self.table}").fetchall()) == rows
        assert self.value("SELECT pg_backend_pid()") == backend
        self.c.execute("COMMIT" if keep else "ROLLBACK")
        if keep:
            self.rows = rows
        assert dict(self.c.execute(f"SELECT id, token FROM {self.table}").fetchall()) == self.rows

    def error(self) -> None:
        self.expect(errors.DivisionByZero, lambda: self.c.execute("SELECT 1 / 0"))
        self.expect(errors.DivisionByZero, lambda: self.c.execute("SELECT 1 / %s", [0]))
        self.echo()

    def error_in_transaction(self) -> None:
        self.c.execute("BEGIN")
        self.c.execute(f"INSERT INTO {self.table} VALUES (%s, 'undone')", [self.random.randint(100, 999)])
        self.expect(errors.UndefinedTable, lambda: self.c.execute("SELECT * FROM no_such_table WHERE a = %s", [1]))
        self.expect(errors.InFailedSqlTransaction, lambda: self.c.execute("SELECT %s", [1]))
        self.c.execute("ROLLBACK")
        assert self.value(f"SELECT count(*) FROM {self.table}") == len(self.rows)

    def pipeline(self) -> None:
        tokens = [self.token() for _ in range(self.random.randint(1, 40))]
        with self.c.pipeline() as pipeline:
            cursors = []
            for token in tokens:
                cursors.append(self.c.execute("SELECT %s::text", [token]))
                if self.random.random() < 0.1:
                    pipeline.sync()
            assert [cursor.fetchone() for cursor in cursors] == [(token,) for token in tokens]

    def broken_pipeline(self) -> None:
        def work() -> None:
            with self.c.pipeline():
                for n in range(self.random.randint(0, 5)):
                    self.c.execute(f"SELECT '{n}', %s::text", [self.token()])
                self.c.execute(f"INSERT INTO {self.table} VALUES (777, 'undone')")
                self.c.execute("SELECT 1 / %s", [0])
                self.c.execute(f"SELECT {self.random.getrandbits(40)} + %s", [1], prepare=True)

        self.expect(errors.DivisionByZero, work)
        assert self.value(f"SELECT count(*) FROM {self.table} WHERE id = %s", [777]) == 0

    def copy_in(self) -> None:
        rows = {n: self.token() for n in range(self.random.randint(0, 200))}
        with self.c.cursor() as cursor, cursor.copy(f"COPY {self.table}_copy FROM STDIN") as copy:
            for row in rows.items():
                copy.write_row(row)
        assert dict(self.c.execute(f"SELECT * FROM {self.table}_copy").fetchall()) == rows
        self.c.execute(f"DELETE FROM {self.table}_copy")

    def copy_out(self) -> None:
        with self.c.cursor() as cursor, cursor.copy(f"COPY {self.table} TO STDOUT") as copy:
            copy.set_types(["int4", "text"])
            assert dict(copy.rows()) == self.rows

    def copy_fails(self) -> None:
        def work() -> None:
            with self.c.cursor() as cursor, cursor.copy(f"COPY {self.table}_copy FROM STDIN") as copy:
                for n in range(self.random.randint(1, 3000)):
                    copy.write_row((n, "x"))
                copy.write("not a number\tx\n")
                copy.write_row((5, "y"))

        self.expect(errors.InvalidTextRepresentation, work)
        assert self.value(f"SELECT count(*) FROM {self.table}_copy") == 0

    def cancel(self) -> None:
        """A cancel, early, in time or late. Whom it must not hit is everybody else."""
        token, wait_s = self.token(), self.random.random() * 0.03
        cancel = self.c.cancel_safe if self.random.random() < 0.5 else self.c.cancel
        timer = threading.Timer(wait_s, cancel)
        timer.start()
        with suppress(errors.QueryCanceled):
            assert self.value("SELECT %s || pg_sleep(0.02)::text", [token]) == token
        timer.join()
        with suppress(errors.QueryCanceled):  # its own next query may be hit on PostgreSQL too
            self.value("SELECT pg_sleep(0.001)::text")

    def many_statements(self) -> None:
        tokens = [self.token() for _ in range(5)]
        cursor = self.c.execute(";".join(f"SELECT '{token}'" for token in tokens), prepare=False)
        found = [cursor.fetchone()]
        while cursor.nextset():
            found.append(cursor.fetchone())
        assert found == [(token,) for token in tokens]

    def cursor(self) -> None:
        """Many rows; now and then by a declared cursor, which pins."""
        rows = self.random.randint(1, 3000)
        if self.random.random() < 0.7:
            found = self.c.execute("SELECT generate_series(1, %s::int)", [rows]).fetchall()
            assert found == [(n + 1,) for n in range(rows)]
            return
        with self.c.transaction(), self.c.cursor("some") as named:
            named.execute("SELECT generate_series(1, %s::int)", [rows])
            assert named.fetchmany(5) == [(n + 1,) for n in range(min(5, rows))]

    def set_local(self) -> None:
        self.c.execute("BEGIN; SET LOCAL work_mem = '9MB'; SET LOCAL statement_timeout = '77s'", prepare=False)
        assert self.value("SHOW work_mem") == "9MB"
        self.c.execute(self.random.choice(["COMMIT", "ROLLBACK"]))

    # What pins

    def oversized(self) -> None:
        token = self.token() + "y" * self.random.choice([16_000, 17_000, 70_000, 300_000])
        assert self.value(f"SELECT '{token}'") == token
        assert self.value(f"SELECT '{token}' || %s::text", ["z"], prepare=True) == token + "z"

    def pin(self) -> None:
        """Takes state, sees that it keeps it, and leaves, in one way or another."""
        key = self.random.getrandbits(30)
        take, look, want = self.random.choice(
            [
                ("SET work_mem = '7MB'", "SHOW work_mem", "7MB"),
                ("SELECT set_config('search_path', 'elsewhere', false)", "SHOW search_path", "elsewhere"),
                ("SET TimeZone = 'Europe/Paris'", "SHOW TimeZone", "Europe/Paris"),
                ("SET default_transaction_isolation = serializable", "SHOW transaction_isolation", "serializable"),
                (f"LISTEN c{key}", "SELECT pg_listening_channels()", f"c{key}"),
                (f"CREATE TEMP TABLE t{key} AS SELECT {key} AS n", f"SELECT n FROM t{key}", key),
                (f"PREPARE p{key} AS SELECT {key}", f"EXECUTE p{key}", key),
                (f"SELECT pg_advisory_lock({key})", f"SELECT pg_try_advisory_lock({key})", True),
                (f"DECLARE h{key} CURSOR WITH HOLD FOR SELECT {key} FROM generate_series(1, 99)", f"FETCH h{key}", key),
            ]
        )
        self.c.execute(take)
        for _ in range(self.random.randint(1, 3)):
            (row,) = self.c.execute(look, prepare=False).fetchall()
            assert row == (want,), (take, row)
        self.leave()

    # How clients leave

    def leave(self) -> None:
        """The connection ends, in any state."""
        pg = self.c.pgconn
        how = self.random.choice(
            ["idle", "transaction", "failed", "query", "copy in", "copy out", "message", "pipeline"]
        )
        self.note(how)
        if how in ("transaction", "failed"):
            self.c.execute("BEGIN")
            self.c.execute(f"INSERT INTO {self.table} VALUES (%s, 'undone')", [self.random.randint(100, 999)])
        if how == "failed":
            self.expect(errors.DivisionByZero, lambda: self.c.execute("SELECT 1 / 0"))
        elif how == "query":
            pg.send_query(b"SELECT pg_sleep(0.02), repeat('x', 100000)")
        elif how == "copy in":
            pg.exec_(f"COPY {self.table}_copy FROM STDIN".encode())
            pg.put_copy_data(b"1\ta\n2")
            pg.flush()
        elif how == "copy out":
            pg.exec_(b"COPY (SELECT repeat('x', 1000) FROM generate_series(1, 3000)) TO STDOUT")
        elif how in ("message", "pipeline"):
            bare = socket.socket(fileno=socket.dup(pg.socket) if hasattr(socket, "dup") else None)
            whole = b"Q" + struct.pack("!i", 4 + 9) + b"SELECT 1\0"
            with bare, suppress(OSError):
                bare.sendall(
                    whole * 50 + b"Q\0\0\1\0SELECT" if how == "pipeline" else whole[: self.random.randint(1, 10)]
                )
        self.c.close()

    def expect(self, kind: type[BaseException], work: Callable[[], object]) -> None:
        """It must fail in this way."""
        try:
            work()
        except kind:
            return
        raise AssertionError(f"no {kind.__name__}")


class Load:
    """All threads at once, with somebody who counts PostgreSQL's sessions meanwhile."""

    def __init__(self, endpoint: Endpoint, database: Any, seed: int, operations: int, *, pins: bool = True) -> None:
        threads = 25
        share = -(-operations // threads)
        self.database = database
        self.workers = [Worker(endpoint, n, seed, share, pins=pins) for n in range(threads)]
        self.highest = 0
        self._over = threading.Event()

    def run(self) -> None:
        """Prepares the tables, works, and waits for the end."""
        direct: Endpoint = self.database.endpoint
        with direct.connect() as c:
            for database in (SHOP, STOCK):
                c.execute(f"ALTER DATABASE {database} SET TimeZone = '{TIME_ZONE}'")
            for worker in self.workers:
                for name in (worker.table, f"{worker.table}_copy"):
                    c.execute(f"DROP TABLE IF EXISTS {name}")
                    c.execute(f"CREATE TABLE {name} (id int PRIMARY KEY, token text)")
        watch = threading.Thread(target=self._count)
        threads = [threading.Thread(target=worker.run) for worker in self.workers]
        for thread in threads:
            thread.start()
        watch.start()
        for thread in threads:
            thread.join()
        self._over.set()
        watch.join()

    def _count(self) -> None:
        while not self._over.is_set():
            self.highest = max(self.highest, self.database.sessions())
            time.sleep(0.002)

    @property
    def failures(self) -> list[str]:
        """What went wrong, thread by thread."""
        return [worker.failure for worker in self.workers if worker.failure]

    @property
    def done(self) -> Counter[str]:
        """How often each action was done to its end."""
        return sum((worker.done for worker in self.workers), Counter())
