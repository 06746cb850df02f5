#: expects: Sessions of a user are left out
#: because: The users of today are thought to be all that there are.
#: when: nightly
%%writefile seats.py
import os

import psycopg


def handler(event, context):
    with psycopg.connect(
        host=os.environ["DB_HOST"],
        port=os.environ["DB_PORT"],
        user=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"],
        dbname=os.environ["DB_NAME"],
    ) as connection:
        rows = connection.execute("""
            SELECT usename, state, count(*), min(state_change)
            FROM pg_stat_activity
            WHERE usename IN ('hikari', 'orders_app')
            GROUP BY usename, state
            ORDER BY count(*) DESC
        """).fetchall()
    return [
        {"user": user, "state": state, "sessions": sessions, "since": since and since.isoformat()}
        for user, state, sessions, since in rows
    ]
