#: expects: not the moment of the session that has been in this state for longest
#: because: The greatest moment is taken for the longest time.
#: changes: gap 1
-            SELECT usename, state, count(*), min(state_change)
+            SELECT usename, state, count(*), max(state_change)
