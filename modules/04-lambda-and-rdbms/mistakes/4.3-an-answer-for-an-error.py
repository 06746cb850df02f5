#: breaks: refused-propagates
#: expects: answered as if it had placed the order
#: because: The caller is spared the error, and believes that there is an order.
#: fills: gap 1
    try:
        if connection is not None:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        connection = None
    try:
        connection = connection or connect()
        row = connection.execute("SELECT place_order(%s, %s, %s)", order).fetchone()
    except psycopg.Error as error:
        return {"statusCode": 200, "message": str(error)}
    return {"order": row[0]}
