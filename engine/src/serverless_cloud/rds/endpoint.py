"""The endpoint of an instance: passes each client on to PostgreSQL, one login at a time.

PostgreSQL gives a new connection its seat before it judges whether the seat may be taken, so when many clients
log in at once, it sometimes refuses one more than needed. With one login at a time the count is the same each time.

    startup --packet--> waiting --turn--> login --ready for query--> open

The turn ends when PostgreSQL is ready for queries or has closed the connection (only then is the seat of a refused
client free), or when nothing has come for 2 s: a client that is frozen in mid-login must not hold up the others.

Rules: PostgreSQL documentation, "Frontend/Backend Protocol" (message formats and flow); the largest start-up packet is
MAX_STARTUP_PACKET_LENGTH in PostgreSQL's pqcomm.h.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import cast

from serverless_cloud.core import peers
from serverless_cloud.rds import sockets

MOST_STARTUP_BYTES = 10_000
SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
STARTUP_LIMIT_S = 60.0  # PostgreSQL's authentication_timeout
SILENCE_LIMIT_S = 2.0  # a client that is frozen in mid-login does not hold up the others for longer
LOGIN_LIMIT_S = 10.0  # nor does a client that sends a byte from time to time
_MOST_REQUESTS = 2  # SSLRequest and GSSENCRequest, once each
_HOST = "127.0.0.1"


class Phase(StrEnum):
    """Where a client is."""

    STARTUP = "startup"
    WAITING = "waiting"
    LOGIN = "login"
    OPEN = "open"
    CLOSED = "closed"


def fatal(code: str, message: str, detail: str = "") -> bytes:
    """An ErrorResponse of severity FATAL, as PostgreSQL sends it before it closes a connection."""
    fields = [b"SFATAL", b"VFATAL", b"C" + code.encode(), b"M" + message.encode()]
    fields += [b"D" + detail.encode()] if detail else []
    body = b"\0".join(fields) + b"\0\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body


class LoginWatch:
    """Follows the server's messages during a login, over any split into chunks."""

    def __init__(self) -> None:
        self._header, self._skip = b"", 0

    def feed(self, data: bytes) -> bool:
        """Whether ReadyForQuery has begun: the seat is taken for good."""
        place = 0
        while place < len(data):
            if self._skip:
                step = min(self._skip, len(data) - place)
                self._skip -= step
                place += step
                continue
            part = data[place : place + 5 - len(self._header)]
            self._header += part
            place += len(part)
            if len(self._header) == 5:
                if self._header[:1] == b"Z":
                    return True
                self._skip = max(0, struct.unpack("!I", self._header[1:])[0] - 4)
                self._header = b""
        return False


class Gate:
    """A listener that passes clients on to the PostgreSQL at `target`.

    Attributes:
        target: host and port of PostgreSQL, as for libpq; None while PostgreSQL takes no connections.
        refusal: what a client is told meanwhile: message and detail.
    """

    def __init__(self) -> None:
        self.target: tuple[str, int] | None = None
        self.refusal = ("the database system is starting up", "")
        self._server: asyncio.Server | None = None
        self._clients: set[ClientSide] = set()
        self._waiting: deque[ClientSide | asyncio.Future[None]] = deque()
        self._at_login: ClientSide | asyncio.Future[None] | None = None

    async def listen(self, port: int) -> int:
        """Takes connections from now on; the port.

        Args:
            port: 0 lets the system choose.

        Raises:
            OSError: the port is taken.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: ClientSide(self), _HOST, port, backlog=512)
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Cuts everybody off and listens no more."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.abort()

    @property
    def seated(self) -> int:
        """How many clients are logged in. A client that logs in isn't counted, because the server may refuse it."""
        return sum(client.phase is Phase.OPEN for client in self._clients)

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """No client logs in during the block, which does not queue behind the clients that wait for their login."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.appendleft(mine)
        self._next()
        try:
            await mine
            yield
        finally:
            mine.cancel()  # if it has not come: it is passed over
            self.release(mine)

    # ---- what the connections call

    def enter(self, client: ClientSide) -> None:
        """A client is there."""
        self._clients.add(client)

    def queue(self, client: ClientSide) -> None:
        """A client's start-up packet is there: it logs in when it is its turn."""
        self._waiting.append(client)
        self._next()

    def release(self, client: ClientSide | asyncio.Future[None]) -> None:
        """A client's login, or somebody's turn, is over."""
        if self._at_login is client:
            self._at_login = None
            self._next()

    def leave(self, client: ClientSide) -> None:
        """A client is gone."""
        self._clients.discard(client)
        self.release(client)

    def _next(self) -> None:
        while self._at_login is None and self._waiting:
            client = self._waiting.popleft()
            if isinstance(client, asyncio.Future):
                if not client.cancelled():
                    self._at_login = client
                    client.set_result(None)
                continue
            if client.phase is not Phase.WAITING:
                continue
            if self.target is None:
                client.refuse("57P03", *self.refusal)
                continue
            self._at_login = client
            client.log_in(*self.target)


class _Side(asyncio.Protocol):
    """The connection to a client, or to PostgreSQL."""

    _transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def abort(self) -> None:
        """Closes at once, whatever is still to be sent."""
        self._transport.abort()

    def pause_reading(self) -> None:
        """The other side cannot take more at the moment."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """It can again."""
        if not self._transport.is_closing():
            self._transport.resume_reading()


class ClientSide(_Side):
    """The connection to a client."""

    def __init__(self, gate: Gate) -> None:
        self.phase = Phase.STARTUP
        self._gate = gate
        self._buffer = b""  # what has come and cannot be passed on yet
        self._requests = 0
        self._server: ServerSide | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._login_began_s = self._last_byte_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._gate.enter(self)
        if not peers.is_ours_by(transport):  # another user of this machine; the passwords are in the course
            self.abort()
            return
        self._timer = asyncio.get_running_loop().call_later(STARTUP_LIMIT_S, self.abort)

    def data_received(self, data: bytes) -> None:
        if self._server is not None:
            self._server.write(data)
            self._note_byte()
            return
        self._buffer += data
        if self.phase is Phase.STARTUP:
            self._read_startup()
        if len(self._buffer) > 2 * MOST_STARTUP_BYTES:  # more than a client has to say before its login
            self.pause_reading()

    def _read_startup(self) -> None:
        while len(self._buffer) >= 8:
            length, code = struct.unpack("!II", self._buffer[:8])
            if not 8 <= length <= MOST_STARTUP_BYTES:
                self.refuse("08P01", "invalid length of startup packet")
                return
            if code in (SSL_REQUEST, GSS_REQUEST):
                self._requests += 1
                if length != 8 or self._requests > _MOST_REQUESTS:
                    self.refuse("08P01", "invalid startup packet")
                    return
                self._buffer = self._buffer[8:]
                self._transport.write(b"N")
                continue
            if len(self._buffer) < length:
                return
            self._stop_timer()
            if code == CANCEL_REQUEST:  # takes no seat, and must not wait behind a login
                self._pass_cancel()
            else:
                self.phase = Phase.WAITING
                self._gate.queue(self)
            return

    def _pass_cancel(self) -> None:
        if self._gate.target is None:
            self.abort()
            return
        self.phase = Phase.OPEN
        self._connecting = asyncio.get_running_loop().create_task(self._connect(*self._gate.target))

    def log_in(self, host: str, port: int) -> None:
        """It is this client's turn: connects to PostgreSQL and passes on what has come."""
        loop = asyncio.get_running_loop()
        self.phase = Phase.LOGIN
        self._login_began_s = self._last_byte_s = loop.time()
        self._timer = loop.call_later(SILENCE_LIMIT_S, self._look_at_login)
        self._connecting = loop.create_task(self._connect(host, port))

    async def _connect(self, host: str, port: int) -> None:
        try:
            _, protocol = await sockets.connect(lambda: ServerSide(self), host, port)
        except OSError:
            self.refuse("57P03", "the database system is starting up")
            return
        if self.phase is Phase.CLOSED:  # gone meanwhile
            protocol.abort()
            return
        self._server = protocol
        protocol.write(self._buffer)
        self._buffer = b""
        self.resume_reading()

    def _look_at_login(self) -> None:
        """Gives the turn to the next one if this login does not come on."""
        loop = asyncio.get_running_loop()
        silent_s = loop.time() - self._last_byte_s
        if silent_s < SILENCE_LIMIT_S and loop.time() - self._login_began_s < LOGIN_LIMIT_S:
            self._timer = loop.call_later(SILENCE_LIMIT_S - silent_s, self._look_at_login)
            return
        self._timer = None
        if self.phase is Phase.CLOSED and self._server is not None:
            self._server.abort()
        self._gate.release(self)

    def _note_byte(self) -> None:
        if self.phase is Phase.LOGIN:
            self._last_byte_s = asyncio.get_running_loop().time()

    # ---- what the gate and the other side call

    def refuse(self, code: str, message: str, detail: str = "") -> None:
        """Tells the client why not, and closes."""
        self.phase = Phase.CLOSED
        self._transport.write(fatal(code, message, detail))
        self._transport.close()
        self._stop_timer()
        self._gate.leave(self)

    def write(self, data: bytes) -> None:
        """Sends the client what PostgreSQL says; nothing once the client is gone."""
        if self.phase is Phase.CLOSED:
            return
        self._transport.write(data)
        self._note_byte()

    def logged_in(self) -> None:
        """PostgreSQL is ready for queries: the next client's turn.

        A client that has left meanwhile still has its seat, until PostgreSQL has closed: its turn goes on.
        """
        if self.phase is Phase.LOGIN:
            self.phase = Phase.OPEN
            self._stop_timer()
            self._gate.release(self)

    def server_lost(self) -> None:
        """PostgreSQL has closed; the client gets the rest of what it has said."""
        self.phase = Phase.CLOSED
        self._stop_timer()
        self._transport.close()
        self._gate.leave(self)

    # ---- the client's end

    def pause_writing(self) -> None:
        if self._server is not None:
            self._server.pause_reading()

    def resume_writing(self) -> None:
        if self._server is not None:
            self._server.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        phase, self.phase = self.phase, Phase.CLOSED
        if phase is Phase.LOGIN and self._server is not None:
            self._server.say_end()  # the turn goes on until PostgreSQL has closed, or the timer says so
            return
        self._stop_timer()
        if self._server is not None:
            self._server.close()
        self._gate.leave(self)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class ServerSide(_Side):
    """The connection to PostgreSQL for one client."""

    def __init__(self, client: ClientSide) -> None:
        self._client = client
        self._watch: LoginWatch | None = LoginWatch()

    def data_received(self, data: bytes) -> None:
        self._client.write(data)
        if self._watch is not None and self._watch.feed(data):
            self._watch = None
            self._client.logged_in()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._client.server_lost()

    def pause_writing(self) -> None:
        self._client.pause_reading()

    def resume_writing(self) -> None:
        self._client.resume_reading()

    def write(self, data: bytes) -> None:
        """Sends PostgreSQL what the client says."""
        self._transport.write(data)

    def say_end(self) -> None:
        """Tells PostgreSQL that nothing more comes, and waits for it to close."""
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()

    def close(self) -> None:
        """Closes when everything has been sent."""
        self._transport.close()
