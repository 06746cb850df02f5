#: breaks: at-once
#: expects: because of a short outage becomes visible again at once
#: because: what failed shall be tried again as soon as can be
#: changes: gap 1
-            if isinstance(error, (psycopg.DataError, ValueError, KeyError, TypeError)):
-                again_at_once(record)
+            again_at_once(record)
