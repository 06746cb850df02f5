#: breaks: once
#: expects: Two orders share an execution.*the execution ord\w+ for both
#: because: A name is thought to have letters and digits only.
#: changes: gap 1
-    name = event["order_id"]
+    name = event["order_id"].replace("-", "")
