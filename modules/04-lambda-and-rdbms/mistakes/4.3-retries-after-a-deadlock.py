#: breaks: refused-once
#: expects: retried it, although the connection was alive.*deadlock detected.*came back: 2 attempts
#: because: Each OperationalError is taken for a dead connection, but a deadlock raises one and the connection lives.
#: fills: gap 1
    if connection is not None:
        try:
            connection.execute("SELECT 1")
        except psycopg.OperationalError:
            connection = None
    try:
        connection = connection or connect()
        row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    except psycopg.OperationalError:
        if connection.closed:
            raise
        row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    return {"order": row[0]}
