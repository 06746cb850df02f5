"""The endpoint and clients that behave badly: nobody else is held up, nothing grows, nothing is lost."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import psutil
import psycopg
import pytest

import serverless_cloud as cloud
from kits import rds_kit as rk

MIB = 2**20
SSL, GSS = struct.pack("!II", 8, 80877103), struct.pack("!II", 8, 80877104)


@pytest.fixture(scope="module")
def shop(cloud_of_module: cloud.Cloud) -> dict[str, Any]:
    """An instance that every test uses and none changes."""
    del cloud_of_module
    instance: dict[str, Any] = rk.create()
    return instance


@pytest.fixture
def sockets(shop: dict[str, Any]) -> Iterator[Any]:
    """Opens sockets to the endpoint: `sockets()`; they are closed after the test."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(rk.dial(shop))


def is_served(shop: dict[str, Any]) -> bool:
    return bool(rk.value(shop, "SELECT 7") == 7)


def until_it_says(sock: socket.socket, kind: bytes) -> bytes:
    """Reads whole messages until one of this kind; its body."""
    said = b""
    while True:
        while len(said) < 5 or len(said) < 1 + struct.unpack("!I", said[1:5])[0]:
            chunk = sock.recv(65536)
            assert chunk, f"closed before {kind!r}"
            said += chunk
        size = 1 + struct.unpack("!I", said[1:5])[0]
        if said[:1] == kind:
            return said[5:size]
        said = said[size:]


BAD_STARTS = {
    "no length": struct.pack("!II", 0, 196608),
    "a length too short": struct.pack("!II", 7, 196608),
    "a length too long": struct.pack("!II", 10_001, 196608),
    "the longest length": struct.pack("!II", 0xFFFFFFFF, 196608),
    "a request over HTTP": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "a TLS greeting": bytes.fromhex("16030100c8010000c40303") + b"\0" * 300,
    "a request for TLS of a wrong length": struct.pack("!II", 9, 80877103) + b"\0",
}


@pytest.mark.parametrize("name", BAD_STARTS)
def test_a_malformed_start_is_refused_and_closed(shop: dict[str, Any], sockets: Any, name: str) -> None:
    sock = sockets()
    sock.sendall(BAD_STARTS[name])
    said = rk.rest_of(sock)
    assert said[:1] == b"E"
    assert b"SFATAL\0" in said
    assert b"C08P01\0" in said
    assert is_served(shop)


def test_an_endless_start_up_packet_is_not_kept(shop: dict[str, Any], sockets: Any) -> None:
    sock = sockets()
    with contextlib.suppress(ConnectionError):
        sock.sendall(struct.pack("!II", 2**31, 196608))
        for _ in range(1000):
            sock.sendall(b"x" * 65536)
    assert b"C08P01\0" in rk.rest_of(sock) or is_served(shop)
    assert is_served(shop)


def test_tls_and_gss_are_declined_once_each(shop: dict[str, Any], sockets: Any) -> None:
    sock = sockets()
    for request in (GSS, SSL):
        sock.sendall(request)
        assert sock.recv(1) == b"N"
    sock.sendall(SSL)
    assert b"C08P01\0" in rk.rest_of(sock)
    assert rk.value(shop, "SELECT 7", sslmode="prefer") == 7
    with pytest.raises(psycopg.OperationalError, match="does not support SSL"):
        rk.connect(shop, sslmode="require")


def test_another_protocol_version_gets_postgresql_s_answer(shop: dict[str, Any], sockets: Any) -> None:
    sock = sockets()
    sock.sendall(struct.pack("!II", 8, 2 << 16))
    assert b"unsupported frontend protocol 2.0" in rk.rest_of(sock)
    assert is_served(shop)


def test_a_client_that_is_frozen_in_mid_login_does_not_hold_up_the_others(shop: dict[str, Any], sockets: Any) -> None:
    frozen = sockets()
    frozen.sendall(rk.startup())
    assert until_it_says(frozen, b"R")[:4] == struct.pack("!I", 10)  # it is its turn to log in; it says nothing
    assert is_served(shop)
    frozen.settimeout(0.0)
    with pytest.raises(BlockingIOError):
        frozen.recv(1)  # it is still there: nobody has cut it off to let the others in


def test_a_client_that_trickles_does_not_hold_up_the_others(shop: dict[str, Any], sockets: Any) -> None:
    trickling, packet = sockets(), rk.startup()
    for number in range(len(packet) - 1):
        trickling.sendall(packet[number : number + 1])
        if number % 20 == 0:
            assert is_served(shop)
    trickling.sendall(packet[-1:])
    assert until_it_says(trickling, b"R")[:4] == struct.pack("!I", 10)
    answer = b"p" + struct.pack("!I", 400) + b"SCRAM-SHA-256\0"
    stop, served = threading.Event(), []

    def trickle() -> None:
        for byte in answer * 20:
            if stop.wait(0.1):
                return
            with contextlib.suppress(OSError):
                trickling.sendall(bytes([byte]))

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        served.append(is_served(shop))
    finally:
        stop.set()
        thread.join()
    assert served == [True]


def test_clients_that_leave_in_mid_login_do_not_hold_up_the_others(shop: dict[str, Any], sockets: Any) -> None:
    for _ in range(20):
        sock = sockets()
        sock.sendall(rk.startup())
        sock.close()
    reset = sockets()
    reset.sendall(rk.startup())
    reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closes with a reset
    reset.close()
    assert is_served(shop)


def test_300_idle_clients_take_no_seat_and_hold_up_nobody(shop: dict[str, Any], sockets: Any) -> None:
    idle = [sockets() for _ in range(300)]
    for sock in idle[::3]:
        sock.sendall(SSL)
    for sock in idle[1::3]:
        sock.sendall(rk.startup()[:12])
    for sock in idle[::3]:
        assert sock.recv(1) == b"N"
    count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    assert rk.value(shop, count) == 1


def test_a_cancel_passes_while_another_client_is_at_its_login(shop: dict[str, Any], sockets: Any, tools: Any) -> None:
    with rk.connect(shop) as busy, rk.connect(shop) as watcher:
        said: list[str] = []

        def sleep() -> None:
            try:
                busy.execute("SELECT pg_sleep(600)")
            except psycopg.errors.QueryCanceled as error:
                said.append(str(error))

        thread = threading.Thread(target=sleep)
        thread.start()
        sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND state = 'active'"
        tools.eventually(lambda: watcher.execute(sleeping).fetchone() == (1,), "the query runs")
        frozen = sockets()
        frozen.sendall(rk.startup())
        until_it_says(frozen, b"R")
        busy.cancel_safe(timeout=30)
        thread.join(60)
        assert said == ["canceling statement due to user request"]


def test_a_slow_reader_makes_postgresql_wait_not_the_endpoint_grow(shop: dict[str, Any], tools: Any) -> None:
    (process,) = rk.instance_processes(os.getpid())
    with rk.connect(shop) as watcher, rk.connect(shop) as slow:
        before = process.memory_info().rss
        slow.pgconn.send_query(b"SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
        slow.pgconn.set_single_row_mode()
        waits = "SELECT wait_event FROM pg_stat_activity WHERE pid = %s"
        tools.eventually(
            lambda: watcher.execute(waits, [slow.info.backend_pid]).fetchone() == ("ClientWrite",),
            "PostgreSQL waits for the client",
        )
        assert process.memory_info().rss - before < 10 * MIB
        size = 0
        while (result := slow.pgconn.get_result()) is not None:
            size += sum(len(result.get_value(row, 0) or b"") for row in range(result.ntuples))
        assert size == 20_000 * 1000


def test_much_data_goes_through_in_both_directions(shop: dict[str, Any]) -> None:
    text = "lamp " * 200
    with rk.connect(shop) as connection:
        connection.execute("CREATE TEMPORARY TABLE much (words text)")
        with connection.cursor().copy("COPY much FROM STDIN") as copy:
            for _ in range(20_000):
                copy.write_row([text])
        row = connection.execute("SELECT count(*), sum(length(words)), count(DISTINCT words) FROM much").fetchone()
        assert row == (20_000, 20_000 * len(text), 1)


@pytest.mark.skipif(psutil.WINDOWS, reason="counts file descriptors")
def test_clients_that_come_and_go_leave_nothing_open(shop: dict[str, Any], tools: Any) -> None:
    (process,) = rk.instance_processes(os.getpid())
    assert is_served(shop)
    before = process.num_fds()
    for _ in range(30):
        with rk.dial(shop) as sock:
            sock.sendall(rk.startup("nobody"))
        with pytest.raises(psycopg.OperationalError):
            rk.connect(shop, password="wrong")
        assert is_served(shop)
    tools.eventually(lambda: process.num_fds() <= before, "every connection is closed")
