"""Logins byte by byte and without a socket: a client's to the proxy, and the proxy's own to the database."""

from __future__ import annotations

import pytest

from serverless_cloud.rds_proxy import scram, wire
from serverless_cloud.rds_proxy.login import Login, LoginError, Step
from serverless_cloud.rds_proxy.pool import Key
from serverless_cloud.rds_proxy.upstream import UpstreamError, UpstreamLogin

USERS = {"app": "lamplight"}
AUTHENTICATED, SASL = wire.message(b"R", wire.INT.pack(0)), wire.message(b"R", wire.INT.pack(10) + b"SCRAM-SHA-256\0\0")
SSL_REQUEST, GSS_REQUEST = (wire.INT.pack(8) + wire.INT.pack(code) for code in (wire.SSL_CODE, wire.GSS_CODE))


def startup(**parameters: str) -> bytes:
    return wire.startup({"user": "app", "database": "shop"} | parameters)


def new_login(*, offers_tls: bool = True, requires_tls: bool = False) -> Login:
    return Login(USERS, offers_tls=offers_tls, requires_tls=requires_tls)


def prove(login: Login, password: str) -> bytes:
    """The client proves that it knows the password; what the proxy answers at the end."""
    prover = scram.Prover(password)
    first = prover.first()
    challenge = login.receive(
        bytearray(wire.message(b"p", scram.MECHANISM.encode() + b"\0" + wire.INT.pack(len(first)) + first))
    )
    return login.receive(bytearray(wire.message(b"p", prover.final(challenge[9:]))))


# ---- a client's login to the proxy


@pytest.mark.parametrize("has_tls", [False, True])
@pytest.mark.parametrize("requires_tls", [False, True])
def test_a_client_without_tls_is_refused_only_where_tls_is_required(has_tls: bool, requires_tls: bool) -> None:
    login = new_login(requires_tls=requires_tls)
    if has_tls:
        assert login.receive(bytearray(SSL_REQUEST)) == b"S"
        assert login.step is Step.TLS
        login.tls_started()
    if requires_tls and not has_tls:
        with pytest.raises(LoginError, match="This RDS Proxy requires TLS connections") as refused:
            login.receive(bytearray(startup()))
        assert wire.error_fields(refused.value.message)["C"] == "28000"
        assert not refused.value.wrong
        return
    assert login.receive(bytearray(startup())) == SASL
    assert prove(login, "lamplight").endswith(AUTHENTICATED)
    assert login.is_done
    assert login.key == Key("app", "shop")


def test_a_client_that_asks_for_what_there_is_not_may_go_on_without() -> None:
    login = new_login(offers_tls=False)
    assert login.receive(bytearray(GSS_REQUEST + SSL_REQUEST + startup())) == b"N" + b"N" + SASL
    tls = new_login()
    assert tls.receive(bytearray(GSS_REQUEST)) == b"N"
    assert tls.receive(bytearray(SSL_REQUEST)) == b"S"


def test_nothing_may_follow_a_request_for_tls_before_its_answer() -> None:
    with pytest.raises(wire.ProtocolError, match="unencrypted data after SSL request"):
        new_login().receive(bytearray(SSL_REQUEST + startup()))
    login = new_login()
    login.receive(bytearray(SSL_REQUEST))
    login.tls_started()
    with pytest.raises(wire.ProtocolError, match="unencrypted data after SSL request"):
        login.receive(bytearray(SSL_REQUEST))


def test_a_wrong_password_and_an_unknown_user_are_refused() -> None:
    login = new_login()
    login.receive(bytearray(startup()))
    with pytest.raises(LoginError, match="The password that was provided for the role app is wrong") as refused:
        prove(login, "Lamplight")
    assert (refused.value.wrong, login.is_done) == (True, False)
    with pytest.raises(LoginError, match="no credentials for the role nobody") as refused:
        new_login().receive(bytearray(startup(user="nobody")))
    assert refused.value.wrong
    assert wire.error_fields(refused.value.message)["C"] == "28P01"


def test_a_client_that_cancels_a_query_logs_in_no_further() -> None:
    login = new_login(requires_tls=True)
    assert login.receive(bytearray(wire.cancel_request(b"whichkey"))) == b""
    assert (login.step, login.cancel_key, login.is_done) == (Step.CANCEL, b"whichkey", False)


@pytest.mark.parametrize(
    ("given", "key", "name"),
    [
        ({}, Key("app", "shop"), ""),
        ({"database": ""}, Key("app", "app"), ""),
        ({"application_name": "till"}, Key("app", "shop"), "till"),
        ({"TimeZone": "Asia/Tokyo"}, Key("app", "shop", (("timezone", "Asia/Tokyo"),)), ""),
        ({"client_encoding": "UTF8"}, Key("app", "shop"), ""),  # every connection has it anyway
        ({"client_encoding": "SJIS"}, Key("app", "shop", (("client_encoding", "SJIS"),)), ""),
        (
            {"search_path": "stock", "DateStyle": "ISO"},
            Key("app", "shop", (("datestyle", "ISO"), ("search_path", "stock"))),
            "",
        ),
        ({"replication": "false"}, Key("app", "shop"), ""),
    ],
)
def test_clients_with_the_same_settings_share_connections(given: dict[str, str], key: Key, name: str) -> None:
    login = new_login()
    assert login.receive(bytearray(startup(**given))) == SASL
    assert (login.key, login.application_name) == (key, name)


@pytest.mark.parametrize(
    ("given", "words", "code"),
    [
        ({"user": ""}, "A user name is missing", "28000"),
        ({"replication": "database"}, "streaming replication mode", "0A000"),
        ({"options": "-c work_mem=1MB"}, "command-line options", "0A000"),
        ({"work_mem": "1MB"}, "the option work_mem", "0A000"),
    ],
)
def test_what_a_client_may_not_ask_for(given: dict[str, str], words: str, code: str) -> None:
    with pytest.raises(wire.ProtocolError, match=words) as refused:
        new_login().receive(bytearray(startup(**given)))
    assert wire.error_fields(refused.value.message)["C"] == code


@pytest.mark.parametrize("size", [1, 3, 8])
def test_a_start_may_come_in_pieces(size: int) -> None:
    login, inbox, answer, whole = new_login(), bytearray(), b"", startup()
    for begin in range(0, len(whole), size):
        assert answer == b""
        inbox += whole[begin : begin + size]
        answer = login.receive(inbox)
    assert answer == SASL
    assert not inbox


# ---- the proxy's login to the database


def parameter(name: str, value: str) -> bytes:
    return wire.parameter_status(name, value)


CANCEL_KEY = wire.INT.pack(4711) + wire.INT.pack(42)
LET_IN = (
    AUTHENTICATED
    + parameter("server_version", "18.6")
    + parameter("TimeZone", "Asia/Tokyo")
    + parameter("session_authorization", "")
    + wire.message(b"K", CANCEL_KEY)
    + wire.READY_IDLE
)


def new_upstream(init_query: str = "") -> UpstreamLogin:
    return UpstreamLogin("app", "lamplight", "shop", {"application_name": "proxy"}, init_query)


def test_the_proxy_says_who_it_is() -> None:
    packet = wire.read_startup(bytearray(new_upstream().begin()))
    assert packet is not None
    assert packet.parameters == {"user": "app", "database": "shop", "application_name": "proxy"}


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_settings_of_the_database_are_known_as_it_reports_them(size: int) -> None:
    login, inbox = new_upstream(), bytearray()
    for begin in range(0, len(LET_IN), size):
        assert not login.is_done
        inbox += LET_IN[begin : begin + size]
        assert login.receive(inbox) == b""
    assert login.is_done
    assert login.parameters == {"server_version": "18.6", "TimeZone": "Asia/Tokyo", "session_authorization": ""}
    assert login.cancel_key == CANCEL_KEY
    assert inbox == b""


def test_a_changed_setting_replaces_the_old_one_and_a_notice_changes_nothing() -> None:
    login = new_upstream()
    login.receive(bytearray(AUTHENTICATED + parameter("TimeZone", "UTC") + wire.message(b"N", b"\0") + LET_IN))
    assert login.parameters["TimeZone"] == "Asia/Tokyo"
    assert login.is_done


def test_the_init_query_runs_before_the_connection_is_used() -> None:
    login = new_upstream("SET work_mem = '1MB'")
    assert login.receive(bytearray(LET_IN)) == wire.query("SET work_mem = '1MB'")
    assert not login.is_done
    assert login.receive(bytearray(wire.message(b"C", b"SET\0") + wire.READY_IDLE)) == b""
    assert login.is_done


def test_an_init_query_that_fails_ends_the_login_with_its_error() -> None:
    login = new_upstream("SET lamp = 1")
    login.receive(bytearray(LET_IN))
    refusal = wire.error("42704", "unrecognized parameter", "ERROR")
    with pytest.raises(UpstreamError, match="unrecognized parameter") as refused:
        login.receive(bytearray(refusal + wire.READY_IDLE))
    assert (refused.value.answer, refused.value.is_transient, login.is_done) == (refusal, False, False)


@pytest.mark.parametrize(
    ("code", "is_transient"), [("57P03", True), ("57P01", True), ("53300", True), ("28P01", False), ("3D000", False)]
)
def test_some_refusals_may_be_over_a_moment_later(code: str, is_transient: bool) -> None:
    with pytest.raises(UpstreamError, match="no") as refused:
        new_upstream().receive(bytearray(wire.error(code, "no")))
    assert refused.value.is_transient is is_transient


def authentication(step: int, body: bytes = b"") -> bytearray:
    return bytearray(wire.message(b"R", wire.INT.pack(step) + body))


def test_the_proxy_proves_that_it_knows_the_password_and_wants_a_proof_too() -> None:
    login, verifier = new_upstream(), scram.Verifier("lamplight")
    first = login.receive(authentication(10, b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"))
    mechanism, _, rest = first[5:].partition(b"\0")
    assert (first[:1], mechanism, wire.INT.unpack_from(rest)[0]) == (b"p", b"SCRAM-SHA-256", len(rest) - 4)
    final = login.receive(authentication(11, verifier.first(rest[4:])))
    signature = verifier.final(final[5:])
    assert login.receive(authentication(12, signature)) == b""
    with pytest.raises(scram.ScramError):
        login.receive(authentication(12, b"v=" + b"A" * 43 + b"="))


@pytest.mark.parametrize(("step", "answer"), [(0, b""), (3, wire.message(b"p", b"lamplight\0"))])
def test_the_password_goes_out_in_clear_only_if_it_is_asked_for(step: int, answer: bytes) -> None:
    assert new_upstream().receive(authentication(step)) == answer


@pytest.mark.parametrize(("step", "body"), [(5, b"salt"), (7, b""), (10, b"SCRAM-SHA-1\0\0")])
def test_other_ways_to_prove_it_are_unknown(step: int, body: bytes) -> None:
    with pytest.raises(wire.ProtocolError, match=f"doesn't support: {step}"):
        new_upstream().receive(authentication(step, body))


@pytest.mark.parametrize("wrong", [b"R\0\0\0\4", b"R\0\0\0\7abc", b"S\0\0\0\3"])
def test_what_no_database_says_is_refused(wrong: bytes) -> None:
    with pytest.raises(wire.ProtocolError):
        new_upstream().receive(bytearray(wrong))
