#: breaks: lost-propagates
#: expects: died in the middle of an order, and your function hid that
#: because: An order that is in the table is thought to be safe to confirm, and an error to be bad service.
#: fills: gap 1
    if connection is not None:
        try:
            connection.execute("SELECT 1")
        except psycopg.OperationalError:
            connection = None
    connection = connection or connect()
    try:
        row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    except psycopg.OperationalError:
        if not connection.closed:
            raise
        connection = connect()
        row = connection.execute("SELECT id FROM orders WHERE order_key = %s", order[:1]).fetchone()
        if row is None:
            raise
    return {"order": row[0]}
