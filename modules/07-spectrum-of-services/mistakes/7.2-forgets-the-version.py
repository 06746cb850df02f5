#: breaks: version
#: expects: The version does not show
#: because: The version is left as it was.
#: changes: gap 3
-            """UPDATE orders_of_shop SET status = %s, version = version + 1
+            """UPDATE orders_of_shop SET status = %s
