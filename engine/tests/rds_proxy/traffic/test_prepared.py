"""Prepared statements of clients that share a connection: nobody gets another client's, and no statement stays broken.

Each test has a proxy with one database connection, so that all clients meet what the one before them has left there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from kits.proxy_kit import ProxyProcess
from kits.raw_client import SYNC, Message, RawClient, bind, close, describe, execute, parse, query
from kits.servers_kit import proxy_of
from serverless_cloud.rds_proxy.statements import KEPT

TEXT, DATE = 25, 1082  # PostgreSQL's numbers of two types
Login = Callable[[], RawClient]


@pytest.fixture
def front(roomy: Any) -> Iterator[ProxyProcess]:
    """A proxy with one database connection."""
    with proxy_of(roomy, max_connections_percent=1, max_idle_connections_percent=1) as process:
        yield process


@pytest.fixture
def login(front: ProxyProcess) -> Iterator[Login]:
    """Logs in another client at each call."""
    with ExitStack() as stack:

        def client() -> RawClient:
            raw = stack.enter_context(RawClient(front.endpoint))
            raw.login()
            return raw

        yield client


def briefly(messages: list[Message]) -> list[str]:
    """The kinds of messages, without notices."""
    return [message.brief() for message in messages if message.kind not in "NS"]


def values(messages: list[Message]) -> list[str]:
    """The first column of each row."""
    rows = [message.body for message in messages if message.kind == "D"]
    return [row[6 : 6 + int.from_bytes(row[2:6], "big")].decode() for row in rows]


def run(client: RawClient, statement: str) -> list[str]:
    """Binds and executes a statement: the rows, or the code of the error."""
    answers = client.ask(bind("", statement), execute(), SYNC)
    errors = [message.brief() for message in answers if message.kind == "E"]
    return errors or values(answers)


def test_a_client_without_an_unnamed_statement_never_runs_another_clients(login: Login) -> None:
    """Not even after an error, which makes PostgreSQL skip what the proxy has sent to prevent that."""
    owner, stranger = login(), login()
    owner.ask(parse("", "SELECT 'secret'"), bind("", ""), execute(), SYNC)
    assert briefly(stranger.ask(bind("", "never"), bind("", ""), SYNC)) == ["E 26000", "Z I"]
    assert run(stranger, "") == ["E 26000"]


@pytest.mark.parametrize("skipped", ["bind", "query", "close"])
def test_nor_when_the_error_and_the_bind_come_at_once(login: Login, skipped: str) -> None:
    """The proxy has passed on the second batch before it hears that the database skipped a part of the first one."""
    owner, stranger = login(), login()
    owner.ask(parse("", "SELECT 'secret'"), bind("", ""), execute(), SYNC)
    message = {"bind": bind("", ""), "query": query("SELECT 1"), "close": close("S")}[skipped]
    stranger.send(bind("", "never"), message, SYNC, bind("", ""), execute(), SYNC)
    answers = stranger.until("Z") + stranger.until("Z")
    assert values(answers) == []
    assert [brief for brief in briefly(answers) if brief[0] == "E"] == ["E 26000", "E 26000"]


def test_the_owner_of_an_unnamed_statement_still_has_it(login: Login) -> None:
    owner, stranger = login(), login()
    owner.ask(parse("", "SELECT 'mine'"), SYNC)
    stranger.ask(parse("", "SELECT 'other'"), bind("", ""), execute(), SYNC)
    assert run(owner, "") == ["mine"]
    assert run(stranger, "") == ["other"]


def test_an_error_before_the_statement_that_needs_room_breaks_no_other_statement(login: Login) -> None:
    """The proxy closes the oldest statement for the 501st; after an error PostgreSQL skips that Close."""
    client = login()
    for number in range(KEPT):
        client.ask(parse(f"s{number}", f"SELECT {number}"), SYNC)
    failing = parse("", "SELECT 1 / 0"), bind("", ""), execute()
    assert briefly(client.ask(*failing, parse("one more", "SELECT 'more'"), SYNC))[-2:] == ["E 22012", "Z I"]
    assert [run(client, f"s{number}") for number in (0, 0, 1)] == [["0"], ["0"], ["1"]]
    other = login()
    assert briefly(other.ask(parse("mine", "SELECT 0"), SYNC)) == ["1", "Z I"]
    assert run(other, "mine") == ["0"]


def test_a_statement_that_the_database_skipped_is_prepared_in_the_next_batch(login: Login) -> None:
    """Also if that batch is on its way already: the client prepared it long before, on a connection that is gone."""
    client = login()
    client.ask(parse("mine", "SELECT 'mine'"), SYNC)
    for number in range(KEPT):  # the connection forgets the first statement
        client.ask(parse(f"s{number}", f"SELECT {number}"), SYNC)
    client.send(bind("", "never"), bind("", "mine"), SYNC, bind("", "mine"), execute(), SYNC)
    assert briefly(client.until("Z")) == ["E 26000", "Z I"]
    assert values(client.until("Z")) == ["mine"]


def test_more_statements_in_one_batch_than_a_connection_keeps(login: Login) -> None:
    client = login()
    many = [parse(f"s{number}", f"SELECT {number}") for number in range(KEPT + 20)]
    binds = [bind("", f"s{number}") + execute() for number in (0, KEPT + 19, 1)]
    assert values(client.ask(*many, *binds, SYNC)) == ["0", str(KEPT + 19), "1"]


def test_a_statement_prepared_after_a_change_sees_the_changed_table(login: Login) -> None:
    """As PostgreSQL does, the proxy refuses a statement whose columns have changed until it is prepared again."""
    owner = login()
    owner.ask(query("DROP TABLE IF EXISTS lamp_ddl; CREATE TABLE lamp_ddl AS SELECT 'red' AS color"))
    select = "SELECT * FROM lamp_ddl"
    owner.ask(parse("s", select), bind("", "s"), execute(), SYNC)
    owner.ask(query("ALTER TABLE lamp_ddl ADD price int"))
    assert run(owner, "s") == ["E 0A000"]
    owner.ask(close("S", "s"), parse("s", select), SYNC)
    assert run(owner, "s") == ["red"]
    newcomer = login()
    newcomer.ask(parse("mine", select), SYNC)
    assert run(newcomer, "mine") == ["red"]


def test_a_table_changed_past_the_proxy_costs_one_error(login: Login, roomy: Any) -> None:
    owner, other = login(), login()
    with roomy.endpoint.connect() as direct:
        direct.execute("DROP TABLE IF EXISTS lamp_past; CREATE TABLE lamp_past AS SELECT 'red' AS color")
        for client in (owner, other):
            client.ask(parse("s", "SELECT * FROM lamp_past"), bind("", "s"), execute(), SYNC)
        direct.execute("ALTER TABLE lamp_past ADD price int")
    assert run(owner, "s") == ["E 0A000"]
    newcomer = login()
    newcomer.ask(parse("mine", "SELECT * FROM lamp_past"), SYNC)
    for client, name in ((newcomer, "mine"), (owner, "s"), (other, "s")):
        assert run(client, name) == ["red"]


@pytest.mark.parametrize("in_transaction", [False, True])
def test_a_parameter_has_the_type_of_the_table_as_it_is_now(login: Login, in_transaction: bool) -> None:
    owner, other = login(), login()
    insert = "INSERT INTO lamp_types VALUES ($1)"

    def type_of_parameter(client: RawClient, name: str) -> int:
        answers = client.ask(parse(name, insert), describe("S", name), close("S", name), SYNC)
        (described,) = [message.body for message in answers if message.kind == "t"]
        return int.from_bytes(described[2:6], "big")

    owner.ask(query("DROP TABLE IF EXISTS lamp_types; CREATE TABLE lamp_types (value date)"))
    assert (type_of_parameter(owner, "a"), type_of_parameter(other, "b")) == (DATE, DATE)
    if in_transaction:
        owner.ask(query("BEGIN"))
    owner.ask(query("DROP TABLE lamp_types"))
    owner.ask(query("CREATE TABLE lamp_types (value text)"))
    assert type_of_parameter(owner, "a") == TEXT
    if in_transaction:
        owner.ask(query("COMMIT"))
    assert (type_of_parameter(other, "b"), type_of_parameter(login(), "c")) == (TEXT, TEXT)


def test_statements_deallocated_where_the_proxy_does_not_look(login: Login) -> None:
    """A DO block is not read. It costs one error; then every client has its statements again."""
    first, second = login(), login()
    for client in (first, second):
        client.ask(parse("s", "SELECT 'here'"), parse("t", "SELECT 'there'"), SYNC)
    second.ask(query("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$"))
    assert run(first, "s") == ["E 26000"]
    newcomer = login()
    newcomer.ask(parse("mine", "SELECT 'here'"), SYNC)
    assert run(newcomer, "mine") == ["here"]
    assert [run(client, name) for client in (first, second) for name in "st"] == [["here"], ["there"]] * 2


def test_the_proxys_own_names_are_out_of_reach(login: Login) -> None:
    owner, stranger = login(), login()
    owner.ask(parse("mine", "SELECT 'secret'"), SYNC)
    listed = values(owner.ask(query("SELECT name FROM pg_prepared_statements WHERE statement LIKE '%secret%'")))
    name = next(name for name in listed if name.startswith("rp_"))
    assert run(stranger, name) == ["E 26000"]
    assert briefly(stranger.ask(close("S", name), SYNC)) == ["3", "Z I"]
    assert run(owner, "mine") == ["secret"]


@pytest.mark.parametrize("sql", ["EXECUTE s", "DEALLOCATE s"])
def test_sql_does_not_know_the_names_of_the_protocol(login: Login, sql: str) -> None:
    """PostgreSQL has the statement under the proxy's name. The client keeps it, and is pinned."""
    client = login()
    client.ask(parse("s", "SELECT 'here'"), SYNC)
    assert briefly(client.ask(query(sql))) == ["E 26000", "Z I"]
    assert run(client, "s") == ["here"]


def test_deallocate_all_ends_statements_of_the_protocol_too(login: Login) -> None:
    client = login()
    client.ask(parse("s", "SELECT 'here'"), SYNC)
    assert briefly(client.ask(query("DEALLOCATE ALL"))) == ["C DEALLOCATE ALL", "Z I"]
    assert run(client, "s") == ["E 26000"]


def test_a_statement_prepared_in_sql_can_be_bound(login: Login) -> None:
    client = login()
    client.ask(query("PREPARE q AS SELECT 'here'"))
    assert run(client, "q") == ["here"]


def test_the_process_id_of_the_login_is_the_proxys_own(login: Login) -> None:
    """It cancels the client's query through the proxy; SQL knows the backend that runs the query by another number."""
    client = login()
    (backend,) = values(client.ask(query("SELECT pg_backend_pid()")))
    assert int.from_bytes(client.key[:4], "big") != int(backend)
