#: breaks: answer
#: expects: does not exist creates something
#: because: That the statement did not fail is taken for a change.
#: changes: gap 3
-        return changed.rowcount == 1
+        return True
