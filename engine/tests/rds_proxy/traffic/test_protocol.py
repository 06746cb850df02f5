"""The same bytes to PostgreSQL and to the proxy: the same kinds of messages come back, the same error codes."""

from __future__ import annotations

import struct

import pytest

from kits.proxy_kit import Endpoint
from kits.raw_client import FLUSH, SYNC, RawClient, bind, close, describe, execute, message, parse, query
from kits.servers_kit import Database

ONE = parse("", "SELECT 1") + bind("", "") + describe("P") + execute()
BAD = parse("", "SELECT 1 / 0") + bind("", "") + execute()

#: name -> the messages, each group up to a ReadyForQuery.
SCRIPTS: dict[str, list[bytes]] = {
    "sync alone": [SYNC],
    "two syncs": [SYNC + SYNC, b""],
    "flush before sync": [FLUSH + ONE + FLUSH + SYNC],
    "unnamed statement": [ONE + SYNC, ONE + SYNC],
    "named statement": [
        parse("a", "SELECT $1::int") + SYNC,
        bind("", "a", ["7"]) + execute() + SYNC,
        query("SELECT 2"),
        bind("", "a", ["8"]) + describe("P") + execute() + SYNC,
        describe("S", "a") + SYNC,
    ],
    "statement parsed twice under one name": [parse("a", "SELECT 1") + SYNC, parse("a", "SELECT 2") + SYNC],
    "statement closed and parsed again": [
        parse("a", "SELECT 1") + SYNC,
        close("S", "a") + parse("a", "SELECT 'x', 2") + describe("S", "a") + SYNC,
        bind("", "a") + execute() + SYNC,
    ],
    "closed, then used": [
        parse("a", "SELECT 1") + SYNC,
        close("S", "a") + SYNC,
        bind("", "a") + execute() + SYNC,
        query("SELECT 1"),
    ],
    "close of what is not there": [close("S", "never") + close("P", "never") + SYNC],
    "bind without parse": [bind("", "never") + execute() + SYNC, ONE + SYNC],
    "execute without bind": [execute("never") + SYNC],
    "describe of what is not there": [describe("S", "never") + SYNC, describe("P", "never") + SYNC],
    "error, then more before sync": [BAD + ONE + parse("b", "SELECT 3") + SYNC, bind("", "b") + execute() + SYNC],
    "error in parse": [
        parse("c", "SELEC") + bind("", "c") + SYNC, parse("c", "SELECT 5") + SYNC, describe("S", "c") + SYNC],
    "parse skipped by an error": [
        BAD + parse("d", "SELECT 1") + SYNC,
        parse("d", "SELECT 2") + bind("", "d") + execute() + SYNC,
    ],
    "close skipped by an error": [
        parse("e", "SELECT 1") + SYNC,
        BAD + close("S", "e") + SYNC,
        bind("", "e") + execute() + SYNC,
    ],
    "two pipelines without waiting": [ONE + SYNC + BAD + SYNC + ONE + SYNC, b"", b""],
    "simple queries without waiting": [query("SELECT 1") + query("SELEC") + query("SELECT 2, 3"), b"", b""],
    "simple and extended mixed": [ONE + SYNC + query("SELECT 1; SELECT 2") + parse("f", "SELECT 1") + SYNC, b"", b""],
    "query without a sync before it": [parse("", "SELECT 1") + bind("", "") + query("SELECT 2"), SYNC],
    "query skipped by an error": [BAD + query("SELECT 2") + SYNC, query("SELECT 3"), ONE + SYNC],
    "unnamed statement of the batch before": [parse("", "SELECT 7") + SYNC, bind("", "") + execute() + SYNC],
    "unnamed statement destroyed by a query": [parse("", "SELECT 7") + SYNC, query(""), bind("", "") + SYNC],
    "portal in pieces": [
        query("BEGIN"),
        parse("", "SELECT generate_series(1, 5)") + bind("p", "") + execute("p", 2) + SYNC,
        execute("p", 2) + execute("p", 2) + SYNC,
        execute("p", 2) + SYNC,
        close("P", "p") + SYNC,
        query("COMMIT"),
    ],
    "portal gone with its transaction": [
        query("BEGIN"),
        parse("", "SELECT 1") + bind("p", "") + SYNC,
        query("COMMIT"),
        execute("p") + SYNC,
    ],
    "failed transaction": [query("BEGIN"), BAD + SYNC, ONE + SYNC, query("SELECT 1"), query("COMMIT"), ONE + SYNC],
    "empty query": [query(""), query(";;"), parse("", "") + bind("", "") + describe("P") + execute() + SYNC],
    "no data": [query("DO $$ BEGIN NULL; END $$"), parse("", "DO 'BEGIN END'") + bind("", "") + describe("P") + SYNC],
    "copy out": [query("COPY (SELECT 1) TO STDOUT")],
    "copy data nobody has asked for": [message(b"d", b"1\n") + query("SELECT 1"), message(b"c") + query("SELECT 1")],
    "copy in": [
        query("BEGIN; CREATE TABLE raw_copy (id int)"),
        query("COPY raw_copy FROM STDIN") + message(b"d", b"1\n2") + message(b"d", b"2\n") + message(b"c"),
        query("COPY raw_copy FROM STDIN") + message(b"d", b"1\n") + message(b"f", b"no more\0"),
        query("ROLLBACK"),
    ],
    "copy in, extended": [
        query("BEGIN; CREATE TABLE raw_copy (id int)"),
        parse("", "COPY raw_copy FROM STDIN") + bind("", "") + execute() + SYNC
        + message(b"d", b"1\n") + message(b"c") + SYNC,
        query("ROLLBACK"),
    ],
    "copy in with a syntax error behind it": [
        query("BEGIN; CREATE TABLE raw_copy (id int)"),
        query("COPY raw_copy FROM STDIN") + message(b"d", b"x\n") + message(b"d", b"2\n") * 1000 + message(b"c"),
        query("ROLLBACK"),
    ],
    "function call": [message(b"F", struct.pack("!ihhhihh", 1598, 0, 0, 0, 0, 0, 0)[:10] + struct.pack("!h", 0))],
    "deallocate all in a pinned session": [
        parse("a", "SELECT 1") + parse("b", "SELECT $1::int") + SYNC,
        query("SET work_mem = '7MB'"),
        bind("", "a") + execute() + SYNC,
        query("DEALLOCATE ALL"),
        bind("", "a") + execute() + SYNC,
        parse("a", "SELECT 2, 3") + SYNC,
        bind("", "a") + describe("P") + execute() + SYNC,
        bind("", "b", ["1"]) + execute() + SYNC,
    ],
    "deallocate all pins by itself, in the extended protocol": [
        parse("a", "SELECT 1") + SYNC,
        parse("", "DEALLOCATE ALL") + bind("", "") + execute() + SYNC,
        describe("S", "a") + SYNC,
        parse("a", "SELECT 'x', 2") + describe("S", "a") + SYNC,
        bind("", "a") + execute() + SYNC,
        query("DISCARD ALL"),
        bind("", "a") + execute() + SYNC,
    ],
    "chained transactions": [query("BEGIN; SELECT 1; COMMIT AND CHAIN"), query("ROLLBACK")],
    "commit without begin": [query("COMMIT"), query("ROLLBACK"), query("SAVEPOINT a")],
    "parameter that does not fit": [parse("", "SELECT $1::int") + bind("", "", ["x"]) + execute() + SYNC],
    "wrong number of parameters": [parse("", "SELECT $1::int") + bind("", "", ["1", "2"]) + execute() + SYNC],
}  # fmt: skip


def transcript(endpoint: Endpoint, script: list[bytes], *, one_by_one: bool = False) -> list[list[str]]:
    """What comes back, in brief; notices of the connection's life apart."""
    with RawClient(endpoint, one_by_one=one_by_one) as client:
        assert client.login()[-1].brief() == "Z I"
        return [[each.brief() for each in client.ask(part) if each.kind not in "NS"] for part in script]


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_same_answers(proxy_endpoint: Endpoint, roomy: Database, name: str) -> None:
    expected = transcript(roomy.endpoint, SCRIPTS[name])
    assert all(part[-1].startswith("Z") for part in expected)
    assert transcript(proxy_endpoint, SCRIPTS[name]) == expected
    assert transcript(proxy_endpoint, SCRIPTS[name], one_by_one=True) == expected


def test_a_newer_protocol_is_negotiated(proxy_endpoint: Endpoint) -> None:
    """libpq 18 may ask for protocol 3.2, and anybody may ask for an option that nobody knows."""
    with proxy_endpoint.connect(max_protocol_version="latest") as c:
        assert c.execute("SELECT 1").fetchone() == (1,)
    with RawClient(proxy_endpoint) as client:
        found = client.login(**{"_pq_.no_such_option": "1"})
        assert found[-1].brief() == "Z I"
        assert client.ask(query("SELECT 1"))[-1].brief() == "Z I"
