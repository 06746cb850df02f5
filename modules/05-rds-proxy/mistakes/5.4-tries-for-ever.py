#: breaks: gives-up
#: expects: keeps trying until Lambda ends it
#: because: The loop doesn't end while the database can't be reached.
#: replaces: 2
#: fills: gap 2
    wait_s = 0.2
    while True:
        try:
            return {"order": place(event)}
        except psycopg.OperationalError:
            if connection is not None and not connection.closed:
                raise
            time.sleep(wait_s)
