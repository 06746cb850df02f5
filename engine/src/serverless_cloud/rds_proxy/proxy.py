"""One proxy: its clients, its pool, its metrics and its events, over asyncio."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable

from serverless_cloud.rds import sockets
from serverless_cloud.rds_proxy import wire
from serverless_cloud.rds_proxy.client_link import ClientLink
from serverless_cloud.rds_proxy.event_lines import Events
from serverless_cloud.rds_proxy.metrics import Metrics
from serverless_cloud.rds_proxy.pool import Key, Pool
from serverless_cloud.rds_proxy.server_link import CancelLink, ServerLink
from serverless_cloud.rds_proxy.settings import Settings
from serverless_cloud.rds_proxy.statements import Known, Schema

TICK_S = 0.05
KINDS_KEPT = 200  # kinds of connections about which the proxy remembers something; clients choose their settings
TIMED_OUT = "Timed-out waiting to acquire database connection"
_PINNED = (
    "The client session was pinned to the database connection [dbConnection={server}] for the remainder of the "
    "session. The proxy can't reuse this connection until the session ends. Reason: {cause}"
)


class Proxy:
    """A proxy that listens on 127.0.0.1.

    Args:
        settings: as it starts; `configure` changes them.
        log: is told what goes to CloudWatch Logs: level and text.
        tls: for clients that ask for TLS; None offers none.
    """

    def __init__(
        self, settings: Settings, *, log: Callable[[str, str], None], tls: ssl.SSLContext | None = None
    ) -> None:
        self.settings, self.tls = settings, tls
        self.metrics, self.events = Metrics(), Events()
        self._log = log
        self._clients: dict[int, ClientLink] = {}
        self.schema = Schema()
        self._good: dict[Key, Known] = {}
        self._parameters: dict[Key, dict[str, str]] = {}  # the database's settings as each kind of connection has them
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_available = False
        self.pool: Pool[ServerLink, ClientLink] = Pool(
            open=lambda key: self.spawn(self._connect(key)),
            close=ServerLink.goodbye,
            grant=self._grant,
            refuse=self._refuse,
        )
        self.configure(settings)

    async def listen(self, port: int = 0) -> int:
        """Begins to answer; the port."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: ClientLink(self), "127.0.0.1", port, backlog=512)
        self.spawn(self._tick())
        self._listener = server  # the event loop alone would not keep it
        return int(server.sockets[0].getsockname()[1])

    def configure(self, settings: Settings) -> None:
        """Takes new settings; connections above a smaller limit go as they come back."""
        moved = settings.target is None or not settings.target.is_same_place(self.settings.target)
        self.settings, pool = settings, self.pool
        pool.limit, pool.max_idle = settings.max_connections, settings.max_idle_connections
        pool.borrow_timeout_s, pool.idle_s = settings.pool.borrow_timeout_s, settings.idle_connection_s
        self.metrics.set("MaxDatabaseConnectionsAllowed", settings.max_connections)
        if moved:
            self._parameters.clear()
            self._good.clear()
            self.is_available = False
            pool.close_idle()  # they go to the database that was the target before; the lent ones end as they come back
        if pool.waiting:
            pool.serve()

    def counts(self) -> dict[str, int]:
        """The numbers of database connections (at most, lent, idle) and of clients (all, waiting)."""
        lent, size = self.pool.borrowed, self.pool.size
        clients, waiting = len(self._clients), len(self.pool.waiting)
        return {"seats": self.pool.limit, "lent": lent, "idle": size - lent, "clients": clients, "waiting": waiting}

    def spawn(self, work: asyncio._CoroutineLike[None]) -> None:
        """Has something done, and keeps hold of it until it is."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- clients

    def client_arrived(self, client: ClientLink) -> None:
        """Somebody has opened a connection."""
        self._clients[client.number] = client
        self.metrics.add("ClientConnectionsReceived")
        self.events.note("connect", client.number, None)

    async def start_tls(self, client: ClientLink) -> None:
        """A client has asked for TLS."""
        assert self.tls is not None
        client.login.tls_started()
        try:
            transport = await asyncio.get_running_loop().start_tls(client.transport, client, self.tls, server_side=True)
        except (OSError, ssl.SSLError) as error:
            client.fail(b"", f"The TLS handshake failed: {error}")
            return
        if transport is None:
            client.transport.abort()
        else:
            client.transport = transport

    def logged_in(self, client: ClientLink) -> None:
        """A client has proved who it is: it may ask as soon as the database's settings are known."""
        known = self._parameters.get(client.login.key)
        if known is None:
            self.pool.ask(client, client.login.key)
        else:
            self._greet(client, known)

    def _greet(self, client: ClientLink, parameters: dict[str, str]) -> None:
        client.greet(parameters)
        self.metrics.add("ClientConnectionsSetupSucceeded")
        self.metrics.change("ClientConnections", 1)
        self.metrics.change("ClientConnectionsTLS" if client.login.has_tls else "ClientConnectionsNoTLS", 1)
        self.events.note("login", client.number, None, f"{client.login.key.user} to {client.login.key.database}")

    def good_statements(self, key: Key) -> Known:
        """The statements that the database has accepted on connections of this kind."""
        if key not in self._good and len(self._good) >= KINDS_KEPT:
            self._good.clear()
        return self._good.setdefault(key, Known())

    def returned(self, client: ClientLink, server: ServerLink, *, fault: str) -> None:
        """A client's connection is free. Args: fault: why no other client can use it; "" if one can."""
        self.metrics.change("DatabaseConnectionsCurrentlyBorrowed", -1)
        self.events.note("return", client.number, server.number)
        if fault:
            self._close(server, fault)
        elif self._is_current(server):
            self.pool.release(server)
        else:
            self._close(server, "the proxy has another target now")

    def client_left(self, client: ClientLink, server: ServerLink | None) -> None:
        """A client is gone, perhaps with a connection in its hands."""
        del self._clients[client.number]
        self.pool.leave(client)
        session = client.session
        if session is not None:
            if session.answers.is_final and server is None:  # the client has read why
                self.happened(client, "refuse", "the database ended its connection")
            self.metrics.change("ClientConnections", -1)
            self.metrics.change("ClientConnectionsTLS" if client.login.has_tls else "ClientConnectionsNoTLS", -1)
            if session.pinned:
                self.metrics.change("DatabaseConnectionsCurrentlySessionPinned", -1)
            if session.answers.status != b"I":
                self.metrics.change("DatabaseConnectionsCurrentlyInTransaction", -1)
        self.metrics.add("ClientConnectionsClosed")
        self.events.note("disconnect", client.number, None)
        if server is not None:  # nobody may have it as it is: in a transaction, pinned or in mid-answer
            server.client = None
            self.metrics.change("DatabaseConnectionsCurrentlyBorrowed", -1)
            self.events.note("close", client.number, server.number, "its client left")
            server.has_said_goodbye = True
            self.pool.discard(server)
            if session is not None and session.is_cut_off:
                server.transport.abort()  # the database waits for the rest, and would take a goodbye for it

    def happened(self, client: ClientLink, kind: str, detail: str) -> None:
        """A client's statement, its pinning, or why it is refused."""
        server = client.server.number if client.server is not None else None
        self.events.note(kind, client.number, server, detail)
        if kind == "query":
            self.metrics.add("QueryRequests")
            self.metrics.add("QueryRequestsTLS" if client.login.has_tls else "QueryRequestsNoTLS")
            if self.settings.debug_logging:
                self._log("DEBUG", f"[clientConnection={client.number}] {detail}")
        elif kind == "refuse":
            self._log("WARN", f"[clientConnection={client.number}] The proxy closed the connection: {detail}")
        elif kind == "pin":
            self.metrics.change("DatabaseConnectionsCurrentlySessionPinned", 1)
            self._log("WARN", f"[clientConnection={client.number}] " + _PINNED.format(server=server, cause=detail))

    def met_a_bug(self, link: asyncio.BaseProtocol | None, error: str) -> None:
        """The event loop has closed a connection because of a bug. Args: link: the connection, if it is known."""
        number = link.number if isinstance(link, ClientLink) else None
        if number is not None:
            self.events.note("refuse", number, None, f"a bug of the proxy: {error}")
        self._log(
            "ERROR", f"[clientConnection={number or '?'}] The proxy closed the connection because of a bug: {error}"
        )

    def answered(self, latencies_s: list[float], waited_s: float) -> None:
        """The database took so long for each of these queries; before it, the first one waited for a connection."""
        for latency_s in latencies_s:
            self.metrics.observe("QueryDatabaseResponseLatency", latency_s)
            self.metrics.observe("QueryResponseLatency", latency_s + waited_s)
            waited_s = 0.0

    # ---- the pool

    def _grant(self, server: ServerLink, client: ClientLink, waited_s: float) -> None:
        self.metrics.observe("DatabaseConnectionsBorrowLatency", waited_s)
        if client.session is None:  # its login needed the settings, and has them
            self.pool.release(server)
            self._greet(client, server.parameters)
            return
        self.metrics.change("DatabaseConnectionsCurrentlyBorrowed", 1)
        self.events.note("borrow", client.number, server.number, f"waited {waited_s * 1000:.1f} ms")
        client.granted(server, waited_s)

    def _refuse(self, client: ClientLink, answer: bytes) -> None:
        if answer:
            client.fail(answer, wire.error_fields(answer).get("M", "refused by the database"))
            return
        self.events.note("timeout", client.number, None, TIMED_OUT)
        client.fail(wire.error("08000", TIMED_OUT), TIMED_OUT)

    async def _connect(self, key: Key) -> None:
        target = self.settings.target
        self.metrics.add("DatabaseConnectionRequests")
        link = ServerLink(self, key)
        try:
            if target is None:
                raise OSError("there is no target")
            await asyncio.wait_for(sockets.connect(lambda: link, target.host, target.port), 10.0)
        except (OSError, TimeoutError):
            self.server_unreachable(link)

    def _is_current(self, server: ServerLink) -> bool:
        """Whether a connection goes to the database that is the target now."""
        target = self.settings.target
        return target is not None and target.is_same_place(server.target)

    def _close(self, server: ServerLink, reason: str) -> None:
        """Closes a connection that came back and must not be used again."""
        self.events.note("close", None, server.number, reason)
        server.has_said_goodbye = True
        self.pool.discard(server)

    def server_ready(self, server: ServerLink) -> None:
        """A new connection can be used."""
        self.metrics.add("DatabaseConnectionsSetupSucceeded")
        self.metrics.change("DatabaseConnections", 1)
        self.events.note("open", None, server.number, f"{server.key.user} to {server.key.database}")
        if self._is_current(server):
            if len(self._parameters) >= KINDS_KEPT:
                self._parameters.clear()
            self._parameters[server.key] = server.parameters
            self.is_available = True
            self.pool.opened(server)
        else:
            self.pool.opened_too_late(server)

    def server_refused(self, server: ServerLink, answer: bytes, *, is_transient: bool) -> None:
        """The database did not let the proxy in."""
        self.metrics.add("DatabaseConnectionsSetupFailed")
        self.events.note("lost", None, server.number, wire.error_fields(answer).get("M", ""))
        self.pool.closing += 1  # until the socket is closed
        if is_transient:
            self.pool.unreachable(server.key)
        else:
            self.pool.refused(server.key, answer)

    def server_unreachable(self, server: ServerLink) -> None:
        """There was no database, or it hung up."""
        self.is_available = False
        self.metrics.add("DatabaseConnectionsSetupFailed")
        self.pool.unreachable(server.key)

    def server_lost(self, server: ServerLink) -> None:
        """The database ended a connection."""
        self.metrics.change("DatabaseConnections", -1)
        self.events.note("lost", None, server.number)
        self.pool.lost(server)

    def distrust(self, server: ServerLink, reason: str) -> None:
        """An idle connection is out of step: it is closed before a client reads an answer to somebody else."""
        self.events.note("close", None, server.number, reason)
        self._log("WARN", f"[dbConnection={server.number}] The proxy closed the connection: {reason}")
        server.has_said_goodbye = True
        self.pool.distrust(server)

    def server_closed(self, server: ServerLink) -> None:
        """A connection that was to end has ended."""
        if server.cancel_key:  # else it never was one
            self.metrics.change("DatabaseConnections", -1)
            if not server.has_said_goodbye:
                self.events.note("close", None, server.number, "no longer needed")
        self.pool.closed()

    # ---- cancelling

    def cancel_for(self, key: bytes, arrived: Callable[[], None]) -> None:
        """A client asks to cancel its query. Args: arrived: called when that has been done, or cannot be."""
        client = self._clients.get(wire.INT.unpack_from(key)[0]) if len(key) >= 4 else None
        if client is not None and client.secret == key[4:] and client.server is not None:
            self.events.note("cancel", client.number, client.server.number)
            self.cancel(client.server, arrived)
        else:
            arrived()

    def cancel(self, server: ServerLink, arrived: Callable[[], None] = lambda: None) -> None:
        """Asks the database to cancel what a connection does. Args: arrived: as for `cancel_for`."""
        server.cancels += 1
        self.spawn(self._cancel(server, arrived))

    async def _cancel(self, server: ServerLink, arrived: Callable[[], None]) -> None:
        target = server.target  # the proxy may have another target by now
        try:
            if target is None:
                raise OSError("there is no target")
            await sockets.connect(lambda: CancelLink(self, server, arrived), target.host, target.port)
        except OSError:
            self.cancelled(server, arrived)

    def cancelled(self, server: ServerLink, arrived: Callable[[], None]) -> None:
        """The request has arrived: the connection may be handed on."""
        server.cancels -= 1
        arrived()
        if not server.cancels and server.client is not None:
            server.client.give_back()

    # ---- the clock

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.pool.tick()
            now_s = time.monotonic()
            for client in list(self._clients.values()):
                if client.session is None:
                    limit_s = self.settings.startup_timeout_s
                    if now_s - client.arrived_s > limit_s and not client.login.is_done:
                        text = f"The client did not log in within {limit_s:g} s"
                        client.fail(wire.error("08006", text), text)
                elif now_s - client.heard_s > self.settings.idle_client_timeout_s and client.is_silent:
                    text = "terminating connection due to idle client timeout"
                    client.fail(wire.error("57P05", text), text)
