#: expects: not the moment of the session that has been in this state for longest
#: because: The greatest moment is taken for the longest time.
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
            SELECT usename, state, count(*), max(state_change)
            FROM pg_stat_activity
            WHERE backend_type = 'client backend'
            GROUP BY usename, state
            ORDER BY count(*) DESC
        """).fetchall()
    return [
        {"user": user, "state": state, "sessions": sessions, "since": since and since.isoformat()}
        for user, state, sessions, since in rows
    ]
