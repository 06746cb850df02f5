#: breaks: every-database
#: expects: Sessions in other databases are missing
#: because: The seats are thought to belong to a database.
#: changes: gap 1
-            WHERE backend_type = 'client backend'
+            WHERE backend_type = 'client backend' AND datname = current_database()
