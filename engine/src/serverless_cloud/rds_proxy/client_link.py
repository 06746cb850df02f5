"""The socket to a client."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from functools import partial
from typing import TYPE_CHECKING, cast

from serverless_cloud.core import peers
from serverless_cloud.rds_proxy import wire
from serverless_cloud.rds_proxy.login import Login, LoginError, Step
from serverless_cloud.rds_proxy.phases import Move, Phase
from serverless_cloud.rds_proxy.session import Session

if TYPE_CHECKING:
    from serverless_cloud.rds_proxy.proxy import Proxy
    from serverless_cloud.rds_proxy.server_link import ServerLink

GOODBYE_LIMIT_S = 5.0  # for a client to read what it is told last
PATIENCE_BYTES = 262_144  # a client may send so much ahead of what the database has answered

_numbers = itertools.count(1)


class ClientLink(asyncio.Protocol):
    """One client, from its first byte to its last.

    Attributes:
        number: its number in the event log, and its "process id" for requests to cancel.
        server: the connection that it has borrowed.
        session: what it says and hears; None until it has logged in.
        arrived_s, heard_s: when it came and when it was last heard, by time.monotonic.
        is_ahead: whether it sends faster than its connection reads.
    """

    def __init__(self, proxy: Proxy) -> None:
        self.number = next(_numbers)
        self.server: ServerLink | None = None
        self.session: Session | None = None
        self.arrived_s = self.heard_s = time.monotonic()
        self.transport: asyncio.Transport
        self._proxy = proxy
        offers_tls = proxy.tls is not None
        self.login = Login(proxy.settings.users, offers_tls=offers_tls, requires_tls=proxy.settings.require_tls)
        self.secret = secrets.token_bytes(4)
        self._inbox = bytearray()
        self._is_over = False
        self._is_paused = False  # what it sends isn't read now
        self._is_full = False  # it does not read what it is sent as fast as it comes
        self.is_ahead = False
        self._waited_s = 0.0  # for the connection, by the query that is answered first

    # ---- the socket speaks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self.login.has_tls:  # it is the same client, over TLS
            return
        self._proxy.client_arrived(self)
        if not peers.is_ours_by(transport):  # another user of this machine
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        self.heard_s = time.monotonic()
        if self.session is not None:
            self.session.inbox += data
        else:
            self._inbox += data
        self._proceed()

    def _proceed(self) -> None:
        if self._is_over:
            return
        try:
            if self.session is not None:
                self._go_on()
            else:
                self._log_in()
        except wire.ProtocolError as error:
            if isinstance(error, LoginError) and error.wrong:
                self._proxy.metrics.add("ClientConnectionsSetupFailedAuth")
            self.fail(error.message, str(error))

    def connection_lost(self, error: Exception | None) -> None:
        del error
        self._end()

    def pause_writing(self) -> None:
        self._is_full = True
        self.pace()
        if self.server is not None:
            self.server.transport.pause_reading()

    def resume_writing(self) -> None:
        self._is_full = False
        if self.server is not None:
            self.server.transport.resume_reading()
        self.pace()
        self._proceed()

    def pace(self) -> None:
        """Stops reading what the client sends while there is enough to deal with, and goes on later."""
        waiting_bytes = len(self.session.inbox if self.session is not None else self._inbox)
        is_paused = self._is_full or self.is_ahead or waiting_bytes > PATIENCE_BYTES
        if is_paused != self._is_paused:
            self._is_paused = is_paused
            (self.transport.pause_reading if is_paused else self.transport.resume_reading)()

    # ---- login

    def _log_in(self) -> None:
        if self.login.is_done:  # it waits for its first connection
            self.pace()
            return
        self.transport.write(self.login.receive(self._inbox))
        if self.login.step is Step.TLS:
            self._proxy.spawn(self._proxy.start_tls(self))
        elif self.login.step is Step.CANCEL:
            # Closed when the request has arrived, as PostgreSQL does: until then the client sends nothing else.
            self._proxy.cancel_for(self.login.cancel_key, self.transport.close)
        elif self.login.step is Step.DONE:
            self._proxy.logged_in(self)

    def greet(self, parameters: dict[str, str]) -> None:
        """The login is done, and the database's settings are known: the client may ask."""
        settings = parameters | {"application_name": self.login.application_name}
        messages = [wire.parameter_status(name, value) for name, value in settings.items()]
        key = wire.message(b"K", wire.INT.pack(self.number) + self.secret)
        self.transport.write(b"".join((*messages, key, wire.READY_IDLE)))
        self.session = Session(
            extended_protocol_pins=self._proxy.settings.extended_protocol_pins,
            good=self._proxy.good_statements(self.login.key),
            schema=self._proxy.schema,
            note=partial(self._proxy.happened, self),
        )
        self.session.inbox, self._inbox = self._inbox, bytearray()
        self.pace()
        if self.session.inbox:
            asyncio.get_running_loop().call_soon(self._proceed)

    # ---- work

    def _go_on(self) -> None:
        session = self.session
        assert session is not None
        if not self._is_full:  # else it would make answers that it doesn't read
            if self.server is not None:
                if session.forward():
                    asyncio.get_running_loop().call_soon(self._proceed)
                _send(session.to_server, self.server.transport)
            elif session.phase is Phase.IDLE and session.needs_connection():
                session.move(Move.ASK)
                self._proxy.pool.ask(self, self.login.key)
            _send(session.answers.to_client, self.transport)
        if session.phase is Phase.ENDED:
            self._hang_up()
            self._end()
        elif session.inbox or self._is_paused:
            self.pace()

    def granted(self, server: ServerLink, waited_s: float) -> None:
        """The pool lends a connection. Args: waited_s: how long that took, in seconds."""
        session = self.session
        assert session is not None
        self.server, server.client, self._waited_s = server, self, waited_s
        session.attach(server.known)
        if self._is_full:
            server.transport.pause_reading()
        if beginning := server.take_heard():
            self.database_said(beginning)
        self._proceed()

    def database_said(self, data: bytes) -> None:
        """Its connection has an answer."""
        session, server = self.session, self.server
        assert session is not None
        assert server is not None
        was = session.answers.status
        try:
            session.answers.receive(data)
        except wire.ProtocolError as error:
            text = (
                f"The database sent a message that breaks the protocol: {error}. RDS Proxy closed the connection; "
                "connect again."
            )
            self.fail(wire.error("08P01", text), text)
            server.transport.abort()
            return
        _send(session.answers.to_client, self.transport)
        if session.answers.status != was:
            by = (session.answers.status != b"I") - (was != b"I")
            self._proxy.metrics.change("DatabaseConnectionsCurrentlyInTransaction", by)
        if session.answers.latencies_s:
            self._proxy.answered(session.answers.latencies_s, self._waited_s)
            session.answers.latencies_s.clear()
            self._waited_s = 0.0
        self.give_back()
        if self.server is not None and session.inbox:  # it may have waited for this answer
            self._proceed()

    def give_back(self) -> None:
        """Returns the connection, if it is free and no request to cancel is on its way to it."""
        session, server = self.session, self.server
        assert session is not None
        if server is not None and session.is_free and not server.cancels:
            fault = session.detach()
            self.server = server.client = None
            # They may have held each other up; now nobody else would let them go on.
            server.transport.resume_reading()
            self.is_ahead = False
            self.pace()
            self._proxy.returned(self, server, fault=fault)
            if session.inbox:
                self._proceed()

    # ---- the end

    def fail(self, message: bytes, reason: str) -> None:
        """Tells the client why, and ends its connection."""
        if not self._is_over:
            self._proxy.happened(self, "refuse", reason)
            self.transport.write(message)
            self._hang_up()
            self._end()

    def _hang_up(self) -> None:
        """Closes the socket once all is sent; at once, if the client does not read."""
        self.transport.close()
        asyncio.get_running_loop().call_later(GOODBYE_LIMIT_S, self.transport.abort)

    def database_lost(self) -> None:
        """Its connection ended under it."""
        self.server = None
        if self.session is not None and self.session.answers.is_final:  # by the database itself
            self._hang_up()
            self._end()
            return
        self.fail(
            wire.error("57P01", "The database connection was lost; the transaction is rolled back"), "database lost"
        )

    @property
    def is_silent(self) -> bool:
        """Whether it is logged in and waits for nothing."""
        return self.session is not None and self.session.phase is not Phase.WAITING and self.session.is_answered

    def _end(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        server, self.server = self.server, None
        self._proxy.client_left(self, server)
        if self.session is not None and self.session.phase is not Phase.ENDED:
            self.session.move(Move.END)


def _send(pieces: list[bytes], transport: asyncio.Transport) -> None:
    if pieces:
        transport.write(b"".join(pieces))
        pieces.clear()
