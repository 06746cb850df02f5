"""Check of module 04, task 4.2: the sessions of each user and state."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg

from serverless_cloud import DatabaseSession
from serverless_first import cloud
from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import one_line
from serverless_first.lab.functions import fresh_id, wait_until
from serverless_first.shop import hikari

MASTER = "hikari"
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
    groups = Counter({group: number for group, (number, _) in rows.items()})
    problem, look_at = _wrong_groups(groups, right, sessions)
    attempt.expect(
        groups == right,
        problem=problem,
        called=reply.called,
        came_back=", ".join(f"{user} {state}: {number}" for (user, state), number in sorted(groups.items())),
        expected="all client sessions, by user and state, including the session that runs your query",
        look_at=look_at,
    )
    _oldest_first(attempt, rows, sessions, reply.called)


def _wrong_groups(groups: Counter[Group], right: Counter[Group], sessions: list[DatabaseSession]) -> tuple[str, str]:
    """The misconception that leads to these groups, and where to look."""
    of_one_database = Counter((s.user, s.state) for s in sessions if s.database == "shop") + Counter([ASKING])
    strangers = {user for user, _ in right} - {user for user, _ in groups}
    condition = "the condition after WHERE"
    if groups == right + Counter([HELPING]):
        return (
            "Your list counts a process that isn't a client. A parallel query has helper processes, which have a "
            "user, a database and a state, but take no seats.",
            "which column of pg_stat_activity tells clients from background processes",
        )
    if groups[HELPING] == right[HELPING] + 1:  # it also leaves something out, which comes first
        groups = groups - Counter([HELPING])
    if any(not user or not state for user, state in groups):
        return (
            "Your list counts PostgreSQL's own background processes. They don't take any seats.",
            "which column of pg_stat_activity tells clients from background processes",
        )
    if groups == Counter({(state, user): number for (user, state), number in right.items()}):
        return "The columns are in another order than the task asks for.", "the columns of your SELECT"
    if groups == right - Counter([ASKING]):
        return "Only the session that runs your query is missing. It also holds a seat.", condition
    if groups == of_one_database:
        return "Sessions in other databases are missing. The limit applies to the whole server.", condition
    if strangers and all(groups[group] == number for group, number in right.items() if group[0] not in strangers):
        return (
            "One user's sessions are left out. Every session holds a seat, even if you don't know its user.",
            condition,
        )
    if groups.keys() < right.keys() and all(groups[group] == right[group] for group in groups):
        return "Sessions in some states are left out. Each session holds a seat, whatever it is doing.", condition
    if groups.total() < right.total():
        return (
            "Sessions are missing. Each of the server's clients holds a seat.",
            f"{condition}, and what it leaves out",
        )
    if groups.total() > right.total():
        return "Your list counts more sessions than there are clients.", condition
    return "The sessions are grouped incorrectly.", "the columns that you group by"


def _rows(attempt: Attempt, payload: Any, called: str) -> dict[Group, tuple[int, datetime]]:
    """The number of sessions of each user and state, and since when."""
    rows_by_group: dict[Group, tuple[int, datetime]] = {}
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
            group not in rows_by_group,
            problem="There is more than one row for the same user and state.",
            called=called,
            came_back=row,
            expected="one row per user and state",
            look_at="the columns that you group by",
        )
        rows_by_group[group] = (number, since)
    return rows_by_group


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
    has_ended = wait_until(lambda: all(session.pid != pid for session in cloud.start().database_sessions("orders-db")))
    assert has_ended, "the administrator's session doesn't end"


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
