#: breaks: earliest
#: expects: isn't from the session that has been in this state the longest
#: because: The greatest moment is taken for the longest time.
#: changes: gap 1
-            SELECT usename, state, count(*), min(state_change)
+            SELECT usename, state, count(*), max(state_change)
