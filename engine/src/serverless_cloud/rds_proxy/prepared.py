"""One client's prepared statements: its own names for them, and what the proxy sends the database instead.

The proxy's own messages are in the client's batch (its messages up to a Sync). If PostgreSQL skips them after an
error, it also skips what needs them, but the next batch must not rely on them. So a statement counts as prepared if
the connection has confirmed it, or within the batch that prepares it.

PostgreSQL reads a statement's literals and names by the session's settings, when it prepares the statement. So clients
share a statement only while they have the settings that they logged in with. A client that has changed one has its
statements for itself, prepared under its settings, until its transaction ends, or for as long as it is pinned.
"""

from __future__ import annotations

import re

from serverless_cloud.rds_proxy import statements, wire
from serverless_cloud.rds_proxy.owed import Due, Entry, Owed
from serverless_cloud.rds_proxy.statements import Known, Schema, Statement

#: The proxy remembers this many bytes of a client's statements and open portals. Ours: AWS documents no limit.
CLIENT_BYTES = 16 * 2**20
ITEM_BYTES = 512  # how much a statement or a portal counts beside its name and its text
TOO_MUCH = (
    f"The client has prepared too many statements. RDS Proxy keeps up to {CLIENT_BYTES // 2**20} MiB of statements and "
    f"portals for each client, and counts the name, the text and {ITEM_BYTES} bytes of each. "
    "Connect again, and close statements that you no longer need or let your driver keep fewer."
)

PARSE_COMPLETE = b"1\0\0\0\4"
_UNNAMED = b""
_NONE = b""  # the body of a statement that does not exist: a real one has at least three bytes
_KEY_IN_QUOTES = re.compile(rb'"(rp_[0-9a-f]+)"')


class Prepared:
    """All statements and portals of one client.

    Args:
        to_server: takes messages for the database.
        good: the proxy's names of statements that the database has accepted.
        schema: gives statements their names.

    Attributes:
        known: what the borrowed connection has prepared; there is no such attribute without one.
        shares: whether it shares its statements with other clients.
    """

    known: Known

    def __init__(self, owed: Owed, to_server: list[bytes], good: Known, schema: Schema) -> None:
        self._owed, self._to_server, self._good, self._schema = owed, to_server, good, schema
        self._statements: dict[bytes, Statement] = {}  # by the client's name
        self._unnamed = _NONE
        self._names: dict[bytes, bytes] = {}  # the client's, by the name at the database
        self.shares = True
        self._own_keys: dict[bytes, bytes] = {}  # of what it doesn't share: the names at the database, by the client's
        self._portals: dict[bytes, bytes] = {}  # by name: the body of its statement
        self._batch: set[bytes] = set()  # the names, at the database, that this batch prepares
        self._statement_bytes = self._portal_bytes = 0

    # ---- what the client sends

    def take_good(self, name: bytes, body: bytes) -> bool:
        """Prepares a statement without the database if that has accepted the same one before; returns whether."""
        key = self._schema.key_of(body)
        if not name or name in self._statements or not self._good.use(key):
            return False
        self._keep(name, Statement(key, body))
        return True

    def parse(self, name: bytes, body: bytes) -> None:
        """Prepares a statement.

        Raises:
            wire.ProtocolError: the client has prepared too much.
        """
        if not name:
            self._unnamed = body
            self._prepare_unnamed(Due.PARSE)
        elif name in self._statements:  # let PostgreSQL refuse a name that is taken
            there = self._name_there(name)  # may prepare the old one first, so that answer comes first
            self._send(statements.parse(there, body), Due.TAKEN_PARSE)
        else:
            key = self._schema.key_of(body)
            self._keep(name, Statement(key, body))
            if not self.shares:
                self._prepare(Due.PARSE, self._own_key(name), body, name)
            elif self._is_there(key):
                self._send(statements.CLOSE_NOTHING, Due.KNOWN_PARSE, key, name)
            else:
                self._prepare(Due.PARSE, key, body, name)

    def parse_large(self, name: bytes, head: bytes) -> None:
        """Passes on the beginning of a Parse that is too large to be kept, under the client's own name."""
        self._forget(name)
        if not name:
            self._unnamed = statements.LARGE
            self._expect_unnamed()
        self._send(head, Due.PARSE, name=name, body=statements.LARGE)

    def bind(self, message: bytes, rest_bytes: int) -> None:
        """Binds a portal. Args: rest_bytes: how much of the message is still to come."""
        portal, rest = wire.cut(message, 5)
        name, rest = wire.cut(rest, 0)
        there = self._name_there(name)
        statement = self._statements.get(name)
        if portal not in self._portals:
            self._portal_bytes += len(portal) + ITEM_BYTES
            self._check()
        body = (statement.body if statement is not None else statements.LARGE) if name else self._unnamed
        if not portal or portal not in self._portals:  # PostgreSQL refuses a name that is taken
            self._portals[portal] = body
        if there is not name:
            body = portal + b"\0" + there + b"\0" + rest
            message = b"B" + wire.INT.pack(len(body) + 4 + rest_bytes) + body
        self._to_server.append(message)

    def body_of(self, portal: bytes) -> bytes:
        """The Parse message of a portal's statement, after the name; `statements.LARGE` if that is not known."""
        return self._portals.get(portal, statements.LARGE)

    def describe(self, message: bytes) -> None:
        """Describes a statement or a portal."""
        if message[5:6] == b"S":
            name, _ = wire.cut(message, 6)
            there = self._name_there(name)
            if there is not name:
                message = wire.message(b"D", b"S" + there + b"\0")
        self._to_server.append(message)

    def close(self, message: bytes) -> None:
        """Closes a statement or a portal."""
        name, _ = wire.cut(message, 6)
        closed: Statement | None = None
        if message[5:6] != b"S":
            if self._portals.pop(name, None) is not None:
                self._portal_bytes -= len(name) + ITEM_BYTES
        elif not name:
            closed = Statement(_UNNAMED, self._unnamed)
            self._unnamed = _NONE
            self._expect_unnamed()
        else:
            closed = self._forget(name)
            if closed is not None or name.startswith(statements.PREFIX):
                message = statements.CLOSE_NOTHING  # other clients may use the same statement
        self._send(message, Due.CLOSE, name=name, closed=closed)

    def query_begins(self) -> None:
        """A simple query destroys the unnamed statement, and ends a batch without a Sync."""
        self._unnamed, self.known.unnamed = _NONE, None
        self.batch_ends()

    def batch_ends(self) -> None:
        """A batch ends. Later messages must not rely on this batch's statements until they are confirmed."""
        self._batch.clear()

    # ---- what the database answers

    def settings_change(self) -> None:
        """The client changes a setting, or may have: from here on it shares no statement."""
        self.shares = False

    def settings_are_back(self) -> None:
        """The client has the settings of its login again, since its transaction has ended."""
        if not self.shares:
            self.shares, self.known.unnamed = True, None
            for name in list(self._own_keys):
                self._retire(name)

    def confirm(self, entry: Entry) -> bytes | None:
        """The client's answer instead of a ParseComplete or CloseComplete; None for the answer itself."""
        known, due, key = self.known, entry.due, entry.key
        if due in (Due.PARSE, Due.HIDDEN_PARSE):
            if key:
                known.confirm(key)
            elif not entry.name:
                known.unnamed = entry.body
        elif due is Due.HIDDEN_CLOSE:
            if key:
                known.confirm_closed(key)
            else:
                known.unnamed = _NONE
        elif due is Due.KNOWN_PARSE:
            return PARSE_COMPLETE
        elif entry.closed is not None and not entry.name:
            known.unnamed = _NONE
        return b"" if due in (Due.HIDDEN_PARSE, Due.HIDDEN_CLOSE, Due.MARK) else None

    def undo(self, entry: Entry) -> None:
        """The database has skipped this, or refused it."""
        due, key, name, closed = entry.due, entry.key, entry.name, entry.closed
        if due is Due.CLOSE and closed is not None:
            if name:
                self._forget(name)
                self._remember(name, closed)
            elif not self._unnamed:
                self._unnamed = closed.body
        elif due is Due.HIDDEN_CLOSE and key:
            self.known.restore(key)
        elif due in (Due.PARSE, Due.KNOWN_PARSE):
            if not name and self._unnamed is entry.body:
                self._unnamed = _NONE
            elif name in self._statements and key in (self._statements[name].key, self._own_keys.get(name)):
                self._forget(name)

    def transaction_ends(self) -> None:
        """Portals end with their transaction."""
        self._portals.clear()
        self._portal_bytes = 0

    def deallocate_all(self) -> None:
        """DEALLOCATE ALL or DISCARD ALL has run on the client's own connection."""
        self.known.doubt()
        self._statements.clear()
        self._names.clear()
        self._own_keys.clear()
        self._statement_bytes = 0

    def rename(self, response: bytes) -> bytes:
        """An ErrorResponse with the client's names of statements instead of the proxy's."""

        def client_name(match: re.Match[bytes]) -> bytes:
            return b'"' + self._names.get(match[1], match[1]) + b'"'

        return wire.message(b"E", _KEY_IN_QUOTES.sub(client_name, response[5:]))

    # ---- the connection

    def _name_there(self, name: bytes) -> bytes:
        """The name of a client's statement on this connection, where it is prepared first if need be."""
        if not name:
            if _UNNAMED not in self._batch and self.known.unnamed != self._unnamed:  # perhaps another client's
                self._prepare_unnamed(Due.HIDDEN_PARSE)
            return name
        statement = self._statements.get(name)
        if statement is None:  # one of the proxy's names would be another client's statement
            return statements.NOTHING if name.startswith(statements.PREFIX) else name
        key = statement.key if self.shares else self._own_key(name)
        if not self._is_there(key):
            self._prepare(Due.HIDDEN_PARSE, key, statement.body)
        return key

    def _own_key(self, name: bytes) -> bytes:
        """The name at the database of a statement that only this client uses."""
        key = self._own_keys.get(name)
        if key is None:
            key = self._own_keys[name] = statements.private_key()
            self._names[key] = name
        return key

    def _retire(self, name: bytes) -> None:
        """Forgets the copy of a statement that only this client uses."""
        key = self._own_keys.pop(name, None)
        if key is not None:
            self._names.pop(key, None)
            self.known.retire(key)

    def _is_there(self, key: bytes) -> bool:
        return self.known.use(key) or key in self._batch

    def _prepare(self, due: Due, key: bytes, body: bytes, name: bytes = b"") -> None:
        for surplus in self.known.expect(key):
            self._batch.discard(surplus)
            self._send(statements.close(surplus), Due.HIDDEN_CLOSE, surplus)
        # It may be there after all; without the Close, PostgreSQL would then refuse to prepare it for ever.
        self._send(statements.close(key), Due.HIDDEN_CLOSE, key)
        self._send(statements.parse(key, body), due, key, name, body=body)
        self._batch.add(key)

    def _prepare_unnamed(self, due: Due) -> None:
        body = self._unnamed
        self._expect_unnamed()
        if body in (_NONE, statements.LARGE):  # there is nothing to prepare, and the client must be told so
            self._send(statements.close(_UNNAMED), Due.HIDDEN_CLOSE)
        else:
            self._send(statements.parse(_UNNAMED, body), due, body=body)

    def _expect_unnamed(self) -> None:
        self.known.unnamed = None  # until the answer has come
        self._batch.add(_UNNAMED)

    def _send(
        self,
        message: bytes,
        due: Due,
        key: bytes = b"",
        name: bytes = b"",
        *,
        body: bytes = b"",
        closed: Statement | None = None,
    ) -> None:
        self._owed.add(due, key, name, body=body, closed=closed)
        self._to_server.append(message)

    # ---- memory

    def _keep(self, name: bytes, statement: Statement) -> None:
        self._remember(name, statement)
        self._check()

    def _remember(self, name: bytes, statement: Statement) -> None:
        self._statements[name] = statement
        self._names[statement.key] = name
        self._statement_bytes += len(name) + len(statement.body) + ITEM_BYTES

    def _forget(self, name: bytes) -> Statement | None:
        statement = self._statements.pop(name, None)
        if statement is not None:
            self._retire(name)
            if self._names.get(statement.key) == name:
                del self._names[statement.key]
            self._statement_bytes -= len(name) + len(statement.body) + ITEM_BYTES
        return statement

    def _check(self) -> None:
        if self._statement_bytes + self._portal_bytes > CLIENT_BYTES:
            raise wire.ProtocolError(TOO_MUCH, "54000")
