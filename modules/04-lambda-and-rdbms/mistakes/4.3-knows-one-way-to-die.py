#: breaks: survives
#: expects: order failed.*the network cut the frozen environment's connection.*look at: how your handler finds out
#: because: Connections are thought to die only when an administrator ends them, so one error class is enough.
#: fills: gap 1
    try:
        if connection is not None:
            connection.execute("SELECT 1")
    except psycopg.errors.AdminShutdown:
        connection = None
    connection = connection or connect()
    row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    return {"order": row[0]}
