"""Logs of a proxy, written by hand, and what two poolers did with a burst."""

from __future__ import annotations

from serverless_cloud.records import ProxyEvent
from serverless_first import figures

TIMED_OUT = "Timed-out waiting to acquire database connection"


def log(
    *rows: tuple[float, int | None, int | None, str] | tuple[float, int | None, int | None, str, str],
) -> list[ProxyEvent]:
    """Events at so many seconds after a moment in 2026: time, client, server, kind, detail."""
    return [
        ProxyEvent(n, 1_795_567_000.0 + row[0], row[1], row[2], row[3], row[4] if len(row) > 4 else "")
        for n, row in enumerate(rows, 1)
    ]


#: Two connections, four clients: two transactions, another two that wait; then client 3 pins.
SHARED = log(
    (0.000, 1, None, "connect"),
    (0.005, 1, None, "login", "app to shop"),
    (0.007, None, 27, "open", "app to shop"),
    (0.007, 1, 27, "borrow", "waited 2.1 ms"),
    (0.007, 1, 27, "query", "BEGIN"),
    (0.007, 1, 27, "query", "INSERT INTO orders (lamp, quantity) VALUES ('Tsuki', 1)"),
    (0.020, 2, None, "connect"),
    (0.024, 2, None, "login", "app to shop"),
    (0.026, None, 28, "open", "app to shop"),
    (0.026, 2, 28, "borrow", "waited 2.0 ms"),
    (0.026, 2, 28, "query", "BEGIN"),
    (0.043, 3, None, "connect"),
    (0.043, 3, None, "login", "app to shop"),
    (0.061, 4, None, "connect"),
    (0.064, 4, None, "login", "app to shop"),
    (0.160, 1, 27, "query", "COMMIT"),
    (0.160, 1, 27, "return"),
    (0.160, 3, 27, "borrow", "waited 116.5 ms"),
    (0.160, 3, 27, "query", "BEGIN"),
    (0.178, 2, 28, "query", "COMMIT"),
    (0.179, 2, 28, "return"),
    (0.179, 4, 28, "borrow", "waited 114.7 ms"),
    (0.179, 4, 28, "query", "SELECT place_order($1, $2)"),
    (0.312, 3, 27, "query", "COMMIT"),
    (0.313, 3, 27, "return"),
    (0.314, 1, None, "disconnect"),
    (0.331, 4, 28, "return"),
    (0.373, 3, 28, "borrow", "waited 0.0 ms"),
    (0.373, 3, 28, "query", "SET statement_timeout = '50s'"),
    (0.373, 3, 28, "pin", "SQL changed session settings that the proxy doesn't track."),
    (0.574, 3, None, "disconnect"),
    (0.574, 3, 28, "close", "its client left"),
)
#: One connection that client 1 has pinned, while clients 2 and 3 wait in vain.
PINNED = log(
    (0.0, None, 5, "open"),
    (0.0, 1, None, "login"),
    (0.1, 2, None, "login"),
    (0.1, 3, None, "login"),
    (0.1, 1, 5, "borrow", "waited 1.0 ms"),
    (0.1, 1, 5, "query", "SET search_path = shop"),
    (0.1, 1, 5, "pin", "cause"),
    (3.1, 2, None, "timeout", TIMED_OUT),
    (3.1, 3, None, "timeout", TIMED_OUT),
    (3.2, 3, None, "disconnect"),
)

RDS_PROXY = figures.Pooler("RDS Proxy", calls=60, placed=10, database_connections=10, pinned=10, leaks=False)
PGBOUNCER = figures.Pooler("PgBouncer", calls=60, placed=60, database_connections=10, pinned=0, leaks=True)
