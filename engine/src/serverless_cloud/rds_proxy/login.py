"""A client's login to the proxy, without input or output: start-up packet, perhaps TLS, password.

Source: PostgreSQL documentation, "Message Flow", "Start-up" and "SASL Authentication".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from functools import cache

from serverless_cloud.rds_proxy import scram, wire
from serverless_cloud.rds_proxy.pool import Key

# Allowed settings in a start-up packet beside user, database and application_name (AWS RDS User Guide, "Connecting to a
# database through RDS Proxy", read 2026-11-24). The texts of refusals come from its page on troubleshooting.
_SETTINGS = {"client_encoding", "datestyle", "timezone", "extra_float_digits", "search_path"}
_UTF8 = ("utf8", "utf-8", "unicode", "'utf8'", "'utf-8'")  # what every connection of the proxy has anyway


class Step(Enum):
    """The step that the login waits for, or its end."""

    STARTUP = auto()
    TLS = auto()  # the owner of the socket starts it, then calls `tls_started`
    SASL_FIRST = auto()
    SASL_FINAL = auto()
    DONE = auto()
    CANCEL = auto()  # it was not a login, but asks to cancel a query


class LoginError(wire.ProtocolError):
    """The client has no right to come in. Args: wrong: whether its user or password was wrong."""

    def __init__(self, text: str, code: str, *, wrong: bool = False) -> None:
        super().__init__(text, code)
        self.wrong = wrong


class Login:
    """One client's login.

    Args:
        users: passwords by user name.
        offers_tls, requires_tls: whether clients may use TLS, and whether they must.

    Attributes:
        step: how far it has come.
        key: which connections it can use, once it is done.
        application_name: as the client gave it.
        cancel_key: which query to cancel, if it was a CancelRequest.
    """

    def __init__(self, users: Mapping[str, str], *, offers_tls: bool, requires_tls: bool) -> None:
        self.step = Step.STARTUP
        self.key = Key("", "")
        self.application_name = ""
        self.cancel_key = b""
        self.has_tls = False
        self._refused: set[int] = set()  # requests for encryption
        self._users, self._offers_tls, self._requires_tls = users, offers_tls, requires_tls
        self._verifier = scram.Verifier(None)

    @property
    def is_done(self) -> bool:
        """Whether the client has proved who it is."""
        return self.step is Step.DONE

    def receive(self, inbox: bytearray) -> bytes:
        """Takes the complete messages off the front of `inbox`. Returns the answer.

        Raises:
            LoginError: TLS is missing, the user unknown, the password wrong.
            wire.ProtocolError: the client broke the protocol.
        """
        answer = b""
        while self.step is Step.STARTUP:
            packet = wire.read_startup(inbox)
            if packet is None:
                return answer
            answer += self._startup(packet, inbox)
        while self.step in (Step.SASL_FIRST, Step.SASL_FINAL):
            response = wire.take(inbox)
            if response is None:
                break
            if response[:1] != b"p":
                raise wire.ProtocolError(f"expected SASL response, got message type {response[0]}")
            try:
                answer += self._sasl(response[5:])
            except scram.ScramError as error:
                text = f"The password that was provided for the role {self.key.user} is wrong."
                if str(error) != "wrong password":
                    raise wire.ProtocolError(str(error)) from error
                raise LoginError(text, "28P01", wrong=True) from error
        return answer

    def tls_started(self) -> None:
        """The connection is encrypted from here on."""
        self.has_tls, self.step = True, Step.STARTUP

    def _startup(self, packet: wire.Startup, inbox: bytearray) -> bytes:
        if packet.code == wire.CANCEL_CODE:
            self.step, self.cancel_key = Step.CANCEL, packet.key
            return b""
        if packet.code in self._refused:  # PostgreSQL reads a second request of the same kind as a version
            raise wire.ProtocolError(
                f"unsupported frontend protocol {packet.code >> 16}.{packet.code & 0xFFFF}: server supports 3.0",
                "0A000",
            )
        if packet.code == wire.GSS_CODE or (packet.code == wire.SSL_CODE and not self._offers_tls):
            self._refused.add(packet.code)
            return b"N"
        if packet.code == wire.SSL_CODE:
            if inbox or self.has_tls:  # sent before it could know the answer: somebody in between has put it there
                raise wire.ProtocolError("received unencrypted data after SSL request")
            self.step = Step.TLS
            return b"S"
        return self._open(packet)

    def _open(self, packet: wire.Startup) -> bytes:
        parameters = packet.parameters
        if self._requires_tls and not self.has_tls:
            raise LoginError("This RDS Proxy requires TLS connections", "28000")
        user = parameters.get("user", "")
        if not user:
            text = "A user name is missing from the connection startup packet. Provide a user name for this connection."
            raise wire.ProtocolError(text, "28000")
        if parameters.get("replication", "false").lower() not in ("false", "off", "no", "0"):
            raise _unsupported("streaming replication mode")
        if parameters.get("options"):  # AWS's own words
            raise _unsupported("command-line options")
        settings = {k.lower(): v for k, v in parameters.items() if not k.startswith("_pq_.")}
        for name in ("user", "database", "replication", "application_name", "options"):
            settings.pop(name, None)
        if unknown := sorted(settings.keys() - _SETTINGS):
            raise _unsupported(f"the option {unknown[0]}")
        if settings.get("client_encoding", "").lower() in _UTF8:
            del settings["client_encoding"]
        self.application_name = parameters.get("application_name", "")
        self.key = Key(user, parameters.get("database") or user, tuple(sorted(settings.items())))
        if user not in self._users:
            text = f"This RDS proxy has no credentials for the role {user}. "
            text += "Check the credentials for this role and try again."
            raise LoginError(text, "28P01", wrong=True)
        self._verifier = scram.Verifier(self._users[user], _salt_of(self._users[user]))
        self.step = Step.SASL_FIRST
        return _older_protocol(packet) + wire.message(b"R", wire.INT.pack(10) + scram.MECHANISM.encode() + b"\0\0")

    def _sasl(self, body: bytes) -> bytes:
        if self.step is Step.SASL_FIRST:
            mechanism, _, rest = body.partition(b"\0")
            if mechanism.decode("ascii", "replace") != scram.MECHANISM or len(rest) < 4:
                raise wire.ProtocolError("client selected an invalid SASL authentication mechanism")
            self.step = Step.SASL_FINAL
            return wire.message(b"R", wire.INT.pack(11) + self._verifier.first(rest[4:]))
        final = self._verifier.final(body)
        self.step = Step.DONE
        return wire.message(b"R", wire.INT.pack(12) + final) + wire.message(b"R", wire.INT.pack(0))


def _unsupported(what: str) -> LoginError:
    return LoginError(f"Feature not supported: RDS Proxy currently doesn't support {what}.", "0A000")


@cache
def _salt_of(password: str) -> bytes:
    """One salt for each password and process: deriving the keys takes a millisecond, and 60 may come at once."""
    return scram.Verifier(password).salt


def _older_protocol(packet: wire.Startup) -> bytes:
    """Tells a client that wants more than protocol 3.0 that this is what it gets."""
    unknown = [name for name in packet.parameters if name.startswith("_pq_.")]
    if not packet.code & 0xFFFF and not unknown:
        return b""
    names = b"".join(name.encode() + b"\0" for name in unknown)
    return wire.message(b"v", wire.INT.pack(wire.PROTOCOL_3 << 16) + wire.INT.pack(len(unknown)) + names)
