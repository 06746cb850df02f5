#: expects: counts PostgreSQL's own background processes
#: because: Each row of the view is taken for a client.
#: fills: gap 1
        rows = connection.execute("""
            SELECT usename, state, count(*), min(state_change)
            FROM pg_stat_activity
            GROUP BY usename, state
            ORDER BY count(*) DESC
        """).fetchall()
