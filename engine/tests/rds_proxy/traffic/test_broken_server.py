"""A database that breaks the protocol: its client is told, the log says why, and others are served."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from kits.broken_server import BrokenServer, LoginFault, negative_length, no_code, scram_rounds
from kits.proxy_kit import ProxyProcess, eventually, proxy_settings
from kits.raw_client import RawClient, query


@pytest.fixture
def broken() -> Iterator[Callable[..., ProxyProcess]]:
    """Starts a proxy in front of a broken server."""
    with ExitStack() as stack:

        def start(login_faults: dict[str, LoginFault] | None = None) -> ProxyProcess:
            server = stack.enter_context(closing(BrokenServer(login_faults)))
            return stack.enter_context(closing(ProxyProcess(proxy_settings(server.port))))

        yield start


def logs(front: ProxyProcess, text: str) -> None:
    """Waits for a line in the proxy's log."""
    eventually(lambda: any(text in line["message"] for line in front.logged), f"a line with {text!r} in the log")


def test_a_negative_length_in_an_answer(broken: Any) -> None:
    front = broken()
    with RawClient(front.endpoint) as victim, RawClient(front.endpoint) as other:
        victim.login()
        other.login()
        refusal = victim.ask(query("break"))[-1]
        assert refusal.brief() == "E 08P01"
        assert refusal.fields["M"] == (
            "The database sent a message that breaks the protocol: invalid message length. "
            "RDS Proxy closed the connection; connect again."
        )
        assert victim.closed()
        assert [answer.brief() for answer in other.ask(query("SELECT 1"))] == ["C SELECT 1", "Z I"]
    logs(front, "The database sent a message that breaks the protocol: invalid message length")
    eventually(lambda: front.now("DatabaseConnections") <= 1, "the broken connection to be given up")


def test_a_database_that_shuts_down_with_its_answer(broken: Any) -> None:
    """The client has its answer, so the shutdown doesn't become the answer to its next query."""
    front = broken()
    with RawClient(front.endpoint) as client:
        client.login()
        for sql in ("SELECT ends", "SELECT 1", "SELECT ends", "SELECT 1"):
            assert [answer.brief() for answer in client.ask(query(sql))] == ["C SELECT 1", "Z I"]


@pytest.mark.parametrize("word", ["twice", "later"])
def test_a_database_that_is_ready_although_nobody_asked(broken: Any, word: str) -> None:
    """The connection is closed before the next client takes the answer for the one to its own query."""
    front = broken()
    with RawClient(front.endpoint) as client, RawClient(front.endpoint) as other:
        client.login()
        other.login()
        client.ask(query(word))
        eventually(lambda: any("The proxy closed the connection" in e["message"] for e in front.logged), "a log line")
        assert [answer.brief() for answer in other.ask(query("SELECT 1"))] == ["C SELECT 1", "Z I"]
    eventually(lambda: front.now("DatabaseConnections") <= 1, "the connection to be given up")


FAULTS = {
    "negative length": (negative_length, "invalid message length"),
    "authentication without a code": (no_code, "an authentication message without a code"),
    "10,000,000 rounds": (
        scram_rounds("10000000"),
        "10000000 rounds of SCRAM-SHA-256, but RDS Proxy computes at most 100000",
    ),
    "no number of rounds": (scram_rounds("9" * 5000), "malformed SCRAM message"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_login(broken: Any, name: str) -> None:
    fault, text = FAULTS[name]
    front = broken({"report": fault})
    with RawClient(front.endpoint) as victim, RawClient(front.endpoint) as other:
        refusal = victim.login("report")[-1]
        assert refusal.brief() == "E 08P01"
        assert text in refusal.fields["M"]
        assert victim.closed()
        assert other.login()[-1].brief() == "Z I"
        assert [answer.brief() for answer in other.ask(query("SELECT 1"))] == ["C SELECT 1", "Z I"]
    logs(front, text)
