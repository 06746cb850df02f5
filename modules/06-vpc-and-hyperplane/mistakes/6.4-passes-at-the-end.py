#: breaks: no-match
#: expects: No rule for this direction matches
#: because: lets pass what no rule mentions
#: changes: gap 2
-    return False
+    return True
