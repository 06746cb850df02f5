#: breaks: refused-once
#: expects: The database refused an order, and your function retried it
#: because: Each error is taken for a dead connection.
#: fills: gap 1
    try:
        if connection is None:
            connection = connect()
        row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    except psycopg.Error:
        connection = connect()
        row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    return {"order": row[0]}
