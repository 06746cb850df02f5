#: breaks: placed-once
#: expects: two lamps
#: because: An order that is not in the table is thought not to come; it may still be running.
#: fills: gap 1
    for attempt in (1, 2):
        try:
            if connection is None or connection.closed:
                connection = connect()
            if attempt == 2:
                row = connection.execute("SELECT id FROM orders WHERE order_key = %s", order[:1]).fetchone()
                if row:
                    return {"order": row[0]}
            row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
            return {"order": row[0]}
        except psycopg.OperationalError:
            if attempt == 2 or not connection.closed:
                raise
