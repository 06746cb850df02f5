#: expects: The statement breaks at an apostrophe
#: because: An f-string is shorter, and works for most names.
#: when: nightly
%%writefile rds_orders.py
import psycopg

from serverless_first.order_stores import OrderExists

FIELDS = ("order_id", "customer", "placed_at", "lamp", "quantity", "status", "version")


class RdsOrders:
    def __init__(self, connection):
        self.connection = connection

    def get(self, order_id):
        row = self.connection.execute(
            "SELECT * FROM orders_of_shop WHERE order_id = %s", [order_id]
        ).fetchone()
        return dict(zip(FIELDS, row)) if row else None

    def place(self, order):
        try:
            self.connection.execute(
                "INSERT INTO orders_of_shop VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [order[field] for field in FIELDS],
            )
        except psycopg.errors.UniqueViolation:
            raise OrderExists(order["order_id"]) from None

    def of_customer(self, customer, limit=10):
        rows = self.connection.execute(
            f"SELECT * FROM orders_of_shop WHERE customer = '{customer}' ORDER BY placed_at DESC LIMIT {limit}",
        ).fetchall()
        return [dict(zip(FIELDS, row)) for row in rows]

    def set_status(self, order_id, old, new):
        changed = self.connection.execute(
            """UPDATE orders_of_shop SET status = %s, version = version + 1
               WHERE order_id = %s AND status = %s""",
            [new, order_id, old],
        )
        return changed.rowcount == 1
