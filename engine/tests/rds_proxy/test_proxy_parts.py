"""The proxy's login with a password, its metrics and its settings, without a socket."""

from __future__ import annotations

import pytest

from serverless_cloud.rds_proxy import scram
from serverless_cloud.rds_proxy.event_lines import KEPT, Events
from serverless_cloud.rds_proxy.metrics import Metrics
from serverless_cloud.rds_proxy.settings import Settings


def logged_in(known: str | None, given: str) -> None:
    verifier, prover = scram.Verifier(known), scram.Prover(given)
    prover.verify(verifier.final(prover.final(verifier.first(prover.first()))))


@pytest.mark.parametrize(
    "password", ["x", 'pa\'ss "word" \\', "grün", "ランプ", "a\u00a0b", "😀", "\u0627\u0031", "\u0007"]
)
def test_the_right_password_is_accepted(password: str) -> None:
    logged_in(password, password)


@pytest.mark.parametrize(("known", "given"), [("lamp", "Lamp"), ("lamp", ""), (None, "lamp")])
def test_a_wrong_one_is_not(known: str | None, given: str) -> None:
    with pytest.raises(scram.ScramError, match="wrong password"):
        logged_in(known, given)


def test_passwords_are_prepared_as_by_saslprep() -> None:
    """Examples of RFC 4013, section 3."""
    assert scram.normalise("I\u00adX") == b"IX"
    assert scram.normalise("\u00aa") == b"a"
    assert scram.normalise("\u2168") == b"IX"


def test_the_exchange_is_that_of_the_rfc() -> None:
    """RFC 7677, section 3: the proof and the signature for a known nonce, salt and password."""
    prover = scram.Prover("pencil")
    prover._nonce, prover._bare = "rOprNGfwEbeRWgbNEkqO", "n=user,r=rOprNGfwEbeRWgbNEkqO"
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    final = prover.final(f"r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096".encode())
    assert final == f"c=biws,r={nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=".encode()
    prover.verify(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    with pytest.raises(scram.ScramError, match="did not prove"):
        prover.verify(b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


@pytest.mark.parametrize("first", [b"", b"p=tls-unique,,n=,r=a", b"n,,n=", b"\xff", b"n"])
def test_a_malformed_first_message_is_refused(first: bytes) -> None:
    with pytest.raises(scram.ScramError):
        scram.Verifier("x").first(first)


def test_metrics_are_kept_by_the_minute() -> None:
    now_s = [600.0]
    metrics = Metrics(clock=lambda: now_s[0])
    metrics.add("QueryRequests")
    metrics.change("ClientConnections", 60)
    metrics.change("ClientConnections", -59)
    metrics.observe("DatabaseConnectionsBorrowLatency", 0.001)
    metrics.observe("DatabaseConnectionsBorrowLatency", 0.003)
    now_s[0] = 600.0 + 120
    metrics.add("QueryRequests", 2)
    first, between, last = (m["values"] for m in metrics.minutes())
    assert isinstance(first, dict)
    assert isinstance(between, dict)
    assert isinstance(last, dict)
    assert (first["QueryRequests"], between["QueryRequests"], last["QueryRequests"]) == (1, 0, 2)
    assert (first["ClientConnections"], between["ClientConnections"], last["ClientConnections"]) == (60, 1, 1)
    assert first["DatabaseConnectionsBorrowLatency"] == pytest.approx(2000)
    assert "DatabaseConnectionsBorrowLatency" not in last


def test_the_last_events_are_kept_with_their_numbers() -> None:
    events = Events(clock=lambda: 1.0)
    for n in range(KEPT + 5):
        events.note("query", n, None, "SELECT 1")
    assert [e["number"] for e in events.after(KEPT + 3)] == [KEPT + 4, KEPT + 5]
    assert len(events.after(0)) == KEPT


@pytest.mark.parametrize(("seats", "percent", "expected"), [(20, 50, 10), (20, 100, 20), (25, 50, 12), (5, 10, 1)])
def test_the_pool_is_a_percentage_of_max_connections(seats: int, percent: int, expected: int) -> None:
    target = {"host": "127.0.0.1", "port": 5432, "max_connections": seats}
    assert (
        Settings.from_json({"pool": {"max_connections_percent": percent}, "target": target}).max_connections == expected
    )


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="borrow_timout_s"):
        Settings.from_json({"pool": {"borrow_timout_s": 3}})
