"""Check of module 04, task 4.1: the burst and its evidence, and a role for the function."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg

from serverless_first import cloud
from serverless_first.lab import Attempt, task
from serverless_first.lab.failures import one_line
from serverless_first.lab.functions import fresh_id, log_lines
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
    UNION ALL SELECT 'use tables that others create later',
        EXISTS (SELECT FROM pg_default_acl, aclexplode(defaclacl) AS later WHERE later.grantee = role.oid)
) AS privilege (what, may)
WHERE rolname = %(user)s AND may AND NOT pg_has_role(role.oid, 'pg_use_reserved_connections', 'MEMBER')
"""
EVIDENCE = ("calls", "answered", "failed", "throttled", "errors", "sessions")


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
    sessions_by_user = Counter(session.user for session in cloud.start().database_sessions("orders-db"))
    attempt.expect(
        not refused,
        problem=f"The administrator is refused. The role {user} can take the administrators' reserved seats.",
        called=f"{called}, then a login as {MASTER}",
        came_back=f"{refused}; sessions: {dict(sessions_by_user)}",
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
        content: Any = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        content = str(error)
    missing = [key for key in EVIDENCE if not isinstance(content, dict) or key not in content]
    attempt.expect(
        not missing,
        problem="The evidence isn't complete.",
        called=called,
        came_back=content,
        expected=f"a JSON object with the keys {', '.join(EVIDENCE)}; missing: {', '.join(missing)}",
        look_at="the table in step 1",
    )
    counts = {key: content[key] for key in EVIDENCE[:4]}
    attempt.expect(
        all(type(count) is int for count in counts.values())
        and counts["calls"] == counts["answered"] + counts["failed"] + counts["throttled"],
        problem="The counts don't add up. Each call has exactly one outcome.",
        called=called,
        came_back=counts,
        expected="answered + failed + throttled = calls",
        look_at="how you count result.outcome",
    )
    errors = content["errors"] if isinstance(content["errors"], list) else [content["errors"]]
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
    sessions = content["sessions"]
    attempt.expect(
        isinstance(sessions, dict) and bool(sessions) and all(type(number) is int for number in sessions.values()),
        problem="The evidence doesn't say how many sessions each user has.",
        called=called,
        came_back=sessions,
        expected="an object that maps each username to its number of sessions",
        look_at="the last row of the table in step 1",
    )
    text_counts: dict[str, int] = sessions
    attempt.expect(
        MASTER in text_counts and sum(text_counts.values()) == SEATS - KEPT_FOR_SUPERUSERS,
        problem="The evidence doesn't have the sessions that the master user's burst left behind.",
        called=called,
        came_back=sessions,
        expected=f"the number of sessions per user, while {MASTER} holds all the seats that it can take",
        look_at="how you count, and when: the environments must still exist. Rerun the task from its first cell",
    )
    attempt.expect(
        counts["answered"] == text_counts[MASTER],
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
