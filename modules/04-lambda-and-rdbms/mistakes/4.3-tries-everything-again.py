#: expects: tried an order again that the database had refused
#: because: Each error is taken for a dead connection.
#: when: nightly
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
    try:
        if connection is None:
            connection = connect()
        row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    except psycopg.Error:
        connection = connect()
        row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    return {"order": row[0]}
