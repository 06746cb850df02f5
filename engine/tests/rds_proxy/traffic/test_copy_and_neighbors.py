"""A COPY in the extended protocol, sent in one go with what follows: nobody reads another client's rows.

PostgreSQL reads a Sync behind the execution as a Sync or ignores it, which depends on whether the COPY has begun to
read. A proxy that counts wrong lends the connection out while a statement still runs on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kits.proxy_kit import ProxyProcess
from kits.raw_client import SYNC, Message, RawClient, bind, execute, message, parse, query

COPY_DATA, COPY_DONE = message(b"d", b"lamp\n"), message(b"c")
SETUP = """
CREATE TABLE copied (a text); CREATE VIEW readonly AS SELECT 1 AS a; CREATE TABLE guarded (a text);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.02); RAISE EXCEPTION 'not today'; END $$;
CREATE TRIGGER guard BEFORE INSERT ON guarded FOR EACH STATEMENT EXECUTE FUNCTION refuse();
"""


def run(text: str) -> bytes:
    """The messages that run a statement without a name, but for the Sync."""
    return parse("", text) + bind("", "") + execute()


SLOW = run("SELECT pg_sleep(0.1)") + SYNC
SHAPES = {
    "a COPY that succeeds, in one write": (run("COPY copied FROM STDIN") + COPY_DATA + COPY_DONE + SYNC + SLOW, 2),
    "a COPY into a view, with the next batch": (run("COPY readonly FROM STDIN") + SYNC + SLOW, 2),
    "a COPY that a trigger refuses, with the next batch": (run("COPY guarded FROM STDIN") + SYNC + SLOW, 2),
    "a COPY whose data was promised by a Sync": (
        run("COPY copied FROM STDIN") + SYNC + COPY_DATA + COPY_DONE + SYNC + SLOW,
        2,
    ),
    "a COPY that gets something else than data": (run("COPY copied FROM STDIN") + SYNC + SLOW, 2),
    "a simple COPY into a view, with a query behind it": (query("COPY readonly FROM STDIN") + COPY_DONE + SLOW, 2),
}


@pytest.fixture
def front(postgres: Any, proxy: Callable[..., ProxyProcess]) -> Iterator[ProxyProcess]:
    """A proxy with one connection, in front of the tables."""
    with postgres.endpoint.connect() as admin:
        admin.execute(SETUP)
        yield proxy(max_connections_percent=5)
        admin.execute("DROP TABLE copied, guarded; DROP VIEW readonly; DROP FUNCTION refuse")


def ready(client: RawClient, count: int) -> list[Message]:
    """What comes up to so many ReadyForQuery."""
    return [answer for _ in range(count) for answer in client.until("Z")]


def rows(answers: list[Message]) -> list[bytes]:
    """The values of one column."""
    return [answer.body[6:] for answer in answers if answer.kind == "D"]


@pytest.mark.parametrize("shape", SHAPES)
def test_neighbors_read_their_own_rows(front: ProxyProcess, shape: str) -> None:
    batch, count = SHAPES[shape]
    for number in range(5):
        with RawClient(front.endpoint) as attacker, RawClient(front.endpoint) as one, RawClient(front.endpoint) as two:
            for client in (attacker, one, two):
                client.login()
            attacker.send(batch)
            one.send(query("SELECT 'one' FROM pg_sleep(0.02)"))
            two.send(query("SELECT 'two'"))
            attacker.send(run(f"SELECT 'secret {number}'") + SYNC)
            assert rows(ready(one, 1)) == [b"one"]
            assert rows(ready(two, 1)) == [b"two"]
            assert rows(ready(attacker, count + 1))[-1] == f"secret {number}".encode()


def test_a_client_that_idles_after_a_copy_holds_no_connection(front: ProxyProcess) -> None:
    with RawClient(front.endpoint) as first, RawClient(front.endpoint) as second:
        first.login()
        second.login()
        first.send(run("COPY copied FROM STDIN") + COPY_DATA + COPY_DONE + SYNC)
        assert [answer.brief() for answer in first.until("Z")] == ["1", "2", "G", "C COPY 1", "Z I"]
        assert rows(second.ask(query("SELECT 'second'"))) == [b"second"]


def test_a_parse_behind_deallocate_all_is_kept(front: ProxyProcess) -> None:
    batch = parse("", "DEALLOCATE ALL") + bind("", "") + execute() + parse("s", "SELECT 'kept'") + SYNC
    for asked in (batch, query("DEALLOCATE ALL") + parse("s", "SELECT 'kept'") + SYNC):
        with RawClient(front.endpoint) as client:
            client.login()
            client.send(asked)
            ready(client, 2 if asked[:1] == b"Q" else 1)
            assert rows(client.ask(bind("", "s") + execute() + SYNC)) == [b"kept"]


def test_statements_of_a_transaction_with_another_time_zone_stay_its_own(front: ProxyProcess) -> None:
    """A literal of a time is read once, by the settings of whoever prepares the statement."""
    text = "SELECT extract(hour FROM timestamptz '2026-11-08 00:00' AT TIME ZONE 'UTC')::int"
    with RawClient(front.endpoint) as tokyo, RawClient(front.endpoint) as home:
        hours: dict[str, list[bytes]] = {}
        for client, begin in ((tokyo, "BEGIN; SET LOCAL timezone = 'Asia/Tokyo'"), (home, "BEGIN"), (tokyo, "BEGIN")):
            if client.key == b"":
                client.login()
            client.ask(query(begin))
            name = f"s{len(hours)}"
            client.ask(parse(name, text) + SYNC)
            hours[name] = rows(client.ask(bind("", name) + execute() + SYNC))
            client.ask(query("COMMIT"))
        assert hours == {"s0": [b"15"], "s1": [b"0"], "s2": [b"0"]}
        assert rows(tokyo.ask(bind("", "s0") + execute() + SYNC)) == [b"0"]  # outside, it follows the settings there


@pytest.mark.parametrize("ask", [bind("", "order") + execute(), parse("order", "SELECT 2")], ids=["bound", "taken"])
def test_a_statement_without_a_sync_is_there_after_the_next_query(front: ProxyProcess, ask: bytes) -> None:
    """The query spoils the connection, so the statement has to be prepared again on the next one."""
    with RawClient(front.endpoint) as client:
        client.login()
        client.send(parse("order", "SELECT 1") + query("SELECT 0") + ask + SYNC)
        assert [answer.kind for answer in ready(client, 1)] == ["1", "T", "D", "C", "Z"]
        kinds = [answer.kind for answer in ready(client, 1)]
    assert kinds == (["E", "Z"] if ask.startswith(b"P") else ["2", "D", "C", "Z"])
