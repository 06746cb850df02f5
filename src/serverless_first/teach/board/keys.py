"""Tokens. One secret in the board's folder makes them all, so the board needs no list to know whose a token is.

A token holds the name and a signature over role and name (HMAC-SHA-256, RFC 2104). A hub that starts learners' servers
makes the token of each with `Keys.open(folder).student(name)`.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Role = Literal["student", "instructor"]
FILE = "secret"
LONGEST_NAME = 200


class BadName(ValueError):
    """A name that cannot be a student's; the message says why."""


class NotPrivate(OSError):
    """Others know the secret, or may; the message says what to do."""


@dataclass(frozen=True)
class Who:
    """Whose token it is; an instructor has no name."""

    role: Role
    name: str = ""


class Keys:
    """Makes and reads the tokens of one board.

    Args:
        secret: at least 32 random bytes.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError(f"A secret of {len(secret)} bytes is too short. It needs at least 32.")
        self._secret = secret

    @classmethod
    def open(cls, folder: Path) -> Keys:
        """The keys of a board's folder; the first time makes the secret, which only its owner may read.

        Raises:
            NotPrivate: somebody else has made the file, or can read it.
            OSError: the folder or the file cannot be made or read.
            ValueError: the file does not hold a secret.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = folder / FILE
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as new:
                new.write(secrets.token_hex(32).encode())
        _require_private(file)
        return cls(bytes.fromhex(file.read_text(encoding="ascii").strip()))

    def student(self, name: str) -> str:
        """The token of one student.

        Raises:
            BadName: the name is empty or longer than 200 characters.
        """
        return self._token("student", proper_name(name))

    def instructor(self) -> str:
        """The token for the page, the CSV files and everybody's progress."""
        return self._token("instructor", "")

    def who(self, token: str) -> Who | None:
        """Whose token this is; None if this board has not made it."""
        role, _, rest = token.partition(".")
        if role not in ("student", "instructor"):
            return None
        try:
            name = base64.urlsafe_b64decode(_padded(rest.partition(".")[0])).decode()
            ours = self._token(role, name)  # type: ignore[arg-type]
            return Who(role, name) if hmac.compare_digest(ours.encode(), token.encode()) else None  # type: ignore[arg-type]
        except ValueError:  # neither base64 nor UTF-8
            return None

    def _token(self, role: Role, name: str) -> str:
        signature = hmac.new(self._secret, f"{role}\0{name}".encode(), hashlib.sha256).digest()
        return f"{role}.{_base64(name.encode())}.{_base64(signature)}"


def proper_name(name: str) -> str:
    """The name with its white space made single.

    Raises:
        BadName: it is empty or longer than 200 characters.
    """
    text = " ".join(name.split())
    if not text or len(text) > LONGEST_NAME:
        raise BadName("A student's name is empty." if not text else f"A name has more than {LONGEST_NAME} characters.")
    return text


def _require_private(file: Path) -> None:
    """Refuses a secret that another user laid there before us, or may read: it would open every name to them."""
    if sys.platform == "win32":
        return
    status = file.lstat()
    ours = stat.S_ISREG(status.st_mode) and status.st_uid in (os.geteuid(), 0) and not status.st_mode & 0o077
    if not ours:
        raise NotPrivate(
            f"{file} does not belong only to you. Name another folder. Or, if you trust the file, make it "
            "yours with chmod 600."
        )


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
