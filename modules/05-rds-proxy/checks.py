"""Check of module 05, task 5.1: a proxy that doesn't help."""

from __future__ import annotations

import json
import random
from typing import Any

import psycopg

from serverless_cloud import DatabaseSession, ProxyEvent
from serverless_first import cloud
from serverless_first.lab import Attempt, task
from serverless_first.lab.functions import borrowed, fresh_id
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
    sightings = [session for sample in watch.samples for session in sample.sessions]
    users = sorted({session.user for session in sightings if _of_the_proxy(session)})
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
        times = dict(connection.execute(query, [keys]).fetchall())
    return [times.get(key, 0) for key in keys]
