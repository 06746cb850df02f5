#: breaks: enforced
#: expects: RDS Proxy doesn't forward a client's cancel request
#: because: A timer in the function sets the limit, but RDS Proxy doesn't forward its cancel request to the database.
#: replaces: 2
%%writefile freed.py
import os
import threading

import psycopg

LOGIN = "host={DB_HOST} port={DB_PORT} user={DB_USER} password={DB_PASSWORD} dbname={DB_NAME}".format_map(os.environ)
connection = None


def handler(event, context):
    global connection
    if connection is None:
        connection = psycopg.connect(LOGIN, autocommit=True, prepare_threshold=None)
    query = "SELECT (SELECT count(*) FROM orders WHERE lamp = %s) FROM pg_sleep(%s)"
    timer = threading.Timer(0.5, connection.cancel_safe)
    timer.start()
    try:
        return {"found": connection.execute(query, (event["lamp"], event.get("takes_s", 0.1))).fetchone()[0]}
    except psycopg.errors.QueryCanceled:
        return {"found": None, "reason": "too slow"}
    finally:
        timer.cancel()
