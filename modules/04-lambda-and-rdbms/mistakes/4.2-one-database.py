#: expects: max_connections counts the whole server
#: because: The seats are thought to belong to a database.
#: fills: gap 1
        rows = connection.execute("""
            SELECT usename, state, count(*), min(state_change)
            FROM pg_stat_activity
            WHERE datname = current_database()
            GROUP BY usename, state
            ORDER BY count(*) DESC
        """).fetchall()
