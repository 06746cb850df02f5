"""The board's data: one SQLite file, which only its owner may read.

`checks` has each check as it came; `states` has what they come to, for each student and task. Sent twice, or in another
order, checks come to the same state.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from serverless_first.teach.board.event import Event

FILE = "board.sqlite"
#: Checks of one student and task that are kept one by one: nobody fills the disk. The state goes on counting.
MOST_CHECKS = 200

_TABLES = """
CREATE TABLE IF NOT EXISTS students(
    name TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, listed INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS checks(
    student TEXT NOT NULL, id TEXT NOT NULL, module TEXT NOT NULL, task TEXT NOT NULL, passed INTEGER NOT NULL,
    tries INTEGER NOT NULL, hints INTEGER NOT NULL, message TEXT NOT NULL, said_at TEXT NOT NULL,
    received_at TEXT NOT NULL, PRIMARY KEY (student, id)) STRICT;
CREATE INDEX IF NOT EXISTS checks_by_task ON checks(module, task, student);
CREATE TABLE IF NOT EXISTS states(
    student TEXT NOT NULL, module TEXT NOT NULL, task TEXT NOT NULL, passed INTEGER NOT NULL, tries INTEGER NOT NULL,
    hints INTEGER NOT NULL, message TEXT NOT NULL, received_at TEXT NOT NULL,
    PRIMARY KEY (student, module, task)) STRICT;
"""
# A pass stays one, and its tries with it: practice after a pass makes nobody stuck.
_STATE = """
INSERT INTO states VALUES (:student, :module, :task, :passed, :tries, :hints, :message, :received_at)
ON CONFLICT DO UPDATE SET
    message = CASE WHEN passed OR excluded.passed THEN ''
        WHEN excluded.message <> '' AND excluded.tries >= tries THEN excluded.message ELSE message END,
    tries = CASE WHEN passed AND excluded.passed THEN MIN(tries, excluded.tries)
        WHEN passed THEN tries WHEN excluded.passed THEN excluded.tries ELSE MAX(tries, excluded.tries) END,
    passed = MAX(passed, excluded.passed),
    hints = MAX(hints, excluded.hints),
    received_at = excluded.received_at
"""


class Store:
    """The file of one board; used from one thread.

    Raises:
        OSError: it cannot be made.
        sqlite3.Error: the file isn't a database of the board.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = folder / FILE
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(file, isolation_level=None, timeout=5.0)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_TABLES)
        self.changes = 0
        """Grows with each change."""

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def add_students(self, names: Iterable[str]) -> None:
        """Lists a class, before anybody has sent anything. Numbers, which stand for hidden names, follow no order."""
        listed = list(dict.fromkeys(names))
        random.SystemRandom().shuffle(listed)
        with self._changing():
            for name in listed:
                self._add(name)
                self._db.execute("UPDATE students SET listed = 1 WHERE name = ?", (name,))

    def record(self, student: str, event: Event) -> None:
        """Keeps a check of a student; one that is there already changes nothing."""
        row = {
            **{"student": student, "id": event.id, "module": event.module, "task": event.task},
            **{"passed": int(event.passed), "tries": event.tries, "hints": event.hints},
            **{"message": "" if event.passed else event.message, "said_at": event.when, "received_at": _now()},
        }
        with self._changing():
            if self._db.execute("SELECT 1 FROM checks WHERE student = :student AND id = :id", row).fetchone():
                return
            self._add(student)
            (total,) = self._db.execute(
                "SELECT COUNT(*) FROM checks WHERE module = :module AND task = :task AND student = :student", row
            ).fetchone()
            if total < MOST_CHECKS:
                self._db.execute(
                    "INSERT INTO checks VALUES (:student, :id, :module, :task, :passed, :tries, :hints, :message, "
                    ":said_at, :received_at)",
                    row,
                )
            self._db.execute(_STATE, row)

    def forget(self, student: str) -> int:
        """Removes all that a student has sent, and the name unless the class's list has it; the number of states."""
        with self._changing():
            self._db.execute("DELETE FROM students WHERE name = ? AND NOT listed", (student,))
            self._db.execute("DELETE FROM checks WHERE student = ?", (student,))
            return self._db.execute("DELETE FROM states WHERE student = ?", (student,)).rowcount

    def students(self) -> list[sqlite3.Row]:
        """Rows of name and number, by name."""
        return self._rows("SELECT name, number FROM students ORDER BY name")

    def states(self, *, student: str | None = None) -> list[sqlite3.Row]:
        """The states, of one student if asked."""
        return self._rows(
            "SELECT * FROM states WHERE (:student IS NULL OR student = :student) ORDER BY student, module, task",
            {"student": student},
        )

    def failures(self, module: str) -> list[sqlite3.Row]:
        """Rows of task, message, student and times, for each failing message that a student has seen."""
        return self._rows(
            "SELECT task, message, student, COUNT(*) AS times FROM checks WHERE module = ? AND message <> '' "
            "GROUP BY task, message, student ORDER BY task, message, student",
            (module,),
        )

    def checks(self, *, student: str | None = None) -> list[sqlite3.Row]:
        """Every check that is kept, of one student if asked."""
        return self._rows(
            "SELECT * FROM checks WHERE (:student IS NULL OR student = :student) "
            "ORDER BY student, module, task, tries, received_at",
            {"student": student},
        )

    def _rows(self, query: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[sqlite3.Row]:
        return self._db.execute(query, values).fetchall()

    def _add(self, name: str) -> None:
        self._db.execute(
            "INSERT INTO students SELECT ?, COALESCE(MAX(number), 0) + 1, 0 FROM students WHERE true "
            "ON CONFLICT(name) DO NOTHING",
            (name,),
        )

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        self.changes += 1


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
