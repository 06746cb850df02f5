#: breaks: one-row
#: expects: more than one row for the same user and state
#: because: The databases are thought to matter.
#: changes: gap 1
-            GROUP BY usename, state
+            GROUP BY usename, state, datname
