"""Sets an order's status to "paid" or "cancelled". The event is {"order_id": ..., "status": ...}.

The same event may arrive twice, because handling it again changes nothing.
"""

import psycopg
from database import connect

connection = None


def handler(event, context):
    global connection
    for attempt in (1, 2):
        try:
            if connection is None or connection.closed:
                connection = connect()
            connection.execute(
                "UPDATE orders SET status = %s WHERE order_id = %s", (event["status"], event["order_id"])
            )
            return event
        except psycopg.OperationalError:
            connection = None  # it has died, for example because the database has restarted
            if attempt == 2:
                raise
