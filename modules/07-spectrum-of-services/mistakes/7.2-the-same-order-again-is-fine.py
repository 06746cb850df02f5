#: breaks: unique-id
#: expects: the second order equals the first
#: because: A retry is thought to be no second order.
%%writefile rds_orders.py
import psycopg

from serverless_first.shop.order_stores import OrderExists

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
        columns, marks = ", ".join(FIELDS), ", ".join(["%s"] * len(FIELDS))
        cursor = self.connection.execute(
            f"INSERT INTO orders_of_shop ({columns}) VALUES ({marks}) ON CONFLICT (order_id) DO NOTHING",
            [order[name] for name in FIELDS],
        )
        if cursor.rowcount == 0 and self.get(order["order_id"]) != order:
            raise OrderExists(order["order_id"])

    def of_customer(self, customer, limit=10):
        rows = self.connection.execute(
            "SELECT * FROM orders_of_shop WHERE customer = %s ORDER BY placed_at DESC LIMIT %s", [customer, limit]
        ).fetchall()
        return [dict(zip(FIELDS, row)) for row in rows]

    def set_status(self, order_id, old, new):
        cursor = self.connection.execute(
            "UPDATE orders_of_shop SET status = %s, version = version + 1 WHERE order_id = %s AND status = %s",
            [new, order_id, old],
        )
        return cursor.rowcount == 1
