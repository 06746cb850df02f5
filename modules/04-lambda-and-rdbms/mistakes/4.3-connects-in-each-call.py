#: breaks: reused
#: expects: Each order opens its own connection
#: because: Where nothing is kept, nothing can die: a login for each customer.
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
    order = (event["order_key"], event["lamp"], event["quantity"])
    with connect() as connection:
        row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
        return {"order": row[0]}
