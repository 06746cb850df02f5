#: expects: tried an order again that the database had refused
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
