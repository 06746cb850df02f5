"""PostgreSQL's own load generator through the proxy."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from kits.proxy_kit import SHOP, Endpoint
from kits.servers_kit import Database, proxy_of
from serverless_cloud.rds import binaries

CLIENTS, TRANSACTIONS = 50, 20


def pgbench(endpoint: Endpoint, *arguments: str) -> str:
    """What it prints; skips the test where it is not installed."""
    program = binaries.from_environment().program("pgbench")
    if not Path(program).exists():
        pytest.skip("this PostgreSQL has no pgbench")
    where = ["-h", endpoint.host, "-p", str(endpoint.port), "-U", "app"]
    environ = os.environ | {"PGPASSWORD": endpoint.passwords["app"]}
    command = [program, *where, *arguments, SHOP]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environ, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_more_clients_than_connections(roomy: Database, mode: str) -> None:
    """All in one thread of pgbench, which prepares statement after statement, in a transaction, and waits for each.

    So a pooler that needs a server connection for each Parse waits for itself, once all connections are in
    transactions of clients that this thread does not get to.
    """
    pgbench(roomy.endpoint, "-i", "-q")
    with proxy_of(roomy, max_connections_percent=20, max_idle_connections_percent=20) as front:
        load = ("-n", "-M", mode, "-c", str(CLIENTS), "-j", "1", "-t", str(TRANSACTIONS))
        told = pgbench(front.endpoint, *load)
        wanted = CLIENTS * TRANSACTIONS
        assert f"number of transactions actually processed: {wanted}/{wanted}" in told
        assert re.search(r"number of failed transactions: 0 ", told)
        assert 2 <= front.peak("DatabaseConnections") <= 20
        own = front.total("QueryRequests") - 7 * wanted  # TPC-B is BEGIN, five statements, END
        assert 0 <= own < 10  # pgbench looks at its tables first
