"""PgBouncer in front of a database of the local cloud: it shares connections, it does not pin, and it ends with us."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from tools.kill_kernels import Folders, Kernel, code_cells

from serverless_first import cloud
from serverless_first.shop import hikari, pgbouncer

pytestmark = pytest.mark.skipif(pgbouncer.program() is None, reason="PgBouncer is not installed")

ROOT = Path(__file__).resolve().parents[2]
LESSON = "notebooks/05-rds-proxy.ipynb"
PASSWORD = 'one "lamp" at a time'


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[hikari.Database]:
    with pytest.MonkeyPatch.context() as patch, cloud.start(time_scale=60) as aws:
        patch.chdir(tmp_path_factory.mktemp("learner"))
        found = hikari.database(aws, work_s=0.0)
        with found.connect() as connection:
            connection.execute(f"CREATE ROLE quoted LOGIN PASSWORD '{PASSWORD}'")
        yield found


@contextlib.contextmanager
def clients(database: hikari.Database, number: int, *, pool_size: int) -> Iterator[list[psycopg.Connection[Any]]]:
    """So many connections to PgBouncer."""
    with (
        pgbouncer.running(database.host, database.port, database.passwords, pool_size=pool_size) as (host, port),
        contextlib.ExitStack() as stack,
    ):
        settings = database.as_settings("orders_app") | {"host": host, "port": port}
        yield [
            stack.enter_context(psycopg.connect(**settings, autocommit=True, prepare_threshold=None))
            for _ in range(number)
        ]


def test_many_clients_share_few_connections(database: hikari.Database) -> None:
    with clients(database, 30, pool_size=2) as many:
        backends = {client.execute("SELECT pg_backend_pid()").fetchone() for client in many}
        assert 1 <= len(backends) <= 2


def test_what_a_client_sets_shows_up_in_another(database: hikari.Database) -> None:
    with clients(database, 2, pool_size=1) as (first, second):
        first.execute("SET statement_timeout = '1234ms'")
        assert second.execute("SHOW statement_timeout").fetchone() == ("1234ms",)


def test_it_ends_at_once_though_a_client_stays(database: hikari.Database) -> None:
    """PgBouncer would wait for its clients if it were asked to end."""
    with contextlib.ExitStack() as stack:
        with pgbouncer.running(database.host, database.port, database.passwords, pool_size=1) as (host, port):
            settings = database.as_settings("orders_app") | {"host": host, "port": port}
            stays = stack.enter_context(psycopg.connect(**settings, autocommit=True, prepare_threshold=None))
            stays.execute("SELECT 1")
            listeners = [
                p for p in psutil.process_iter(["name"]) if p.info["name"] == "pgbouncer" and port in ports_of(p)
            ]
            assert len(listeners) == 1
        psutil.wait_procs(listeners, timeout=10)
        assert not listeners[0].is_running()
        with pytest.raises(psycopg.OperationalError):
            stays.execute("SELECT 1")


def ports_of(process: psutil.Process) -> set[int]:
    """Where a process listens."""
    return {c.laddr.port for c in process.net_connections() if c.status == psutil.CONN_LISTEN}


def test_a_password_may_hold_quotes(database: hikari.Database) -> None:
    with (
        pgbouncer.running(database.host, database.port, {"quoted": PASSWORD}, pool_size=1) as (host, port),
        psycopg.connect(host=host, port=port, user="quoted", password=PASSWORD, dbname="shop") as connection,
    ):
        assert connection.execute("SELECT current_user").fetchone() == ("quoted",)


def test_after_the_block_nobody_listens(database: hikari.Database) -> None:
    with pgbouncer.running(database.host, database.port, database.passwords, pool_size=1) as (host, port):
        assert is_open(host, port)
    assert not is_open(host, port)


def test_it_ends_when_who_asked_for_it_is_killed(database: hikari.Database) -> None:
    code = (
        "import sys; from serverless_first.shop import pgbouncer\n"
        f"with pgbouncer.running({database.host!r}, {database.port}, {{'a': 'b'}}, pool_size=1) as (_, port):\n"
        "    print(port, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asker:
        assert asker.stdout is not None
        port = int(asker.stdout.readline())
        family = psutil.Process(asker.pid).children(recursive=True)
        assert "pgbouncer" in {process.name() for process in family}
        asker.kill()
    _, left = psutil.wait_procs(family, timeout=30)
    assert not left
    assert not is_open("127.0.0.1", port)


@pytest.mark.thorough
def test_lesson_05_shows_what_it_has_recorded(tmp_path: Path) -> None:
    """The learner's own run of PgBouncer gives the recorded row."""
    sources = ["".join(cell["source"]) for cell in code_cells(ROOT / LESSON)]
    switch = "RUN_PGBOUNCER = False"
    assert [switch in source for source in sources[-3:]] == [False, True, False]
    own_run = [source.replace(switch, "RUN_PGBOUNCER = True") for source in sources[-3:]]
    same = "from dataclasses import replace\nassert replace(poolers[1], name=RECORDED.name) == RECORDED, poolers"
    kernel = Kernel(Folders(tmp_path))
    try:
        # The first seven cells create the database, the proxy and the function.
        for source in (*sources[:7], *own_run, *own_run[1:], same):
            assert kernel.run(source, 120) == ""
    finally:
        kernel.end()


def is_open(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
