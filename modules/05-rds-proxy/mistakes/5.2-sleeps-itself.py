#: breaks: enforced
#: expects: no longer stops a slow search.*while a migration locks the table orders
#: because: takes_s is thought to be the only thing that makes a query slow.
#: replaces: 2
%%writefile freed.py
import os
import time

import psycopg

LOGIN = "host={DB_HOST} port={DB_PORT} user={DB_USER} password={DB_PASSWORD} dbname={DB_NAME}".format_map(os.environ)
connection = None


def handler(event, context):
    global connection
    if connection is None:
        connection = psycopg.connect(LOGIN, autocommit=True, prepare_threshold=None)
    query = "SELECT (SELECT count(*) FROM orders WHERE lamp = %s) FROM pg_sleep(%s)"
    if event.get("takes_s", 0.1) > 0.5:
        time.sleep(0.5)
        return {"found": None, "reason": "too slow"}
    return {"found": connection.execute(query, (event["lamp"], event.get("takes_s", 0.1))).fetchone()[0]}
