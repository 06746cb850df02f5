"""The proxy's own login to the database, without input or output, and the InitQuery that follows it."""

from __future__ import annotations

from serverless_cloud.rds_proxy import scram, wire

# Codes of answers that may be different a moment later: the database starts, stops or is full.
TRANSIENT = ("57P01", "57P02", "57P03", "53300", "08006")


class UpstreamError(Exception):
    """The database refused the login, or the InitQuery. Args: answer: its ErrorResponse."""

    def __init__(self, answer: bytes) -> None:
        fields = wire.error_fields(answer)
        super().__init__(fields.get("M", ""))
        self.answer = answer
        self.is_transient = fields.get("C") in TRANSIENT


class UpstreamLogin:
    """One login.

    Args:
        settings: the session's settings for the start-up packet.
        init_query: run after the login; may be empty.

    Attributes:
        is_done: whether the connection can be used.
        parameters: the server's settings as it reported them, by name.
        cancel_key: what cancels a query of this connection.
    """

    def __init__(self, user: str, password: str, database: str, settings: dict[str, str], init_query: str) -> None:
        self.is_done = False
        self.parameters: dict[str, str] = {}
        self.cancel_key = b""
        self._startup = {"user": user, "database": database, **settings}
        self._password = password
        self._init_query = init_query
        self._prover = scram.Prover(password)
        self._failed = b""

    def begin(self) -> bytes:
        """The first message to send."""
        return wire.startup(self._startup)

    def receive(self, inbox: bytearray) -> bytes:
        """Takes the complete messages off the front of `inbox`. Returns the answer.

        Raises:
            UpstreamError: the database said no.
            wire.ProtocolError, scram.ScramError: it said what no PostgreSQL says.
        """
        answer = b""
        while not self.is_done:
            m = wire.take(inbox, wire.MAX_MESSAGE_BYTES)
            if m is None:
                break
            answer += self._message(m)
        return answer

    def _message(self, m: bytes) -> bytes:
        kind = m[:1]
        if kind == b"R":
            if len(m) < 9:
                raise wire.ProtocolError("an authentication message without a code")
            return self._authenticate(wire.INT.unpack_from(m, 5)[0], m[9:])
        if kind == b"S":
            name, _, value = m[5:-1].partition(b"\0")
            self.parameters[name.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        elif kind == b"K":
            self.cancel_key = m[5:]
        elif kind == b"E":
            if not self.cancel_key:
                raise UpstreamError(m)
            self._failed = m  # of the InitQuery
        elif kind == b"Z":
            if self._failed:
                raise UpstreamError(self._failed)
            if self._init_query:
                sql, self._init_query = self._init_query, ""
                return wire.query(sql)
            self.is_done = True
        return b""

    def _authenticate(self, step: int, body: bytes) -> bytes:
        if step in (0, 12):  # done; server-final
            if step == 12:
                self._prover.verify(body)
            return b""
        if step == 3:  # in clear: pg_hba.conf asks for it
            return wire.message(b"p", self._password.encode() + b"\0")
        if step == 10 and scram.MECHANISM.encode() in body.split(b"\0"):
            first = self._prover.first()
            return wire.message(b"p", scram.MECHANISM.encode() + b"\0" + wire.INT.pack(len(first)) + first)
        if step == 11:
            return wire.message(b"p", self._prover.final(body))
        raise wire.ProtocolError(
            f"the database asks for a kind of authentication that RDS Proxy doesn't support: {step}"
        )
