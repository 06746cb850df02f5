#: breaks: own-session
#: expects: Only the session that runs your query is missing
#: because: The learner's own session is thought not to count.
#: changes: gap 1
-            WHERE backend_type = 'client backend'
+            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
