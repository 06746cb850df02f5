#: expects: Sessions in some states are left out
#: because: Sessions that work are not thought to hold a seat.
#: when: nightly
#: fills: gap 1
        rows = connection.execute("""
            SELECT usename, state, count(*), min(state_change)
            FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND state IN ('idle', 'active')
            GROUP BY usename, state
            ORDER BY count(*) DESC
        """).fetchall()
