"""A real PostgreSQL for the whole run, proxies and PgBouncer in front of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kits.proxy_kit import Endpoint, ProxyProcess
from kits.servers_kit import Database, proxy_of


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
            return started.enter_context(proxy_of(postgres, **changes))

        yield start


@pytest.fixture(scope="session")
def roomy() -> Iterator[Database]:
    """A PostgreSQL for the tests of drivers: direct connections must not run out of seats there."""
    database = Database(max_connections=100)
    yield database
    database.close()


@pytest.fixture(scope="module")
def proxy_endpoint(roomy: Database) -> Iterator[Endpoint]:
    """The proxy, with ten server connections."""
    with proxy_of(roomy, max_connections_percent=10) as process:
        yield process.endpoint


@pytest.fixture(scope="module", params=["postgres", "proxy"])
def endpoint(request: pytest.FixtureRequest, roomy: Database) -> Iterator[Endpoint]:
    """PostgreSQL, then the proxy: what PostgreSQL fails too is the test's fault, not the proxy's."""
    if request.param == "postgres":
        yield roomy.endpoint
    else:
        yield request.getfixturevalue("proxy_endpoint")
