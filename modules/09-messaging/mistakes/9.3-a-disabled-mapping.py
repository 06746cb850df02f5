#: breaks: mapping
#: expects: The mapping is disabled
#: because: wants to enable it later, by hand
#: replaces: 2
#: changes: gap 1
-    BatchSize=10,
+    BatchSize=10,
+    Enabled=False,
