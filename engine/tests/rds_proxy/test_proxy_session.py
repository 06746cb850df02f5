"""One client of the proxy, byte by byte and without a socket: what goes where, and when its connection is free."""

from __future__ import annotations

import itertools

import pytest

from serverless_cloud.core.moves import IllegalMove, moved
from serverless_cloud.rds_proxy import wire
from serverless_cloud.rds_proxy.phases import TRANSITIONS, Move, Phase
from serverless_cloud.rds_proxy.prepared import CLIENT_BYTES
from serverless_cloud.rds_proxy.session import Session
from serverless_cloud.rds_proxy.statements import KEPT, Known

PARSED, BOUND, CLOSED = b"1\0\0\0\4", b"2\0\0\0\4", b"3\0\0\0\4"
PREPARED = CLOSED + PARSED  # the proxy closes a statement before it prepares it: its name is then certainly free
DONE = wire.message(b"C", b"SELECT 1\0")
IDLE, IN_TRANSACTION, FAILED = (b"Z\0\0\0\5" + status for status in (b"I", b"T", b"E"))


def parse(name: str, sql: str) -> bytes:
    return wire.message(b"P", f"{name}\0{sql}\0".encode() + b"\0\0")


def bind(name: str, portal: str = "", value: bytes | None = None) -> bytes:
    """A Bind with one parameter, as text, or without any."""
    parameters = b"\0\0" if value is None else b"\0\1" + wire.INT.pack(len(value)) + value
    return wire.message(b"B", f"{portal}\0{name}\0".encode() + b"\0\0" + parameters + b"\0\0")


def close(what: str, name: str) -> bytes:
    return wire.message(b"C", f"{what}{name}\0".encode())


EXECUTE = wire.message(b"E", b"\0\0\0\0\0")


def kinds_of(messages: bytes) -> list[bytes]:
    """The kind of each message; fails unless each is as long as it says."""
    kinds, position = [], 0
    while position < len(messages):
        kinds.append(messages[position : position + 1])
        (length_bytes,) = wire.INT.unpack_from(messages, position + 1)
        position += 1 + length_bytes
    assert position == len(messages)
    return kinds


class Client:
    """A session with the ends of both sockets in a test's hands."""

    def __init__(self, known: Known | None = None, good: Known | None = None) -> None:
        self.notes: list[tuple[str, str]] = []
        self.session = Session(good=good, note=lambda kind, detail: self.notes.append((kind, detail)))
        self.known = known if known is not None else Known()
        self.later = b""  # what the database gets once it has answered

    def phase(self) -> Phase:
        return self.session.phase

    def says(self, data: bytes) -> bytes:
        """What the database gets of it, once there is a connection."""
        self.session.inbox += data
        if self.session.phase is Phase.IDLE and self.session.needs_connection():
            self.session.move(Move.ASK)
            self.session.attach(self.known)
        if self.session.phase in (Phase.BORROWING, Phase.PINNED):
            self.session.forward()
        sent = b"".join(self.session.to_server)
        self.session.to_server.clear()
        return sent

    def hears(self, data: bytes = b"") -> bytes:
        """What the client gets of it. Then what it has sent behind a Sync goes on."""
        if data:
            self.session.answers.receive(data)
        if self.session.is_free:
            self.session.detach()
        self.later += self.says(b"")
        sent = b"".join(self.session.answers.to_client)
        self.session.answers.to_client.clear()
        return sent


@pytest.mark.parametrize(("phase", "move"), list(itertools.product(Phase, Move)))
def test_a_client_moves_only_as_the_table_says(phase: Phase, move: Move) -> None:
    if (phase, move) in TRANSITIONS:
        assert moved(TRANSITIONS, phase, move, "A client") is TRANSITIONS[phase, move]
    else:
        with pytest.raises(IllegalMove, match=f"that is {phase} cannot {move}"):
            moved(TRANSITIONS, phase, move, "A client")


TWICE = (parse("", "SELECT 1") + bind("") + EXECUTE + wire.SYNC) * 2
COPY = parse("", "COPY t FROM STDIN") + bind("") + EXECUTE + wire.SYNC
COPIED = wire.message(b"d", b"1\n") + wire.message(b"c") + wire.SYNC
NO_COLUMN, NO_STATEMENT = wire.error("42703", "no column", "ERROR"), wire.error("26000", "no statement", "ERROR")

COPY_BEGINS = wire.message(b"G", b"\0\0\0")
READ_ONLY = wire.error("55000", "cannot copy to view", "ERROR")

#: What the client says, what the database gets of it, what that answers, and whether the connection is free then.
EXCHANGES = {
    "a transaction holds it to its end": [
        (wire.query("BEGIN"), "Q", IN_TRANSACTION, False),
        (wire.query("SELECT nonsense"), "Q", NO_COLUMN + FAILED, False),
        (wire.query("ROLLBACK"), "Q", IDLE, True),
    ],
    "one ReadyForQuery is due at a time": [
        (TWICE, "PBES", PARSED + BOUND + DONE + IDLE, False),
        (b"", "PBES", PARSED + BOUND + DONE + IDLE, True),
    ],
    "a message without Sync holds it": [
        (wire.query("SELECT 1") + parse("", "SELECT 2"), "Q", DONE + IDLE, False),
        (b"", "P", PARSED, False),
    ],
    "a COPY takes data, and no Sync before it": [
        (COPY + COPIED, "PBCEH", PARSED + BOUND + CLOSED + COPY_BEGINS, False),
        (b"", "dcS", wire.message(b"C", b"COPY 1\0") + IDLE, True),
    ],
    "a COPY that fails before its first read": [
        (COPY + wire.query("SELECT 1"), "PBCEH", PARSED + BOUND + CLOSED + COPY_BEGINS + READ_ONLY, False),
        (b"", "S", IDLE, False),
        (b"", "Q", DONE + IDLE, True),
    ],
    "a COPY with something else than data": [
        (COPY + wire.query("SELECT 1"), "PBCEH", PARSED + BOUND + CLOSED + COPY_BEGINS, False),
        (b"", "fS", wire.error("57014", "COPY from stdin failed", "ERROR") + IDLE, False),
        (b"", "Q", DONE + IDLE, True),
    ],
    "data of a COPY that has failed": [
        (wire.query("COPY t FROM STDIN"), "Q", COPY_BEGINS + READ_ONLY + IDLE, True),
        (COPIED, "", b"", True),
    ],
    "several statements in one batch": [
        (
            TWICE[: -len(wire.SYNC)].replace(wire.SYNC, b"") + wire.SYNC,
            "PBEPBES",
            (PARSED + BOUND + DONE) * 2 + IDLE,
            True,
        )
    ],
}


@pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES)
def test_who_gets_what_and_when_the_connection_is_free(exchange: list[tuple[bytes, str, bytes, bool]]) -> None:
    client = Client()
    for asked, sent, answered, is_free in exchange:
        client.later += client.says(asked)
        assert b"".join(kinds_of(client.later)).decode() == sent
        client.later = b""
        client.hears(answered)
        assert client.phase() is (Phase.IDLE if is_free else Phase.BORROWING)


def test_a_query_in_a_batch_spoils_the_connection_unless_it_is_skipped() -> None:
    batch = bind("") + wire.query("SELECT 1") + wire.SYNC
    for answer, is_reusable in ((NO_STATEMENT, True), (BOUND + CLOSED + DONE + IN_TRANSACTION, False)):
        client = Client()
        assert kinds_of(client.says(parse("", "SELECT 2") + batch)) == [b"P", b"B", b"C", b"Q"]
        client.hears(PARSED + answer)
        assert client.later == wire.SYNC
        client.session.answers.receive(IDLE)
        assert (client.session.detach() == "") is is_reusable


@pytest.mark.parametrize("answer", [IDLE, DONE, PARSED, COPY_BEGINS], ids=["Z", "C", "1", "G"])
def test_an_answer_to_nothing_breaks_the_protocol(answer: bytes) -> None:
    client = Client()
    client.says(wire.query("SELECT 1"))
    with pytest.raises(wire.ProtocolError, match="answers nothing"):
        client.hears(DONE + IN_TRANSACTION + answer)


def test_notices_notifications_and_settings_may_come_at_any_time() -> None:
    client = Client()
    client.says(wire.query("BEGIN"))
    client.hears(DONE + IN_TRANSACTION)
    for message in (wire.message(b"N", b"\0"), wire.message(b"A", b"\0\0\0\1a\0\0"), wire.parameter_status("a", "b")):
        assert client.hears(message) == message


@pytest.mark.parametrize("begins", ["BEGIN; SET LOCAL timezone = 'Asia/Tokyo'", "SELECT set_config('a.b', '1', true)"])
def test_a_transaction_with_another_setting_shares_no_statement(begins: str) -> None:
    known, good = Known(), Known()
    first, second = Client(known, good), Client(known, good)
    sql = "SELECT timestamptz '2026-11-08'"
    first.says(wire.query(begins))
    first.hears(DONE + IN_TRANSACTION)
    assert sql.encode() in first.says(parse("t", sql) + bind("t") + EXECUTE + wire.SYNC)
    first.hears(PREPARED + BOUND + DONE + IN_TRANSACTION)
    assert sql.encode() not in first.says(
        bind("t") + EXECUTE + wire.SYNC
    )  # it has it there, under a name that is its own
    first.hears(BOUND + DONE + IN_TRANSACTION)
    first.says(wire.query("COMMIT"))
    first.hears(DONE + IDLE)
    assert sql.encode() in second.says(parse("u", sql) + bind("u") + EXECUTE + wire.SYNC)  # under its own settings
    second.hears(PREPARED + BOUND + DONE + IDLE)
    assert sql.encode() not in first.says(bind("t") + EXECUTE + wire.SYNC)


def test_what_a_client_says_is_sent_as_it_is() -> None:
    assert Client().says(wire.query("BEGIN")) == wire.query("BEGIN")


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_it_does_not_matter_how_the_bytes_are_cut(size: int) -> None:
    asked = wire.query("BEGIN") + parse("a", "SELECT 1") + bind("a") + EXECUTE + wire.SYNC
    answers = (IN_TRANSACTION, PREPARED + BOUND + DONE + IDLE)
    whole, cut = Client(), Client()
    sent, heard = whole.says(asked), b"".join(map(whole.hears, answers))
    pieces = [answer[n : n + size] for answer in answers for n in range(0, len(answer), size)]
    assert b"".join(cut.says(asked[n : n + size]) for n in range(0, len(asked), size)) == sent
    assert b"".join(map(cut.hears, pieces)) == heard
    assert cut.later == whole.later
    assert heard == IN_TRANSACTION + PARSED + BOUND + DONE + IDLE
    assert cut.phase() is Phase.IDLE


@pytest.mark.parametrize("size_bytes", [10, wire.LARGE_BYTES - 50, wire.LARGE_BYTES, 5 * wire.LARGE_BYTES])
@pytest.mark.parametrize("name", ["", "lamp"])
def test_a_bind_of_any_size_is_as_long_as_it_says(name: str, size_bytes: int) -> None:
    client = Client()
    asked = parse(name, "SELECT $1") + bind(name, value=b"x" * size_bytes) + EXECUTE + wire.SYNC
    pieces = (asked[start : start + 8_192] for start in range(0, len(asked), 8_192))
    sent = b"".join(client.says(piece) for piece in pieces)
    assert kinds_of(sent)[-3:] == [b"B", b"E", b"S"]
    assert b"x" * size_bytes in sent


def test_what_pins_holds_the_connection_and_says_why() -> None:
    client = Client()
    client.says(wire.query("SET search_path = stock"))
    client.hears(wire.message(b"C", b"SET\0") + IDLE)
    assert client.phase() is Phase.PINNED
    assert [kind for kind, _ in client.notes] == ["query", "pin"]
    assert client.notes[1][1].endswith("SET search_path = stock")


def test_a_statement_is_prepared_again_where_it_is_unknown_and_the_client_does_not_notice() -> None:
    client = Client()
    client.says(parse("lamp", "SELECT 1") + wire.SYNC)
    client.hears(PREPARED + IDLE)
    client.known = Known()  # another connection
    sent = client.says(bind("lamp") + EXECUTE + wire.SYNC)
    assert b"SELECT 1" in sent
    assert client.hears(PREPARED + BOUND + DONE + IDLE) == BOUND + DONE + IDLE


def test_a_statement_that_is_there_is_not_prepared_twice() -> None:
    known = Known()
    first, second = Client(known), Client(known)
    first.says(parse("a", "SELECT 1") + bind("a") + EXECUTE + wire.SYNC)
    first.hears(PREPARED + BOUND + DONE + IDLE)
    sent = second.says(parse("b", "SELECT 1") + bind("b") + EXECUTE + wire.SYNC)
    assert b"SELECT 1" not in sent
    assert second.hears(CLOSED + BOUND + DONE + IDLE) == PARSED + BOUND + DONE + IDLE


def test_a_statement_known_to_be_good_needs_no_connection() -> None:
    good = Known()
    first, second = Client(good=good), Client(good=good)
    first.says(parse("a", "SELECT 1") + wire.SYNC)
    first.hears(PREPARED + IDLE)
    assert second.says(parse("b", "SELECT 1") + wire.SYNC) == b""
    assert second.phase() is Phase.IDLE
    assert second.hears() == PARSED + IDLE
    assert b"SELECT 1" in second.says(bind("b") + EXECUTE + wire.SYNC)


def test_a_name_that_is_taken_is_refused_also_where_its_statement_is_unknown() -> None:
    """The proxy prepares the statement there first; the client sees none of that answer, and then the error."""
    good = Known()
    client = Client(good=good)
    there = client.says(parse("a", "SELECT 1") + wire.SYNC)
    client.hears(PREPARED + IDLE)
    client.known, key = Known(), next(iter(good.named))  # another connection of the pool
    assert client.says(parse("a", "SELECT 2") + wire.SYNC).startswith(there.removesuffix(wire.SYNC))
    refusal = wire.error("42P05", "prepared statement exists", "ERROR")
    assert client.hears(PREPARED + refusal + IDLE) == refusal + IDLE
    assert client.known.use(key)  # else the next client would prepare it again, and be refused


def test_another_clients_unnamed_statement_is_out_of_reach() -> None:
    known = Known()
    first, second = Client(known), Client(known)
    first.says(parse("", "SELECT secret") + wire.SYNC)
    first.hears(PARSED + IDLE)
    assert second.says(bind("") + EXECUTE + wire.SYNC).startswith(wire.message(b"C", b"S\0"))
    answer = wire.error("26000", "unnamed prepared statement does not exist", "ERROR") + IDLE
    assert second.hears(CLOSED + answer) == answer


def test_a_parse_that_the_database_skipped_is_not_remembered() -> None:
    client = Client()
    client.says(parse("x", "SELEC 1") + parse("y", "SELECT 2") + wire.SYNC)
    client.hears(wire.error("42601", "syntax error", "ERROR") + IDLE)
    assert not any(client.known.named.values())
    assert b"SELECT 2" not in client.says(bind("y") + EXECUTE + wire.SYNC)


def test_a_client_cannot_make_the_proxy_remember_statements_without_end() -> None:
    client, sql = Client(), "SELECT 1 --" + "x" * 16_000
    few = CLIENT_BYTES // 20_000  # that many are allowed with room to spare, twice as many are not
    for n in range(few):
        client.says(parse(f"s{n}", sql) + wire.SYNC)
        client.hears(PREPARED + IDLE if n == 0 else b"")  # the others need no connection
    with pytest.raises(wire.ProtocolError, match="16 MiB of statements and portals for each client") as refused:
        client.says(b"".join(parse(f"s{n}", sql) for n in range(few, few * 2)))
    assert wire.error_fields(refused.value.message)["C"] == "54000"


def test_nor_portals() -> None:
    client = Client()
    client.says(wire.query("BEGIN") + parse("", "SELECT 1"))
    client.hears(DONE + IN_TRANSACTION)
    client.hears(PARSED)
    client.session.inbox += b"".join(bind("", portal=f"p{n}") for n in range(CLIENT_BYTES // 500))

    def forward_all() -> None:
        while client.session.forward():
            client.session.to_server.clear()

    with pytest.raises(wire.ProtocolError, match="statements and portals"):
        forward_all()


def test_what_a_client_closes_is_not_counted() -> None:
    client, sql = Client(), "SELECT 1 --" + "x" * 16_000
    client.says(wire.query("BEGIN"))
    client.hears(DONE + IN_TRANSACTION)
    for n in range(CLIENT_BYTES // 10_000):
        client.says(parse(f"s{n}", sql) + bind(f"s{n}", portal=f"p{n}") + close("P", f"p{n}") + close("S", f"s{n}"))
        client.says(wire.SYNC)
        client.hears((PREPARED if n == 0 else CLOSED) + BOUND + CLOSED + CLOSED + IN_TRANSACTION)
    client.says(wire.query("COMMIT"))
    client.hears(DONE + IDLE)
    assert client.phase() is Phase.IDLE


def test_a_connection_keeps_a_bounded_number_of_statements() -> None:
    client = Client()
    for n in range(KEPT + 10):
        client.says(parse(f"s{n}", f"SELECT {n}") + wire.SYNC)
        client.hears((CLOSED if n >= KEPT else b"") + PREPARED + IDLE)
    assert len(client.known.named) == KEPT
    assert client.phase() is Phase.IDLE


@pytest.mark.parametrize(
    "wrong", [b"Q\0\0\0\3", b"Q\xff\xff\xff\xff", b"Q\x7f\xff\xff\xff", b"~\0\0\0\4", b"P\0\0\0\5a"]
)
def test_what_no_client_says_is_refused(wrong: bytes) -> None:
    with pytest.raises(wire.ProtocolError):
        Client().says(wrong)


def test_a_goodbye_ends_it() -> None:
    client = Client()
    assert client.says(wire.TERMINATE) == b""
    assert client.phase() is Phase.ENDED
