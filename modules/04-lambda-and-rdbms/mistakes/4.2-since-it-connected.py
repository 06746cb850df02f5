#: expects: since tells when a session has connected
#: because: How long somebody is connected is taken for how long they are idle.
#: fills: gap 1
        rows = connection.execute("""
            SELECT usename, state, count(*), min(backend_start)
            FROM pg_stat_activity
            WHERE backend_type = 'client backend'
            GROUP BY usename, state
            ORDER BY count(*) DESC
        """).fetchall()
