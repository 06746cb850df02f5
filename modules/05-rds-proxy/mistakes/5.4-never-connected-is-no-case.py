#: breaks: again-when-never-made
#: expects: expects a connection, but the first connection couldn't be made.*came back: 'NoneType' object has no attribute
#: because: The handler checks whether the connection is closed, but the first connection may never have been made.
#: replaces: 2
#: changes: gap 2
-            lost = connection is None or connection.closed
+            lost = connection.closed
