#: breaks: answers
#: expects: After a query is stopped, the same environment doesn't answer the next call
#: because: An error is thought to end the transaction.
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
    query = "SELECT (SELECT count(*) FROM orders WHERE lamp = %s) FROM pg_sleep(%s)"
    try:
        connection.execute("BEGIN; SET LOCAL statement_timeout = '500ms'")
        number = connection.execute(query, (event["lamp"], event.get("takes_s", 0.1))).fetchone()[0]
        connection.execute("COMMIT")
        return {"found": number}
    except psycopg.errors.QueryCanceled:
        return {"found": None, "reason": "too slow"}
