"""The victims of the protocol fuzzer: clients that know each answer beforehand, byte by byte."""

from __future__ import annotations

import struct
from random import Random

from kits.protocol_attackers import Answers, Front
from kits.protocol_plan import (
    ASYNCHRONOUS,
    COPY_DONE,
    FOLDED,
    INT4_OID,
    TEXT_OID,
    Folded,
    copy_data,
    letters,
    seen,
    shown,
)
from kits.raw_client import FLUSH, SYNC, TERMINATE, RawClient, bind, close, describe, execute, parse, query

PARSED, BOUND, CLOSED, EMPTY = ("1", b""), ("2", b""), ("3", b""), ("I", b"")
SUSPENDED, NO_DATA, COPY_OUT_DONE = ("s", b""), ("n", b""), ("c", b"")
IDLE, IN_TRANSACTION, FAILED = ("Z", b"I"), ("Z", b"T"), ("Z", b"E")
DIVISION = ("E", b"ERROR 22012 division by zero")
ABORTED = ("E", b"ERROR 25P02 current transaction is aborted, commands ignored until end of transaction block")
#: A session must look like this, whatever others have done.
CLEAN_QUERY = (
    "SELECT concat_ws(' ', current_setting('search_path'), current_setting('work_mem'), current_setting('TimeZone'), "
    "current_setting('DateStyle'), current_setting('IntervalStyle'), current_setting('transaction_isolation'), "
    "current_setting('standard_conforming_strings'), (SELECT count(*) FROM pg_listening_channels()), "
    "(SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()), "
    "(SELECT count(*) FROM pg_type WHERE typnamespace = pg_my_temp_schema()), "
    "(SELECT count(*) FROM pg_proc WHERE pronamespace = pg_my_temp_schema()), "
    "(SELECT count(*) FROM pg_prepared_statements WHERE from_sql), "
    "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())) AS v"
)
CLEAN = '"$user", public 4MB UTC ISO, MDY postgres read committed on 0 0 0 0 0 0'


class Wrong(AssertionError):
    """An answer that isn't the right one."""


def row(value: str) -> tuple[str, bytes]:
    """DataRow of one text."""
    data = value.encode()
    return "D", struct.pack("!hi", 1, len(data)) + data


def columns(oid: int = TEXT_OID) -> tuple[str, bytes]:
    """RowDescription of one column named v that belongs to no table."""
    size = -1 if oid == TEXT_OID else 4
    return "T", b"\0\1v\0" + struct.pack("!ihihih", 0, 0, oid, size, -1, 0)


def types(*oids: int) -> tuple[str, bytes]:
    """ParameterDescription."""
    return "t", struct.pack(f"!h{len(oids)}i", len(oids), *oids)


def done(tag: str) -> tuple[str, bytes]:
    """CommandComplete."""
    return "C", tag.encode() + b"\0"


def copies(kind: str) -> tuple[str, bytes]:
    """CopyInResponse ("G") or CopyOutResponse ("H") with one text column."""
    return kind, b"\0\0\1\0\0"


class Victim:
    """One client after another that does everything right.

    Args:
        name: the prefix of its values and its table.
        seed: with the name it makes the plan.
        kinds: what it does, as names of its methods.
    """

    def __init__(self, front: Front, name: str, seed: int, kinds: tuple[str, ...]) -> None:
        self.front, self.name = front, name
        self.dice = Random(f"{seed}-{name}")
        self.client: RawClient
        self.count = 0
        self.prepared: dict[str, tuple[Folded, str]] = {}
        self.last = ""
        self.kinds = kinds

    def run(self) -> None:
        """Works until the run is over, or an answer is wrong."""
        try:
            while not self.front.over.is_set():
                self.live()
        except (OSError, AssertionError) as error:
            if not self.front.over.is_set():
                self.front.report(f"{self.name}, answer {self.count} ({self.last})", f"{type(error).__name__}: {error}")

    def live(self) -> None:
        """One client's life."""
        self.last = "login"
        self.client = self.front.client(self.front.endpoint)
        self.prepared.clear()
        with self.client:
            for _ in range(self.dice.randint(20, 200)):
                if self.front.over.is_set():
                    break
                self.last = self.dice.choice([kind for kind in self.kinds if kind != "deallocate"])
                getattr(self, self.last)()
                self.front.wait_for_attackers()
            if "deallocate" in self.kinds and self.dice.random() < 0.2:
                self.last = "deallocate"
                self.deallocate()
            self.client.send(TERMINATE)

    def value(self) -> str:
        """A text that nobody else has, now and then a long one."""
        self.count += 1
        return f"{self.name}.{self.count}" + "x" * self.dice.choice([0] * 20 + [100, 5000])

    def ask(self, *exchange: bytes | tuple[str, bytes]) -> None:
        """Sends the bytes in one write, and compares the answers. Args: exchange: messages and their answers, mixed."""
        sent = b"".join(part for part in exchange if isinstance(part, bytes))
        expected = [part for part in exchange if isinstance(part, tuple)]
        answers: Answers = []
        try:
            self.client.send(sent)
            while len(answers) < len(expected):
                answer = self.client.receive()
                if answer is None:
                    raise Wrong("the proxy hung up")
                if answer.kind not in ASYNCHRONOUS:
                    answers.append(seen(answer))
                    if answer.kind == "Z" and answers != expected[: len(answers)]:
                        break
            if answers != expected:
                raise Wrong("the answer is wrong")
        except (OSError, Wrong) as error:
            sides = f"  right is\n{shown(expected)}\n  it gets\n{shown(answers)}"
            raise Wrong(f"{error!r}\n  it sends\n    {letters(sent)}\n{sides}") from None
        self.front.answered(sum(kind == "Z" for kind, _ in expected))

    # ---- what it does

    def simple(self) -> None:
        """A simple query."""
        value = self.value()
        self.ask(query(f"SELECT '{value}' AS v"), columns(), row(value), done("SELECT 1"), IDLE)

    def many(self) -> None:
        """Statements in one text, and nothing at all."""
        values = [self.value() for _ in range(self.dice.randint(2, 5))]
        text = "; ".join(f"SELECT '{value}' AS v" for value in values)
        self.ask(query(text), *(part for v in values for part in (columns(), row(v), done("SELECT 1"))), IDLE)
        self.ask(query(" ; "), EMPTY, IDLE)

    def extended(self) -> None:
        """The unnamed statement with a parameter; later it is still there."""
        for _ in range(2):
            value = self.value()
            batch = parse("", "SELECT 'x' || $1::text AS v") + bind("", "", [value]) + describe("P") + execute() + SYNC
            self.ask(batch, PARSED, BOUND, columns(), row("x" + value), done("SELECT 1"), IDLE)
        value = self.value()
        self.ask(bind("", "", [value]), execute(), SYNC, BOUND, row("x" + value), done("SELECT 1"), IDLE)

    def named(self) -> None:
        """Few texts under few names, which attackers and victims share; types as PostgreSQL tells them."""
        number = self.dice.randint(0, len(FOLDED) - 1)
        self._use(f"n{number}", FOLDED[number])

    def folded(self) -> None:
        """A shared text in the unnamed statement."""
        shared = self.dice.choice(FOLDED)
        batch = parse("", shared.text) + bind("", "", parameters(shared)) + execute() + SYNC
        self.ask(batch, PARSED, BOUND, row(shared.default), done("SELECT 1"), IDLE)

    def folded_in_transaction(self) -> None:
        """A shared text where this client has changed a setting, then where it hasn't."""
        shared = self.dice.choice(FOLDED)
        change, value = self.dice.choice(list(shared.changed.items()))
        self.ask(query(f"BEGIN; {change}"), done("BEGIN"), done("SET"), IN_TRANSACTION)
        name = self.dice.choice(["", f"t{self.value()}"])
        batch = parse(name, shared.text) + describe("S", name) + bind("", name, parameters(shared)) + execute() + SYNC
        oids = types(*([] if shared.parameter is None else [shared.parameter_oids[1]]))
        self.ask(batch, PARSED, oids, columns(), BOUND, row(value), done("SELECT 1"), IN_TRANSACTION)
        end = self.dice.choice(["COMMIT", "ROLLBACK"])
        self.ask(query(end), done(end), IDLE)
        if name:
            self.ask(close("S", name), SYNC, CLOSED, IDLE)
        self._use("", shared)

    def _use(self, name: str, shared: Folded) -> None:
        if name in self.prepared and name:
            batch: list[bytes | tuple[str, bytes]] = []
        else:
            batch = [parse(name, shared.text), PARSED]
            self.prepared[name] = (shared, shared.default)
        if self.dice.random() < 0.3:
            oids = types(*([] if shared.parameter is None else [shared.parameter_oids[0]]))
            batch += [describe("S", name), oids, columns()]
        batch += [bind("", name, parameters(shared)), BOUND, execute(), row(shared.default), done("SELECT 1")]
        if name and self.dice.random() < 0.2:
            batch += [close("S", name), CLOSED]
            del self.prepared[name]
        self.ask(*batch, SYNC, IDLE)

    def own_statement(self) -> None:
        """A statement that only this client has."""
        value, name = self.value(), f"own{self.count}"
        text = f"SELECT '{value}' || $1::int4 AS v"
        self.ask(parse(name, text), describe("S", name), SYNC, PARSED, types(INT4_OID), columns(), IDLE)
        for number in range(self.dice.randint(1, 3)):
            batch = bind("", name, [str(number)]) + execute() + SYNC
            self.ask(batch, BOUND, row(f"{value}{number}"), done("SELECT 1"), IDLE)
        self.ask(close("S", name), SYNC, CLOSED, IDLE)

    def transaction(self) -> None:
        """A transaction that stays on one connection, and sees only its own rows."""
        value, end = self.value(), self.dice.choice(["COMMIT", "ROLLBACK"])
        self.ask(query("BEGIN"), done("BEGIN"), IN_TRANSACTION)
        self.ask(query(f"INSERT INTO {self.name}_box VALUES ('{value}')"), done("INSERT 0 1"), IN_TRANSACTION)
        look = query(f"SELECT a || '' AS v FROM {self.name}_box")
        self.ask(look, columns(), row(value), done("SELECT 1"), IN_TRANSACTION)
        self.ask(query(f"DELETE FROM {self.name}_box"), done("DELETE 1"), IN_TRANSACTION)
        self.ask(query(end), done(end), IDLE)

    def error(self) -> None:
        """An error outside and inside a transaction."""
        self.ask(query("SELECT 1 / 0"), DIVISION, IDLE)
        self.ask(query("BEGIN"), done("BEGIN"), IN_TRANSACTION)
        self.ask(query("SELECT 1 / 0"), DIVISION, FAILED)
        self.ask(parse("", "SELECT 1"), SYNC, ABORTED, FAILED)
        self.ask(query("COMMIT"), done("ROLLBACK"), IDLE)

    def broken_batch(self) -> None:
        """A batch that fails in the middle, and one behind it in the same write."""
        value = self.value()
        good = parse("", f"SELECT '{value}' AS v") + bind("", "") + execute()
        bad = parse("", "SELECT 1 / 0 AS v") + bind("", "") + execute()
        right = (PARSED, BOUND, row(value), done("SELECT 1"))
        sent = (good, bad, good, query("SELECT 'skipped'"), SYNC, good, SYNC)
        self.ask(*sent, *right, PARSED, DIVISION, IDLE, *right, IDLE)

    def pipeline(self) -> None:
        """Several Syncs in one write."""
        exchange: list[bytes | tuple[str, bytes]] = []
        for _ in range(self.dice.randint(2, 12)):
            value = self.value()
            kind = self.dice.randint(0, 3)
            if kind == 0:
                exchange += [query(f"SELECT '{value}' AS v"), columns(), row(value), done("SELECT 1"), IDLE]
            elif kind == 1:
                exchange += [SYNC, IDLE]
            else:
                exchange += [parse("", f"SELECT '{value}' AS v"), PARSED, bind("", ""), BOUND, FLUSH]
                exchange += [execute(), row(value), done("SELECT 1"), SYNC, IDLE]
        self.ask(*exchange)

    def portal(self) -> None:
        """A portal that is read in pieces, with Flush between them."""
        value, name = self.value(), self.dice.choice(["", "p"])
        text = f"SELECT '{value}' || generate_series(1, 5) AS v"
        rows = [row(f"{value}{n}") for n in range(1, 6)]
        self.ask(query("BEGIN"), done("BEGIN"), IN_TRANSACTION)
        self.ask(parse("", text), bind(name, ""), execute(name, 2), FLUSH, PARSED, BOUND, *rows[:2], SUSPENDED)
        self.ask(execute(name, 2), SYNC, *rows[2:4], SUSPENDED, IN_TRANSACTION)
        end = close("P", name) + execute(name) + SYNC
        missing = ("E", f'ERROR 34000 portal "{name}" does not exist'.encode())
        self.ask(execute(name), end, rows[4], done("SELECT 1"), CLOSED, missing, FAILED)
        self.ask(query("ROLLBACK"), done("ROLLBACK"), IDLE)

    def copy_in(self) -> None:
        """COPY in, in one write or step by step, in both protocols; then its rows."""
        value, how = self.value(), self.dice.randint(0, 3)
        text = f"COPY {self.name}_box FROM STDIN"
        data, right = copy_data(value + "\n") + COPY_DONE, (copies("G"), done("COPY 1"), IDLE)
        batch = parse("", text) + bind("", "") + execute()
        if how == 0:
            self.ask(query(text), data, *right)
        elif how == 1:
            self.ask(query(text), copies("G"))
            self.ask(data, *right[1:])
        elif how == 2:
            self.ask(batch, FLUSH, PARSED, BOUND, copies("G"))
            self.ask(data, SYNC, *right[1:])
        else:
            self.ask(batch, data, SYNC, PARSED, BOUND, *right)
        look = query(f"SELECT a || '' AS v FROM {self.name}_box")
        self.ask(look, columns(), row(value), done("SELECT 1"), IDLE)
        self.ask(query(f"DELETE FROM {self.name}_box"), done("DELETE 1"), IDLE)

    def copy_out(self) -> None:
        """COPY out in both protocols."""
        value = self.value()
        text = f"COPY (SELECT '{value}' FROM generate_series(1, 3)) TO STDOUT"
        right = (copies("H"), *[("d", f"{value}\n".encode())] * 3, COPY_OUT_DONE, done("COPY 3"), IDLE)
        self.ask(query(text), *right)
        self.ask(parse("", text), bind("", ""), describe("P"), execute(), SYNC, PARSED, BOUND, NO_DATA, *right)

    def copy_refused(self) -> None:
        """A COPY that fails for want of a table, and rows that nobody wants behind it."""
        missing = ("E", b'ERROR 42P01 relation "no_such" does not exist')
        self.ask(query("COPY no_such FROM STDIN"), copy_data("a\n"), COPY_DONE, missing, IDLE)

    def describes(self) -> None:
        """Describe of a statement that doesn't exist, and of one without rows."""
        missing = ("E", b'ERROR 26000 prepared statement "nobody" does not exist')
        self.ask(describe("S", "nobody"), SYNC, missing, IDLE)
        self.ask(parse("", "BEGIN"), describe("S"), SYNC, PARSED, types(), NO_DATA, IDLE)

    def clean(self) -> None:
        """Nothing that another client has changed is in the session."""
        self.ask(query(CLEAN_QUERY), columns(), row(CLEAN), done("SELECT 1"), IDLE)

    def deallocate(self) -> None:
        """DEALLOCATE ALL with a Parse behind it in the same write, then the new statement. It pins, so it leaves."""
        value = self.value()
        new = parse("after", f"SELECT '{value}' AS v")
        self.ask(query("DEALLOCATE ALL"), new, SYNC, done("DEALLOCATE ALL"), IDLE, PARSED, IDLE)
        self.ask(bind("", "after"), execute(), SYNC, BOUND, row(value), done("SELECT 1"), IDLE)


def parameters(shared: Folded) -> list[str]:
    """The parameters of a shared statement."""
    return [] if shared.parameter is None else [shared.parameter]


#: All that a victim does; the last one only before it leaves, because it pins.
KINDS = (
    *("simple", "many", "extended", "named", "transaction", "error", "broken_batch", "folded", "folded_in_transaction"),
    *("pipeline", "portal", "copy_in", "copy_out", "copy_refused", "describes", "clean", "own_statement", "deallocate"),
)
