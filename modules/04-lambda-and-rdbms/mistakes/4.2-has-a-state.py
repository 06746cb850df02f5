#: breaks: no-background
#: expects: counts a process that isn.t a client.*parallel query
#: because: Background processes are thought to have no state.
#: changes: gap 1
-            WHERE backend_type = 'client backend'
+            WHERE state IS NOT NULL
