#: breaks: one-connection
#: expects: An environment holds more connections than it can use
#: because: A pool, as on a server; but an environment serves one call at a time.
#: fills: gap 1
    if connection is None:
        connection = [connect() for _ in range(10)]
    for number, one in enumerate(connection):
        try:
            one.execute("SELECT 1")
        except psycopg.OperationalError:
            connection[number] = connect()
    row = connection[0].execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    return {"order": row[0]}
