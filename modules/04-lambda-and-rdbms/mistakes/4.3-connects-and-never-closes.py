#: expects: An environment holds more connections than it can use
#: because: The connections are kept, but not used again.
%%writefile kept.py
import os

import psycopg

connections = []


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
    order = (event["order_key"], event["lamp"], event["quantity"])
    connections.append(connect())
    row = connections[-1].execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    return {"order": row[0]}
