"""A real PostgreSQL for the whole run, proxies and PgBouncer in front of it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from own_postgres import OwnPostgres
from proxy_kit import MAX_CONNECTIONS, PASSWORDS, SHOP, STOCK, Endpoint, PgBouncer, ProxyProcess, proxy_settings
from psycopg import sql


class Database:
    """A PostgreSQL with 20 connections, two databases, two ordinary roles; and a direct connection to look into it."""

    def __init__(self, max_connections: int = MAX_CONNECTIONS) -> None:
        self.server = OwnPostgres(max_connections)
        self.max_connections = max_connections
        self.endpoint = Endpoint("postgres", self.server.port)
        self.port = self.server.port
        self._watch: psycopg.Connection[Any] | None = None
        for user, password in PASSWORDS.items():
            create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(user), sql.Literal(password))
            self.watch.execute(create)
        for name in (SHOP, STOCK):
            self.watch.execute(sql.SQL("CREATE DATABASE {} OWNER app").format(sql.Identifier(name)))

    @property
    def watch(self) -> psycopg.Connection[Any]:
        """A direct connection as administrator, made anew after a restart."""
        if self._watch is None or self._watch.closed:
            self._watch = psycopg.connect(
                host="127.0.0.1",
                port=self.port,
                user="admin",
                password="admin-password",
                dbname="postgres",
                autocommit=True,
            )
        return self._watch

    def sessions(self, state: str = "%") -> int:
        """How many sessions the two roles have, seen by PostgreSQL."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE usename = ANY(%s) AND coalesce(state, '') LIKE %s"
        row = self.watch.execute(query, [list(PASSWORDS), state]).fetchone()
        assert row is not None
        return int(row[0])

    def stop(self) -> None:
        """A fast shutdown: every session is ended."""
        if self._watch is not None:
            self._watch.close()
        self.server.stop()

    def start(self) -> None:
        """Starts it again."""
        self.server.start()

    def restart(self) -> None:
        """A fast restart."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Ends it and removes what it had."""
        if self._watch is not None:
            self._watch.close()
        self.server.remove()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Database]:
    """The run's PostgreSQL."""
    database = Database()
    yield database
    database.close()


@pytest.fixture
def proxy(postgres: Database) -> Iterator[Callable[..., ProxyProcess]]:
    """Starts proxies: `proxy(borrow_timeout_s=3, ...)`; they end with the test."""
    with contextlib.ExitStack() as started:

        def start(**changes: Any) -> ProxyProcess:
            process = ProxyProcess(proxy_settings(postgres.port, postgres.max_connections, **changes))
            started.callback(process.close)
            return process

        yield start


@pytest.fixture(scope="session")
def roomy() -> Iterator[Database]:
    """A PostgreSQL for the tests of drivers: direct connections must not run out of seats there."""
    database = Database(max_connections=100)
    yield database
    database.close()


@contextlib.contextmanager
def endpoint_of(kind: str, database: Database) -> Iterator[Endpoint]:
    """The end that a driver's test connects to; proxy and PgBouncer have ten server connections."""
    if kind == "postgres":
        yield database.endpoint
    elif kind == "pgbouncer":
        with contextlib.closing(PgBouncer(pgbouncer_or_skip(), database.port)) as bouncer:
            yield bouncer.endpoint
    else:
        settings = proxy_settings(database.port, database.max_connections, max_connections_percent=10)
        with contextlib.closing(ProxyProcess(settings)) as process:
            yield process.endpoint


def pgbouncer_or_skip() -> str:
    """Where PgBouncer is; skips the test where it is not."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("PgBouncer is not installed")
    return program


@pytest.fixture(scope="module", params=["postgres", "pgbouncer", "proxy"])
def endpoint(request: pytest.FixtureRequest, roomy: Database) -> Iterator[Endpoint]:
    """Each end in turn: what PostgreSQL or PgBouncer fails too is the test's fault, not the proxy's."""
    with endpoint_of(request.param, roomy) as each:
        yield each


@pytest.fixture(scope="module", params=["postgres", "proxy"])
def session_endpoint(request: pytest.FixtureRequest, roomy: Database) -> Iterator[Endpoint]:
    """As `endpoint`, for what needs a session of its own: PgBouncer in transaction mode does not give it."""
    with endpoint_of(request.param, roomy) as each:
        yield each


@pytest.fixture(scope="module")
def proxy_endpoint(roomy: Database) -> Iterator[Endpoint]:
    """For what only the proxy does."""
    with endpoint_of("proxy", roomy) as each:
        yield each
