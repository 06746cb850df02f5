#: breaks: never
#: expects: A message that can never succeed waits for its next attempt.*at once: a list, an order without a lamp
#: because: json.loads and the database are thought to notice all that is wrong with an order
#: changes: gap 1
-            if isinstance(error, (psycopg.DataError, ValueError, KeyError, TypeError)):
+            if isinstance(error, (psycopg.DataError, ValueError)):
