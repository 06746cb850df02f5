#: expects: The rule flaps.*Compare with wanted
#: because: The learner compares the need with the servers that run, not with the servers that the rule has asked for.
#: changes: gap 1
-    have = history[-1].wanted
+    have = history[-1].running
