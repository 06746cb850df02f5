"""Check of module 05, task 5.2: the function that pins is named, and no longer pins."""

from __future__ import annotations

import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from serverless_cloud import CallResult, DatabaseSession, ProxyEvent
from serverless_first import cloud
from serverless_first.lab import Attempt, task
from serverless_first.lab.functions import alive, borrowed, fresh_id, wait_until
from serverless_first.lab.show import say
from serverless_first.shop import hikari

_chance = random.Random()
PROXY, DATABASE = "orders-proxy", "orders-db"
CALLS = 12
QUICK_S, SLOW_S, LONG_S = 0.3, 0.6, 1.0  # half a second is search's limit, and report has none
LOCKED_S = 3.0  # much longer than half a second; then the check gives up waiting
POOL = {"MaxConnectionsPercent": 50, "ConnectionBorrowTimeout": 2}  # as the task's cell sets it
# A policy of the table sees the setting of each query that reads it. A sequence keeps it, even if the query is stopped.
#: Notes each query's limit as an advisory lock of the session, which outlives a transaction that only reads.
NOTING = """
CREATE OR REPLACE FUNCTION check_limit() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_lock_shared({key}, setting::int) FROM pg_settings WHERE name = 'statement_timeout';
    RETURN true;
END $$;
DROP POLICY IF EXISTS check_limit ON orders;
CREATE POLICY check_limit ON orders USING (check_limit());
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
"""
NOTED = "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = %s"
NOTING_NO_MORE = """
ALTER TABLE orders DISABLE ROW LEVEL SECURITY;
DROP FUNCTION check_limit CASCADE;
"""
LIMIT_MS = 500


@task("5.2")
def pinning(attempt: Attempt) -> None:
    """The function that pins is named. It no longer pins, and its setting applies only to its own queries."""
    database = attempt.database()
    _finding(attempt)
    aws, lamp = cloud.start(), fresh_id("lamp")
    with database.connect() as connection:
        for _ in range(_chance.randint(2, 9)):
            connection.execute("INSERT INTO orders (lamp, quantity) VALUES (%s, 1)", [lamp])
        right = connection.execute("SELECT count(*) FROM orders WHERE lamp = %s", [lamp]).fetchone()[0]
    fast = {"lamp": lamp, "takes_s": 0.05}
    mark = _last_event()
    with borrowed(attempt, "search") as restart:
        restart()  # the proxy may have closed connections that the environments still keep
        for _ in range(2):
            attempt.invoke("search", fast)  # says so if it is not written yet
        _pool_is_unchanged(attempt)
        say(f"5.2: {CALLS} searches at once ...")
        for _ in range(3):  # on a very slow machine a short query may take half a second
            results = aws.at_once("search", [fast] * CALLS)
            if not any(isinstance(r.payload, dict) and r.payload.get("reason") == "too slow" for r in results):
                break
        since = aws.proxy_events(PROXY, mark)
        environments = len(alive("search"))
        _no_pin(attempt, since)
        _no_cancel(attempt, since, f"invoke search with {json.dumps(fast)}, {CALLS} times at once")
        answers = [result.payload.get("found") if isinstance(result.payload, dict) else None for result in results]
        attempt.expect(
            answers == [right] * CALLS,
            problem="search no longer finds the right number of orders.",
            called=f"invoke search with {json.dumps(fast)}, {CALLS} times at once",
            came_back=next((r.error or r.payload for r, f in zip(results, answers, strict=True) if f != right), ""),
            expected=f'{{"found": {right}}} each time',
            look_at="the query in freed.py, and the error if there is one",
        )
        logins = sum(event.kind == "login" for event in since)
        attempt.expect(
            0 < logins <= environments,
            problem="search doesn't use the proxy."
            if not logins
            else "search opens more connections than it needs. An environment serves one call at a time.",
            called=f"restart the function search, invoke it twice in a row, then {CALLS} times at once",
            came_back=f"{environments} execution environments, {logins} connections to {PROXY}",
            expected="one connection per environment",
            look_at="how often freed.py connects. The pool is already there, in the proxy",
        )
        say("5.2: slow queries ...")
        _still_ended(attempt, database, fast | {"takes_s": QUICK_S}, right)
        _same_value(attempt, database, fast)
        _no_pin(attempt, aws.proxy_events(PROXY, mark))
    _others_are_free(attempt, database)


def _finding(attempt: Attempt) -> None:
    try:
        text = Path("finding.json").read_text(encoding="utf-8")
    except OSError:
        attempt.not_started("There is no finding.json yet.", look_at="step 1 of task 5.2. Write your part, then run it")
    finding = json.loads(text)
    attempt.expect(
        isinstance(finding, dict),
        problem="finding is no longer a dict.",
        called="reading finding.json",
        came_back=text,
        expected="a dict with the two fields of step 1",
        look_at="the cell of step 1",
    )
    function, statement = str(finding.get("function", "")), str(finding.get("statement", ""))
    if not function:
        attempt.not_started("finding.json doesn't name a function yet.", look_at="step 1 of task 5.2")
    attempt.expect(
        function == "search",
        problem=f"{function} doesn't pin anything."
        + (" It fails because others hold the connections." if function in ("orders", "report") else ""),
        called="reading finding.json",
        came_back=text,
        expected="the function that runs the statement in the proxy's log",
        look_at="the statement after Reason in the proxy's log group. Which file has it?",
    )
    attempt.expect(
        re.search(r"\bset\s+(session\s+)?statement_timeout\b", statement.lower()) is not None,
        problem="This statement doesn't pin.",
        called="reading finding.json",
        came_back=text,
        expected="the statement in the proxy's log",
        look_at="the statement after Reason in the proxy's log group",
    )


def _pool_is_unchanged(attempt: Attempt) -> None:
    settings = attempt.client("rds").describe_db_proxy_target_groups(DBProxyName=PROXY)["TargetGroups"][0]
    pool = settings["ConnectionPoolConfig"]
    wrong = {name: value for name, value in pool.items() if name in POOL and value != POOL[name]}
    wrong |= {name: pool[name] for name in ("InitQuery", "SessionPinningFilters") if pool.get(name)}
    if "InitQuery" in wrong:
        problem = "The proxy runs its InitQuery on every new connection, and all three functions use these connections."
    elif pool["MaxConnectionsPercent"] > POOL["MaxConnectionsPercent"]:
        problem = "A larger pool only hides the pinning until more customers come."
    else:
        problem = "You have changed the proxy's pool. The fault is in the function."
    attempt.expect(
        not wrong,
        problem=problem,
        called=f"describe_db_proxy_target_groups {PROXY}",
        came_back=wrong,
        expected="the pool as the cell above step 1 made it",
        look_at="your call of modify_db_proxy_target_group. Run the cell above step 1 again, then your own cells",
    )


def _no_pin(attempt: Attempt, since: list[ProxyEvent]) -> None:
    pins = [event for event in since if event.kind == "pin"]
    attempt.expect(
        not pins,
        problem="search still pins connections.",
        called="restart the function search and invoke it several times",
        came_back=f"pins: {len(pins)}; {pins[0].detail if pins else ''}",
        expected="none",
        look_at="the reason above. How long does the setting last? And did you deploy freed.py?",
    )


def _no_cancel(attempt: Attempt, since: list[ProxyEvent], called: str) -> None:
    cancels = sum(event.kind == "cancel" for event in since)
    attempt.expect(
        not cancels,
        problem="search cancels its query itself. RDS Proxy doesn't forward a client's cancel request, so on AWS the "
        "query would keep running. Only the local proxy forwards it.",
        called=called,
        came_back=f"cancel requests that reached the proxy: {cancels}",
        expected="no such request, because the database stops a slow query",
        look_at="who watches the time, freed.py or the database",
    )


def _timeouts_of_roles(database: hikari.Database) -> str:
    """The roles whose new connections begin with a statement_timeout, as in "orders_app: statement_timeout=500ms"."""
    with database.connect() as connection:
        query = """
            SELECT coalesce(rolname, 'every role') || ': ' || setting
            FROM pg_db_role_setting LEFT JOIN pg_roles ON oid = setrole, unnest(setconfig) AS setting
            WHERE setting LIKE 'statement_timeout=%' ORDER BY 1
        """
        return ", ".join(row[0] for row in connection.execute(query).fetchall())


def _connections_open() -> str:
    """How many connections the learner's proxy has to the database, in words."""
    return f"RDS Proxy has {sum(map(_of_the_proxy, cloud.start().database_sessions(DATABASE)))} connections open"


def _still_ended(attempt: Attempt, database: hikari.Database, quick: dict[str, Any], right: int) -> None:
    """Slow queries end after half a second, and a query of 0.3 s doesn't."""
    slow = quick | {"takes_s": SLOW_S}
    called = f"invoke search with {json.dumps(slow)}"
    _too_slow(attempt, database, _searched(attempt, slow, called), called)
    called = f"invoke search with {json.dumps(quick)}, after a query was stopped"
    for _ in range(3):  # on a very slow machine a short query may take half a second
        result = _searched(attempt, quick, called)
        if not isinstance(result.payload, dict) or result.payload.get("reason") != "too slow":
            break
    payload = result.payload if isinstance(result.payload, dict) else {}
    stopped = payload.get("reason") == "too slow"
    attempt.expect(
        payload.get("found") == right,
        problem="search gives up too early. Its limit was half a second."
        if stopped
        else "After a query is stopped, the same environment doesn't answer the next call.",
        called=called,
        came_back=result.error or result.payload,
        expected={"found": right},
        look_at="the value of the setting in search.py"
        if stopped
        else "the transaction and the connection. What state are they in after a query is stopped?",
    )
    called = f"invoke search with {json.dumps(quick)}, while a migration locks the table orders"
    with database.connect() as locker, ThreadPoolExecutor(1) as threads:
        locker.execute("BEGIN")
        locker.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")  # so the query is slow, whatever takes_s is
        searching = threads.submit(_searched, attempt, quick, called)
        wait_until(lambda: searching.done() or bool(_at_work("Lock")), 30.0)
        wait_until(searching.done, LOCKED_S)
        locker.execute("ROLLBACK")
        result = searching.result()
    _too_slow(attempt, database, result, called)


def _same_value(attempt: Attempt, database: hikari.Database, fast: dict[str, Any]) -> None:
    """The setting has its old value while the query runs, to the millisecond."""
    called = f"invoke search with {json.dumps(fast)}, and read statement_timeout while its query runs"
    limit_ms, key = None, _chance.randrange(1, 2**31)
    with database.connect() as connection:
        connection.execute(NOTING.format(key=key))
        try:
            for _ in range(3):  # on a very slow machine the query may be stopped before it reads the table
                _searched(attempt, fast, called)
                limits_ms = [limit_ms for (limit_ms,) in connection.execute(NOTED, [key])]
                if limits_ms:
                    limit_ms = next((other_ms for other_ms in limits_ms if other_ms != LIMIT_MS), LIMIT_MS)
                    break
        finally:
            connection.execute(NOTING_NO_MORE)
    attempt.expect(
        limit_ms == LIMIT_MS,
        problem="Your function has changed the limit of its queries.",
        called=called,
        came_back="a query that doesn't read the table orders" if limit_ms is None else f"{limit_ms} ms",
        expected=f"{LIMIT_MS} ms",
        look_at="the value of the setting in search.py",
    )


def _searched(attempt: Attempt, event: dict[str, Any], called: str) -> CallResult:
    mark = _last_event()
    (result,) = cloud.start().at_once("search", [event])
    _no_cancel(attempt, cloud.start().proxy_events(PROXY, mark), called)
    return result


def _too_slow(attempt: Attempt, database: hikari.Database, result: CallResult, called: str) -> None:
    """The database has stopped a slow query, and the customer has got the answer for that."""
    payload = result.payload if isinstance(result.payload, dict) else {}
    came_back: object = result.error or result.payload
    roles = _timeouts_of_roles(database)
    if payload.get("found") is not None and roles:
        problem = (
            "The database doesn't stop a slow search. ALTER ROLE affects only new connections. Connections that "
            "the proxy opened earlier keep the old value."
        )
        came_back = f"{json.dumps(payload)}; {roles}; {_connections_open()}"
        look_at = "the other functions that log in as this role, and what makes the proxy open new connections"
    elif payload.get("found") is not None:
        problem = "The database no longer stops a slow search, so the setting in freed.py is lost."
        look_at = "whether the setting is in effect when the query runs, and its value"
    else:
        problem = "The database stops a slow search, but the customer doesn't get the same answer as before."
        look_at = "what search.py returns when its query is stopped"
    attempt.expect(
        payload == {"found": None, "reason": "too slow"},
        problem=problem,
        called=called,
        came_back=came_back,
        expected={"found": None, "reason": "too slow"},
        look_at=look_at,
    )
    at_work = _at_work()
    attempt.expect(
        not at_work,
        problem="The customer already has an answer, but the database is still working on the query.",
        called=f"{called}, and list the database's sessions",
        came_back=[session.query for session in at_work],
        expected="no session that is still working",
        look_at="whether the database stops the query",
    )


def _at_work(waits_for: str = "") -> list[DatabaseSession]:
    """The proxy's sessions that are running a statement and wait for `waits_for`. Empty means all of them."""
    sessions = cloud.start().database_sessions(DATABASE)
    return [s for s in sessions if s.state == "active" and _of_the_proxy(s) and waits_for in s.waits_for]


def _others_are_free(attempt: Attempt, database: hikari.Database) -> None:
    with borrowed(attempt, "report") as restart:
        restart()
        results = [(t, cloud.start().at_once("report", [{"takes_s": t}])[0]) for t in (0.05, LONG_S)]
    for takes_s, result in results:
        roles = _timeouts_of_roles(database)
        if "statement timeout" not in result.error:
            problem = "report no longer works."
            look_at = "the cell above step 1, which deploys all three functions. Run it again, then run yours"
        else:
            problem = "search's setting now also applies to report, so the database stops report's slow query."
            look_at = "how long your setting applies, and to which clients. All functions share the proxy's connections"
            look_at += ". A setting made with ALTER ROLE stays until ALTER ROLE ... RESET" if roles else ""
        attempt.expect(
            result.outcome == "answered",
            problem=problem,
            called=f"invoke report with {json.dumps({'takes_s': takes_s})}",
            came_back=result.error + (f"; {roles}" if roles else ""),
            expected="the number of lamps sold",
            look_at=look_at,
        )


def _of_the_proxy(session: DatabaseSession) -> bool:
    return session.application == f"RDS Proxy {PROXY}"


def _last_event() -> int:
    return max((event.number for event in cloud.start().proxy_events(PROXY)), default=0)
