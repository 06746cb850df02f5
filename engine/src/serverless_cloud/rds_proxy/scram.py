"""The login with a password, SCRAM-SHA-256, as PostgreSQL does it: the user name within SCRAM is ignored.

Libraries refuse the empty user name that every PostgreSQL client sends (scramp 1.5 does), so this is our own.
Sources: RFC 5802, RFC 7677; PostgreSQL documentation, "SASL Authentication"; RFC 4013 for `normalise`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stringprep
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

MECHANISM = "SCRAM-SHA-256"
ITERATIONS = 4096  # PostgreSQL's default for scram_iterations
MAX_ITERATIONS = 100_000  # every client of the proxy waits while it computes them, about 30 ms
_MAX_DIGITS = 18

_PROHIBITED = (
    stringprep.in_table_c12, stringprep.in_table_c21_c22, stringprep.in_table_c3, stringprep.in_table_c4,
    stringprep.in_table_c5, stringprep.in_table_c6, stringprep.in_table_c7, stringprep.in_table_c8,
    stringprep.in_table_c9, stringprep.in_table_a1,
)  # fmt: skip


class ScramError(Exception):
    """The other side broke the protocol, or proved not to know the password."""


def normalise(password: str) -> bytes:
    """SASLprep. A password that it doesn't allow stays as it is, as in PostgreSQL."""
    if password.isascii():
        return password.encode()
    mapped = "".join(" " if stringprep.in_table_c12(c) else c for c in password if not stringprep.in_table_b1(c))
    prepared = unicodedata.normalize("NFKC", mapped)
    if not prepared or any(table(c) for c in prepared for table in _PROHIBITED):
        return password.encode()
    right_to_left = [c for c in prepared if stringprep.in_table_d1(c)]
    mixed = any(stringprep.in_table_d2(c) for c in prepared) or not (
        stringprep.in_table_d1(prepared[0]) and stringprep.in_table_d1(prepared[-1])
    )
    return password.encode() if right_to_left and mixed else prepared.encode()


@dataclass(frozen=True)
class Keys:
    """The keys that follow from a password, a salt and a number of iterations."""

    client: bytes
    stored: bytes
    server: bytes


@lru_cache(maxsize=256)
def keys(password: str, salt: bytes, iterations: int = ITERATIONS) -> Keys:
    """Derives the keys; slow by design, so the last few are kept."""
    salted = hashlib.pbkdf2_hmac("sha256", normalise(password), salt, iterations)
    client = _hmac(salted, b"Client Key")
    return Keys(client, hashlib.sha256(client).digest(), _hmac(salted, b"Server Key"))


@dataclass
class Verifier:
    """The server's side of one login.

    Args:
        password: None for a role that does not exist: the login goes its way, and fails at the end.
    """

    password: str | None
    salt: bytes = field(default_factory=lambda: os.urandom(16))
    _auth: str = ""
    _nonce: str = ""
    _binding: str = ""

    def first(self, message: bytes) -> bytes:
        """Answers client-first with server-first.

        Raises:
            ScramError: it is malformed, or asks for channel binding.
        """
        flag, _, rest = _text(message).partition(",")
        _, _, bare = rest.partition(",")  # between them: whom to act for, which PostgreSQL ignores
        if flag not in ("n", "y") or not _attributes(bare).get("r"):
            raise ScramError("malformed SCRAM message")
        self._nonce = _attributes(bare)["r"] + secrets.token_urlsafe(18)
        self._binding = base64.b64encode(f"{flag},,".encode()).decode()
        server_first = f"r={self._nonce},s={base64.b64encode(self.salt).decode()},i={ITERATIONS}"
        self._auth = f"{bare},{server_first}"
        return server_first.encode()

    def final(self, message: bytes) -> bytes:
        """Answers client-final with server-final.

        Raises:
            ScramError: it is malformed, or the password is wrong.
        """
        unproven, _, proof = _text(message).rpartition(",p=")
        attributes = _attributes(unproven)
        if attributes.get("r") != self._nonce or attributes.get("c") != self._binding:
            raise ScramError("malformed SCRAM message")
        own = keys(self.password if self.password is not None else secrets.token_hex(), self.salt)
        auth = f"{self._auth},{unproven}".encode()
        client = _xor(_decode(proof), _hmac(own.stored, auth))
        if not hmac.compare_digest(hashlib.sha256(client).digest(), own.stored) or self.password is None:
            raise ScramError("wrong password")
        return b"v=" + base64.b64encode(_hmac(own.server, auth))


class Prover:
    """The client's side of one login."""

    def __init__(self, password: str) -> None:
        self._password = password
        self._nonce = secrets.token_urlsafe(18)
        self._bare = f"n=,r={self._nonce}"
        self._signature = b""

    def first(self) -> bytes:
        """client-first."""
        return f"n,,{self._bare}".encode()

    def final(self, message: bytes) -> bytes:
        """Answers server-first with client-final.

        Raises:
            ScramError: it is malformed.
        """
        server_first = _text(message)
        attributes = _attributes(server_first)
        rounds, nonce = attributes.get("i", ""), attributes.get("r", "")
        iterations = int(rounds) if rounds.isdecimal() and len(rounds) <= _MAX_DIGITS else 0
        if not nonce.startswith(self._nonce) or not iterations or not attributes.get("s"):
            raise ScramError("malformed SCRAM message")
        if iterations > MAX_ITERATIONS:
            raise ScramError(
                f"the server asks for {iterations} rounds of {MECHANISM}, but RDS Proxy computes at most "
                f"{MAX_ITERATIONS}. Set scram_iterations to {MAX_ITERATIONS} or less, then set the role's password "
                "again"
            )
        own = keys(self._password, _decode(attributes["s"]), iterations)
        unproven = f"c=biws,r={nonce}"
        auth = f"{self._bare},{server_first},{unproven}".encode()
        self._signature = _hmac(own.server, auth)
        proof = base64.b64encode(_xor(own.client, _hmac(own.stored, auth))).decode()
        return f"{unproven},p={proof}".encode()

    def verify(self, message: bytes) -> None:
        """Reads server-final.

        Raises:
            ScramError: the server does not know the password.
        """
        signature = _attributes(_text(message)).get("v", "")
        if not hmac.compare_digest(_decode(signature), self._signature):
            raise ScramError("the server did not prove that it knows the password")


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _xor(a: bytes, b: bytes) -> bytes:
    if len(a) != len(b):
        raise ScramError("malformed SCRAM message")
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def _text(message: bytes) -> str:
    try:
        return message.decode()
    except UnicodeDecodeError:
        raise ScramError("malformed SCRAM message") from None


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ScramError("malformed SCRAM message") from None


def _attributes(text: str) -> dict[str, str]:
    return {part[:1]: part[2:] for part in text.split(",") if part[1:2] == "="}
