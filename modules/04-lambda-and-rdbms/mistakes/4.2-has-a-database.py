#: breaks: no-background
#: expects: counts a process that isn.t a client.*parallel query
#: because: Background processes are thought to belong to no database.
#: changes: gap 1
-            WHERE backend_type = 'client backend'
+            WHERE datname IS NOT NULL
