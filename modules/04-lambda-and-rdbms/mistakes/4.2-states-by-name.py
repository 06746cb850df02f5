#: breaks: every-client
#: expects: Sessions in some states are left out
#: because: The states that come to mind are thought to be all that there are.
#: changes: gap 1
-            WHERE backend_type = 'client backend'
+            WHERE backend_type = 'client backend' AND state IN ('idle', 'active', 'idle in transaction')
