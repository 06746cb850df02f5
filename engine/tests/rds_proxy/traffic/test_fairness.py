"""What one client may cost the others: they are answered while its flood goes on, and memory stays bounded."""

from __future__ import annotations

import contextlib
import struct
import threading
from collections.abc import Callable

import pytest

from kits.proxy_kit import ProxyProcess
from kits.raw_client import SYNC, RawClient, bind, close, message, parse, query

MB = 2**20
#: How many answers another client gets at least while a flood is answered. On an idle machine it gets hundreds.
FAIR_ANSWERS = 5
STATEMENTS = b"".join(parse(f"s{n}", f"SELECT {n}") for n in range(25_000))
FAILURES = b"".join(parse(f"f{n}", f"SELEC {n}") + SYNC for n in range(2_000))

#: What a client sends after a query that keeps its connection busy, and how many ReadyForQuery it gets for that.
FLOODS = {
    "Syncs": (SYNC * 1_600_000, 1_600_000),
    "simple queries": (query("SELECT 1") * 20_000, 20_000),
    "Parses that fail": (STATEMENTS + SYNC + FAILURES, 2_001),
    "statements behind an error": (parse("", "SELEC") + STATEMENTS + SYNC, 1),
    "an error of 40 MB": (query("DO $$ BEGIN RAISE '%', repeat('x', 40000000); END $$"), 1),
}


@pytest.mark.thorough
@pytest.mark.parametrize("flood", FLOODS)
def test_others_are_answered_while_a_flood_goes_on(proxy: Callable[..., ProxyProcess], flood: str) -> None:
    front, (data, count) = proxy(), FLOODS[flood]
    with RawClient(front.endpoint) as attacker, RawClient(front.endpoint) as other:
        attacker.login()
        other.login()
        before_mb = front.memory_mb()
        sender = threading.Thread(target=attacker.send, args=(query("SELECT pg_sleep(0.5)"), data))
        ended = threading.Event()

        def read() -> None:
            seen, tail = 0, b""
            while seen < count + 1:
                chunk = tail + attacker.socket.recv(MB)
                seen += chunk.count(b"Z\0\0\0\5I")
                tail = chunk[-5:]
            ended.set()

        reader = threading.Thread(target=read)
        sender.start()
        reader.start()
        answers = 0
        while not ended.is_set():
            assert other.ask(query("SELECT 2"))[1].body[6:] == b"2"
            answers += 1
        sender.join()
        reader.join()
        assert answers >= FAIR_ANSWERS
        assert front.memory_mb() - before_mb < 96


UNREAD = {
    "Syncs": SYNC * 100_000,
    "Closes": close("S", "none") * 30_000,
    "Binds to nothing": bind("p", "none") * 30_000,
    "Parses that answer nothing": parse("", "SELECT 1") * 30_000,
    "half a message": message(b"Q", b"x" * 400_000)[:-1],
}


@pytest.mark.thorough
@pytest.mark.parametrize("kind", UNREAD)
def test_a_client_that_never_reads_fills_no_memory(proxy: Callable[..., ProxyProcess], kind: str) -> None:
    front = proxy()
    with RawClient(front.endpoint) as attacker:
        attacker.login()
        before_mb, size = front.memory_mb(), 0
        attacker.socket.settimeout(1.0)
        with contextlib.suppress(TimeoutError, ConnectionError):
            while size < 100 * MB:
                attacker.socket.sendall(UNREAD[kind])
                size += len(UNREAD[kind])
        assert front.memory_mb() - before_mb < 48
        with front.endpoint.connect() as other:
            assert other.execute("SELECT 1").fetchone() == (1,)


def test_a_stranger_that_asks_for_encryption_again_and_again_is_sent_away(proxy: Callable[..., ProxyProcess]) -> None:
    request = struct.pack("!ii", 8, 80877104)  # GSSENCRequest
    with RawClient(proxy().endpoint) as stranger:
        stranger.send(request)
        assert stranger.socket.recv(1) == b"N"
        stranger.send(request)
        assert [answer.brief() for answer in stranger.until("E")] == ["E 0A000"]
        assert stranger.closed()
