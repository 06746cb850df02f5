#: expects: not the moment of the session that has been in this state for longest
#: because: The greatest moment is taken for the longest time.
#: when: nightly
#: fills: gap 1
        rows = connection.execute("""
            SELECT usename, state, count(*), max(state_change)
            FROM pg_stat_activity
            WHERE backend_type = 'client backend'
            GROUP BY usename, state
            ORDER BY count(*) DESC
        """).fetchall()
