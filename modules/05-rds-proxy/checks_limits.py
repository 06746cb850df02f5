"""Check of module 05, task 5.3: the size of a pool and the borrow timeout, with others at the same database."""

from __future__ import annotations

import contextlib
import math
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from serverless_cloud import CallResult, CloudError, ProxyEvent
from serverless_first import cloud
from serverless_first.lab import Attempt, task
from serverless_first.lab.functions import borrowed, fresh_id
from serverless_first.lab.show import say
from serverless_first.shop import hikari

_chance = random.Random()
PROXY, OTHER, DATABASE = "orders-proxy", "loyalty-proxy", "orders-db"
SEATS, OTHERS_PERCENT, OTHERS_SEATS = 20, 15, 3
ROUNDS, WORK_S = 3, 0.2  # an order in the third round has waited for two rounds
TOLD_WITHIN_S = 3
AS_MADE = (100, 120)


@task("5.3")
def limits(attempt: Attempt) -> None:
    """Everybody is served in three rounds or gets an error within 3 s, and the others get the seats they need."""
    percent, timeout_s = _pool(attempt, PROXY)
    if (percent, timeout_s) == AS_MADE:
        attempt.not_started(f"The pool of {PROXY} still has its default settings.")
    _settings(attempt, percent, timeout_s)
    variables = attempt.client("lambda").get_function_configuration(FunctionName="orders")["Environment"]["Variables"]
    customers = int(variables.get("BURST") or cloud.burst_size(30))
    with borrowed(attempt, "orders") as restart, borrowed(attempt, "loyalty") as restart_other:
        restart_other()
        say(f"5.3: {customers} orders at once ...")
        results, used = _burst(customers)
        if any("connection is closed" in result.error for result in results):
            restart()  # in an earlier burst the proxy has turned some environments away
            results, used = _burst(customers)
        _all_answered(attempt, results, timeout_s)
        for _ in range(2):  # on a very slow machine calls come one by one, and need fewer connections than there are
            if customers > ROUNDS * used:
                results, used = _burst(customers)
                _all_answered(attempt, results, timeout_s)
        _rounds(attempt, customers, used)
        say("5.3: both teams at once, and others ...")
        _both(attempt, customers, percent)
        say("5.3: orders while every connection of the pool is taken ...")
        _check_the_error(attempt, timeout_s)


def _burst(customers: int) -> tuple[list[CallResult], int]:
    """Sends orders at once. Returns their results, and on how many connections of the pool they ran."""
    mark = _last(PROXY)
    return cloud.start().at_once("orders", _orders(customers)), _used(PROXY, mark)


def _pool(attempt: Attempt, name: str) -> tuple[int, int]:
    """MaxConnectionsPercent and ConnectionBorrowTimeout."""
    client = attempt.client("rds")
    try:
        groups = client.describe_db_proxy_target_groups(DBProxyName=name)["TargetGroups"]
    except client.exceptions.DBProxyNotFoundFault:
        attempt.not_started(f"There is no proxy {name}.", look_at="the first cell of task 5.3. Run it")
    settings = groups[0]["ConnectionPoolConfig"]
    return settings["MaxConnectionsPercent"], settings["ConnectionBorrowTimeout"]


def _settings(attempt: Attempt, percent: int, timeout_s: int) -> None:
    theirs, _ = _pool(attempt, OTHER)
    attempt.expect(
        theirs == OTHERS_PERCENT,
        problem="You have changed the other team's pool. Its seats aren't yours to give away.",
        called=f"describe_db_proxy_target_groups {OTHER}",
        came_back=f"MaxConnectionsPercent {theirs}",
        expected=f"{OTHERS_PERCENT}, as it was",
        look_at="DBProxyName in your call. Then run the first cell of the task again",
    )
    attempt.expect(
        percent + theirs <= 100,
        problem=f"Together, the two proxies may take {percent + theirs}% of the seats, which is more than there are.",
        called=f"describe_db_proxy_target_groups of {PROXY} and {OTHER}",
        came_back=f"MaxConnectionsPercent {percent} and {theirs}",
        expected="a sum that leaves room for others",
        look_at="the seats that aren't yours. How many are there?",
    )
    attempt.expect(
        timeout_s <= TOLD_WITHIN_S,
        problem=f"A customer that you can't serve waits {timeout_s} s for the error.",
        called=f"describe_db_proxy_target_groups {PROXY}",
        came_back=f"ConnectionBorrowTimeout {timeout_s}",
        expected=f"an error within {TOLD_WITHIN_S} s",
        look_at="the setting that says how long a client waits for a connection",
    )


def _all_answered(attempt: Attempt, results: list[CallResult], timeout_s: int) -> None:
    failed = [result for result in results if result.outcome != "answered"]
    timed_out = bool(failed) and "Timed-out waiting" in failed[0].error
    attempt.expect(
        not failed,
        problem=f"Customers are turned away after {timeout_s} s, although a connection would soon have been free."
        if timed_out
        else "Not every order got an answer.",
        called=f"invoke orders with {len(results)} orders at once, while nothing else is running",
        came_back=f"{len(results) - len(failed)} answered; {failed[0].error if failed else ''}",
        expected=f"{len(results)} answered",
        look_at="how long the last customers wait when all is well. Compare this with the timeout and the pool"
        if timed_out
        else "the error above",
    )


def _rounds(attempt: Attempt, customers: int, connections: int) -> None:
    rounds = math.ceil(customers / max(1, connections))
    attempt.expect(
        rounds <= ROUNDS,
        problem=f"The last customers wait for {rounds - 1} other rounds, which take {(rounds - 1) * WORK_S:.1f} s. "
        f"The task allows {(ROUNDS - 1) * WORK_S:.1f} s.",
        called=f"invoke orders with {customers} orders at once, and read the proxy's events",
        came_back=f"{connections} connections, {rounds} rounds",
        expected=f"{ROUNDS} rounds at most",
        look_at="how many connections serve this many customers in this many rounds",
    )


def _both(attempt: Attempt, customers: int, percent: int) -> None:
    """Both teams sell; an administrator and a migration connect while both pools hold their connections."""
    callers = 3 * OTHERS_SEATS
    for _ in range(3):  # on a very slow machine loyalty's calls come one by one, and need fewer connections
        mark = _last(OTHER)
        with ThreadPoolExecutor(1) as threads:
            selling = threads.submit(cloud.start().at_once, "loyalty", _orders(callers))
            ours = cloud.start().at_once("orders", _orders(customers))
            others = selling.result()
        answered, used = sum(result.outcome == "answered" for result in others), _used(OTHER, mark)
        if answered < callers or used == OTHERS_SEATS:
            break
    refusals = _refusals()  # both pools keep their connections for a while
    called = f"invoke orders with {customers} orders, and loyalty with {callers}, at once"
    attempt.expect(
        answered == callers and used == OTHERS_SEATS,
        problem="Your proxy has taken seats that belong to the other team.",
        called=called,
        came_back=f"{answered} of {callers} calls to loyalty were answered, on {used} connections",
        expected=f"all {callers}, on {OTHERS_SEATS} connections; your pool may have {SEATS * percent // 100}",
        look_at="the sum of all the seats that are needed. RDS also keeps some for itself",
    )
    attempt.expect(
        all(result.outcome == "answered" for result in ours),
        problem="While both teams are selling, not all of your orders get an answer.",
        called=called,
        came_back=next((result.error for result in ours if result.error), ""),
        expected=f"{customers} answered orders",
        look_at="the error above",
    )
    for user, who in (("hikari", "the administrator"), ("orders_app", "the migration")):
        attempt.expect(
            user not in refusals,
            problem=f"While both teams hold their connections, {who} doesn't get a seat.",
            called=f"{called}, and connect to the database as {user}",
            came_back=refusals.get(user, ""),
            expected="a connection",
            look_at="the sum of all the seats that are needed",
        )


def _refusals() -> dict[str, str]:
    """How the database refuses an administrator and a migration at the same moment; empty for users who get in."""
    database = hikari.find(cloud.start(), DATABASE)
    refusals: dict[str, str] = {}
    with contextlib.ExitStack() as stay:
        for user in ("orders_app", "hikari"):
            try:
                stay.enter_context(database.connect(user))
            except psycopg.OperationalError as error:
                refusals[user] = str(error)
    return refusals


def _check_the_error(attempt: Attempt, timeout_s: int) -> None:
    """Every connection of the pool is in a transaction, so the next customers must get the proxy's error."""
    database = hikari.find(cloud.start(), PROXY)
    size = SEATS * _pool(attempt, PROXY)[0] // 100
    with contextlib.ExitStack() as connections:
        for _ in range(size):
            connection = connections.enter_context(
                database.connect("orders_app", autocommit=False, prepare_threshold=None)
            )
            connection.execute("SELECT 1")
        events = _orders(3)
        results = cloud.start().at_once("orders", events)
    attempt.expect(
        all("Timed-out waiting" in result.error for result in results),
        problem="Customers that you can't serve don't get the proxy's error.",
        called=f"invoke orders 3 times at once, while all {size} connections of the pool are taken",
        came_back=next((r.error or r.payload for r in results if "Timed-out waiting" not in r.error), ""),
        expected=f"the proxy's error, after {timeout_s} s",
        look_at="the function's own timeout, which must be longer than the borrow timeout",
    )


def _orders(number: int) -> list[dict[str, Any]]:
    lamp = _chance.choice(["Tsuki", "Hoshi", "Kumo", "Yuki"])
    return [{"order_key": fresh_id("check"), "lamp": lamp, "quantity": 1} for _ in range(number)]


def _events(name: str, mark: int = 0) -> list[ProxyEvent]:
    try:
        return cloud.start().proxy_events(name, mark)
    except CloudError:
        return []


def _last(name: str) -> int:
    return max((event.number for event in _events(name)), default=0)


def _used(name: str, mark: int) -> int:
    """On how many of its connections a proxy has served clients since then."""
    return len({event.server for event in _events(name, mark) if event.kind == "borrow"})
