#: expects: at work when the database restarted are not answered
#: because: The proxy is thought to hide the restart from everybody.
#: replaces: 2
#: when: nightly
%%writefile safe_orders.py
import os
import time

import psycopg

LOGIN = "host={DB_HOST} port={DB_PORT} user={DB_USER} password={DB_PASSWORD} dbname={DB_NAME}".format_map(os.environ)
connection = None


def place(event):
    """One attempt to place an order, on a new connection if the old one is lost; the number of the order."""
    global connection
    if connection is None or connection.closed:
        connection = psycopg.connect(LOGIN, autocommit=True, prepare_threshold=None)
    order = (event["order_key"], event["lamp"], event["quantity"])
    try:
        return connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()[0]
    except psycopg.errors.UniqueViolation:  # an earlier attempt has stored it
        return connection.execute("SELECT id FROM orders WHERE order_key = %s", order[:1]).fetchone()[0]


def handler(event, context):
    return {"order": place(event)}
