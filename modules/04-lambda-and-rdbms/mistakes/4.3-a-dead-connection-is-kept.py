#: expects: The connection died while the environment was frozen
#: because: A connection that was opened once is thought to stay open.
#: fills: gap 1
    if connection is None:
        connection = connect()
    row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    return {"order": row[0]}
