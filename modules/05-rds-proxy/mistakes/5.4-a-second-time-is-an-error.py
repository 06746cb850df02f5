#: breaks: same-answer
#: expects: is already there ends with an error
#: because: The database refuses the second order, and the handler treats that as a failure.
#: replaces: 2
%%writefile safe_orders.py
import os
import time

import psycopg

LOGIN = "host={DB_HOST} port={DB_PORT} user={DB_USER} password={DB_PASSWORD} dbname={DB_NAME}".format_map(os.environ)
connection = None


def place(event):
    """Makes one attempt to place an order, on a new connection if the old one is lost. Returns the order's number."""
    global connection
    if connection is None or connection.closed:
        connection = psycopg.connect(LOGIN, autocommit=True, prepare_threshold=None)
    order = (event["order_key"], event["lamp"], event["quantity"])
    return connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()[0]


def handler(event, context):
    wait_s = 0.2
    while True:
        try:
            return {"order": place(event)}
        except psycopg.OperationalError:
            if context.get_remaining_time_in_millis() < 1000 * wait_s + 2000:
                raise
            time.sleep(wait_s)
            wait_s *= 2
