"""The servers of the proxy's tests: a real PostgreSQL, proxies and PgBouncer in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kits.proxy_kit import MAX_CONNECTIONS, PASSWORDS, SHOP, STOCK, Endpoint, PgBouncer, ProxyProcess, proxy_settings
from serverless_cloud.rds import binaries, folder, roles
from serverless_cloud.rds.postgres_server import HOST, Postgres

ADMIN, ADMIN_PASSWORD = "admin", "admin-password"


class Database:
    """A PostgreSQL with two databases and two ordinary roles; and a direct connection to look into it.

    Its port changes with each start, as that of PostgreSQL behind a DB instance does; the proxies are told, as their
    control plane tells them.

    Args:
        programs: another PostgreSQL than the local cloud's.
    """

    def __init__(self, max_connections: int = MAX_CONNECTIONS, programs: binaries.Binaries | None = None) -> None:
        self.max_connections = max_connections
        self.proxies: list[ProxyProcess] = []
        self._watch: psycopg.Connection[Any] | None = None
        self._run_folder = Path(tempfile.mkdtemp(prefix="proxy-tests-"))
        account = binaries.unprivileged_account()
        self._folder = folder.make(self._run_folder, account)
        chosen = programs or binaries.from_environment()
        self._server = Postgres(binaries.for_account(chosen, account, self._folder / "programs"), self._folder, account)
        setup = [f"CREATE ROLE {ADMIN} SUPERUSER LOGIN PASSWORD {roles.literal(ADMIN_PASSWORD)};"]
        setup += [f"CREATE ROLE {name} LOGIN PASSWORD {roles.literal(text)};" for name, text in PASSWORDS.items()]
        setup += [f"CREATE DATABASE {name} OWNER app;" for name in (SHOP, STOCK)]
        parameters = {"max_connections": str(max_connections), "log_min_messages": "panic"}
        if chosen.major >= 16:  # older versions have no such setting
            parameters["reserved_connections"] = "2"

        async def begin() -> None:
            await self._server.make_data()
            self._server.configure(parameters)
            await self._server.start()
            await self._server.execute("\n".join(setup))

        asyncio.run(begin())

    @property
    def port(self) -> int:
        """Where it listens since its last start."""
        return self._server.port

    @property
    def endpoint(self) -> Endpoint:
        """For direct connections."""
        return Endpoint("postgres", self.port)

    @property
    def watch(self) -> psycopg.Connection[Any]:
        """A direct connection as administrator, made anew after a restart."""
        if self._watch is None or self._watch.closed:
            self._watch = psycopg.connect(
                host=HOST, port=self.port, user=ADMIN, password=ADMIN_PASSWORD, dbname="postgres", autocommit=True
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
        asyncio.run(self._server.stop())

    def start(self) -> None:
        """Starts it again, and tells the proxies where it is."""
        asyncio.run(self._server.start())
        for each in self.proxies:
            each.configure(target={"host": HOST, "port": self.port, "max_connections": self.max_connections})

    def restart(self) -> None:
        """A fast restart."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Ends it and removes what it had."""
        if self._watch is not None:
            self._watch.close()
        asyncio.run(self._server.stop(keep_data=False))
        folder.remove(self._run_folder, self._folder)
        shutil.rmtree(self._run_folder, ignore_errors=True)
        assert not self._folder.exists()


@contextlib.contextmanager
def proxy_of(database: Database, **changes: Any) -> Iterator[ProxyProcess]:
    """A proxy in front of a database; it has half of the database's connections unless told otherwise."""
    with contextlib.closing(
        ProxyProcess(proxy_settings(database.port, database.max_connections, **changes))
    ) as process:
        database.proxies.append(process)
        try:
            yield process
        finally:
            database.proxies.remove(process)


@contextlib.contextmanager
def bouncer_of(database: Database) -> Iterator[Endpoint]:
    """PgBouncer with ten server connections in front of a database; skips the test where it is not installed."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("PgBouncer is not installed")
    with contextlib.closing(PgBouncer(program, database.port)) as bouncer:
        yield bouncer.endpoint
