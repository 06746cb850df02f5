"""The database's answers to one client, without input or output.

The client gets every message but the answers to the proxy's own messages. A message that answers nothing breaks the
protocol, because it would belong to somebody else.

Source: PostgreSQL documentation, "Message Flow".
"""

from __future__ import annotations

from serverless_cloud.rds_proxy import statements, wire
from serverless_cloud.rds_proxy.owed import Due, Owed, Turn
from serverless_cloud.rds_proxy.prepared import Prepared
from serverless_cloud.rds_proxy.statements import Known, Schema

_length = wire.INT.unpack_from
_READ = b"Z13CGEsIS"  # the kinds whose meaning matters
_LEGAL_WHEN_QUIET = b"ENSA"
_DEALLOCATED = (b"DEALLOCATE ALL\0", b"DISCARD ALL\0")
_FATAL, _UNKNOWN_STATEMENT, _STALE_PLAN = b"\0VFATAL\0", b"\0C26000\0", b"\0RRevalidateCachedQuery\0"


class Answers:
    """The answers to one client.

    Args:
        owed: what is due.
        prepared: its statements.
        good: the proxy's names of statements that the database has accepted.
        schema: counts its changes.

    Attributes:
        to_client: pieces to send; the sender empties the list.
        status: of its transaction: b"I" none, b"T" in one, b"E" in a failed one.
        latencies_s: for each query answered since they were last taken, how long the database took.
        is_final: whether the database has sent the client a FATAL error, so the client's connection ends.
        is_ending: whether the database ends its connection, which doesn't matter to a client that has all its answers.
        is_pinned: whether the client keeps its connection.
    """

    def __init__(self, owed: Owed, prepared: Prepared, good: Known, schema: Schema) -> None:
        self.to_client: list[bytes] = []
        self.status = b"I"
        self.latencies_s: list[float] = []
        self.is_final = self.is_ending = self.is_pinned = False
        self._owed, self._prepared, self._good, self._schema = owed, prepared, good, schema
        self._schema_changes = False  # in the transaction that is under way
        self._rest = 0  # bytes of a message that are still to be passed on
        self._part = b""  # the beginning of a message that must be read whole

    @property
    def is_cut_off(self) -> bool:
        """Whether a message is half-way to the client."""
        return bool(self._rest or self._part)

    def receive(self, data: bytes) -> None:
        """Passes on what the database has sent, but for the answers to what the proxy sent itself.

        Raises:
            wire.ProtocolError: the database broke the protocol.
        """
        if self._part:
            data, self._part = self._part + data, b""
        position, end = min(self._rest, len(data)), len(data)
        self._rest -= position
        begin = 0  # of what is passed on in one piece
        is_quiet = self._owed.turn is Turn.QUIET
        while end - position >= 5:
            kind, length = data[position], _length(data, position + 1)[0] + 1
            if length < 5:
                raise wire.ProtocolError("invalid message length")
            if is_quiet and kind not in _LEGAL_WHEN_QUIET:
                raise wire.ProtocolError(f"a message of type {chr(kind)!r} that answers nothing")
            here = min(length, end - position)
            if here < length:
                if kind in _READ and here < (length if length <= wire.LARGE_BYTES else wire.HEAD_BYTES):
                    break  # it matters what it says, at least at its beginning
                self._rest = length - here
            if kind in _READ:
                answer = self._answer(kind, data, position, here)
                is_quiet = kind == 90 or is_quiet  # nothing was sent behind a request for ReadyForQuery
                if answer is not None:
                    if begin < position:
                        self.to_client.append(data[begin:position])
                    self.to_client.append(answer)
                    begin = position + here
            position += here
        if begin < position:
            self.to_client.append(data[begin:position])
        self._part = data[position:]

    def _answer(self, kind: int, data: bytes, at: int, size: int) -> bytes | None:
        """Notes the meaning of an answer. Returns the client's answer instead; None for the answer itself."""
        if kind == 90:  # Z, ReadyForQuery
            self._ready(data[at + 5 : at + 6])
        elif kind in b"13":
            entry = self._owed.take()
            if entry.due is Due.PARSE and entry.key and self._prepared.shares:
                self._good.expect(entry.key)  # which keeps their number bounded
                self._good.confirm(entry.key)
            return self._prepared.confirm(entry)
        elif kind == 71:  # G, CopyInResponse
            self._owed.copy_begins()
        elif kind == 69:  # E, ErrorResponse
            return self._error(data[at : at + size])
        elif kind == 83:  # S, ParameterStatus: perhaps a function has changed a setting
            self._prepared.settings_change()
        else:
            self._executed(data, at + 5 if kind == 67 else None)
        return None

    def _executed(self, data: bytes, tag_at: int | None) -> None:
        """An execution has ended. Args: tag_at: where its CommandComplete has its tag; None for other answers."""
        self._owed.execution_ends()
        if tag_at is None:
            return
        if self.is_pinned and data.startswith(_DEALLOCATED, tag_at):
            self._prepared.deallocate_all()
        elif statements.changes_schema(data, tag_at):
            self._schema_changes = True
            self._schema.version += 1

    def _ready(self, status: bytes) -> None:
        self.latencies_s.append(self._owed.take_ready())
        self.status = status
        if status == b"I":
            self._prepared.transaction_ends()
            if not self.is_pinned:
                self._prepared.settings_are_back()
            if self._schema_changes:  # others see the change only now
                self._schema_changes = False
                self._schema.version += 1

    def _error(self, response: bytes) -> bytes | None:
        """An error with the client's own names of statements; None for the error as it is."""
        if _FATAL in response[: wire.HEAD_BYTES]:
            if self._owed.turn is Turn.QUIET and self.status == b"I" and not self.is_pinned:
                self.is_ending = True
                return b""  # the client would take it for the answer to its next query
            self.is_final = True
        for entry in self._owed.fail():
            self._prepared.undo(entry)
        if self._rest:  # it is too large to be changed
            return None
        is_ours = b'"rp_' in response and b'"rp_none"' not in response
        if _STALE_PLAN in response or (is_ours and _UNKNOWN_STATEMENT in response):
            self._prepared.known.doubt()
        return self._prepared.rename(response) if is_ours else None
