#: expects: Sessions of a user are left out
#: because: The users of today are thought to be all that there are.
#: when: nightly
#: fills: gap 1
        rows = connection.execute("""
            SELECT usename, state, count(*), min(state_change)
            FROM pg_stat_activity
            WHERE usename IN ('hikari', 'orders_app')
            GROUP BY usename, state
            ORDER BY count(*) DESC
        """).fetchall()
