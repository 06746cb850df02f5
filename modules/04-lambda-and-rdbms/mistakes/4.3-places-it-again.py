#: breaks: placed-once
#: expects: The customer gets two lamps
#: because: An order whose answer is lost is thought not to be placed.
#: fills: gap 1
    try:
        if connection is None:
            connection = connect()
        row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    except psycopg.OperationalError:
        if not connection.closed:
            raise
        connection = connect()
        row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    return {"order": row[0]}
