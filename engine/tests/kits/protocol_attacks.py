"""The attacks of the protocol fuzzer. Each function makes one script from random numbers and the attacker's name."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from kits.protocol_plan import (
    COPY_DONE,
    FOLDED,
    SOUTH,
    Await,
    Cancel,
    Idle,
    Leave,
    Pause,
    Script,
    Send,
    Settle,
    Step,
    copy_data,
    sends,
)
from kits.raw_client import FLUSH, SYNC, bind, close, describe, execute, message, parse, query

#: Another client's answer in a victim's hands shows these words.
SECRET = "a row of an attacker"
Attack = Callable[[Random, str], Script]


def run(text: str) -> bytes:
    """Parse, Bind, Execute of the unnamed statement, without a Sync."""
    return parse("", text) + bind("", "") + execute()


def sleep(dice: Random) -> bytes:
    """A statement that keeps the connection busy for some milliseconds."""
    return run(f"SELECT '{SECRET}' AS v FROM pg_sleep({dice.uniform(0, 0.02):.4f})")


def copy_in_one_write(dice: Random, me: str) -> Script:
    """A COPY that succeeds, with all its data and the next statement behind it in the same write."""
    data = b"".join(copy_data(f"row {n}\n") for n in range(dice.randint(0, 3)))
    first = (run(f"COPY {me}_box FROM STDIN"), data, COPY_DONE, SYNC)
    steps: list[Step] = [sends(*first, sleep(dice), SYNC), Await("Z")]
    if dice.random() < 0.5:
        steps.append(sends(sleep(dice), SYNC))
    return Script("copy_in_one_write", (*steps, Settle()))


def copy_then_idle(dice: Random, me: str) -> Script:
    """A COPY in one write; then the client stays connected and asks nothing."""
    syncs = SYNC * dice.choice([0, 0, 1, 2])
    data = (run(f"COPY {me}_box FROM STDIN"), syncs, copy_data("row\n"), COPY_DONE, SYNC)
    return Script("copy_then_idle", (sends(*data), Settle(), Idle(dice.randint(5, 40))))


def copy_into_view(dice: Random, me: str) -> Script:
    """A COPY that PostgreSQL refuses behind its CopyInResponse, and before it reads data."""
    batch = run(f"COPY {me}_view FROM STDIN") + SYNC
    extra = (copy_data("row\n") + COPY_DONE + SYNC) if dice.random() < 0.3 else b""
    more = sends(sleep(dice), SYNC)
    return Script("copy_into_view", (sends(batch, extra, sleep(dice), SYNC), Await("Z"), more, Settle()))


def copy_refused_by_trigger(dice: Random, me: str) -> Script:
    """A COPY whose trigger sleeps for 20 ms and refuses before the first row is read; more is sent meanwhile."""
    begin = run(f"COPY {me}_guarded FROM STDIN") + SYNC
    syncs, more = SYNC * dice.randint(0, 2), sends(sleep(dice), SYNC)
    if dice.random() < 0.3:
        return Script("copy_refused_by_trigger", (sends(begin, sleep(dice), SYNC, syncs), Await("Z"), more, Settle()))
    steps = (sends(begin), Await("G"), sends(sleep(dice), SYNC, syncs), Await("Z"), more, Settle())
    return Script("copy_refused_by_trigger", steps)


def copy_like_libpq(dice: Random, me: str) -> Script:
    """PQsendQueryParams, then data once CopyInResponse is there, then PQputCopyEnd with its Sync."""
    where = dice.choice(["box", "guarded", "guarded", "view"])
    begin = parse("", f"COPY {me}_{where} FROM STDIN") + bind("", "") + describe("P") + execute() + SYNC
    steps: list[Step] = [sends(begin), Await("G")]
    steps += [sends(copy_data("a\n"), copy_data("b\n"), COPY_DONE, SYNC)]
    steps += [sends(sleep(dice), SYNC), Settle()]
    return Script("copy_like_libpq", tuple(steps))


def copy_fails(dice: Random, me: str) -> Script:
    """A COPY that the client or a bad row ends, in the simple or the extended protocol, with rows still behind it."""
    begin = dice.choice([run(f"COPY {me}_box (a, no_such) FROM STDIN"), run(f"COPY {me}_box FROM STDIN")])
    end = dice.choice([message(b"f", b"enough\0"), copy_data("too\tmany\n") + copy_data("more\n") + COPY_DONE])
    if dice.random() < 0.5:
        begin = query(f"COPY {me}_box FROM STDIN")
    return Script("copy_fails", (sends(begin, copy_data("a\n"), end, SYNC, sleep(dice), SYNC), Settle()))


def copy_simple(dice: Random, me: str) -> Script:
    """COPY in and out by simple queries, alone or between other statements of the same text, with stray Syncs."""
    before, behind = dice.choice(["", "SELECT 1; "]), dice.choice(["", "; SELECT 2", "; SELECT 1 / 0"])
    into = query(f"{before}COPY {me}_box FROM STDIN{behind}") + SYNC * dice.choice([0, 0, 2])
    into += copy_data("a\n") + COPY_DONE
    out = query(f"{before}COPY (SELECT generate_series(1, 40)) TO STDOUT{behind}")
    return Script("copy_simple", (sends(*dice.choices([into, out, sleep(dice) + SYNC], k=3)), Settle()))


def copy_abandoned(dice: Random, me: str) -> Script:
    """A COPY that is still open when its client leaves."""
    begin = dice.choice([query(f"COPY {me}_box FROM STDIN"), run(f"COPY {me}_box FROM STDIN") + SYNC])
    steps = (sends(begin), Await("G"), sends(copy_data("a\n"), b"d\0\0\1\0half"))
    return Script("copy_abandoned", steps, is_compared=False, leave=dice.choice(list(Leave)[:3]))


def settings(dice: Random, _me: str) -> Script:
    """SET LOCAL in a transaction, and there a statement that victims also use."""
    shared = dice.choice(FOLDED)
    change = dice.choice(list(shared.changed))
    parameters = [] if shared.parameter is None else [shared.parameter]
    name = dice.choice(["", f"f{FOLDED.index(shared)}{dice.randint(0, 10**9)}"])
    use = parse(name, shared.text) + bind("", name, parameters) + execute() + SYNC
    again = bind("", name, parameters) + execute() + SYNC
    end = query(dice.choice(["COMMIT", "ROLLBACK"]))
    one_write = (query(f"BEGIN; {change}"), use, again, end)
    if dice.random() < 0.5:
        return Script("settings", (sends(*one_write), Settle()))
    steps = [step for part in one_write for step in (sends(part), Await("Z"))]
    return Script("settings", (*steps, Settle()))


def leaks(dice: Random, _me: str) -> Script:
    """Changes the session where the text doesn't begin with SET; the next client must not see it."""
    n = dice.randint(0, 10**9)
    texts = (
        "UPDATE pg_settings SET setting = '7MB' WHERE name = 'work_mem'",
        f"BEGIN; SET LOCAL search_path = pg_temp; CREATE TABLE t{n} (a int); COMMIT",
        f"CREATE TYPE pg_temp.e{n} AS ENUM ('a')",
        f"CREATE FUNCTION pg_temp.f{n}() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        f"SELECT 1 AS v INTO TEMP t{n}",
        "SELECT set_config('work_mem', '7MB', false)",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        f"LISTEN c{n}",
        f"SELECT pg_advisory_lock_shared({n})",
    )
    text = dice.choice(texts)
    if dice.random() < 0.2:
        off = "BEGIN; SET LOCAL standard_conforming_strings = off"
        return Script(
            "leaks",
            (
                sends(query(off), query("SELECT '\\'', set_config('work_mem', '7MB', false)"), query("COMMIT")),
                Settle(),
            ),
            leave=Leave.TERMINATE,
        )
    sent = query(text) if ";" in text or dice.random() < 0.5 else run(text) + SYNC
    return Script("leaks", (sends(sent), Settle()), leave=Leave.TERMINATE)


def deallocate(dice: Random, _me: str) -> Script:
    """DEALLOCATE ALL or DISCARD ALL, and behind it in the same write statements with old and new names."""
    names = [f"d{dice.randint(0, 10**9)}" for _ in range(2)]
    prepare = parse(names[0], "SELECT 'old' AS v") + SYNC
    text = dice.choice(["DEALLOCATE ALL", "deallocate all", "DISCARD ALL", "DEALLOCATE PREPARE ALL"])
    syncs = dice.randint(0, 1)
    is_simple = "DISCARD" in text or dice.random() < 0.5
    end = query(text) if is_simple else run(text) + SYNC * syncs
    new = dice.choice(names)
    later = parse(new, "SELECT 'new' AS v") + SYNC
    use = bind("", new) + execute() + SYNC + bind("", names[0]) + execute() + SYNC
    parts: list[Step] = [
        sends(prepare),
        Await("Z"),
        sends(end, later),
        Await("Z", 1 + (is_simple or syncs)),
        sends(use),
    ]
    if dice.random() < 0.5:
        parts = [sends(prepare, end, later, use)]
    parts.append(Settle())
    return Script("deallocate", tuple(parts), leave=Leave.TERMINATE)


def prepare_in_sql(dice: Random, _me: str) -> Script:
    """PREPARE, EXECUTE and a Bind of the same statement."""
    name = f"q{dice.randint(0, 10**9)}"
    parts = [query(f"PREPARE {name} AS SELECT 'sql' AS v"), query(f"EXECUTE {name}")]
    parts += [bind("", name) + execute() + SYNC, close("S", name) + SYNC, query(f"EXECUTE {name}")]
    return Script("prepare_in_sql", (sends(*parts), Settle()), leave=Leave.TERMINATE)


def portals(dice: Random, _me: str) -> Script:
    """Named and unnamed portals with row limits, Describe, Flush and Close, in a transaction."""
    name = dice.choice(["", "p1"])
    series = "SELECT generate_series(1, 9) AS v"
    steps: list[Step] = [sends(query("BEGIN"), parse("", series), bind(name, ""), describe("P", name), FLUSH)]
    steps.append(Await("T"))
    for _ in range(dice.randint(1, 4)):
        steps += [sends(execute(name, dice.randint(1, 4)), dice.choice([FLUSH, SYNC, b""]))]
    steps += [sends(close("P", name), execute(name), SYNC, query("COMMIT")), Settle()]
    return Script("portals", tuple(steps))


def errors(dice: Random, _me: str) -> Script:
    """Batches with errors in the middle, and simple queries that PostgreSQL skips."""
    bad = dice.choice([run("SELECT 1 / 0"), parse("", "SELEC"), bind("", "no such"), execute("none")])
    rest = dice.choices([run("SELECT 2 AS v"), query("SELECT 3 AS v"), SYNC, FLUSH, bad], k=dice.randint(1, 6))
    return Script("errors", (sends(run("SELECT 1 AS v"), bad, *rest, SYNC, sleep(dice), SYNC), Settle()))


def call(dice: Random, oid: int = 177) -> bytes:
    """FunctionCall with two numbers as text; 177 is int4pl."""
    numbers = [str(dice.randint(1, 99)).encode() for _ in range(2)]
    packed = b"".join(len(n).to_bytes(4, "big") + n for n in numbers)
    return message(b"F", oid.to_bytes(4, "big") + b"\0\1\0\0\0\2" + packed + b"\0\0")


def functions(dice: Random, _me: str) -> Script:
    """FunctionCall, right and wrong, between other messages."""
    parts = [call(dice), call(dice, 1), query("SELECT 1 AS v"), SYNC]
    return Script("functions", (sends(*dice.choices(parts, k=4), SYNC), Settle()))


def query_in_batch(dice: Random, _me: str) -> Script:
    """A simple query or a FunctionCall inside a batch.

    PostgreSQL 18 then says that the session is idle, but refuses its next statement with XX000. So the proxy must close
    the connection.
    """
    bad = dice.choice([b"", b"", run("SELECT 1 / 0")])
    inside = dice.choice([call(dice), query("SELECT 2 AS v")])
    steps = (sends(bad, run("SELECT 1 AS v"), inside, SYNC), Settle())
    return Script("query_in_batch", steps, is_compared=False, leave=Leave.TERMINATE)


def pipelines(dice: Random, _me: str) -> Script:
    """Many Syncs at once, with statements between some of them."""
    parts = dice.choices([SYNC, run(f"SELECT '{SECRET}' AS v") + SYNC, query("SELECT 1 AS v"), FLUSH], k=30)
    return Script("pipelines", (sends(*parts, SYNC), Settle()))


def cancels(dice: Random, _me: str) -> Script:
    """Cancels its own query: early, in time, or late, when the connection may be another client's."""
    steps: list[Step] = [sends(query(f"SELECT pg_sleep({dice.uniform(0, 0.02):.4f})"))]
    steps += [Pause(dice.uniform(0, 0.02)), Cancel()]
    steps += [Await("Z"), Cancel(), sends(query("SELECT 1 AS v")), Await("Z")]
    return Script("cancels", tuple(steps), is_compared=False, leave=Leave.TERMINATE)


def malformed(dice: Random, _me: str) -> Script:
    """A message that breaks the protocol."""
    noise = dice.randbytes(dice.randint(0, 30))
    kind = dice.choice([b"P", b"B", b"D", b"C", b"E", b"Q", b"F", b"z", b"\0", b"p", b"R"])
    length = dice.choice([len(noise) + 4, 3, 0, -1, 2**31 - 1, 10])
    broken = kind + length.to_bytes(4, "big", signed=True) + noise
    before = dice.choice([b"", sleep(dice), query("BEGIN"), run("SELECT 1 AS v") + SYNC])
    steps = (sends(before, broken), Pause(dice.uniform(0, 0.01)))
    return Script("malformed", steps, is_compared=False, leave=dice.choice(list(Leave)[:3]))


def unknown_type(dice: Random, _me: str) -> Script:
    """A message of a type that doesn't exist: the server hangs up."""
    broken = message(bytes([dice.choice([0, 1, 122, 90, 200, 255])]), b"what")
    return Script("unknown_type", (sends(query("SELECT 1 AS v"), broken), Await("E")), leave=Leave.LINGER)


def half_messages(dice: Random, _me: str) -> Script:
    """Leaves in the middle of a message."""
    whole = dice.choice([query("SELECT 1 AS v"), sleep(dice), parse("h", "SELECT 1"), query("SELECT '" + "x" * 70000)])
    cut = dice.randint(1, len(whole) - 1)
    before = dice.choice([b"", query("BEGIN"), query("SELECT 1 AS v")])
    return Script("half_messages", (sends(before, whole[:cut]),), is_compared=False, leave=dice.choice(list(Leave)[:3]))


def in_pieces(dice: Random, me: str) -> Script:
    """Good messages in pieces that don't end where messages end."""
    copy = run(f"COPY {me}_box FROM STDIN") + copy_data("x" * 100 + "\n") + COPY_DONE + SYNC
    whole = copy + sleep(dice) + SYNC + query(f"SELECT '{'y' * 500}' AS v") + SYNC
    cuts = sorted(dice.sample(range(1, len(whole)), dice.randint(1, 6)))
    pieces = tuple(whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True))
    return Script("in_pieces", (Send(pieces, 0.001), Settle()))


def vanishes(dice: Random, _me: str) -> Script:
    """Leaves while its query runs, in a transaction or not."""
    before = dice.choice([b"", query("BEGIN"), query("BEGIN; SELECT 1 / 0"), query("SET work_mem = '7MB'")])
    steps = (sends(before, sleep(dice), SYNC, sleep(dice), SYNC), Pause(dice.uniform(0, 0.01)))
    return Script("vanishes", steps, is_compared=False, leave=dice.choice(list(Leave)[:3]))


def soup(dice: Random, me: str) -> Script:
    """Any messages in any order: right ones, but not in an order that makes sense."""
    copies = [f"COPY {me}_{where} FROM STDIN" for where in ("box", "view", "guarded")]
    texts = ["SELECT 1 AS v", "SELECT generate_series(1, 5) AS v", "SELECT $1::text AS v", "SELECT 1 / 0", "SELEC", ""]
    texts += ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "COPY (SELECT 1) TO STDOUT", "SHOW TimeZone", SOUTH]
    texts += [*copies, f"INSERT INTO {me}_box VALUES ('a')", "SELECT 1 AS v; SELECT 2 AS v", "BEGIN; SELECT 1 AS v"]
    pinning = ["DEALLOCATE ALL", "DISCARD ALL", "SET TimeZone = 'Asia/Tokyo'", "PREPARE q AS SELECT 1", "LISTEN c"]
    texts += pinning if dice.random() < 0.3 else []
    parts = [_ingredient(dice, texts) for _ in range(dice.randint(2, 14))]
    steps: tuple[Step, ...] = (sends(*parts),)
    if dice.random() < 0.3:
        steps = tuple(step for part in parts for step in (sends(part), Pause(0.001)))
    return Script("soup", steps, leave=Leave.TERMINATE)  # it may have pinned


def _ingredient(dice: Random, texts: list[str]) -> bytes:
    name, portal, text = dice.choice(["", "", "s1", "s2"]), dice.choice(["", "", "p1"]), dice.choice(texts)
    parameters = ["x"] if dice.random() < 0.2 else []
    kind = dice.randint(0, 13)
    if kind <= 3:
        return run(text) + dice.choice([b"", SYNC])
    single = (
        *(query(text), parse(name, text), bind(portal, name, parameters), execute(portal, dice.randint(0, 3))),
        *(describe(dice.choice("SP"), name), close(dice.choice("SP"), name), SYNC, SYNC, FLUSH),
        dice.choice([copy_data("a\n"), copy_data("a\tb\n"), COPY_DONE, message(b"f", b"no\0")]),
    )
    return single[kind - 4]


ATTACKS: dict[str, Attack] = {
    attack.__name__: attack
    for attack in (
        *(copy_in_one_write, copy_then_idle, copy_into_view, copy_refused_by_trigger, copy_like_libpq, copy_fails),
        *(copy_simple, copy_abandoned, settings, leaks, deallocate, prepare_in_sql, portals, errors),
        *(functions, query_in_batch, pipelines, cancels),
        *(malformed, unknown_type, half_messages, in_pieces, vanishes, soup),
    )
}
