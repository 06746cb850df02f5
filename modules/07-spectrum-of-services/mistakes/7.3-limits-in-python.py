#: breaks: reads-little
#: expects: reads far more items than it returns
#: because: Everything is read, and the rest thrown away.
#: changes: gap 4
-            Limit=limit,
@@
-        return [order_of(each) for each in found["Items"]]
+        return [order_of(each) for each in found["Items"]][:limit]
