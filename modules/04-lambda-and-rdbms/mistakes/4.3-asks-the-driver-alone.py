#: breaks: survives
#: expects: The connection died while the environment was frozen
#: because: closed is thought to know what the network has done; it knows only what the last statement met.
#: fills: gap 1
    if connection is None or connection.closed:
        connection = connect()
    row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    return {"order": row[0]}
