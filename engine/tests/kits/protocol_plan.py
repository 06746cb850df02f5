"""What attackers of the protocol fuzzer do, as data: steps, scripts, and the texts of statements that clients share.

A script follows from a seed only. Nothing in it depends on what a server answers, or when.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from kits.raw_client import SYNC, Message, message, query

TEXT_OID, INT4_OID = 25, 23


@dataclass(frozen=True)
class Send:
    """Sends bytes, all at once or in pieces. Args: pause_s: between two pieces, in seconds."""

    pieces: tuple[bytes, ...]
    pause_s: float = 0.0


@dataclass(frozen=True)
class Await:
    """Reads until `count` messages of a kind have come."""

    kind: str
    count: int = 1


@dataclass(frozen=True)
class Settle:
    """Reads every answer that PostgreSQL gave on the direct connection."""


@dataclass(frozen=True)
class Idle:
    """Stays connected and silent until the victims of this proxy have had so many answers."""

    answers: int


@dataclass(frozen=True)
class Pause:
    """Waits. Args: pause_s: how long, in seconds."""

    pause_s: float


@dataclass(frozen=True)
class Cancel:
    """Sends a request to cancel its own query, by another connection."""


Step = Send | Await | Settle | Idle | Pause | Cancel


class Leave(Enum):
    """How a client leaves."""

    TERMINATE = "says Terminate"
    VANISH = "closes its socket"
    RESET = "resets its connection"
    LINGER = "waits until the other side closes"


@dataclass(frozen=True)
class Script:
    """One attack.

    Args:
        kind: its name on the command line.
        is_compared: whether PostgreSQL must give the same answers on a direct connection.
        leave: how the attacker leaves afterwards; None if it keeps the connection for the next script.
    """

    kind: str
    steps: tuple[Step, ...]
    is_compared: bool = True
    leave: Leave | None = None

    def shown(self) -> str:
        """Its steps on a line each, with messages by their letters."""
        lines = [
            "sends " + " | ".join(map(letters, step.pieces)) if isinstance(step, Send) else str(step)
            for step in self.steps
        ]
        return "\n".join(f"    {line}" for line in [*lines, f"leaves: {self.leave}"])


def letters(data: bytes) -> str:
    """Messages as their letters with what is readable in them; what is no whole message, as it is."""
    parts = []
    while len(data) >= 5 and 4 <= (length := int.from_bytes(data[1:5], "big")) < len(data):
        body = data[5 : length + 1].rstrip(b"\0").replace(b"\0", b" ").decode("latin1")
        parts.append(f"{data[:1].decode('latin1')}[{body[:90]}]" if body.strip() else data[:1].decode("latin1"))
        data = data[length + 1 :]
    return " ".join(parts + ([repr(data[:60])] if data else []))


def sends(*messages: bytes) -> Send:
    """Messages in one write."""
    return Send((b"".join(messages),))


COPY_DONE = message(b"c")
#: Whatever came before, these end it: a copy fails, a batch is synchronized, a transaction is rolled back.
FENCE = message(b"f", b"fence\0") + SYNC + query("ROLLBACK") + query("SELECT 'fence' AS v")
#: How many answers a fence gives where no copy is under way: Z, then C Z, then T D C Z. Notices don't count.
FENCE_ANSWERS = 7
#: Messages that may come at any time.
ASYNCHRONOUS = "SNA"


def copy_data(text: str) -> bytes:
    """A CopyData message."""
    return message(b"d", text.encode())


def seen(answer: Message) -> tuple[str, bytes]:
    """An answer as it is compared: of an error, only its severity, its SQLSTATE and its text count."""
    if answer.kind != "E":
        return answer.kind, answer.body
    fields = answer.fields
    return "E", f"{fields['V']} {fields['C']} {fields['M']}".encode()


def shown(answers: list[tuple[str, bytes]]) -> str:
    """Answers on one line each."""
    return "\n".join(f"    {kind} {body[:120]!r}" for kind, body in answers) or "    nothing"


@dataclass(frozen=True)
class Folded:
    """A statement whose meaning PostgreSQL fixes when it parses the text, by the settings of that moment.

    Args:
        text: the statement; it returns one text named v.
        default: what it returns in a session with the database's settings.
        changed: what it returns in a transaction that has begun with such a SET LOCAL.
        parameter: the parameter, if there is one.
        parameter_oids: the parameter's type by default, and in `changed`.
    """

    text: str
    default: str
    changed: dict[str, str] = field(default_factory=dict)
    parameter: str | None = None
    parameter_oids: tuple[int, int] = (0, 0)


TOKYO, NEW_YORK = "SET LOCAL TimeZone = 'Asia/Tokyo'", "SET LOCAL TimeZone = 'America/New_York'"
SOUTH = "SET LOCAL search_path = south"
FOLDED = (
    Folded(
        "SELECT extract(epoch FROM timestamptz '2026-11-08 00:00')::bigint::text AS v",
        "1794096000",
        {TOKYO: "1794063600", NEW_YORK: "1794114000"},
    ),
    Folded(
        "SELECT extract(epoch FROM timestamptz '2026-07-01 12:00')::bigint::text AS v",
        "1782907200",
        {TOKYO: "1782874800", NEW_YORK: "1782921600"},
    ),
    Folded("SELECT extract(month FROM date '01/02/2026')::text AS v", "1", {"SET LOCAL DateStyle = 'ISO, DMY'": "2"}),
    Folded(
        "SELECT extract(hour FROM interval '-1 2:03:04')::text AS v",
        "2",
        {"SET LOCAL IntervalStyle = 'sql_standard'": "-2"},
    ),
    Folded("SELECT name || '' AS v FROM place", "public", {SOUTH: "south"}),
    Folded(
        "SELECT pg_typeof(code)::text AS v FROM shelf WHERE code = $1",
        "integer",
        {SOUTH: "text"},
        "7",
        (INT4_OID, TEXT_OID),
    ),
)


def setup(names: list[str]) -> str:
    """The tables that victims share, and those of each client. Args: names: the clients."""
    tables = [
        "CREATE SCHEMA south",
        "CREATE TABLE place (name text)",
        "CREATE TABLE south.place (name text)",
        "INSERT INTO place VALUES ('public')",
        "INSERT INTO south.place VALUES ('south')",
        "CREATE TABLE shelf (code int)",
        "CREATE TABLE south.shelf (code text)",
        "INSERT INTO shelf VALUES (7)",
        "INSERT INTO south.shelf VALUES ('7')",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); "
        "RAISE EXCEPTION 'refused'; END $$",
    ]
    for name in names:
        tables += [
            f"CREATE TABLE {name}_box (a text)",
            f"CREATE VIEW {name}_view AS SELECT 1 AS a",
            f"CREATE TABLE {name}_guarded (a text)",
            f"CREATE TRIGGER guard BEFORE INSERT ON {name}_guarded FOR EACH STATEMENT EXECUTE FUNCTION refuse()",
        ]
    return ";\n".join(tables)
