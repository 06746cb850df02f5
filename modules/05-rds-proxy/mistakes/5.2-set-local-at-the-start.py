#: breaks: every-query
#: expects: the setting in freed.py is lost
#: because: SET LOCAL outside of a transaction has no effect, and PostgreSQL only warns.
#: replaces: 2
%%writefile freed.py
import os

import psycopg

LOGIN = "host={DB_HOST} port={DB_PORT} user={DB_USER} password={DB_PASSWORD} dbname={DB_NAME}".format_map(os.environ)
connection = None


def handler(event, context):
    global connection
    if connection is None:
        connection = psycopg.connect(LOGIN, autocommit=True, prepare_threshold=None)
        connection.execute("SET LOCAL statement_timeout = '500ms'")
    query = "SELECT (SELECT count(*) FROM orders WHERE lamp = %s) FROM pg_sleep(%s)"
    try:
        return {"found": connection.execute(query, (event["lamp"], event.get("takes_s", 0.1))).fetchone()[0]}
    except psycopg.errors.QueryCanceled:
        return {"found": None, "reason": "too slow"}
