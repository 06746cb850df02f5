"""One client after its login, without input or output: its messages, its answers, and when its connection is free.

A connection is free when all of this holds: every query and Sync has had its ReadyForQuery, the last one said "idle"
(no transaction), no message is half-way in either direction, and no extended-protocol message waits for its Sync.

Source: PostgreSQL documentation, "Message Flow".
"""

from __future__ import annotations

import time
from collections.abc import Callable

from serverless_cloud.moves import moved
from serverless_cloud.rds_proxy import statements, wire
from serverless_cloud.rds_proxy.owed import Due, Owed
from serverless_cloud.rds_proxy.phases import TRANSITIONS, Move, Phase
from serverless_cloud.rds_proxy.pinning import EXTENDED_PROTOCOL, LARGE_STATEMENT, pin_cause
from serverless_cloud.rds_proxy.prepared import PARSE_COMPLETE, Prepared
from serverless_cloud.rds_proxy.statements import Known, Schema

LARGE_BYTES = 65_536  # a longer message is passed on in pieces
HEAD_BYTES = 8_192  # the part that is read first, because it has two names

_length = wire.INT.unpack_from
_DEALLOCATED = (b"DEALLOCATE ALL\0", b"DISCARD ALL\0")
_FATAL, _UNKNOWN_STATEMENT, _STALE_PLAN = b"\0VFATAL\0", b"\0C26000\0", b"\0RRevalidateCachedQuery\0"


class Session:
    """One logged-in client.

    Args:
        extended_protocol_pins: RDS Proxy's behavior before 2023-11-10.
        good: the proxy's names of statements that the database has accepted and that do not pin, shared by all clients
            of a kind: to prepare one of them again needs no connection.
        schema: counts its changes, for all clients of the proxy.
        note: is told what happened: ("query" | "pin", detail).
        clock: seconds, ever rising.

    Attributes:
        to_client, to_server: pieces to send; the sender empties the lists.
        phase: where it is in its life.
        pinned: why it keeps its connection; None if it does not.
        status: of its transaction: b"I" none, b"T" in one, b"E" in a failed one.
        latencies_s: for each query answered since they were last taken, how long the database took.
    """

    def __init__(
        self,
        *,
        extended_protocol_pins: bool = False,
        good: Known | None = None,
        schema: Schema | None = None,
        note: Callable[[str, str], None] = lambda _kind, _detail: None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.to_client: list[bytes] = []
        self.to_server: list[bytes] = []
        self.phase = Phase.IDLE
        self.pinned: str | None = None
        self.status = b"I"
        self.latencies_s: list[float] = []
        self.inbox = bytearray()
        self._extended_pins, self._note = extended_protocol_pins, note
        self.is_told = False  # that its connection ends: the database has sent a FATAL error
        self._owed = Owed(clock)
        self._good = good if good is not None else Known()
        self._schema = schema if schema is not None else Schema()
        self._prepared = Prepared(self._owed, self.to_server, self._good, self._schema)
        self._schema_changes = False  # in the transaction that is under way
        self._unsynced = False  # extended-protocol messages wait for a Sync
        self._copying_in = False
        self._client_rest = 0  # bytes of a message from the client that are still to be passed on
        self._server_rest = 0  # the same from the server
        self._server_part = b""

    def move(self, move: Move) -> None:
        """Goes to the next phase, as `moved` does."""
        self.phase = moved(TRANSITIONS, self.phase, move, "A client")

    # ---- borrowing

    def attach(self, known: Known) -> None:
        """The pool granted a connection. Args: known: its prepared statements."""
        self.move(Move.GRANT)
        self._prepared.known = known

    def detach(self) -> None:
        """The connection is free, and goes back."""
        self.move(Move.RETURN)
        del self._prepared.known

    @property
    def is_free(self) -> bool:
        """Whether the borrowed connection can go back."""
        return (
            self.phase is Phase.BORROWING
            and self.status == b"I"
            and not self._owed.ready
            and not self._unsynced
            and not self._client_rest
            and not self._server_rest
            and not self._server_part
        )

    @property
    def is_cut_off(self) -> bool:
        """Whether a message from the client is half-way to the database."""
        return bool(self._client_rest)

    @property
    def is_answered(self) -> bool:
        """Whether nothing that it asked is under way."""
        return not self._owed.ready and not self._unsynced

    # ---- from the client, without a connection

    def needs_connection(self) -> bool:
        """Deals with what needs no database; whether what comes next needs one.

        Raises:
            wire.ProtocolError: the client broke the protocol.
        """
        inbox = self.inbox
        while True:
            if self._client_rest:  # of a copy that has failed: nobody wants the rest
                taken = min(self._client_rest, len(inbox))
                del inbox[:taken]
                self._client_rest -= taken
                if self._client_rest:
                    return False
            if len(inbox) < 5:
                return False
            kind, length = inbox[0], wire.checked(_length(inbox, 1)[0]) + 1
            if kind in b"dcf":
                self._client_rest = length
                continue
            if kind not in b"XSH":
                if len(inbox) < (length if length <= LARGE_BYTES else HEAD_BYTES):
                    return False
                if kind == 80 and self._is_prepared_without_connection(length):
                    continue
                return True
            if len(inbox) < length:
                return False
            del inbox[:length]
            if kind == 88:  # X, Terminate
                self.move(Move.END)
                return False
            if kind == 83:  # S, Sync: there is nothing to wait for
                self.to_client.append(wire.READY_IDLE)

    def _is_prepared_without_connection(self, length: int) -> bool:
        """Whether a Parse with its Sync could be answered here, since the statement is known to be good.

        Otherwise a program that prepares on one connection and waits, while its other connections hold all there are in
        transactions, would wait for ever: pgbench -M prepared does.
        """
        inbox = self.inbox
        if inbox[length : length + 5] != wire.SYNC or self._extended_pins:
            return False
        if not self._prepared.take_good(*wire.cut(bytes(inbox[5:length]), 0)):
            return False
        del inbox[: length + 5]
        self.to_client.append(PARSE_COMPLETE + wire.READY_IDLE)
        return True

    # ---- from the client, to its connection

    def forward(self) -> None:
        """Passes on what the client has sent.

        Raises:
            wire.ProtocolError: the client broke the protocol.
        """
        inbox, position, end = self.inbox, 0, len(self.inbox)
        try:
            while position < end:
                if self._client_rest:
                    taken = min(self._client_rest, end - position)
                    self.to_server.append(bytes(inbox[position : position + taken]))
                    self._client_rest -= taken
                    position += taken
                    continue
                if end - position < 5:
                    return
                kind, length = inbox[position], wire.checked(_length(inbox, position + 1)[0]) + 1
                here = min(length, end - position)
                if here < length and kind != 100 and (length <= LARGE_BYTES or here < HEAD_BYTES):
                    return  # wait for the rest of it, or for its head; CopyData (d) needs neither
                handle = _HANDLERS.get(kind)
                if handle is None:
                    raise wire.ProtocolError(f"invalid frontend message type {kind}")
                self._client_rest = length - here
                whole = bytes(inbox[position : position + here])
                position += here
                handle(self, whole)
                if self.phase is Phase.ENDED:
                    return
        finally:
            del inbox[:position]

    def _pin(self, cause: str | None, statement: bytes = b"") -> None:
        if cause is not None and self.pinned is None:
            self.move(Move.PIN)
            self.pinned = cause
            self._note("pin", f"{cause}: {wire.shown(statement)}" if statement else cause)

    def _query(self, m: bytes) -> None:
        sql = m[5:-1] if not self._client_rest else m[5:]
        self._note("query", wire.shown(sql))
        self._pin(LARGE_STATEMENT if self._client_rest else pin_cause(sql), sql)
        self._mark()
        self._owed.add(Due.QUERY)
        self._prepared.query_begins()
        self.to_server.append(m)

    def _mark(self) -> None:
        """Sends a Close of nothing, whose answer tells whether the database skips the simple query behind it."""
        if self._unsynced:
            self._owed.add(Due.MARK)
            self.to_server.append(statements.CLOSE_NOTHING)

    def _parse(self, m: bytes) -> None:
        self._unsynced = True
        name, body = wire.cut(m, 5)
        if self._extended_pins:
            self._pin(EXTENDED_PROTOCOL, body)
        if self._client_rest:
            self._pin(LARGE_STATEMENT, body)
            self._prepared.parse_large(name, m)
        else:
            sql, _ = wire.cut(body, 0)
            self._pin(pin_cause(sql), sql)
            self._prepared.parse(name, body)

    def _bind(self, m: bytes) -> None:
        self._unsynced = True
        self._prepared.bind(m, self._client_rest)
        if self._extended_pins:
            self._pin(EXTENDED_PROTOCOL, self._prepared.sql_of(wire.cut(m, 5)[0]))

    def _describe(self, m: bytes) -> None:
        self._unsynced = True
        self._prepared.describe(m)

    def _close(self, m: bytes) -> None:
        self._unsynced = True
        self._prepared.close(m)

    def _sync(self, m: bytes) -> None:
        if not self._copying_in:  # else the database ignores it
            self._unsynced = False
            self._owed.add(Due.SYNC)
            self._prepared.batch_ends()
        self.to_server.append(m)

    def _end_of_copy(self, m: bytes) -> None:
        self._copying_in = False
        self.to_server.append(m)

    def _function_call(self, m: bytes) -> None:
        self._mark()
        self._owed.add(Due.QUERY)
        self.to_server.append(m)

    def _execute(self, m: bytes) -> None:
        self._unsynced = True
        portal, _ = wire.cut(m, 5)
        self._note("query", wire.shown(self._prepared.sql_of(portal)))
        self.to_server.append(m)

    def _pass_on(self, m: bytes) -> None:
        self.to_server.append(m)

    # ---- from its connection, to the client

    def receive(self, data: bytes) -> None:
        """Passes on what the database has sent, but for the answers to what the proxy sent itself.

        Raises:
            wire.ProtocolError: the database broke the protocol.
        """
        if self._server_part:
            data, self._server_part = self._server_part + data, b""
        position, end = min(self._server_rest, len(data)), len(data)
        self._server_rest -= position
        begin = 0  # of what is passed on in one piece
        while end - position >= 5:
            kind, length = data[position], _length(data, position + 1)[0] + 1
            if length < 5:
                raise wire.ProtocolError("invalid message length")
            if end - position < length:
                if kind in b"Z13CGE":
                    break  # short, and it matters what it says
                self._server_rest, position = length - (end - position), end
                break
            if kind in b"Z13CGE":
                shown = self._answer(kind, data, position)
                if shown is not None:
                    if begin < position:
                        self.to_client.append(data[begin:position])
                    self.to_client.append(shown)
                    begin = position + length
            position += length
        if begin < position:
            self.to_client.append(data[begin:position])
        self._server_part = data[position:]

    def _answer(self, kind: int, data: bytes, at: int) -> bytes | None:
        """Notes the meaning of an answer. Returns the client's answer instead; None for the answer itself."""
        if kind == 90:  # Z, ReadyForQuery
            self._ready(data[at + 5 : at + 6])
        elif kind in b"13":
            entry = self._owed.take()
            if entry is None:
                return None
            if entry.due is Due.PARSE and entry.key and not self.pinned:
                self._good.expect(entry.key)  # which keeps their number bounded
                self._good.confirm(entry.key)
            return self._prepared.confirm(entry)
        elif kind == 71:  # G, CopyInResponse
            self._copy_begins()
        elif kind == 69:  # E, ErrorResponse
            self._copying_in = False
            return self._error(data[at : at + wire.INT.unpack_from(data, at + 1)[0] + 1])
        elif self.pinned and data.startswith(_DEALLOCATED, at + 5):  # C, CommandComplete
            self._prepared.deallocate_all()
        elif statements.changes_schema(data, at + 5):
            self._schema_changes = True
            self._schema.version += 1
        return None

    def _ready(self, status: bytes) -> None:
        self.status = status
        self._copying_in = False
        latency_s, skipped = self._owed.take_ready()
        self.latencies_s.append(latency_s)
        for entry in skipped:  # what stood between an error and the Sync was not done
            self._prepared.undo(entry)
        if status == b"I":
            self._prepared.transaction_ends()
            if self._schema_changes:  # others see the change only now
                self._schema_changes = False
                self._schema.version += 1

    def _error(self, response: bytes) -> bytes | None:
        """An error with the client's own names of statements; None for the error as it is."""
        if _FATAL in response:
            self.is_told = True
        is_ours = b'"rp_' in response and b'"rp_none"' not in response
        if _STALE_PLAN in response or (is_ours and _UNKNOWN_STATEMENT in response):
            self._prepared.known.doubt()
        return self._prepared.rename(response) if is_ours else None

    def _copy_begins(self) -> None:
        """In extended protocol the database ignores the Syncs that it has got before the end of the copy."""
        self._copying_in = True
        if self._owed.copy_begins():
            self._unsynced = True


_HANDLERS: dict[int, Callable[[Session, bytes], None]] = {
    ord("Q"): Session._query,
    ord("P"): Session._parse,
    ord("B"): Session._bind,
    ord("D"): Session._describe,
    ord("E"): Session._execute,
    ord("C"): Session._close,
    ord("S"): Session._sync,
    ord("H"): Session._pass_on,
    ord("F"): Session._function_call,
    ord("d"): Session._pass_on,
    ord("c"): Session._end_of_copy,
    ord("f"): Session._end_of_copy,
    ord("X"): lambda session, _: session.move(Move.END),  # Terminate
}
