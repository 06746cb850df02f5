"""The people in the class, each with a name, an account and a code, kept in the class's folder from day to day."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "class.json"
INSTRUCTOR = "instructor"
ADMINISTRATOR = "administrator"
"""Stops the servers of others at /hub/admin, and has no seat. The instructor's own account has no such rights, because
the instructor opens pages that students have made."""
_LETTERS = "23456789ABCDEFGHJKMNPQRTUVWXYZ"  # without letters that look alike on paper
_CODE_LETTERS = 8


class BadClass(ValueError):
    """The class's folder cannot be used; the message says why."""


@dataclass(frozen=True)
class Person:
    """One who signs in.

    Args:
        name: as in the list.
        account: the name of the seat, "student-07": it stays the same when the list grows.
        code: what the person types to sign in.
    """

    name: str
    account: str
    code: str

    @property
    def learns(self) -> bool:
        """Whether this is a student."""
        return self.account not in (INSTRUCTOR, ADMINISTRATOR)


@dataclass(frozen=True)
class Roll:
    """The people of a class, the instructor and the administrator after the students; and former students, whose seats
    are kept.
    """

    people: tuple[Person, ...]
    former: tuple[Person, ...] = ()

    @property
    def students(self) -> tuple[Person, ...]:
        """The students."""
        return tuple(person for person in self.people if person.learns)

    @property
    def seats(self) -> tuple[str, ...]:
        """The accounts that have a server and a home: the students' and the instructor's."""
        return tuple(person.account for person in self.people if person.account != ADMINISTRATOR)

    def by_code(self, typed: str) -> Person | None:
        """Whose code this is, however it was typed: small letters, without the dash, with spaces."""
        code = normal(typed)
        match = None
        for person in self.people:  # all of them: the time says nothing about the code
            if secrets.compare_digest(normal(person.code).encode(), code.encode()):
                match = person
        return match if code else None

    def by_account(self, account: str) -> Person | None:
        """The person in this seat."""
        return next((person for person in self.people if person.account == account), None)


def normal(code: str) -> str:
    """A code without what people add or leave out when they type it."""
    return "".join(letter for letter in code.upper() if letter.isascii() and letter.isalnum())


def enrol(folder: Path, names: Sequence[str], instructor: str) -> Roll:
    """Gives each name a seat and a code, or keeps the old ones. People who are no longer listed keep their work.

    Args:
        names: of the students, each once.

    Raises:
        BadClass: the folder's class.json is not one of ours.
        OSError: the folder cannot be written.
    """
    before = load(folder) if (folder / FILE).exists() else Roll(())
    known = {person.name: person for person in (*before.people, *before.former) if person.learns}
    codes = {person.account: person.code for person in before.people}
    numbers = [int(person.account.rpartition("-")[2]) for person in known.values()]
    following = max(numbers, default=0) + 1
    people = []
    for name in names:
        if name not in known:
            known[name] = Person(name, f"student-{following:02}", new_code())
            following += 1
        people.append(known[name])
    for name, account in ((instructor, INSTRUCTOR), ("Administrator", ADMINISTRATOR)):
        people.append(Person(name, account, codes.get(account) or new_code()))
    roll = Roll(tuple(people), tuple(person for name, person in known.items() if name not in set(names)))
    save(folder, roll)
    return roll


def load(folder: Path) -> Roll:
    """The roll that was saved.

    Raises:
        BadClass: it cannot be read.
    """
    file = folder / FILE
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        roll = Roll(*(tuple(Person(**fields) for fields in data[part]) for part in ("people", "former")))
        _ = [int(p.account.rpartition("-")[2]) for p in (*roll.people, *roll.former) if p.learns]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise BadClass(
            f"{file} cannot be read ({error}). It holds the codes and says whose seat is whose. Put a copy back, or "
            "move the folder away to begin a new class."
        ) from error
    return roll


def save(folder: Path, roll: Roll) -> None:
    """Writes the roll so that only its owner can read it, because it holds the codes."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {"people": [asdict(p) for p in roll.people], "former": [asdict(p) for p in roll.former]}
    private(folder / FILE, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def private(file: Path, text: str) -> None:
    """Writes a file that no other account may read, whole or not at all."""
    temporary = file.with_name(f".{file.name}.new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(text.encode())
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(file)


def new_code() -> str:
    """A code of 8 letters and digits, in two halves: 30^8 of them, so nobody guesses one in a lesson."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LETTERS))
    return f"{letters[:4]}-{letters[4:]}"
