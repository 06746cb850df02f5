#: breaks: same-value
#: expects: no longer stops a slow search
#: because: A limit is a limit, so its value is rounded up.
#: replaces: 2
#: changes: gap 1
-            connection.execute("SET LOCAL statement_timeout = '500ms'")
+            connection.execute("SET LOCAL statement_timeout = '1s'")
