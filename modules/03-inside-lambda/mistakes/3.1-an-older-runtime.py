#: breaks: runtime
#: expects: doesn't have the task's runtime
#: because: The call is copied from an older project, and the code runs on any Python 3.
#: replaces: 2
#: changes: gap 1
-    Runtime="python3.13",
+    Runtime="python3.12",
