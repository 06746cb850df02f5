#: breaks: outage
#: expects: Your worker sleeps.*time.sleep is called with 5
#: because: gives the database a few seconds to come back
#: changes: gap 1
             if isinstance(error, (psycopg.DataError, ValueError, KeyError, TypeError)):
                 again_at_once(record)
+            else:
+                __import__("time").sleep(5)
