#: breaks: nothing-stored
#: expects: A refused order was stored anyway
#: because: The order is saved first, so that nothing is lost.
#: changes: gap 1
         return answer(400, {"message": "the body is not JSON"})
+    if isinstance(order, dict) and order.get("order_key") and isinstance(order.get("lamp"), str) and "quantity" in order:
+        store(order)
@@
-    store(order)
