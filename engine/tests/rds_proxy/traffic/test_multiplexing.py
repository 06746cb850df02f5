"""Many clients on few server connections: borrow, queue, pin, return."""

from __future__ import annotations

import contextlib
import select
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from kits.proxy_kit import ProxyProcess, at_once, eventually, send
from kits.servers_kit import proxy_of

Start = Callable[..., ProxyProcess]


@contextlib.contextmanager
def clients(proxy: ProxyProcess, count: int, **how: Any) -> Iterator[list[psycopg.Connection[Any]]]:
    """So many logged-in clients."""
    with contextlib.ExitStack() as stack:
        with ThreadPoolExecutor(20) as pool:
            found = list(pool.map(lambda _: proxy.endpoint.connect(**how), range(count)))
        for each in found:
            stack.callback(each.close)
        yield found


def value(connection: psycopg.Connection[Any], query: str, parameters: Any = None) -> Any:
    """The only value of a query's only row."""
    ((found,),) = connection.execute(query, parameters).fetchall()
    return found


def backend(connection: psycopg.Connection[Any]) -> int:
    """The process of PostgreSQL that answers."""
    return int(value(connection, "SELECT pg_backend_pid()"))


def held_backends(postgres: Any, all_: list[psycopg.Connection[Any]], count: int) -> set[int]:
    """The backends that answer these clients; each waits for a lock until so many are at work."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'"
    query = "SELECT pg_backend_pid() FROM pg_advisory_xact_lock_shared(4711)"
    with ThreadPoolExecutor(len(all_)) as pool, postgres.endpoint.connect() as holder:
        holder.execute("SELECT pg_advisory_lock(4711)")
        answers = [pool.submit(value, each, query) for each in all_]
        eventually(lambda: value(postgres.watch, waiting) == count, f"{count} backends to be at work")
        holder.execute("SELECT pg_advisory_unlock(4711)")
        return {each.result() for each in answers}


def test_sixty_clients_on_ten_server_connections(proxy: Start, postgres: Any) -> None:
    front = proxy()
    seen: list[int] = []
    over = threading.Event()

    def count() -> None:
        while not over.is_set():
            seen.append(postgres.sessions())

    with clients(front, 60) as all_, ThreadPoolExecutor(1) as pool:
        counting = pool.submit(count)
        query = "SELECT pg_backend_pid() FROM pg_sleep(0.1)"
        answers = at_once([lambda c=c: value(c, query) for c in all_])  # type: ignore[misc]
        over.set()
        counting.result()
    assert len({each.result() for each in answers}) == 10
    assert max(seen) == 10
    assert front.peak("ClientConnections") == 60
    assert front.peak("DatabaseConnections") == 10
    assert front.peak("MaxDatabaseConnectionsAllowed") == 10
    assert front.peak("DatabaseConnectionsCurrentlySessionPinned") == 0


def test_a_transaction_stays_and_the_next_may_move(proxy: Start) -> None:
    front = proxy(max_connections_percent=10, max_idle_connections_percent=10)
    with clients(front, 3, prepare_threshold=0) as (a, b, c):
        b.execute("BEGIN")
        first = backend(b)
        second = backend(a)
        assert second != first
        a.execute("BEGIN")
        for _ in range(5):
            assert (backend(a), backend(b)) == (second, first)
        a.execute("COMMIT")
        c.execute("BEGIN")
        assert backend(c) == second
        b.execute("COMMIT")
        assert backend(a) == first  # the same prepared statement, on the other backend
        c.execute("COMMIT")


PINS = {
    "SET": ("SET work_mem = '7MB'", "SHOW work_mem", "7MB"),
    "set_config": ("SELECT set_config('work_mem', '7MB', false)", "SHOW work_mem", "7MB"),
    "RESET": ("RESET work_mem", "SHOW work_mem", "4MB"),
    "PREPARE": ("PREPARE p AS SELECT 7", "EXECUTE p", 7),
    "DISCARD": ("DISCARD ALL", "SELECT 1", 1),
    "LISTEN": ("LISTEN lamps", "SELECT pg_listening_channels()", "lamps"),
    "temporary table": ("CREATE TEMP TABLE t AS SELECT 5 AS n", "SELECT n FROM t", 5),
    "temporary view": ("CREATE TEMP VIEW v AS SELECT 6 AS n", "SELECT n FROM v", 6),
    "temporary sequence": ("CREATE TEMP SEQUENCE s", "SELECT nextval('s')", None),
    "cursor": ("DECLARE c CURSOR WITH HOLD FOR SELECT 1 FROM generate_series(1, 99)", "FETCH c", 1),
    "advisory lock": ("SELECT pg_advisory_lock(4711)", "SELECT pg_try_advisory_lock(4711)", True),
    "16 KB": (f"SELECT '{'x' * 16500}'", "SELECT 1", 1),
}
LEFT = """SELECT current_setting('work_mem'), (SELECT count(*) FROM pg_listening_channels()),
    (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()),
    (SELECT count(*) FROM pg_prepared_statements WHERE from_sql), (SELECT count(*) FROM pg_cursors WHERE is_holdable),
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())"""


@pytest.fixture(scope="module")
def three(roomy: Any) -> Iterator[ProxyProcess]:
    """A proxy with three server connections, for one test after the other."""
    with proxy_of(roomy, max_connections_percent=3, max_idle_connections_percent=3) as process:
        yield process


def newest(front: ProxyProcess) -> int:
    """The number of the newest event."""
    return max((event["number"] for event in front.events()), default=0)


@pytest.mark.parametrize("cause", PINS)
def test_a_pinned_client_keeps_its_backend_and_nobody_gets_its_state(three: ProxyProcess, cause: str) -> None:
    pin, look, want = PINS[cause]
    front, after = three, newest(three)
    with clients(front, 8, prepare_threshold=None) as others:
        c = front.endpoint.connect(prepare_threshold=None)
        c.execute(pin)
        held = backend(c)
        for _ in range(3):
            assert held not in {backend(other) for other in others}
            assert (backend(c), want in (None, value(c, look))) == (held, True)
        assert [event["kind"] for event in front.events(after)].count("pin") == 1
        assert front.peak("DatabaseConnectionsCurrentlySessionPinned") == 1
        c.close()
        for _ in range(2):
            at_work = others[:3]
            for other in at_work:
                other.execute("BEGIN")
                assert other.execute(LEFT).fetchone() == ("4MB", 0, 0, 0, 0, 0)
            for other in at_work:
                other.execute("COMMIT")


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN; SET LOCAL work_mem = '7MB'; COMMIT",
        "BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; COMMIT",
        "SELECT set_config('work_mem', '7MB', true)",
        "SELECT pg_advisory_xact_lock(1)",
        "SELECT 'SET work_mem = 1'",
    ],
)
def test_what_does_not_pin(three: ProxyProcess, text: str) -> None:
    after = newest(three)
    with three.endpoint.connect() as c:
        c.execute(text)
        assert value(c, "SELECT %s::int", [1]) == 1
    assert [event for event in three.events(after) if event["kind"] == "pin"] == []


def test_ten_pin_and_fifty_time_out(proxy: Start) -> None:
    front = proxy(borrow_timeout_s=3)
    with clients(front, 60) as all_:
        answers = at_once([lambda c=c: c.execute("SET work_mem = '7MB'") for c in all_])  # type: ignore[misc]
        failures = [error for each in answers if (error := each.exception())]
        assert len(failures) == 50
        assert all(isinstance(each, psycopg.Error) for each in failures)
        assert all("imed" in str(each) for each in failures), failures[0]


def test_first_come_first_served(proxy: Start, postgres: Any) -> None:
    with postgres.endpoint.connect() as direct:
        direct.execute("DROP TABLE IF EXISTS served")
        direct.execute("CREATE TABLE served (n int, at timestamptz DEFAULT clock_timestamp())")
    front = proxy(max_connections_percent=5, max_idle_connections_percent=5)
    with clients(front, 13) as (holder, *queue):
        holder.execute("BEGIN")
        for n, each in enumerate(queue):
            send(front, each, f"INSERT INTO served VALUES ({n})")
        holder.execute("COMMIT")
        for each in queue:
            while each.pgconn.get_result() is not None:
                pass
        assert [n for (n,) in holder.execute("SELECT n FROM served ORDER BY at")] == list(range(12))


def test_the_pool_is_changed_while_it_runs(proxy: Start, postgres: Any) -> None:
    front = proxy()
    with clients(front, 15) as all_:
        assert len(held_backends(postgres, all_, 10)) == 10
        eventually(lambda: postgres.sessions() == 10, "the test's own connection to be gone")
        front.configure(max_connections_percent=10, max_idle_connections_percent=10)
        eventually(lambda: postgres.sessions() <= 2, "the pool to shrink")
        found = at_once([lambda c=c: backend(c) for c in all_])  # type: ignore[misc]
        assert len({each.result() for each in found}) <= 2
        front.configure(max_connections_percent=65, max_idle_connections_percent=65)
        for each in all_[:13]:
            each.execute("BEGIN")
        assert len({backend(each) for each in all_[:13]}) == 13


def test_a_silent_client_is_dropped_and_a_busy_one_is_not(proxy: Start) -> None:
    front = proxy(idle_client_timeout_s=3)  # a busy machine keeps the busy one silent for a second
    with clients(front, 2) as (silent, busy):
        silent.execute("SELECT 1")
        for _ in range(3000):
            assert value(busy, "SELECT 1") == 1
            if select.select([silent.fileno()], [], [], 0.02)[0]:
                break
        with pytest.raises(psycopg.OperationalError):
            silent.execute("SELECT 1")
        assert value(busy, "SELECT 2") == 2


def test_the_init_query_is_seen_by_all(proxy: Start) -> None:
    front = proxy(init_query="SET search_path = hikari; SET work_mem = '6MB'")
    with clients(front, 15) as all_:
        for each in all_:
            assert (value(each, "SHOW search_path"), value(each, "SHOW work_mem")) == ("hikari", "6MB")
    assert [event for event in front.events() if event["kind"] == "pin"] == []


def test_the_extended_protocol_pins_when_it_is_told_so(proxy: Start) -> None:
    front = proxy(extended_protocol_pins=True, borrow_timeout_s=4)  # the first ten open their connections within it
    with clients(front, 15) as all_:
        for each in all_[:10]:
            assert value(each, "SELECT %s::int", [1]) == 1
        with pytest.raises(psycopg.OperationalError, match="imed"):
            all_[10].execute("SELECT 1")


def test_the_reset_of_asyncpgs_pool_pins(proxy: Start) -> None:
    """So does psycopg's rollback with prepared statements: it sends DEALLOCATE ALL."""
    front = proxy()
    with front.endpoint.connect(autocommit=False, prepare_threshold=0) as c:
        c.execute("SELECT 1")
        c.rollback()
        assert value(c, "SELECT 2") == 2
    asyncpgs = "SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;"
    with front.endpoint.connect() as c:
        c.execute(asyncpgs)
    assert [event["kind"] for event in front.events()].count("pin") >= 1


def test_the_events_tell_the_story(proxy: Start) -> None:
    front = proxy()
    with front.endpoint.connect() as c:
        after = newest(front)
        c.execute("SELECT 1")
        c.execute("SET work_mem = '7MB'")
        c.execute("SELECT 2")
        number = next(event["client"] for event in front.events(after) if event["kind"] == "borrow")
    kinds = eventually(lambda: ended(story(front, after, number)), "the client's end")
    assert kinds[:3] == ["borrow", "query", "return"]
    assert kinds[3] == "borrow"
    assert sorted(kinds[4:6]) == ["pin", "query"]
    assert kinds[6] == "query"
    (pin,) = [event for event in front.events(after) if event["kind"] == "pin"]
    assert "SET" in pin["detail"]


def test_every_execution_of_a_prepared_statement_is_told_and_counted(proxy: Start) -> None:
    """psycopg sends the text five times, prepares it, and from then on sends its name alone."""
    front = proxy()
    with front.endpoint.connect(prepare_threshold=5) as c:
        after, counted = newest(front), front.total("QueryRequests")
        for n in range(20):
            assert value(c, "SELECT %s::int + 1", [n]) == n + 1
        told = [event["detail"] for event in front.events(after) if event["kind"] == "query"]
        assert told == ["SELECT $1::int + 1"] * 20
        assert front.total("QueryRequests") - counted == 20


def test_connections_that_idle_are_closed_down_to_the_percentage(proxy: Start, postgres: Any) -> None:
    front = proxy(max_idle_connections_percent=20, idle_connection_s=0.2)
    with clients(front, 10) as all_:
        assert len(held_backends(postgres, all_, 10)) == 10
    eventually(lambda: postgres.sessions() == 4, "four of twenty to be left")
    front.configure(idle_client_timeout_s=1)
    with front.endpoint.connect() as silent:  # its time limit is five times as long as theirs
        select.select([silent.fileno()], [], [], 30)
        with pytest.raises(psycopg.OperationalError):
            silent.execute("SELECT 1")
    assert postgres.sessions() == 4
    front.configure(max_idle_connections_percent=0)
    eventually(lambda: postgres.sessions() == 0, "none to be left")

    def all_are_told() -> bool:
        kinds = Counter(str(e["kind"]) for e in front.events())
        return kinds["close"] == kinds["open"] >= 10

    eventually(all_are_told, "the log to tell of each that has closed")


def ended(kinds: list[str]) -> list[str]:
    """The kinds once the client is gone; before that, nothing."""
    return kinds if len(kinds) >= 8 else []


def story(front: ProxyProcess, after: int, client: int) -> list[str]:
    """What one client did, in order."""
    return [e["kind"] for e in front.events(after) if e["client"] == client]
