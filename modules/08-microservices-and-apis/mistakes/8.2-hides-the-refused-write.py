#: breaks: stores
#: expects: DynamoDB did not store the order
#: because: The lamps are reserved, so the order is thought to be safe.
#: changes: gap 1
-    store(order)
+    try:
+        store(order)
+    except Exception as error:
+        print(error)
