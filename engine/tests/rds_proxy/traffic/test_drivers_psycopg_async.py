"""psycopg 3, asynchronous: many connections in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg import errors

from kits.proxy_kit import LIMIT_S, Endpoint

T = TypeVar("T")
Connection = psycopg.AsyncConnection[Any]


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end, in an event loop that psycopg can use on Windows too."""

    async def limited() -> T:
        return await asyncio.wait_for(work, 2 * LIMIT_S)

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(limited())


async def connect(endpoint: Endpoint, **more: Any) -> Connection:
    """An asynchronous connection; autocommit unless told otherwise."""
    return await psycopg.AsyncConnection.connect(**endpoint.login(**{"autocommit": True, **more}))


async def value(connection: Connection, query: str, parameters: Any = None) -> Any:
    """The only value of a query's only row."""
    row = await (await connection.execute(query, parameters)).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("threshold", [0, 5, None])
def test_forty_clients_at_once(endpoint: Endpoint, threshold: int | None) -> None:
    async def client(n: int) -> list[int]:
        async with await connect(endpoint, prepare_threshold=threshold, autocommit=False) as c:
            found = []
            for round_ in range(6):
                async with c.transaction():
                    assert await value(c, "SELECT %s::text", [f"{n}-{round_}"]) == f"{n}-{round_}"
                    found.append(await value(c, "SELECT %s::int + %s::int", [n * 100, round_]))
            return found

    async def all_clients() -> list[list[int]]:
        return await asyncio.gather(*(client(n) for n in range(40)))

    assert run(all_clients()) == [[n * 100 + round_ for round_ in range(6)] for n in range(40)]


def test_pipelines_of_many_clients(endpoint: Endpoint) -> None:
    async def client(n: int) -> int:
        async with await connect(endpoint) as c, c.pipeline():
            cursors = [await c.execute("SELECT %s::int", [n * 1000 + k]) for k in range(50)]
            rows = [await cursor.fetchone() for cursor in cursors]
            assert rows == [(n * 1000 + k,) for k in range(50)]
            return n

    async def all_clients() -> list[int]:
        return await asyncio.gather(*(client(n) for n in range(20)))

    assert run(all_clients()) == list(range(20))


def test_copy_both_ways(endpoint: Endpoint) -> None:
    async def work() -> None:
        async with await connect(endpoint) as c, c.cursor() as cursor:
            await c.execute("DROP TABLE IF EXISTS copied_async")
            await c.execute("CREATE TABLE copied_async (id int, name text)")
            async with cursor.copy("COPY copied_async FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["int4", "text"])
                for n in range(5000):
                    await copy.write_row((n, f"lamp {n}"))
            async with cursor.copy("COPY (SELECT * FROM copied_async ORDER BY id) TO STDOUT") as copy:
                copy.set_types(["int4", "text"])
                rows = [row async for row in copy.rows()]
            assert rows == [(n, f"lamp {n}") for n in range(5000)]

    run(work())


def test_a_query_is_cancelled_with_its_task(endpoint: Endpoint) -> None:
    """psycopg cancels the query on the server when its task is cancelled."""

    async def work() -> None:
        async with await connect(endpoint) as c, await connect(endpoint) as watch:
            task = asyncio.create_task(c.execute("SELECT pg_sleep(60), 'async cancel'"))
            query = (
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE query LIKE '%async cancel%' AND state = 'active' AND pid <> pg_backend_pid()"
            )
            while await value(watch, query) == 0:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises((asyncio.CancelledError, errors.QueryCanceled)):
                await task
            while await value(watch, query) != 0:
                await asyncio.sleep(0.01)

    run(work())


def test_notifications(endpoint: Endpoint) -> None:
    async def work() -> list[str]:
        async with await connect(endpoint) as listener, await connect(endpoint) as speaker:
            await listener.execute("LISTEN lamps")
            for n in range(5):
                await speaker.execute(f"NOTIFY lamps, '{n}'")
            return [n.payload async for n in listener.notifies(timeout=LIMIT_S, stop_after=5)]

    assert run(work()) == list("01234")


def test_a_cursor_on_the_server(endpoint: Endpoint) -> None:
    async def work() -> int:
        async with await connect(endpoint, autocommit=False) as c, c.cursor("many") as cursor:
            await cursor.execute("SELECT generate_series(1, 3000)")
            return sum([n async for (n,) in cursor])

    assert run(work()) == 3000 * 3001 // 2
