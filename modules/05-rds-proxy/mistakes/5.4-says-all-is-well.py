#: expects: answered as if all were well
#: because: What goes wrong is caught, and the caller hears nothing of it.
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
