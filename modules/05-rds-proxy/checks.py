"""Checks of module 05, tasks 5.1 and 5.2: a proxy in front, and a function that pins."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import psycopg

from serverless_cloud import DatabaseSession, ProxyEvent
from serverless_first import cloud
from serverless_first.lab import Attempt, task
from serverless_first.lab.functions import alive, borrowed, fresh_id
from serverless_first.lab.show import say
from serverless_first.shop import hikari

_chance = random.Random()
PROXY, DATABASE, SEATS, POOL = "orders-proxy", "orders-db", 20, 10
VISITORS = {"hikari": "an administrator", "orders_app": "another program, as orders_app and without the proxy,"}


def _pool_settings(attempt: Attempt) -> dict[str, Any]:
    """ConnectionPoolConfig of the learner's proxy."""
    client = attempt.client("rds")
    try:
        groups = client.describe_db_proxy_target_groups(DBProxyName=PROXY)["TargetGroups"]
    except client.exceptions.DBProxyNotFoundFault:
        attempt.not_started(f"There is no proxy {PROXY} yet.")
    return dict(groups[0]["ConnectionPoolConfig"])


def _of_the_proxy(session: DatabaseSession) -> bool:
    return session.application == f"RDS Proxy {PROXY}"


# ---- 5.1


@task("5.1")
def proxy_in_front(attempt: Attempt) -> None:
    """A burst is placed through the proxy, on at most half of the seats, and others get in."""
    database, pool = attempt.database(), _pool_settings(attempt)
    targets = attempt.client("rds").describe_db_proxy_targets(DBProxyName=PROXY)["Targets"]
    attempt.expect(
        [target["RdsResourceId"] for target in targets] == [DATABASE],
        problem="No database stands behind the proxy. Whoever asks it for a connection waits in vain.",
        called=f"describe_db_proxy_targets {PROXY}",
        came_back=[target["RdsResourceId"] for target in targets],
        expected=[DATABASE],
        look_at="the four calls of step 1: is one of them missing?",
    )
    pool_seats = SEATS * pool["MaxConnectionsPercent"] // 100
    attempt.expect(
        pool_seats >= POOL,
        problem=f"Your pool has {pool_seats} of the database's {SEATS} seats, but the task asks for half of them. "
        "Customers wait while seats stay free.",
        called=f"describe_db_proxy_target_groups {PROXY}",
        came_back=f"MaxConnectionsPercent {pool['MaxConnectionsPercent']}",
        expected=f"a pool of {POOL} connections",
        look_at="the settings of the pool, in step 1, and what MaxConnectionsPercent is a share of",
    )
    _one_order(attempt)
    calls = cloud.burst_size(30)
    say(f"5.1: a burst of {calls} orders ...")
    events = [_order() for _ in range(calls)]
    aws = cloud.start()
    with aws.watch_database(DATABASE, 0.05) as watch:
        results = aws.at_once("orders", events)
    refusals = {user: _refusal(database, user) for user in VISITORS}  # the pool keeps its connections for a while
    answered = sum(result.outcome == "answered" for result in results)
    other = next((result for result in results if result.outcome != "answered"), None)
    called = f"invoke orders with {calls} orders at once"
    attempt.expect(
        other is None,
        problem="Lambda refuses customers: a limit on the function turns away whom the proxy would let wait."
        if other and other.outcome == "throttled"
        else "Not every order of the burst is answered.",
        called=called,
        came_back=f"{answered} answered; {other.error if other else ''}",
        expected=f"{calls} answered",
        look_at="get_function_concurrency of orders" if other and other.outcome == "throttled" else "the error above",
    )
    placed = _times_placed(database, [event["order_key"] for event in events])
    attempt.expect(
        placed == [1] * calls,
        problem="The table does not hold each order once.",
        called=called,
        came_back=f"{sum(placed)} rows for {calls} orders",
        expected=f"{calls} rows",
        look_at="orders.py: is it the given one?",
    )
    seen = [session for sample in watch.samples for session in sample.sessions]
    users = sorted({session.user for session in seen if _of_the_proxy(session)})
    attempt.expect(
        users == ["orders_app"],
        problem="The proxy logs in as another user than orders_app. The master user may do far more than place orders.",
        called=f"{called}, and looking at the database's sessions",
        came_back=f"sessions of the proxy as {', '.join(users)}",
        expected="as orders_app",
        look_at="the login in the secret",
    )
    most = max(sum(map(_of_the_proxy, sample.sessions)) for sample in watch.samples)
    refused = next((user for user, refusal in refusals.items() if refusal), "")
    attempt.expect(
        most <= POOL,
        problem=f"The proxy takes {most} of {SEATS} seats. It may have half of them."
        + (f" Now {VISITORS[refused]} is refused." if refused else ""),
        called=f"{called}, and looking at the database's sessions",
        came_back=f"{most} sessions of the proxy at a time; MaxConnectionsPercent {pool['MaxConnectionsPercent']}",
        expected=f"at most {POOL}",
        look_at="the settings of the pool, in step 1",
    )
    attempt.expect(
        not refused,
        problem=f"After the burst {VISITORS.get(refused)} is refused.",
        called=f"{called}, and connecting to the database then",
        came_back=refusals.get(refused, ""),
        expected="a connection",
        look_at="who else holds connections to the database: functions that you have led past the proxy?",
    )


def _one_order(attempt: Attempt) -> None:
    """A single order, to say what is wrong before a burst makes it many."""
    aws, mark = cloud.start(), _last_event()
    event = _order()
    (result,) = aws.at_once("orders", [event])
    since = aws.proxy_events(PROXY, mark)
    refusal = next((e.detail for e in since if e.kind == "refuse"), "")
    called = f"invoke orders with {json.dumps(event)}"
    attempt.expect(
        not refusal,
        problem="The proxy refuses the function's login: user and password are not those in its secret.",
        called=called,
        came_back=refusal,
        expected="a login as orders_app",
        look_at="the secret: whose name and password it holds, and under which keys",
    )
    attempt.expect(
        result.outcome == "answered",
        problem="The function has lost a variable that it needs: what you send replaces all that were there."
        if result.error.startswith("'DB_")
        else "Your function ended with an error.",
        called=called,
        came_back=result.error,
        expected="the number of an order",
        look_at="which variables step 2 sends, and where they lead. Correct them, then run step 2 again",
    )
    attempt.expect(
        any(e.kind == "borrow" for e in since),
        problem="The function goes past the proxy, straight to the database.",
        called=called,
        came_back=f"{result.payload}; nobody has asked {PROXY} for a connection",
        expected="the function among the proxy's clients",
        look_at="which variables the handler reads, and where they lead",
    )


def _order() -> dict[str, Any]:
    lamp = _chance.choice(["Tsuki", "Hoshi", "Kumo", "Yuki"])
    return {"order_key": fresh_id("check"), "lamp": lamp, "quantity": _chance.randint(1, 3)}


def _last_event() -> int:
    return max((event.number for event in cloud.start().proxy_events(PROXY)), default=0)


def _refusal(database: hikari.Database, user: str) -> str:
    """How the database refuses a user; empty if it does not."""
    try:
        database.connect(user).close()
    except psycopg.OperationalError as error:
        return str(error)
    return ""


def _times_placed(database: hikari.Database, keys: list[str]) -> list[int]:
    with database.connect() as connection:
        query = "SELECT order_key, count(*) FROM orders WHERE order_key = ANY(%s) GROUP BY order_key"
        found = dict(connection.execute(query, [keys]).fetchall())
    return [found.get(key, 0) for key in keys]


# ---- 5.2

CALLS = 12
UNLIKELY_S = 1.0  # a query of this length is ended when half a second is the limit, and not otherwise


@task("5.2")
def pinning(attempt: Attempt) -> None:
    """The function that pins is named; it pins no more, its setting holds for its queries and for no others."""
    database = attempt.database()
    _finding(attempt)
    pool = _pool_settings(attempt)
    aws, lamp = cloud.start(), fresh_id("lamp")
    with database.connect() as connection:
        for _ in range(_chance.randint(2, 9)):
            connection.execute("INSERT INTO orders (lamp, quantity) VALUES (%s, 1)", [lamp])
        right = connection.execute("SELECT count(*) FROM orders WHERE lamp = %s", [lamp]).fetchone()[0]
    fast = {"lamp": lamp, "takes_s": 0.05}
    mark = _last_event()
    with borrowed(attempt, "search") as restart:
        restart()  # the proxy may have closed connections of before, in the bad evening
        for _ in range(2):
            attempt.invoke("search", fast)  # says so if it is not written yet
        say(f"5.2: {CALLS} searches at once ...")
        for _ in range(3):  # on a very slow machine a short query may take half a second
            results = aws.at_once("search", [fast] * CALLS)
            if not any(isinstance(r.payload, dict) and r.payload.get("reason") == "too slow" for r in results):
                break
        since = aws.proxy_events(PROXY, mark)
        environments = len(alive("search"))
        _no_pin(attempt, since, pool)
        _no_cancel(attempt, since, f"invoke search with {json.dumps(fast)}, {CALLS} times at once")
        found = [result.payload.get("found") if isinstance(result.payload, dict) else None for result in results]
        attempt.expect(
            found == [right] * CALLS,
            problem="search does not find what is there any more.",
            called=f"invoke search with {json.dumps(fast)}, {CALLS} times at once",
            came_back=next((r.error or r.payload for r, f in zip(results, found, strict=True) if f != right), ""),
            expected=f'{{"found": {right}}} each time',
            look_at="the query in freed.py, and the error if there is one",
        )
        logins = sum(event.kind == "login" for event in since)
        attempt.expect(
            0 < logins <= environments,
            problem="search does not use the proxy."
            if not logins
            else "search opens more connections than it needs: an execution environment serves one call at a time.",
            called=f"invoke search twice in a row, then {CALLS} times at once, after a restart",
            came_back=f"{environments} execution environments, {logins} connections to {PROXY}",
            expected="one connection for each environment",
            look_at="how often freed.py connects: the proxy is the pool already",
        )
        say("5.2: slow queries ...")
        _still_ended(attempt, database, fast, right)
    _others_are_free(attempt, database)


def _finding(attempt: Attempt) -> None:
    try:
        text = Path("finding.json").read_text(encoding="utf-8")
    except OSError:
        attempt.not_started("There is no finding.json yet.", look_at="step 1 of task 5.2: write your part, then run it")
    finding = json.loads(text)
    attempt.expect(
        isinstance(finding, dict),
        problem="finding is no dict any more.",
        called="reading finding.json",
        came_back=text,
        expected="the two fields that were there",
        look_at="the cell of step 1",
    )
    function, statement = str(finding.get("function", "")), str(finding.get("statement", ""))
    if not function:
        attempt.not_started("finding.json names no function yet.", look_at="step 1 of task 5.2")
    attempt.expect(
        function == "search",
        problem=f"{function} pins nothing."
        + (" It fails because others hold the connections." if function in ("orders", "report") else ""),
        called="reading finding.json",
        came_back=text,
        expected="the function that runs the statement in the proxy's log",
        look_at="the words behind Reason in the log group of the proxy: which file has that statement?",
    )
    attempt.expect(
        "statement_timeout" in statement.lower(),
        problem="The statement is not the one that pins.",
        called="reading finding.json",
        came_back=text,
        expected="the statement in the proxy's log",
        look_at="the words behind Reason in the log group of the proxy",
    )


def _no_pin(attempt: Attempt, since: list[ProxyEvent], pool: dict[str, Any]) -> None:
    pins = [event for event in since if event.kind == "pin"]
    percent = pool["MaxConnectionsPercent"]
    attempt.expect(
        not pins,
        problem=f"search still pins. A larger pool ({percent} %) hides it until more customers come."
        if percent > 50
        else "search still pins connections.",
        called=f"invoke search twice in a row, then {CALLS} times at once, after a restart",
        came_back=f"{len(pins)} pins; {pins[0].detail if pins else ''}",
        expected="none",
        look_at="the reason above: how long does what this statement sets last? And is freed.py deployed?",
    )


def _no_cancel(attempt: Attempt, since: list[ProxyEvent], called: str) -> None:
    cancels = sum(event.kind == "cancel" for event in since)
    attempt.expect(
        not cancels,
        problem="search ends its query with a cancel. RDS Proxy does not pass on a client's cancel: on AWS the query "
        "would go on, though the proxy here does pass it on.",
        called=called,
        came_back=f"requests to cancel that reached the proxy: {cancels}",
        expected="none: it is the database that ends a slow query",
        look_at="who watches the time: freed.py, or the database?",
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


def _still_ended(attempt: Attempt, database: hikari.Database, fast: dict[str, Any], right: int) -> None:
    slow = fast | {"takes_s": UNLIKELY_S}
    for event, expected in ((slow, None), (fast, right), (slow, None)):
        mark = _last_event()
        (result,) = cloud.start().at_once("search", [event])
        payload = result.payload if isinstance(result.payload, dict) else {}
        came_back = result.error or payload or result.payload
        _no_cancel(attempt, cloud.start().proxy_events(PROXY, mark), f"invoke search with {json.dumps(event)}")
        if event is fast:
            problem = "After a query that was ended, the same environment does not answer the next call."
            look_at = "what becomes of the transaction, or of the connection, when a query is ended"
        elif payload.get("found") is not None and (roles := _timeouts_of_roles(database)):
            problem = (
                "A slow search is not ended. ALTER ROLE reaches only new connections. Connections that the proxy "
                "opened before it keep the old value."
            )
            connections = sum(map(_of_the_proxy, cloud.start().database_sessions(DATABASE)))
            came_back = f"{json.dumps(payload)}; {roles}; RDS Proxy has {connections} connections open"
            look_at = "who else logs in as this role, and what makes the proxy open new connections"
        elif payload.get("found") is not None:
            problem = "A slow search is not ended any more: what freed.py set is lost."
            look_at = "whether the setting is in force at the moment of the query"
        else:
            problem = "A slow search is ended, and the customer gets another answer than before."
            look_at = "what search.py answers when its query is ended"
        wanted = {"found": right} if event is fast else {"found": None, "reason": "too slow"}
        attempt.expect(
            not result.error
            and payload.get("found") == expected
            and (event is fast or payload.get("reason") == "too slow"),
            problem=problem,
            called=f"invoke search with {json.dumps(event)}",
            came_back=came_back,
            expected=wanted,
            look_at=look_at,
        )
        at_work = [s for s in cloud.start().database_sessions(DATABASE) if s.state == "active" and _of_the_proxy(s)]
        attempt.expect(
            not at_work,
            problem="The customer has an answer, and the database is still at work for nobody.",
            called=f"invoke search with {json.dumps(event)}, and looking at the database's sessions",
            came_back=[session.query for session in at_work],
            expected="no session at work",
            look_at="who ends the query: it must be the database",
        )


def _others_are_free(attempt: Attempt, database: hikari.Database) -> None:
    with borrowed(attempt, "report") as restart:
        restart()
        results = [(t, cloud.start().at_once("report", [{"takes_s": t}])[0]) for t in (0.05, UNLIKELY_S)]
    for takes_s, result in results:
        roles = _timeouts_of_roles(database)
        if "statement timeout" not in result.error:
            problem, look_at = "report does not work any more.", "the cell above step 1: run it again, then yours"
        else:
            problem = "What search sets now also holds for report, so report's slow query is ended."
            look_at = "for whom, and for how long, your setting holds: the proxy's connections serve every function"
            look_at += ". What ALTER ROLE sets stays until ALTER ROLE ... RESET" if roles else ""
        attempt.expect(
            result.outcome == "answered",
            problem=problem,
            called=f"invoke report with {json.dumps({'takes_s': takes_s})}",
            came_back=result.error + (f"; {roles}" if roles else ""),
            expected="the number of the lamps sold",
            look_at=look_at,
        )
