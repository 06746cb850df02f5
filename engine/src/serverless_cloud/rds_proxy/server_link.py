"""The socket to the database: one connection of the pool."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from serverless_cloud.rds_proxy import scram, wire
from serverless_cloud.rds_proxy.pool import Key
from serverless_cloud.rds_proxy.statements import Known
from serverless_cloud.rds_proxy.upstream import UpstreamError, UpstreamLogin

if TYPE_CHECKING:
    from serverless_cloud.rds_proxy.client_link import ClientLink
    from serverless_cloud.rds_proxy.proxy import Proxy

CONNECT_LIMIT_S = 10.0
GOODBYE_LIMIT_S = 10.0  # for a backend to end once it was told to
CANCEL_AGAIN_S = 0.3  # a request to cancel that comes before the query begins does nothing

UNASKED_BYTES = 65_536  # the largest message that it may send while nobody uses it
_UNASKED = "NSA"  # NoticeResponse, ParameterStatus, NotificationResponse

_numbers = itertools.count(1)


class ServerLink(asyncio.Protocol):
    """One connection to PostgreSQL.

    Attributes:
        number: its number in the event log.
        key: who can use it.
        target: the database that it goes to; None if there was none.
        parameters: the database's settings as this connection has them.
        client: who has borrowed it.
        known: what is prepared on it.
        cancels: how many requests to cancel its query are under way; it is not handed on before they have arrived.
        has_said_goodbye: whether the event log says already that it closes.
    """

    def __init__(self, proxy: Proxy, key: Key) -> None:
        self.number = next(_numbers)
        self.key, self.known = key, Known()
        self.client: ClientLink | None = None
        self.idle_since_s = 0.0
        self.cancels = 0
        self.has_said_goodbye = False
        self.transport: asyncio.Transport
        self._proxy = proxy
        settings = proxy.settings
        self.target = settings.target
        self.parameters: dict[str, str] = {}
        self.login: UpstreamLogin | None = UpstreamLogin(
            key.user,
            settings.users.get(key.user, ""),
            key.database,
            {**dict(key.settings), "application_name": f"RDS Proxy {settings.name}"},
            settings.pool.init_query,
        )
        self.cancel_key = b""
        self._inbox = bytearray()
        self._is_closing = False
        self._timer: asyncio.TimerHandle | None = None

    # ---- the socket speaks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        assert self.login is not None
        self._timer = asyncio.get_running_loop().call_later(CONNECT_LIMIT_S, self.transport.abort)
        self.transport.write(self.login.begin())

    def data_received(self, data: bytes) -> None:
        if self.client is not None:
            self.client.database_said(data)
        elif self.login is not None:
            self._inbox += data
            self._log_in()
        elif not self._is_closing:
            self._inbox += data
            self._listen()

    def connection_lost(self, error: Exception | None) -> None:
        del error
        if self._timer is not None:
            self._timer.cancel()
        if self._is_closing:
            self._proxy.server_closed(self)
        elif self.login is not None:
            self.login = None
            self._proxy.server_unreachable(self)
        else:
            client, self.client = self.client, None
            self._proxy.server_lost(self)
            if client is not None:
                client.database_lost()

    def pause_writing(self) -> None:
        if self.client is not None:
            self.client.is_ahead = True
            self.client.pace()

    def resume_writing(self) -> None:
        if self.client is not None:
            self.client.is_ahead = False
            self.client.pace()

    # ---- while nobody uses it

    def _listen(self) -> None:
        """Reads what the database says although nobody has asked. Notices, notifications and settings are legal."""
        while len(self._inbox) >= 5:
            kind, length = chr(self._inbox[0]), wire.INT.unpack_from(self._inbox, 1)[0]
            if kind == "E":
                self.transport.close()  # it is about to end: "terminating connection due to administrator command"
                return
            if kind not in _UNASKED or not 4 <= length <= UNASKED_BYTES:
                self._proxy.distrust(self, f"The database sent a message of type {kind!r} that answers nothing")
                return
            if len(self._inbox) <= length:
                return
            del self._inbox[: length + 1]

    def take_heard(self) -> bytes:
        """The beginning of a message that came before somebody borrowed the connection; usually empty."""
        beginning = bytes(self._inbox)
        self._inbox.clear()
        return beginning

    # ---- login and end

    def _log_in(self) -> None:
        login = self.login
        assert login is not None
        try:
            self.transport.write(login.receive(self._inbox))
        except UpstreamError as refused:
            self._give_up(refused.answer, is_transient=refused.is_transient)
        except (wire.ProtocolError, scram.ScramError) as error:
            self._give_up(wire.error("08P01", f"The proxy could not log in to the database: {error}"))
        else:
            if login.is_done:
                assert self._timer is not None
                self._timer.cancel()
                self.cancel_key, self.parameters, self.login = login.cancel_key, login.parameters, None
                self._proxy.server_ready(self)

    def _give_up(self, answer: bytes, *, is_transient: bool = False) -> None:
        self.login, self._is_closing = None, True
        self._proxy.server_refused(self, answer, is_transient=is_transient)
        self.transport.close()

    def goodbye(self) -> None:
        """Ends the connection; its seat counts until the backend has gone, with whatever it was doing."""
        self._is_closing, self.client = True, None
        self.transport.resume_reading()
        self.transport.write(wire.TERMINATE)
        self._timer = asyncio.get_running_loop().call_later(GOODBYE_LIMIT_S, self.transport.abort)
        self._cancel_until_gone()

    def _cancel_until_gone(self) -> None:
        """A query that nobody waits for must not hold the seat."""
        if self.cancel_key and not self.transport.is_closing():
            self._proxy.cancel(self)
            asyncio.get_running_loop().call_later(CANCEL_AGAIN_S, self._cancel_until_gone)


class CancelLink(asyncio.Protocol):
    """Asks the database to cancel a query; `arrived` is called when the request has arrived, or could not be made."""

    def __init__(self, proxy: Proxy, server: ServerLink, arrived: Callable[[], None]) -> None:
        self._proxy, self._server, self._arrived = proxy, server, arrived

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(wire.cancel_request(self._server.cancel_key))

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self._proxy.cancelled(self._server, self._arrived)
