#: breaks: unique
#: expects: stored twice
#: because: An index finds a key fast, but doesn't stop a second row with the same key.
with database.connect("hikari") as connection:
    connection.execute("DELETE FROM orders")
    connection.execute("CREATE INDEX IF NOT EXISTS one_order_for_each_key ON orders (order_key)")
