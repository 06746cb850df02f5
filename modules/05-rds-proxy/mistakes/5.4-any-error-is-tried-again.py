#: expects: tries again what can never succeed
#: because: Every error is taken for a lost connection.
#: replaces: 2
#: fills: gap 2
    wait_s = 0.2
    while True:
        try:
            return {"order": place(event)}
        except psycopg.Error:
            if context.get_remaining_time_in_millis() < 1000 * wait_s + 2000:
                raise
            time.sleep(wait_s)
            wait_s *= 2
