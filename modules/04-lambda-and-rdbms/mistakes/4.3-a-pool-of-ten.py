#: expects: An environment holds more connections than it can use
#: because: A pool, as on a server; but an environment serves one call at a time.
%%writefile kept.py
import os

import psycopg

connection = None


def connect():
    return psycopg.connect(
        host=os.environ["DB_HOST"],
        port=os.environ["DB_PORT"],
        user=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"],
        dbname=os.environ["DB_NAME"],
        autocommit=True,
        prepare_threshold=None,
    )


def handler(event, context):
    global connection
    order = (event["order_key"], event["lamp"], event["quantity"])
    if connection is None:
        connection = [connect() for _ in range(10)]
    for number, one in enumerate(connection):
        try:
            one.execute("SELECT 1")
        except psycopg.OperationalError:
            connection[number] = connect()
    row = connection[0].execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    return {"order": row[0]}
