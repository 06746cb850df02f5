#: breaks: same-value
#: expects: has changed the limit.*came back: 400 ms
#: because: A shorter limit is thought to be kinder to the pool.
#: replaces: 2
#: changes: gap 1
-            connection.execute("SET LOCAL statement_timeout = '500ms'")
+            connection.execute("SET LOCAL statement_timeout = '400ms'")
