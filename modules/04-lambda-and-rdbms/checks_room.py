"""Checks of module 04, tasks 4.4 and 4.5: a reserved concurrency that fits, and whether it is enough."""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import psycopg

from serverless_cloud import CallResult
from serverless_first import cloud
from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import one_line
from serverless_first.lab.functions import fresh_id, wait_until
from serverless_first.lab.show import say
from serverless_first.shop import hikari

_chance = random.Random()

# ---- 4.4

NAME, MASTER, USER = "orders", "hikari", "orders_app"
REPORT = 2  # sessions of Hikari's sales report, which isn't a function


@task("4.4")
def room(attempt: Attempt) -> None:
    """In bursts before and after a deployment the database refuses nobody, and few seats stay empty."""
    client = attempt.client("lambda")
    shop = attempt.database()
    limit = client.get_function_concurrency(FunctionName=NAME).get("ReservedConcurrentExecutions")
    if limit is None:
        attempt.not_started(f"{NAME} has no reserved concurrency yet.")
    say(f"4.4: a burst, a deployment, another burst; reserved concurrency {limit} ...")
    with _versions(client) as publish:
        old = publish()
        with _report(attempt, shop):
            bursts = [_burst(old), _burst(publish())]
            seats_in_use = sum(session.user != MASTER for session in cloud.start().database_sessions("orders-db"))
            settings = _seats(attempt, shop)
    most = settings["max_connections"]
    open_to_all = most - settings["superuser_reserved_connections"] - settings["reserved_connections"]
    refused = [result.error for burst in bursts for result in burst if result.outcome == "failed"]
    seats_needed = 2 * limit + REPORT
    if any(result.outcome == "failed" for result in bursts[0]):
        problem = "The database refuses orders even before the deployment. The function can't take every seat."
        look_at = "who else holds seats, and for whom seats are reserved"
    elif seats_needed <= most:
        problem = (
            f"The database refuses orders. Two versions with {limit} environments and the report's {REPORT} sessions "
            f"want {seats_needed} seats, but roles such as {USER} share only {open_to_all}."
        )
        look_at = (
            "which seats your limit leaves to whom: the report, the administrators, each version. How do you round?"
        )
    else:
        problem = (
            "There are seats for only one version. After the deployment, the database refuses orders because the old "
            "version's frozen environments still hold their connections."
        )
        look_at = "how many environments there can be while two versions have environments"
    attempt.expect(
        not refused,
        problem=problem,
        called=f"{len(bursts[0])} calls at once, a deployment, {len(bursts[1])} calls at once; reserved: {limit}",
        came_back=f"refused before the deployment: {_count(bursts[0], 'failed')}, after it: "
        f"{_count(bursts[1], 'failed')}; {one_line(refused[0]) if refused else ''}",
        expected="no order is refused by the database; Lambda may throttle some",
        look_at=look_at,
    )
    attempt.expect(
        open_to_all - seats_in_use < 2,
        problem="The limit is too cautious. Lambda throttles orders, although seats stay empty.",
        called=f"{len(bursts[0])} calls at once, a deployment, {len(bursts[1])} calls at once; reserved: {limit}",
        came_back=f"throttled each time: {_count(bursts[1], 'throttled')}; seats that nobody ever took: "
        f"{open_to_all - seats_in_use}",
        expected="as many orders as the seats allow",
        look_at="how you compute the limit: what do you subtract, and do you subtract it twice?",
    )


def _count(burst: list[CallResult], outcome: str) -> int:
    return sum(result.outcome == outcome for result in burst)


def _burst(version: str) -> list[CallResult]:
    events = [{"order_key": fresh_id("ord"), "lamp": "Kumo", "quantity": 1} for _ in range(cloud.burst_size(30))]
    return cloud.start().at_once(NAME, events, qualifier=version)


def _sessions_of(user: str) -> int:
    return sum(session.user == user for session in cloud.start().database_sessions("orders-db"))


def _seats(attempt: Attempt, shop: hikari.Database) -> dict[str, int]:
    """PostgreSQL's settings about seats, which the administrator reads while the seats are taken."""
    names = ("max_connections", "superuser_reserved_connections", "reserved_connections")
    try:
        with shop.connect() as connection:
            return {name: int(connection.execute(f"SHOW {name}").fetchone()[0]) for name in names}
    except psycopg.OperationalError as error:
        attempt.fail(
            "The administrator is refused.",
            called="a login as hikari while the function is busy",
            came_back=one_line(str(error)),
            expected="a free seat",
            look_at="which user your function logs in as; deploy it with the cell of this task",
        )


@contextlib.contextmanager
def _versions(client: Any) -> Iterator[Any]:
    """Yields a callable that publishes a version of the function and returns its name; deletes them at the end."""
    before = (client.get_function_configuration(FunctionName=NAME).get("Environment") or {}).get("Variables") or {}
    versions: list[str] = []

    def publish() -> str:
        # A new value of a variable is enough for a new version; the environments of $LATEST end.
        client.update_function_configuration(
            FunctionName=NAME, Environment={"Variables": before | {"CHECK": fresh_id("check")}}
        )
        versions.append(client.publish_version(FunctionName=NAME)["Version"])
        return versions[-1]

    try:
        yield publish
    finally:
        for version in versions:
            client.delete_function(FunctionName=NAME, Qualifier=version)
        client.update_function_configuration(FunctionName=NAME, Environment={"Variables": before})


@contextlib.contextmanager
def _report(attempt: Attempt, shop: hikari.Database) -> Iterator[None]:
    """Holds the sales report's sessions, and ends all others, because a session left open would take a seat."""
    with contextlib.ExitStack() as sessions:
        try:
            with shop.connect() as administrator:
                administrator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (USER,)
                )
            assert wait_until(lambda: not _sessions_of(USER)), "sessions that were ended are still there"
            for _ in range(REPORT):
                sessions.enter_context(shop.connect(USER))
        except psycopg.OperationalError as error:
            attempt.fail(
                "The sales report can't get a seat.",
                called=f"{REPORT} logins as {USER} before the burst",
                came_back=one_line(str(error)),
                expected="free seats",
                look_at="what else is connected; rerun this task's cells, because they end the environments",
            )
        yield


# ---- 4.5

SHOP: dict[str, Any] = {
    "orders_per_minute": [60, 90, 1230, 900],
    "most_at_once": 2,
    "order_s": 0.25,
    "connections_per_environment": 1,
    "versions_alive": 2,
    "max_connections": 40,
    "reserved_connections": 5,
    "other_sessions": 4,
}


@task("4.5")
def enough(attempt: Attempt) -> None:
    """The function says how many seats the busiest minute and moment need, how many there are, and if that's enough."""
    # 1,230 orders per minute are 20.5 per second; times 0.25 s gives 5.125 environments.
    _judged(attempt, {**SHOP, "versions_alive": 1}, "Little's law, and the units of the numbers that you multiply")
    # 16 per second times 0.25 s gives 4 environments, and not one more.
    _judged(attempt, {**SHOP, "orders_per_minute": [60, 960]}, "how you round the number of orders in progress")
    _judged(attempt, {**SHOP, "versions_alive": 1, "most_at_once": 9}, "what most_at_once means")
    _judged(attempt, {**SHOP, "most_at_once": 9}, "which other environments there are after a deployment")
    _judged(attempt, {**SHOP, "connections_per_environment": 3}, "what each environment holds")
    exact = {**SHOP, "max_connections": 5 + 4 + 12}
    _judged(attempt, exact, "what you return when there are exactly as many seats as the function needs")
    _judged(attempt, {**exact, "max_connections": 5 + 4 + 11}, "how you compare the two numbers")
    for _ in range(6):
        _judged(attempt, _any_shop(), "each number of the event, and what your function does with it")


def _any_shop() -> dict[str, Any]:
    """A shop that nobody has seen, whose busiest minute doesn't need a whole number of environments."""
    while True:
        shop: dict[str, Any] = {
            "orders_per_minute": [_chance.randint(50, 6000) for _ in range(_chance.randint(3, 9))],
            "most_at_once": _chance.choice([1, 4, 15, 60]),
            "order_s": _chance.choice([0.05, 0.2, 0.35, 1.5]),
            "connections_per_environment": _chance.choice([1, 1, 2, 5]),
            "versions_alive": _chance.choice([1, 2]),
            "max_connections": _chance.choice([20, 87, 187, 450]),
            "reserved_connections": _chance.choice([3, 5]),
            "other_sessions": _chance.randint(0, 8),
        }
        if 0.1 < _at_a_time(shop, max(shop["orders_per_minute"])) % 1 < 0.9:
            return shop


def _at_a_time(shop: dict[str, Any], orders_per_minute: int | Fraction) -> Fraction:
    """Little's law: the mean number of orders in progress."""
    return Fraction(orders_per_minute) / 60 * Fraction(str(shop["order_s"]))


def _judged(attempt: Attempt, shop: dict[str, Any], look_at: str) -> None:
    reply = attempt.invoke("hikari-enough", shop)
    rates = shop["orders_per_minute"]
    per_environment, versions = shop["connections_per_environment"], shop["versions_alive"]
    environments = max(math.ceil(_at_a_time(shop, max(rates))), shop["most_at_once"])
    needed = environments * per_environment * versions
    there = shop["max_connections"] - shop["reserved_connections"] - shop["other_sessions"]
    right = {"enough": needed <= there, "needed": needed, "seats": there}
    claims = {key: reply[key] for key in right}
    if claims["seats"] != there:
        problem = (
            "The number of seats is wrong."
            if claims["seats"] != shop["max_connections"]
            else (
                "The function can't have all of max_connections. Other clients hold some seats, and some are reserved."
            )
        )
        look_at = "how many of the max_connections seats are left for the function"
    elif claims["needed"] != needed:
        problem = _wrong_need(shop, claims["needed"], environments)
        look_at = "how many environments there are in the busiest minute and moment, and what each environment holds"
    else:
        problem = "The numbers are right, but the conclusion isn't."
    attempt.expect(
        claims == right,
        problem=problem,
        called=reply.called,
        came_back=reply,
        expected=f'"needed" from the orders in progress, "seats" for the function, "enough" from both ({there} seats)'
        if claims["seats"] == there
        else "the number of seats that nobody else holds and that aren't reserved",
        look_at=look_at,
    )


def _wrong_need(shop: dict[str, Any], claim: object, environments: int) -> str:
    """Describes the misconception that leads to this number of connections."""
    rates, per_environment, versions = (
        shop["orders_per_minute"],
        shop["connections_per_environment"],
        shop["versions_alive"],
    )
    of_all = per_environment * versions
    most = shop["most_at_once"]
    mean = math.ceil(_at_a_time(shop, Fraction(sum(rates), len(rates))))
    busiest = _at_a_time(shop, max(rates))
    little = math.ceil(busiest)
    guesses = {
        max(mean, most) * of_all: '"needed" is for an average minute. In the busiest minute, customers are refused.',
        max(math.ceil(busiest * 60), most) * of_all: '"needed" counts a minute\'s orders as if they came in a second.',
        max(math.floor(busiest), most) * of_all: '"needed" is rounded down, so some orders get no connection.',
        max(math.floor(busiest) + 1, most)
        * of_all: '"needed" counts one environment too many if the orders in progress are a whole number.',
        math.ceil(max(busiest, most) * of_all): '"needed" is rounded too late. You can\'t have half an environment.',
        (little + most) * of_all: '"needed" is a sum, but customers who come at the same time are already among the '
        "minute's customers.",
        most * of_all: '"needed" is for one moment. In the busiest minute, more orders are in progress, because each '
        "order takes time.",
        little * of_all: "Little's law gives the average over a minute. Customers who come at the same time also need "
        "their own environments.",
        environments
        * per_environment: '"needed" counts only one version. After a deployment, the old version\'s connections are '
        "still open.",
        environments * versions: '"needed" counts environments. An environment can hold more than one connection.',
    }
    return guesses.get(claim, '"needed" is wrong.') if isinstance(claim, int) else '"needed" isn\'t a whole number.'
