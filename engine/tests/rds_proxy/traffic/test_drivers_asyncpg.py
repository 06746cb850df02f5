"""asyncpg: the extended protocol all through, named statements, portals with a row limit, binary COPY."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from kits.proxy_kit import LIMIT_S, Endpoint

Work = Callable[[Any], Awaitable[Any]]


def with_connection(endpoint: Endpoint, work: Work, **more: Any) -> Any:
    """Runs work(connection) in an event loop of its own."""

    async def inner() -> Any:
        connection = await asyncpg.connect(**endpoint.keywords(), **more)
        try:
            return await asyncio.wait_for(work(connection), LIMIT_S)
        finally:
            await connection.close()

    return asyncio.run(inner())


def test_fetch(endpoint: Endpoint) -> None:
    async def work(c: Any) -> None:
        for n in range(20):
            assert await c.fetchval("SELECT $1::int + 1", n) == n + 1
            row = await c.fetchrow("SELECT $1::text AS name, $2::numeric AS price, $3::jsonb AS more", "a", n, "{}")
            assert dict(row) == {"name": "a", "price": n, "more": "{}"}
        assert len(await c.fetch("SELECT generate_series(1, 1000)")) == 1000
        assert await c.execute("SELECT 1; SELECT 2") == "SELECT 1"
        with pytest.raises(asyncpg.DivisionByZeroError):
            await c.fetchval("SELECT 1 / $1::int", 0)
        assert await c.fetchval("SELECT 1 / $1::int", 1) == 1

    with_connection(endpoint, work)


def test_a_type_of_the_database_itself(endpoint: Endpoint) -> None:
    """asyncpg asks the server about a type that it does not know, in the middle of preparing."""

    async def work(c: Any) -> None:
        await c.execute("DROP TYPE IF EXISTS colour; CREATE TYPE colour AS ENUM ('warm', 'cold')")
        assert await c.fetch("SELECT $1::colour, ARRAY[$1::colour]", "warm") == [("warm", ["warm"])]

    with_connection(endpoint, work)


def test_prepared_statements_of_many_clients(endpoint: Endpoint) -> None:
    async def client(n: int) -> list[int]:
        c = await asyncpg.connect(**endpoint.keywords())
        try:
            statement = await c.prepare("SELECT $1::int * 1000 + $2::int")
            found = []
            for round_ in range(10):
                found.append(await statement.fetchval(n, round_))
                assert await c.fetchval("SELECT $1::text", str(n)) == str(n)
            return found
        finally:
            await c.close()

    async def all_clients() -> Any:
        return await asyncio.wait_for(asyncio.gather(*(client(n) for n in range(30))), 2 * LIMIT_S)

    assert asyncio.run(all_clients()) == [[n * 1000 + round_ for round_ in range(10)] for n in range(30)]


def test_a_cursor_reads_a_portal_in_pieces(endpoint: Endpoint) -> None:
    async def work(c: Any) -> None:
        async with c.transaction():
            cursor = await c.cursor("SELECT generate_series(1, $1::int)", 1000)
            assert [row[0] for row in await cursor.fetch(3)] == [1, 2, 3]
            assert await cursor.forward(990) == 990
            assert [row[0] for row in await cursor.fetch(100)] == list(range(994, 1001))
            total = 0
            async for row in c.cursor("SELECT generate_series(1, $1::int)", 500, prefetch=7):
                total += row[0]
            assert total == 500 * 501 // 2

    with_connection(endpoint, work)


def test_executemany_and_copy(endpoint: Endpoint) -> None:
    rows = [(n, f"lamp {n}", bytes([n % 256])) for n in range(3000)]

    async def work(c: Any) -> None:
        await c.execute("DROP TABLE IF EXISTS by_asyncpg")
        await c.execute("CREATE TABLE by_asyncpg (id int, name text, picture bytea)")
        await c.executemany("INSERT INTO by_asyncpg VALUES ($1, $2, $3)", rows)
        assert await c.fetchval("SELECT count(*) FROM by_asyncpg") == 3000
        with pytest.raises(asyncpg.DataError):
            await c.executemany("INSERT INTO by_asyncpg VALUES ($1, $2, $3)", [rows[0], ("x", "y", b"")])
        assert await c.copy_records_to_table("by_asyncpg", records=rows) == "COPY 3000"
        assert [tuple(row) for row in await c.fetch("SELECT DISTINCT * FROM by_asyncpg ORDER BY id")] == rows
        parts: list[bytes] = []

        async def keep(part: bytes) -> None:
            parts.append(part)

        assert await c.copy_from_query("SELECT id FROM by_asyncpg WHERE id < $1", 2, output=keep) == "COPY 4"
        assert sorted(b"".join(parts).split()) == [b"0", b"0", b"1", b"1"]
        with pytest.raises(asyncpg.UndefinedColumnError):
            await c.copy_records_to_table("by_asyncpg", records=rows, columns=["id", "no_such", "picture"])
        assert await c.fetchval("SELECT 1") == 1

    with_connection(endpoint, work)


def test_transactions(endpoint: Endpoint) -> None:
    async def work(c: Any) -> None:
        await c.execute("DROP TABLE IF EXISTS kept_by_asyncpg; CREATE TABLE kept_by_asyncpg (id int)")
        async with c.transaction():
            await c.execute("INSERT INTO kept_by_asyncpg VALUES ($1)", 1)
            with pytest.raises(asyncpg.DivisionByZeroError):
                async with c.transaction():
                    await c.execute("INSERT INTO kept_by_asyncpg SELECT 2 / $1::int", 0)
            await c.execute("INSERT INTO kept_by_asyncpg VALUES ($1)", 3)
        transaction = c.transaction(isolation="serializable")
        await transaction.start()
        await c.execute("INSERT INTO kept_by_asyncpg VALUES ($1)", 4)
        await transaction.rollback()
        assert [row[0] for row in await c.fetch("SELECT id FROM kept_by_asyncpg ORDER BY id")] == [1, 3]

    with_connection(endpoint, work)


def test_a_time_limit_cancels_the_query(endpoint: Endpoint) -> None:
    async def work(c: Any) -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await c.fetchval("SELECT pg_sleep(60)", timeout=0.05)
            assert await c.fetchval("SELECT $1::int", 7) == 7

    with_connection(endpoint, work)


def test_settings_of_a_connection(endpoint: Endpoint) -> None:
    settings = {"search_path": "stock_room", "TimeZone": "Asia/Tokyo"}

    async def work(c: Any) -> None:
        for _ in range(3):
            assert await c.fetchval("SHOW search_path") == "stock_room"
            assert await c.fetchval("SHOW TimeZone") == "Asia/Tokyo"

    with_connection(endpoint, work, server_settings=settings)

    async def plain(c: Any) -> None:
        assert await c.fetchval("SHOW search_path") == '"$user", public'

    with_connection(endpoint, plain)


def test_notifications(endpoint: Endpoint) -> None:
    async def work(c: Any) -> None:
        heard: asyncio.Queue[str] = asyncio.Queue()
        await c.add_listener("orders", lambda _c, _pid, _channel, payload: heard.put_nowait(payload))
        await c.execute("NOTIFY orders, 'one'")
        assert await asyncio.wait_for(heard.get(), LIMIT_S) == "one"

    with_connection(endpoint, work)


def test_its_pool(endpoint: Endpoint) -> None:
    """On release asyncpg sends its reset (UNLISTEN, RESET ALL, pg_advisory_unlock_all): behind the proxy that pins.

    So its pool must not be larger than the proxy's; how many are pinned is asserted in test_pinning_held.py.
    """

    async def work() -> None:
        pool = await asyncpg.create_pool(**endpoint.keywords(), min_size=5, max_size=5)
        async with pool:

            async def job(n: int) -> int:
                async with pool.acquire() as c:
                    return int(await c.fetchval("SELECT $1::int", n))

            found = await asyncio.wait_for(asyncio.gather(*(job(n) for n in range(200))), LIMIT_S)
            assert found == list(range(200))

    asyncio.run(work())
