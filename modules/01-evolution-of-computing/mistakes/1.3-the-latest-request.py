#: breaks: used-last
#: expects: whose last request came latest
#: because: The learner appends each environment to the list, so the last in the list seems to be the one used last.
#: changes: gap 1
-            free_from_s.remove(max(idle))
+            free_from_s.remove(idle[-1])
