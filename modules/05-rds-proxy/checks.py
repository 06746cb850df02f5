"""Checks of module 05, tasks 5.1 and 5.2: a proxy that doesn't help, and a function that pins."""

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
VISITORS = {
    "hikari": "an administrator",
    "orders_app": "another program, which logs in as orders_app without the proxy",
}


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
    if not targets and pool["MaxConnectionsPercent"] == 100 and hikari.OLD_PASSWORD in _secret(attempt):
        attempt.not_started("The proxy still has all the faults that your colleague left.")
    attempt.expect(
        [target["RdsResourceId"] for target in targets] == [DATABASE],
        problem="No database is behind the proxy. Clients that ask it for a connection wait until they time out.",
        called=f"describe_db_proxy_targets {PROXY}",
        came_back=[target["RdsResourceId"] for target in targets],
        expected=[DATABASE],
        look_at="the calls in the second table of step 1. Which one tells the proxy where its database is?",
    )
    pool_seats = SEATS * pool["MaxConnectionsPercent"] // 100
    attempt.expect(
        pool_seats >= POOL,
        problem=f"Your pool has {pool_seats} of the database's {SEATS} seats, but the task asks for half of them. "
        "Customers wait while seats stay free.",
        called=f"describe_db_proxy_target_groups {PROXY}",
        came_back=f"MaxConnectionsPercent {pool['MaxConnectionsPercent']}",
        expected=f"a pool of {POOL} connections",
        look_at="the pool's settings in step 1. What is MaxConnectionsPercent a percentage of?",
    )
    with borrowed(attempt, "orders") as restart:
        restart()  # while the proxy was broken, it has closed connections that the environments still keep
        _one_order(attempt, database)
        _burst(attempt, database, pool)


def _secret(attempt: Attempt) -> str:
    """The login that the proxy knows, as JSON; empty if there is none."""
    client = attempt.client("secretsmanager")
    try:
        return str(client.get_secret_value(SecretId=f"{PROXY}-login").get("SecretString"))
    except client.exceptions.ResourceNotFoundException:
        return ""


def _knows(secret: str, user: str, password: str) -> bool:
    """Whether a secret holds this login, under the keys that a proxy reads."""
    try:
        login = json.loads(secret)
    except ValueError:
        return False
    return isinstance(login, dict) and (login.get("username"), login.get("password")) == (user, password)


def _burst(attempt: Attempt, database: hikari.Database, pool: dict[str, Any]) -> None:
    """A burst of orders, and who gets into the database right after it."""
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
        problem="Lambda refuses customers. A limit on the function turns them away before they can wait for the proxy."
        if other and other.outcome == "throttled"
        else "Not every order in the burst got an answer.",
        called=called,
        came_back=f"{answered} answered; {other.error if other else ''}",
        expected=f"{calls} answered",
        look_at="get_function_concurrency of orders" if other and other.outcome == "throttled" else "the error above",
    )
    placed = _times_placed(database, [event["order_key"] for event in events])
    attempt.expect(
        placed == [1] * calls,
        problem="The table doesn't hold each order exactly once.",
        called=called,
        came_back=f"{sum(placed)} rows for {calls} orders",
        expected=f"{calls} rows",
        look_at="orders.py. Is it still the lab's version?",
    )
    seen = [session for sample in watch.samples for session in sample.sessions]
    users = sorted({session.user for session in seen if _of_the_proxy(session)})
    attempt.expect(
        users == ["orders_app"],
        problem="The proxy logs in as a user other than orders_app. The master user may do far more than place orders.",
        called=f"{called}, and list the database's sessions",
        came_back=f"proxy sessions as {', '.join(users)}",
        expected="sessions as orders_app",
        look_at="the login in the secret",
    )
    most = max(sum(map(_of_the_proxy, sample.sessions)) for sample in watch.samples)
    refused = next((user for user, refusal in refusals.items() if refusal), "")
    attempt.expect(
        most <= POOL,
        problem=f"The proxy takes {most} of {SEATS} seats, but it may have only half of them."
        + (f" Now the database refuses {VISITORS[refused]}." if refused else ""),
        called=f"{called}, and list the database's sessions",
        came_back=f"{most} proxy sessions; MaxConnectionsPercent {pool['MaxConnectionsPercent']}",
        expected=f"at most {POOL} sessions",
        look_at="the pool's settings in step 1",
    )
    attempt.expect(
        not refused,
        problem=f"After the burst, the database refuses {VISITORS.get(refused)}.",
        called=f"{called}, and then connect to the database",
        came_back=refusals.get(refused, ""),
        expected="a connection",
        look_at="the database's other clients. Is there a function that doesn't use the proxy?",
    )


def _one_order(attempt: Attempt, database: hikari.Database) -> None:
    """A single order, to say what is wrong before a burst makes it many."""
    aws, mark = cloud.start(), _last_event()
    event = _order()
    (result,) = aws.at_once("orders", [event])
    since = aws.proxy_events(PROXY, mark)
    called = f"invoke orders with {json.dumps(event)}"
    if result.outcome != "answered" and any(e.kind == "connect" for e in since):
        _closed_by_the_proxy(attempt, database, since, called, result.error)
    attempt.expect(
        result.outcome == "answered",
        problem="The function has lost a variable that it needs. The variables that you send replace all the old ones."
        if result.error.startswith("'DB_")
        else "Your function ended with an error.",
        called=called,
        came_back=result.error,
        expected="an order number",
        look_at="the variables that step 2 sends, and the address in them. Correct them, then run step 2 again",
    )
    attempt.expect(
        any(e.kind == "borrow" for e in since),
        problem="The function bypasses the proxy and connects straight to the database.",
        called=called,
        came_back=f"{result.payload}; nobody asked {PROXY} for a connection",
        expected="the function among the proxy's clients",
        look_at="the variables that the handler reads. Which address do they hold?",
    )


def _closed_by_the_proxy(
    attempt: Attempt, database: hikari.Database, since: list[ProxyEvent], called: str, error: str
) -> None:
    """The function reached the proxy and got no answer: is it the secret, a variable, or the proxy itself?"""
    closing = next((e.detail for e in since if e.kind == "refuse"), "")
    is_about_the_login = "the role" in closing
    has_right_secret = _knows(_secret(attempt), "orders_app", database.passwords["orders_app"])
    attempt.expect(
        not is_about_the_login or has_right_secret,
        problem="The proxy refuses the function's login, because its secret holds another user or password.",
        called=called,
        came_back=closing,
        expected="a login as orders_app",
        look_at="the secret. Whose name and password does it hold, and under which keys?",
    )
    attempt.expect(
        not is_about_the_login and "does not exist" not in closing,
        problem="The function reaches the proxy, but logs in with another user, password or database than the lab's.",
        called=called,
        came_back=closing,
        expected="a login as orders_app to the database shop",
        look_at="the variables that step 2 sends. Change only the address in them",
    )
    attempt.expect(
        any(e.kind == "borrow" for e in since),
        problem="The function reaches the proxy, but the proxy closes its connection without lending it one to the "
        "database. The function's variables aren't the cause.",
        called=called,
        came_back=closing or error,
        expected="an order number",
        look_at=f"the reason in the proxy's log group, /aws/rds/proxy/{PROXY}, and the pool's settings in step 1",
    )


def _order() -> dict[str, Any]:
    lamp = _chance.choice(["Tsuki", "Hoshi", "Kumo", "Yuki"])
    return {"order_key": fresh_id("check"), "lamp": lamp, "quantity": _chance.randint(1, 3)}


def _last_event() -> int:
    return max((event.number for event in cloud.start().proxy_events(PROXY)), default=0)


def _refusal(database: hikari.Database, user: str) -> str:
    """How the database refuses a user; empty if it lets the user in."""
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
UNLIKELY_S = 1.0  # a query of this length is stopped when half a second is the limit, and not otherwise


@task("5.2")
def pinning(attempt: Attempt) -> None:
    """The function that pins is named. It no longer pins, and its setting applies only to its own queries."""
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
        restart()  # the proxy may have closed connections that the environments still keep
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
            problem="search no longer finds the right number of orders.",
            called=f"invoke search with {json.dumps(fast)}, {CALLS} times at once",
            came_back=next((r.error or r.payload for r, f in zip(results, found, strict=True) if f != right), ""),
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
        _still_ended(attempt, database, fast, right)
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
        "statement_timeout" in statement.lower(),
        problem="This statement doesn't pin.",
        called="reading finding.json",
        came_back=text,
        expected="the statement in the proxy's log",
        look_at="the statement after Reason in the proxy's log group",
    )


def _no_pin(attempt: Attempt, since: list[ProxyEvent], pool: dict[str, Any]) -> None:
    pins = [event for event in since if event.kind == "pin"]
    percent = pool["MaxConnectionsPercent"]
    attempt.expect(
        not pins,
        problem=f"search still pins. A larger pool ({percent}%) only hides this until more customers come."
        if percent > 50
        else "search still pins connections.",
        called=f"restart the function search, invoke it twice in a row, then {CALLS} times at once",
        came_back=f"{len(pins)} pins; {pins[0].detail if pins else ''}",
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


def _init_query(attempt: Attempt) -> str:
    """The SQL that the learner's proxy runs on each new connection; empty if there is none."""
    return str(_pool_settings(attempt).get("InitQuery") or "")


def _connections_open() -> str:
    """How many connections the learner's proxy has to the database, in words."""
    return f"RDS Proxy has {sum(map(_of_the_proxy, cloud.start().database_sessions(DATABASE)))} connections open"


def _still_ended(attempt: Attempt, database: hikari.Database, fast: dict[str, Any], right: int) -> None:
    slow = fast | {"takes_s": UNLIKELY_S}
    for event, expected in ((slow, None), (fast, right), (slow, None)):
        mark = _last_event()
        (result,) = cloud.start().at_once("search", [event])
        payload = result.payload if isinstance(result.payload, dict) else {}
        came_back = result.error or payload or result.payload
        _no_cancel(attempt, cloud.start().proxy_events(PROXY, mark), f"invoke search with {json.dumps(event)}")
        if event is fast:
            problem = "After a query is stopped, the same environment doesn't answer the next call."
            look_at = "the transaction and the connection. What state are they in after a query is stopped?"
        elif payload.get("found") is not None and (roles := _timeouts_of_roles(database)):
            problem = (
                "The database doesn't stop a slow search. ALTER ROLE affects only new connections. Connections that "
                "the proxy opened earlier keep the old value."
            )
            came_back = f"{json.dumps(payload)}; {roles}; {_connections_open()}"
            look_at = "the other functions that log in as this role, and what makes the proxy open new connections"
        elif payload.get("found") is not None and "statement_timeout" in (query := _init_query(attempt)).lower():
            problem = (
                "The database doesn't stop a slow search. The proxy runs its InitQuery only on new connections. "
                "Connections that it opened earlier never ran it."
            )
            came_back = f"{json.dumps(payload)}; InitQuery: {query}; {_connections_open()}"
            look_at = "the other functions that use this proxy, and what makes the proxy open new connections"
        elif payload.get("found") is not None:
            problem = "The database no longer stops a slow search, so the setting in freed.py is lost."
            look_at = "whether the setting is in effect when the query runs"
        else:
            problem = "The database stops a slow search, but the customer doesn't get the same answer as before."
            look_at = "what search.py returns when its query is stopped"
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
            problem="The customer already has an answer, but the database is still working on the query.",
            called=f"invoke search with {json.dumps(event)}, and list the database's sessions",
            came_back=[session.query for session in at_work],
            expected="no session that is still working",
            look_at="whether the database stops the query",
        )


def _others_are_free(attempt: Attempt, database: hikari.Database) -> None:
    with borrowed(attempt, "report") as restart:
        restart()
        results = [(t, cloud.start().at_once("report", [{"takes_s": t}])[0]) for t in (0.05, UNLIKELY_S)]
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
