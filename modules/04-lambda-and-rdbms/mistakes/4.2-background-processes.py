#: breaks: no-background
#: expects: counts PostgreSQL's own background processes
#: because: Each row of the view is taken for a client.
#: changes: gap 1
-            WHERE backend_type = 'client backend'
