#: breaks: again-when-never-made
#: expects: gives up when its first connection can't be made.*came back: .*connections: 1; rows: 0
#: because: The learner takes a first connection that can't be made for an error that stays, and raises it at once.
#: replaces: 2
#: changes: gap 2
-            lost = connection is None or connection.closed
+            lost = connection is not None and connection.closed
