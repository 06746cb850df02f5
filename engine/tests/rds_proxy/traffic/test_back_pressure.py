"""A client that reads slowly must not hold up the connection that it gives back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kits.proxy_kit import ProxyProcess, eventually
from kits.raw_client import RawClient, query

STOPPED = "SELECT count(*) FROM pg_stat_activity WHERE query = %s AND (state = 'idle' OR wait_event = %s)"


def test_a_connection_works_for_the_next_client_while_the_last_one_still_reads(
    proxy: Callable[..., ProxyProcess], postgres: Any, subtests: pytest.Subtests
) -> None:
    """With answers of many sizes: for some, the end of the answer lies in the proxy when the connection goes back."""
    front = proxy(max_connections_percent=5)  # one connection
    for size in range(200_000, 8_000_000, 150_000):
        with subtests.test(size=size), RawClient(front.endpoint) as slow, RawClient(front.endpoint) as next_one:
            slow.login()
            next_one.login()
            before = len(front.events())

            def returned(before: int = before) -> bool:
                return "return" in [event["kind"] for event in front.events()[before:]]

            asked = f"SELECT repeat('x', 50000) FROM generate_series(1, {size // 50_000})"
            slow.send(query(asked))

            def stopped(values: tuple[str, str] = (asked, "ClientWrite")) -> bool:
                return bool(postgres.watch.execute(STOPPED, values).fetchone() == (1,))

            eventually(lambda: returned() or stopped(), "the flow to stop")
            next_one.send(query("SELECT 1"))
            if returned():  # else it has to read first: the database has more to say
                assert [m.kind for m in next_one.until("Z")] == ["T", "D", "C", "Z"]
            rows = [m for m in slow.until("Z") if m.kind == "D"]
            assert len(rows) == size // 50_000
