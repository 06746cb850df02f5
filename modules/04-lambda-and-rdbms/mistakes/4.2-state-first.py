#: breaks: columns
#: expects: The columns are in another order
#: because: The order of the columns is thought to be free.
#: changes: gap 1
-            SELECT usename, state, count(*), min(state_change)
+            SELECT state, usename, count(*), min(state_change)
