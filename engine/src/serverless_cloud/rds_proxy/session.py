"""One client after its login, without input or output: its messages, its answers, and when its connection is free.

A connection is free when all of this holds: the database has sent ReadyForQuery with the status "idle" (no
transaction), the client has sent nothing behind it, and no message is half-way in either direction.

Messages behind a Sync or a query wait here until the database is ready, and messages behind an execution that may begin
a COPY wait for its first answer. So the proxy always knows who reads a message (the
COPY, the next batch, or nobody after an error) and which ReadyForQuery belongs to whom.

Source: PostgreSQL documentation, "Message Flow".
"""

from __future__ import annotations

import time
from collections.abc import Callable

from serverless_cloud.core.moves import moved
from serverless_cloud.rds_proxy import statements, wire
from serverless_cloud.rds_proxy.answers import Answers
from serverless_cloud.rds_proxy.owed import Due, Owed, Turn
from serverless_cloud.rds_proxy.phases import TRANSITIONS, Move, Phase
from serverless_cloud.rds_proxy.pinning import EXTENDED_PROTOCOL, LARGE, LARGE_STATEMENT, read
from serverless_cloud.rds_proxy.prepared import PARSE_COMPLETE, Prepared
from serverless_cloud.rds_proxy.statements import Known, Schema

MESSAGES_AT_ONCE = 1_000  # then other clients get their turn

_length = wire.INT.unpack_from
_NOT_COPY_DATA = wire.message(b"f", b"unexpected message during COPY from stdin\0")
_FLUSH = b"H\0\0\0\4"
_COPY_READS, _PLAIN = b"dcf", b"QPBDECSHF"


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
        to_server: pieces to send; the sender empties the list.
        answers: what the database answers, and what the proxy answers instead.
        phase: where it is in its life.
        pinned: why it keeps its connection; None if it does not.
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
        self.to_server: list[bytes] = []
        self.phase = Phase.IDLE
        self.pinned: str | None = None
        self.inbox = bytearray()
        self._extended_pins, self._note = extended_protocol_pins, note
        good, schema = good if good is not None else Known(), schema if schema is not None else Schema()
        self._owed = Owed(clock)
        self._prepared = Prepared(self._owed, self.to_server, good, schema)
        self.answers = Answers(self._owed, self._prepared, good, schema)
        self._client_rest = 0  # bytes of a message from the client that are still to be passed on
        self._unwanted_rest = 0  # bytes of a message from the client that nobody wants

    def move(self, move: Move) -> None:
        """Goes to the next phase, as `moved` does."""
        self.phase = moved(TRANSITIONS, self.phase, move, "A client")

    # ---- borrowing

    def attach(self, known: Known) -> None:
        """The pool granted a connection. Args: known: its prepared statements."""
        self.move(Move.GRANT)
        self._prepared.known = known

    def detach(self) -> str:
        """The connection is free, and goes back. Returns why nobody else can use it; "" if somebody can."""
        self.move(Move.RETURN)
        del self._prepared.known
        is_spoiled, self._owed.is_spoiled = self._owed.is_spoiled, False
        is_ending, self.answers.is_ending = self.answers.is_ending, False
        if is_ending:
            return "the database is closing it"
        return "its client sent a query before the Sync of a batch" if is_spoiled else ""

    @property
    def is_free(self) -> bool:
        """Whether the borrowed connection can go back."""
        return (
            self.phase is Phase.BORROWING
            and self.answers.status == b"I"
            and self._owed.turn is Turn.QUIET
            and not self._client_rest
            and not self.answers.is_cut_off
        )

    @property
    def is_cut_off(self) -> bool:
        """Whether a message from the client is half-way to the database."""
        return bool(self._client_rest)

    @property
    def is_answered(self) -> bool:
        """Whether nothing that it asked is under way."""
        return self._owed.turn is Turn.QUIET

    # ---- from the client, without a connection

    def needs_connection(self) -> bool:
        """Deals with what needs no database; whether what comes next needs one.

        Raises:
            wire.ProtocolError: the client broke the protocol.
        """
        inbox = self.inbox
        while True:
            self._drop_rest()
            if len(inbox) < 5 or self._unwanted_rest:
                return False
            kind, length = inbox[0], wire.checked(_length(inbox, 1)[0]) + 1
            if kind in _COPY_READS:  # of a copy that has failed
                self._unwanted_rest = length
                continue
            if kind not in b"XSH":
                if len(inbox) < (length if length <= wire.LARGE_BYTES else wire.HEAD_BYTES):
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
                self.answers.to_client.append(wire.READY_IDLE)

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
        self.answers.to_client.append(PARSE_COMPLETE + wire.READY_IDLE)
        return True

    def _drop_rest(self) -> None:
        dropped = min(self._unwanted_rest, len(self.inbox))
        del self.inbox[:dropped]
        self._unwanted_rest -= dropped

    # ---- from the client, to its connection

    def forward(self) -> bool:
        """Passes on what the client has sent, as far as it is clear what the database will do with it.

        Returns:
            Whether to call it again after other clients had their turn.

        Raises:
            wire.ProtocolError: the client broke the protocol.
        """
        for _ in range(MESSAGES_AT_ONCE):
            if self._client_rest or self._unwanted_rest:
                self._pass_rest()
                if self._client_rest or self._unwanted_rest:
                    return False
            elif self._forward_whole():
                return True
            if not self.inbox or not self._forward_one():
                return False
        return True

    def _pass_rest(self) -> None:
        if passed := min(self._client_rest, len(self.inbox)):
            self.to_server.append(bytes(self.inbox[:passed]))
            del self.inbox[:passed]
            self._client_rest -= passed
        self._drop_rest()

    def _forward_whole(self) -> bool:
        """The quick way, for messages that are plain and complete. Returns whether there were very many."""
        inbox, owed, position, end = self.inbox, self._owed, 0, len(self.inbox)
        try:
            for _ in range(MESSAGES_AT_ONCE):
                if end - position < 5 or (owed.turn is not Turn.BATCH and owed.turn is not Turn.QUIET):
                    return False
                kind, length = inbox[position], _length(inbox, position + 1)[0] + 1
                if kind not in _PLAIN or not 5 <= length <= wire.LARGE_BYTES or end - position < length:
                    return False
                whole = bytes(inbox[position : position + length])
                position += length
                _HANDLERS[kind](self, whole)
            return True
        finally:
            del inbox[:position]

    def _forward_one(self) -> bool:
        """Deals with the next message; whether there may be more to deal with."""
        inbox, turn = self.inbox, self._owed.turn
        if len(inbox) < 5 or turn is Turn.ASKED or turn is Turn.HELD:
            return False
        kind, length = inbox[0], wire.checked(_length(inbox, 1)[0]) + 1
        handle = _HANDLERS.get(kind)
        if handle is None:
            raise wire.ProtocolError(f"invalid frontend message type {kind}")
        if turn is Turn.COPY and kind not in b"dcfX":
            return self._leave_copy()
        if self._is_skipped(kind):
            self._unwanted_rest = length
            return True
        here = min(length, len(inbox))
        if here < length and kind != 100 and (length <= wire.LARGE_BYTES or here < wire.HEAD_BYTES):
            return False  # wait for the rest of it, or for its head; CopyData (d) needs neither
        self._client_rest = length - here
        whole = bytes(inbox[:here])
        del inbox[:here]
        handle(self, whole)
        return self.phase is not Phase.ENDED

    def _is_skipped(self, kind: int) -> bool:
        """Whether the database ignores such a message now."""
        if self._owed.turn is Turn.SKIPPING:
            return kind not in b"SX"
        return kind in _COPY_READS and self._owed.turn is not Turn.COPY

    def _leave_copy(self) -> bool:
        """A message that isn't data comes first in the inbox while the database reads the data of a COPY.

        The COPY ignores Sync and Flush, unless it has failed already. So they wait until the client sends more data, or
        the error comes. Any other message ends the COPY.

        Returns:
            Whether to go on now.
        """
        inbox, at = self.inbox, 0
        while len(inbox) - at >= 5 and inbox[at] in b"SH":
            at += wire.checked(_length(inbox, at + 1)[0]) + 1
        if len(inbox) - at < 5:
            return False
        if inbox[at] in _COPY_READS:
            del inbox[:at]
        else:
            self.to_server.append(_NOT_COPY_DATA)
            self._owed.copy_ends()
        return True

    def _pin(self, cause: str | None, statement: bytes = b"") -> None:
        if cause is not None and self.pinned is None:
            self.move(Move.PIN)
            self.pinned, self.answers.is_pinned = cause, True
            self._prepared.settings_change()
            self._note("pin", f"{cause}: {wire.excerpt(statement)}" if statement else cause)

    def _query(self, m: bytes) -> None:
        sql = m[5:-1] if not self._client_rest else m[5:]
        self._note("query", wire.excerpt(sql))
        effects = LARGE if self._client_rest else read(sql)
        self._pin(effects.cause, sql)
        if effects.changes_settings:
            self._prepared.settings_change()
        self._ask(m)
        self._prepared.query_begins()

    def _ask(self, m: bytes) -> None:
        """Sends a query or a function call."""
        if self._owed.turn is Turn.BATCH:
            self._mark()
            self._owed.is_spoiled = True
        self._owed.expect_ready(is_query=True)
        self.to_server.append(m)

    def _mark(self) -> None:
        """Sends a Close of nothing. Its answer tells that no error makes the database skip the message behind it."""
        self._owed.add(Due.MARK)
        self.to_server.append(statements.CLOSE_NOTHING)

    def _parse(self, m: bytes) -> None:
        self._owed.turn = Turn.BATCH
        name, body = wire.cut(m, 5)
        if self._extended_pins:
            self._pin(EXTENDED_PROTOCOL, body)
        if self._client_rest:
            self._pin(LARGE_STATEMENT, body)
            self._prepared.parse_large(name, m)
        else:
            sql, _ = wire.cut(body, 0)
            self._pin(read(sql).cause, sql)
            self._prepared.parse(name, body)

    def _bind(self, m: bytes) -> None:
        self._owed.turn = Turn.BATCH
        self._prepared.bind(m, self._client_rest)
        if self._extended_pins:
            self._pin(EXTENDED_PROTOCOL, wire.cut(self._prepared.body_of(wire.cut(m, 5)[0]) + b"\0", 0)[0])

    def _describe(self, m: bytes) -> None:
        self._owed.turn = Turn.BATCH
        self._prepared.describe(m)

    def _close(self, m: bytes) -> None:
        self._owed.turn = Turn.BATCH
        self._prepared.close(m)

    def _sync(self, m: bytes) -> None:
        self._owed.expect_ready(is_query=False)
        self._prepared.batch_ends()
        self.to_server.append(m)

    def _end_of_copy(self, m: bytes) -> None:
        self.to_server.append(m)
        self._owed.copy_ends()

    def _execute(self, m: bytes) -> None:
        self._owed.turn = Turn.BATCH
        portal, _ = wire.cut(m, 5)
        body = self._prepared.body_of(portal)
        is_large = body == statements.LARGE
        sql = b"" if is_large else body.partition(b"\0")[0]
        self._note("query", wire.excerpt(sql))
        effects = LARGE if is_large else read(sql)
        if effects.changes_settings:
            self._prepared.settings_change()
        if effects.needs_answer:
            self._mark()  # so that no answer of an earlier message is taken for this one's
            self.to_server += (m, _FLUSH)
            self._owed.turn = Turn.HELD
        else:
            self.to_server.append(m)

    def _pass_on(self, m: bytes) -> None:
        self.to_server.append(m)


_HANDLERS: dict[int, Callable[[Session, bytes], None]] = {
    ord("Q"): Session._query,
    ord("P"): Session._parse,
    ord("B"): Session._bind,
    ord("D"): Session._describe,
    ord("E"): Session._execute,
    ord("C"): Session._close,
    ord("S"): Session._sync,
    ord("H"): Session._pass_on,
    ord("F"): Session._ask,
    ord("d"): Session._pass_on,
    ord("c"): Session._end_of_copy,
    ord("f"): Session._end_of_copy,
    ord("X"): lambda session, _: session.move(Move.END),  # Terminate
}
