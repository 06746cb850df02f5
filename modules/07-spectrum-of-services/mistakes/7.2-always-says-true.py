#: expects: does not exist makes something of it
#: because: That the statement did not fail is taken for a change.
#: when: nightly
#: changes: gap 3
-        return changed.rowcount == 1
+        return True
