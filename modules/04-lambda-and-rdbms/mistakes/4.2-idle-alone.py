#: expects: Sessions in some states are left out
#: because: Sessions that work are not thought to hold a seat.
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
            WHERE backend_type = 'client backend' AND state IN ('idle', 'active')
            GROUP BY usename, state
            ORDER BY count(*) DESC
        """).fetchall()
    return [
        {"user": user, "state": state, "sessions": sessions, "since": since and since.isoformat()}
        for user, state, sessions, since in rows
    ]
