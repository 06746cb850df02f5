#: breaks: raises
#: expects: answers as if it had been placed
#: because: The handler catches every error, and the caller doesn't learn about it.
#: replaces: 2
#: fills: gap 2
    for _ in range(5):
        try:
            return {"order": place(event)}
        except psycopg.OperationalError:
            time.sleep(0.2)
        except psycopg.Error:
            break
    return {"order": None}
