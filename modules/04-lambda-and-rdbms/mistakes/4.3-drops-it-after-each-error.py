#: breaks: one-connection
#: expects: opens another connection, and the old one stays open.*came back: [23] open connections
#: because: A connection that met an error is thought to be dead, and nobody closes it.
#: fills: gap 1
    if connection is not None:
        try:
            connection.execute("SELECT 1")
        except psycopg.OperationalError:
            connection = None
    if connection is None:
        connection = connect()
    try:
        row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    except psycopg.Error:
        connection = None
        raise
    return {"order": row[0]}
