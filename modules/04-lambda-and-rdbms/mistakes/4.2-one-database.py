#: expects: The limit applies to the whole server
#: because: The seats are thought to belong to a database.
#: changes: gap 1
-            WHERE backend_type = 'client backend'
+            WHERE datname = current_database()
