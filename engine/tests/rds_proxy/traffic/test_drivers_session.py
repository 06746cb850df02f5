"""Cancel, time limits, LISTEN and NOTIFY, and what a client asks for when it logs in."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import pytest
from psycopg import errors

from kits.proxy_kit import SHOP, STOCK, Endpoint, eventually
from kits.raw_client import RawClient, query

SLEEPS = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%%pg_sleep(60)%%' AND pid <> pg_backend_pid()"


def cancel_while_asleep(endpoint: Endpoint, connection: psycopg.Connection[Any], cancel: Any) -> None:
    """Cancels a query as soon as PostgreSQL runs it; the query must then fail."""

    def wait_and_cancel() -> None:
        with endpoint.connect() as watch:
            eventually(lambda: watch.execute(SLEEPS + " AND state = 'active'").fetchone() == (1,), "the query to run")
        cancel()

    thread = threading.Thread(target=wait_and_cancel)
    thread.start()
    begun = time.monotonic()
    with pytest.raises(errors.QueryCanceled, match="user request"):
        connection.execute("SELECT pg_sleep(60)")
    thread.join()
    assert time.monotonic() - begun < 50


@pytest.mark.parametrize("how", ["cancel", "cancel_safe"])
@pytest.mark.parametrize("autocommit", [True, False])
def test_cancel(endpoint: Endpoint, how: str, autocommit: bool) -> None:
    with endpoint.connect(autocommit=autocommit) as c:
        for _ in range(2):
            cancel_while_asleep(endpoint, c, getattr(c, how))
            c.rollback()
            assert c.execute("SELECT 5").fetchone() == (5,)


def test_a_cancel_that_comes_too_late_hurts_nobody(endpoint: Endpoint) -> None:
    """The backend of the first client may serve another one by then."""
    with endpoint.connect() as c, endpoint.connect() as other:
        for n in range(30):
            assert c.execute("SELECT %s::int", [n]).fetchone() == (n,)
            c.cancel_safe()
            assert other.execute("SELECT pg_sleep(0.002)::text").fetchone() == ("",)
        assert c.execute("SELECT 1").fetchone() == (1,)


def test_a_time_limit_for_one_transaction(endpoint: Endpoint) -> None:
    with endpoint.connect() as c:
        for _ in range(12):
            with pytest.raises(errors.QueryCanceled, match="statement timeout"), c.transaction():
                c.execute("SET LOCAL statement_timeout = '20ms'; SELECT pg_sleep(60)")
            assert c.execute("SHOW statement_timeout").fetchone() == ("0",)


def test_listen_and_notify(endpoint: Endpoint) -> None:
    with endpoint.connect() as listener, endpoint.connect() as speaker:
        listener.execute("LISTEN orders")
        for n in range(10):
            speaker.execute("SELECT pg_notify('orders', %s)", [f"order {n}"])
        heard = list(listener.notifies(timeout=30, stop_after=10))
        assert [(h.channel, h.payload) for h in heard] == [("orders", f"order {n}") for n in range(10)]
        assert listener.execute("SELECT 1").fetchone() == (1,)
        speaker.execute("NOTIFY orders, 'last'")
        assert [h.payload for h in listener.notifies(timeout=30, stop_after=1)] == ["last"]
        listener.execute("UNLISTEN *")


def test_who_does_not_listen_hears_nothing(endpoint: Endpoint) -> None:
    clients = [endpoint.connect() for _ in range(12)]
    try:
        for each in clients:
            each.execute("SELECT 1")
        clients[0].execute("LISTEN lamps")
        clients[1].execute("NOTIFY lamps, 'on'")
        assert [h.payload for h in clients[0].notifies(timeout=30, stop_after=1)] == ["on"]
        for each in clients[1:]:
            assert list(each.notifies(timeout=0)) == []
    finally:
        for each in clients:
            each.close()


def test_two_databases_and_two_roles(endpoint: Endpoint) -> None:
    """Each client is in the database and has the role that it has asked for, however they alternate."""
    for round_ in range(2):
        for user in ("app", "report"):
            for database in (SHOP, STOCK):
                with endpoint.connect(user, database, prepare_threshold=0) as c:
                    query = "SELECT current_database()::text, current_user::text, session_user::text, %s::int"
                    for n in range(3):
                        assert c.execute(query, [n + round_]).fetchone() == (database, user, user, n + round_)


def test_a_database_that_is_not_there(endpoint: Endpoint) -> None:
    for _ in range(3):
        with pytest.raises(psycopg.OperationalError, match='database "nowhere" does not exist'):
            endpoint.connect(database="nowhere")
    with endpoint.connect() as c:
        assert c.execute("SELECT 1").fetchone() == (1,)


def test_a_database_that_the_role_may_not_use(endpoint: Endpoint, roomy: Any) -> None:
    roomy.watch.execute("DROP DATABASE IF EXISTS closed")
    roomy.watch.execute("CREATE DATABASE closed")
    roomy.watch.execute("REVOKE CONNECT ON DATABASE closed FROM public")
    with pytest.raises(psycopg.OperationalError, match='permission denied for database "closed"'):
        endpoint.connect("report", "closed")


def test_a_wrong_password_and_an_unknown_role(endpoint: Endpoint) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"authentication failed|is wrong"):
        psycopg.connect(**endpoint.login() | {"password": "wrong"})
    with pytest.raises(psycopg.OperationalError, match="nobody-knows"):
        psycopg.connect(**endpoint.login() | {"user": "nobody-knows"})


STARTUP = [
    ("search_path", "stock_room"),
    ("DateStyle", "German, DMY"),
    ("client_encoding", "LATIN1"),
    ("TimeZone", "Asia/Tokyo"),
]


@pytest.mark.parametrize(("name", "given"), STARTUP)
def test_what_a_client_asks_for_when_it_logs_in(endpoint: Endpoint, name: str, given: str) -> None:
    """It has it, in every transaction; nobody else does, neither at the same time nor after it."""
    show = f"SHOW {name}"
    with endpoint.connect() as before:
        usual = before.execute(show).fetchone()
        with RawClient(endpoint) as c, endpoint.connect() as other:
            c.login(**{name: given})
            for _ in range(3):
                (row,) = [each.body for each in c.ask(query(show)) if each.kind == "D"]
                assert row.endswith(given.encode())
                assert other.execute(show).fetchone() == usual
    after = [endpoint.connect() for _ in range(10)]  # as many as the pool has
    try:
        for each in after:
            each.execute("BEGIN")
            assert each.execute(show).fetchone() == usual
    finally:
        for each in after:
            each.close()


def test_the_name_of_the_application(endpoint: Endpoint) -> None:
    """The client is told its own; PostgreSQL sees the proxy's name behind the proxy."""
    with endpoint.connect(application_name="hikari till") as c:
        assert c.info.parameter_status("application_name") == "hikari till"


def test_command_line_options(endpoint: Endpoint) -> None:
    """The proxy refuses them, with the words of RDS Proxy."""
    if endpoint.kind == "postgres":
        with endpoint.connect(options="-c work_mem=5MB") as c:
            assert c.execute("SHOW work_mem").fetchone() == ("5MB",)
    else:
        with pytest.raises(psycopg.OperationalError, match="doesn't support command-line options"):
            endpoint.connect(options="-c work_mem=5MB")


def test_text_in_the_encoding_of_the_client(endpoint: Endpoint) -> None:
    with endpoint.connect(client_encoding="LATIN1") as latin, endpoint.connect() as utf8:
        for _ in range(3):
            assert latin.info.encoding == "iso8859-1"
            assert latin.execute("SELECT 'grün' || %s", ["ß"]).fetchone() == ("grünß",)
            assert latin.pgconn.exec_(b"SELECT 'gr\xfcn'").get_value(0, 0) == b"gr\xfcn"
            assert utf8.execute("SELECT 'grün ランプ'").fetchone() == ("grün ランプ",)


def test_the_time_zone_of_the_environment(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """libpq sends PGTZ in the start-up packet."""
    with endpoint.connect() as usual:
        zone = usual.execute("SHOW TimeZone").fetchone()
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    with endpoint.connect() as c:
        monkeypatch.delenv("PGTZ")
        assert c.info.parameter_status("TimeZone") == "Asia/Tokyo"
        for _ in range(3):
            assert c.execute("SHOW TimeZone").fetchone() == ("Asia/Tokyo",)
            with endpoint.connect() as other:
                assert other.execute("SHOW TimeZone").fetchone() == zone


def test_a_setting_that_does_not_exist(endpoint: Endpoint) -> None:
    with RawClient(endpoint) as c:
        refused = c.login(no_such_setting="1")[-1]
        assert refused.brief() in ("E 42704", "E 0A000")
        assert "no_such_setting" in refused.fields["M"]
    with endpoint.connect() as other:
        assert other.execute("SELECT 1").fetchone() == (1,)


def test_a_set_changes_what_the_driver_knows(endpoint: Endpoint) -> None:
    """ParameterStatus reaches the client that has asked, and nobody else."""
    with endpoint.connect() as c, endpoint.connect() as other:
        zone = other.info.parameter_status("TimeZone")
        c.execute("SET TIME ZONE 'Asia/Tokyo'")
        assert c.info.parameter_status("TimeZone") == "Asia/Tokyo"
        for _ in range(12):
            assert other.execute("SHOW TimeZone").fetchone() == (zone,)
        assert other.info.parameter_status("TimeZone") == zone
