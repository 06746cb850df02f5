"""Checks of module 04, tasks 4.1 and 4.2: the burst and its evidence, and who holds the seats."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from serverless_cloud import DatabaseSession
from serverless_first import cloud
from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import one_line
from serverless_first.lab.functions import fresh_id, log_lines, wait_until
from serverless_first.lab.show import say
from serverless_first.shop import hikari

MASTER = "hikari"
SEATS, KEPT_FOR_SUPERUSERS = 20, 3  # the lab's max_connections, PostgreSQL's superuser_reserved_connections
REFUSALS = ("connection slots", "too many clients")  # PostgreSQL's words
#: What a role can do and no order needs. Members of pg_use_reserved_connections are left to the burst.
TOO_MUCH = """
SELECT what FROM pg_roles AS role, LATERAL (
    SELECT * FROM (VALUES
        ('act as a superuser', rolsuper), ('create databases', rolcreatedb), ('create roles', rolcreaterole),
        ('replicate the server', rolreplication), ('bypass row security', rolbypassrls),
        ('create tables', has_schema_privilege(role.oid, 'public', 'CREATE')),
        ('create schemas', has_database_privilege(role.oid, current_database(), 'CREATE'))
    ) AS attribute (what, may)
    UNION ALL SELECT kind || ' orders', has_table_privilege(role.oid, 'orders', kind)
        FROM unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER', 'INSERT WITH GRANT OPTION']) AS kind
    UNION ALL SELECT kind || ' orders', has_any_column_privilege(role.oid, 'orders', kind)
        FROM unnest(ARRAY['UPDATE', 'REFERENCES']) AS kind
) AS privilege (what, may)
WHERE rolname = %(user)s AND may AND NOT pg_has_role(role.oid, 'pg_use_reserved_connections', 'MEMBER')
"""
EVIDENCE = ("calls", "answered", "failed", "throttled", "errors", "sessions")


# ---- 4.1


@task("4.1")
def burst(attempt: Attempt) -> None:
    """The evidence describes the master user's burst; with the function's own role the administrator can log in."""
    shop = attempt.database()
    _evidence(attempt)
    variables = _variables_of(attempt, "orders")
    user = variables.get("DB_USER", "")
    attempt.expect(
        user != MASTER,
        problem="The function still logs in as the master user, and can take the administrator's reserved seats.",
        called="get_function_configuration orders",
        came_back=f"DB_USER {user}",
        expected="the function's own role",
        look_at="the variables that you pass when you deploy the function in step 2",
    )
    _only_what_an_order_needs(attempt, shop, user)
    say(f"4.1: a burst of orders as {user} ...")
    keys = [fresh_id("ord") for _ in range(cloud.burst_size(30))]
    results = cloud.start().at_once("orders", [{"order_key": key, "lamp": "Hoshi", "quantity": 1} for key in keys])
    counted = Counter(result.outcome for result in results)
    # Errors of a statement come before refusals for lack of a seat, because they say more about the role.
    errors = sorted({one_line(r.error) for r in results if r.error}, key=lambda error: "connection slots" in error)
    called = f"{len(keys)} calls of orders at once"
    cannot_log_in = any("authentication failed" in e or "not permitted to log in" in e for e in errors[:1])
    attempt.expect(
        counted["answered"] > 0,
        problem="With the new role, no order goes through.",
        called=called,
        came_back=errors[0] if errors else dict(counted),
        expected=f"orders, until {user} holds all the seats that it can take",
        look_at="whether the role may log in, and whether DB_PASSWORD is the role's password"
        if cannot_log_in
        else "what the role must be allowed to do: place_order inserts a row and reads its id",
    )
    refused, placed = "", 0
    try:
        with shop.connect() as connection:
            row = connection.execute("SELECT count(*) FROM orders WHERE order_key = ANY(%s)", (keys,)).fetchone()
            placed = int(row[0])
    except psycopg.OperationalError as error:
        refused = one_line(str(error))
    held = Counter(session.user for session in cloud.start().database_sessions("orders-db"))
    attempt.expect(
        not refused,
        problem=f"The administrator is refused. The role {user} can take the administrators' reserved seats.",
        called=f"{called}, then a login as {MASTER}",
        came_back=f"{refused}; sessions: {dict(held)}",
        expected="the administrator can log in at any time",
        look_at="which other roles your role is a member of",
    )
    attempt.expect(
        placed == counted["answered"],
        problem="The function answers, but some orders aren't in the table.",
        called=called,
        came_back=f"{counted['answered']} answers, {placed} new rows in the table orders",
        expected="one row per answer",
        look_at="the file that you deployed: step 2 deploys orders.py unchanged",
    )


def _only_what_an_order_needs(attempt: Attempt, shop: hikari.Database, user: str) -> None:
    """Looks at the role's privileges, unless its sessions hold the administrators' seats, as the burst will show."""
    try:
        with shop.connect() as connection:
            rows = connection.execute(TOO_MUCH, {"user": user}).fetchall()
    except psycopg.OperationalError:
        return
    attempt.expect(
        not rows,
        problem=f"The role {user} has privileges that no order needs. Anyone who learns its password also gets them.",
        called=f"a query for the privileges of {user}, as {MASTER}",
        came_back=f"it can {', '.join(row[0] for row in rows)}",
        expected="a role that can log in, insert an order and read its id",
        look_at="the privileges that you give the role with CREATE ROLE and GRANT",
    )


def _evidence(attempt: Attempt) -> None:
    file = Path("evidence.json")
    if not file.is_file():
        attempt.not_started("This notebook hasn't written evidence.json yet.")
    called = "reading evidence.json"
    try:
        found: Any = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        found = str(error)
    missing = [key for key in EVIDENCE if not isinstance(found, dict) or key not in found]
    attempt.expect(
        not missing,
        problem="The evidence isn't complete.",
        called=called,
        came_back=found,
        expected=f"a JSON object with the keys {', '.join(EVIDENCE)}; missing: {', '.join(missing)}",
        look_at="the table in step 1",
    )
    counts = {key: found[key] for key in EVIDENCE[:4]}
    attempt.expect(
        all(type(count) is int for count in counts.values())
        and counts["calls"] == counts["answered"] + counts["failed"] + counts["throttled"],
        problem="The counts don't add up. Each call has exactly one outcome.",
        called=called,
        came_back=counts,
        expected="answered + failed + throttled = calls",
        look_at="how you count result.outcome",
    )
    errors = found["errors"] if isinstance(found["errors"], list) else [found["errors"]]
    attempt.expect(
        len({str(error) for error in errors}) == len(errors),
        problem="The evidence contains the same error text more than once. Your colleague needs each text only once.",
        called=called,
        came_back=f"{len(errors)} texts, and without repetitions {len({str(error) for error in errors})}",
        expected="each text once",
        look_at="how you build the list errors",
    )
    attempt.expect(
        bool(errors) and all(isinstance(error, str) and error.strip() for error in errors),
        problem="A text in errors is empty." if errors else "The evidence contains no error, although calls failed.",
        called=called,
        came_back=errors,
        expected="the database's messages, from the calls that failed",
        look_at="which results have an error: if an order went through, its error is empty",
    )
    attempt.expect(
        any(words in error for error in errors for words in REFUSALS),
        problem="The errors aren't in PostgreSQL's own words. Your colleague needs these words to search the logs.",
        called=called,
        came_back=errors,
        expected="the text that the database sent when it refused a call",
        look_at="which attribute of a result holds the error; use its text unchanged",
    )
    logged = one_line(" ".join(log_lines(attempt, "orders")))
    attempt.expect(
        all(one_line(error) in logged for error in errors),
        problem="The evidence contains an error text that the function never logged.",
        called=f"{called} and the log group /aws/lambda/orders",
        came_back=next((error for error in errors if one_line(error) not in logged), ""),
        expected="only texts of errors that occurred",
        look_at="which attribute of a result holds the error; use its text unchanged",
    )
    sessions = found["sessions"]
    attempt.expect(
        isinstance(sessions, dict) and bool(sessions) and all(type(number) is int for number in sessions.values()),
        problem="The evidence doesn't say how many sessions each user has.",
        called=called,
        came_back=sessions,
        expected="an object that maps each username to its number of sessions",
        look_at="the last row of the table in step 1",
    )
    told: dict[str, int] = sessions
    attempt.expect(
        MASTER in told and sum(told.values()) == SEATS - KEPT_FOR_SUPERUSERS,
        problem="The evidence doesn't have the sessions that the master user's burst left behind.",
        called=called,
        came_back=sessions,
        expected=f"the number of sessions per user, while {MASTER} holds all the seats that it can take",
        look_at="how you count, and when: the environments must still exist. Rerun the task from its first cell",
    )
    attempt.expect(
        counts["answered"] == told[MASTER],
        problem="The counts don't match the sessions. Each answered call left its session behind.",
        called=called,
        came_back=f"{counts}; sessions: {sessions}",
        expected="as many sessions as answered calls",
        look_at="how you count result.outcome, and whether both numbers come from the same burst. Rerun the task "
        "from its first cell",
    )


def _variables_of(attempt: Attempt, name: str) -> dict[str, str]:
    client = attempt.client("lambda")
    try:
        settings = client.get_function_configuration(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        attempt.not_started(f"There is no function {name} yet.")
    return dict((settings.get("Environment") or {}).get("Variables") or {})


# ---- 4.2

Group = tuple[str, str]  # user and state
HELPING = ("orders_app", "active")  # what the view says of the helper process of the check's parallel query
ASKING = (MASTER, "active")  # the session of the function that asks also holds a seat
CLOSE_S = 0.01  # the moments in the check's crowd are further apart than this
STRANGER = "check_stranger"  # a role that the learner doesn't know


@task("4.2")
def seats(attempt: Attempt) -> None:
    """The function counts the sessions of each user and state, and says since when the oldest has been in it."""
    shop = attempt.database()
    attempt.invoke("seats", {})  # says so if it is not there, or not written
    with _stranger(attempt, shop) as known, _crowd(attempt, known):
        sessions = cloud.start().database_sessions("orders-db")
        reply = attempt.invoke("seats", {})
    rows = _rows(attempt, reply.payload, reply.called)
    right = Counter((session.user, session.state) for session in sessions) + Counter([ASKING])
    told = Counter({group: number for group, (number, _) in rows.items()})
    problem, look_at = _wrong_groups(told, right, sessions)
    attempt.expect(
        told == right,
        problem=problem,
        called=reply.called,
        came_back=", ".join(f"{user} {state}: {number}" for (user, state), number in sorted(told.items())),
        expected="all client sessions, by user and state, including the session that runs your query",
        look_at=look_at,
    )
    _oldest_first(attempt, rows, sessions, reply.called)


def _wrong_groups(told: Counter[Group], right: Counter[Group], sessions: list[DatabaseSession]) -> tuple[str, str]:
    """The misconception that leads to these groups, and where to look."""
    of_one_database = Counter((s.user, s.state) for s in sessions if s.database == "shop") + Counter([ASKING])
    strangers = {user for user, _ in right} - {user for user, _ in told}
    condition = "the condition after WHERE"
    if told == right + Counter([HELPING]):
        return (
            "Your list counts a process that isn't a client. A parallel query has helper processes, which have a "
            "user, a database and a state, but take no seats.",
            "which column of pg_stat_activity tells clients from background processes",
        )
    if told[HELPING] == right[HELPING] + 1:  # it also leaves something out, which comes first
        told = told - Counter([HELPING])
    if any(not user or not state for user, state in told):
        return (
            "Your list counts PostgreSQL's own background processes. They don't take any seats.",
            "which column of pg_stat_activity tells clients from background processes",
        )
    if told == Counter({(state, user): number for (user, state), number in right.items()}):
        return "The columns are in another order than the task asks for.", "the columns of your SELECT"
    if told == right - Counter([ASKING]):
        return "Only the session that runs your query is missing. It also holds a seat.", condition
    if told == of_one_database:
        return "Sessions in other databases are missing. The limit applies to the whole server.", condition
    if strangers and all(told[group] == number for group, number in right.items() if group[0] not in strangers):
        return (
            "One user's sessions are left out. Every session holds a seat, even if you don't know its user.",
            condition,
        )
    if told.keys() < right.keys() and all(told[group] == right[group] for group in told):
        return "Sessions in some states are left out. Each session holds a seat, whatever it is doing.", condition
    if told.total() < right.total():
        return (
            "Sessions are missing. Each of the server's clients holds a seat.",
            f"{condition}, and what it leaves out",
        )
    if told.total() > right.total():
        return "Your list counts more sessions than there are clients.", condition
    return "The sessions are grouped incorrectly.", "the columns that you group by"


def _rows(attempt: Attempt, payload: Any, called: str) -> dict[Group, tuple[int, datetime]]:
    """The number of sessions of each user and state, and since when."""
    found: dict[Group, tuple[int, datetime]] = {}
    for row in payload if isinstance(payload, list) else [payload]:
        try:
            group = (str(row["user"] or ""), str(row["state"] or ""))
            since = datetime.fromisoformat(row["since"]) if row["since"] else datetime.fromtimestamp(0, UTC)
            number = int(row["sessions"])
        except (KeyError, TypeError, ValueError):
            attempt.fail(
                "A row doesn't have the columns that the task asks for.",
                called=called,
                came_back=row,
                expected="user, state, number of sessions, earliest state_change, in this order in your SELECT",
                look_at="the columns of your SELECT",
            )
        attempt.expect(
            group not in found,
            problem="There is more than one row for the same user and state.",
            called=called,
            came_back=row,
            expected="one row per user and state",
            look_at="the columns that you group by",
        )
        found[group] = (number, since)
    return found


def _oldest_first(
    attempt: Attempt, rows: dict[Group, tuple[int, datetime]], sessions: list[DatabaseSession], called: str
) -> None:
    """Compares `since` of each group of idle sessions with what the sessions themselves say."""
    for group, (_, since) in sorted(rows.items()):
        moments = [s.since_s for s in sessions if (s.user, s.state) == group]
        if not moments or group[1] == "active":
            continue
        told_s = since.timestamp()
        connected = [s.connected_s for s in sessions if (s.user, s.state) == group]
        if any(abs(told_s - moment_s) < CLOSE_S for moment_s in connected):
            problem = "The value of since says when a session connected. An old connection may have been busy all day."
            look_at = "which column says when the state changed"
        elif any(abs(told_s - moment_s) < CLOSE_S for moment_s in moments):
            problem = "The value of since isn't from the session that has been in this state the longest."
            look_at = "which of several times you choose"
        else:
            problem, look_at = "The value of since is wrong.", "the column that since comes from"
        attempt.expect(
            abs(told_s - min(moments)) < CLOSE_S,
            problem=problem,
            called=called,
            came_back=f"{group[0]} {group[1]}: since {max(moments) - told_s:.2f} s before the newest state_change",
            expected=f"{max(moments) - min(moments):.2f} s before the newest state_change",
            look_at=look_at,
        )


class _Crowd:
    """Sessions that the check opens, each in its own state."""

    def __init__(self, attempt: Attempt, shop: hikari.Database) -> None:
        self._attempt, self._shop = attempt, shop
        self.connections: list[Any] = []

    def join(self, user: str, statement: str, **settings: Any) -> Any:
        """Opens one more session, which is connected for a while before it enters its state."""
        try:
            connection = self._shop.connect(user, **settings)
        except psycopg.OperationalError as error:
            self._attempt.fail(
                "The check can't find a free seat in your database.",
                called=f"a login as {user}",
                came_back=one_line(str(error)),
                expected="some free seats",
                look_at="what else is connected; rerun this task's cells, because they end the environments",
            )
        self.connections.append(connection)
        connection.execute("SELECT pg_sleep(0.05)")
        connection.execute(statement)
        return connection


def _as_administrator(attempt: Attempt, shop: hikari.Database, statement: str) -> None:
    """Logs in, runs the statement, and waits until the seat is free again."""
    administrator = _Crowd(attempt, shop).join(MASTER, statement)
    pid = administrator.info.backend_pid
    administrator.close()
    gone = wait_until(lambda: all(session.pid != pid for session in cloud.start().database_sessions("orders-db")))
    assert gone, "the administrator's session doesn't end"


@contextlib.contextmanager
def _stranger(attempt: Attempt, shop: hikari.Database) -> Iterator[hikari.Database]:
    """The database with one more role."""
    password, drop = fresh_id("password"), f"DROP ROLE IF EXISTS {STRANGER}"
    _as_administrator(attempt, shop, f"{drop}; CREATE ROLE {STRANGER} LOGIN PASSWORD '{password}'")
    try:
        yield dataclasses.replace(shop, passwords=shop.passwords | {STRANGER: password})
    finally:
        _as_administrator(attempt, shop, drop)


@contextlib.contextmanager
def _crowd(attempt: Attempt, shop: hikari.Database) -> Iterator[None]:
    crowd = _Crowd(attempt, shop)
    try:
        crowd.join(STRANGER, "SELECT 1")
        broken = crowd.join("orders_app", "SELECT 1", autocommit=False)
        with contextlib.suppress(psycopg.errors.DivisionByZero):
            broken.execute("SELECT 1 / 0")  # idle in transaction (aborted)
        crowd.join("orders_app", "SELECT 1", autocommit=False, application_name="report")
        crowd.join("orders_app", "SELECT 1", autocommit=False, dbname="postgres")
        crowd.join("orders_app", "SELECT 1", dbname="postgres")
        busy = crowd.join("orders_app", "SET debug_parallel_query = on")  # a helper process runs the next query
        busy.pgconn.send_query(b"SELECT pg_sleep(600)")
        pid = busy.info.backend_pid

        def at_work() -> bool:
            sessions = cloud.start().database_sessions("orders-db")
            return any(session.pid == pid and session.waits_for == "IPC" for session in sessions)

        assert wait_until(at_work), "no helper process runs the parallel query"
        yield
    finally:
        for connection in crowd.connections:
            with contextlib.suppress(psycopg.Error):
                connection.cancel_safe()  # otherwise, PostgreSQL continues the statement after the client has left
            connection.close()
