"""The settings of a proxy, its pool and its target."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PoolSettings:
    """ConnectionPoolConfig, as in RDS's API.

    Args:
        max_connections_percent: the largest pool, as a percentage of the database's max_connections.
        max_idle_connections_percent: how many idle connections are kept for long, likewise.
        borrow_timeout_s: how long a client waits for a connection, in seconds.
        init_query: SQL that each new connection runs first; may be empty.
    """

    max_connections_percent: int = 100
    max_idle_connections_percent: int = 50
    borrow_timeout_s: float = 120.0
    init_query: str = ""


@dataclass(frozen=True)
class Target:
    """The database behind the proxy.

    Args:
        host, port: where PostgreSQL listens, as for libpq: a host that begins with / is the folder of its socket.
        max_connections: its setting of that name.
    """

    host: str
    port: int
    max_connections: int

    def is_same_place(self, other: Target | None) -> bool:
        """Whether a connection to the other target reaches this database."""
        return other is not None and (self.host, self.port) == (other.host, other.port)


@dataclass(frozen=True)
class Settings:
    """One proxy.

    Args:
        name: the proxy's name; its connections carry it as their application_name.
        users: passwords by user name, from the secrets in Secrets Manager.
        idle_client_timeout_s: a client that is silent for so long, in seconds, is disconnected.
        require_tls: whether clients without TLS are refused.
        extended_protocol_pins: RDS Proxy's behavior before 2023-11-10.
        debug_logging: whether each statement is logged.
        target: None while there is none.
        startup_timeout_s: a client that has not logged in after so long is disconnected (PostgreSQL's
            authentication_timeout).
        idle_connection_s: how long an idle connection above the percentage is kept.
    """

    name: str = "proxy"
    users: dict[str, str] = field(default_factory=dict)
    idle_client_timeout_s: float = 1800.0
    require_tls: bool = False
    extended_protocol_pins: bool = False
    debug_logging: bool = False
    pool: PoolSettings = PoolSettings()
    target: Target | None = None
    startup_timeout_s: float = 60.0
    idle_connection_s: float = 300.0

    @property
    def max_connections(self) -> int:
        """The size of the pool: a percentage of the database's max_connections, at least one."""
        if self.target is None:
            return 0
        return max(1, self.target.max_connections * self.pool.max_connections_percent // 100)

    @property
    def max_idle_connections(self) -> int:
        """How many idle connections stay open."""
        if self.target is None:
            return 0
        return self.target.max_connections * self.pool.max_idle_connections_percent // 100

    @staticmethod
    def from_json(message: dict[str, Any]) -> Settings:
        """Reads what the cloud's server sends.

        Raises:
            TypeError: a member is unknown.
        """
        # PostgreSQL has no session pinning filters.
        pool = {k: v for k, v in message.get("pool", {}).items() if k != "session_pinning_filters"}
        target = message.get("target")
        rest = {k: v for k, v in message.items() if k not in ("pool", "target")}
        return Settings(**rest, pool=PoolSettings(**pool), target=Target(**target) if target else None)
