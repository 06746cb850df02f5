#: breaks: earliest
#: expects: The value of since says when a session connected
#: because: How long somebody is connected is taken for how long they are idle.
#: changes: gap 1
-            SELECT usename, state, count(*), min(state_change)
+            SELECT usename, state, count(*), min(backend_start)
