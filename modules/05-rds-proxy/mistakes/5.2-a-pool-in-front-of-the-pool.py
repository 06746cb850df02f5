#: breaks: one-connection
#: expects: opens more connections than it needs
#: because: The client keeps a pool, although an environment serves one call at a time.
#: replaces: 2
%%writefile freed.py
import os

import psycopg

LOGIN = "host={DB_HOST} port={DB_PORT} user={DB_USER} password={DB_PASSWORD} dbname={DB_NAME}".format_map(os.environ)
connections = []


def handler(event, context):
    while len(connections) < 3:
        connections.append(psycopg.connect(LOGIN, autocommit=True, prepare_threshold=None))
    connection = connections[0]
    query = "SELECT (SELECT count(*) FROM orders WHERE lamp = %s) FROM pg_sleep(%s)"
    try:
        with connection.transaction():  # the setting ends with it
            connection.execute("SET LOCAL statement_timeout = '500ms'")
            return {"found": connection.execute(query, (event["lamp"], event.get("takes_s", 0.1))).fetchone()[0]}
    except psycopg.errors.QueryCanceled:
        return {"found": None, "reason": "too slow"}
