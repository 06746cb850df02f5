#: breaks: yes-first
#: expects: before stock has said yes
#: because: What is deleted again is thought never to have been stored.
#: changes: gap 1
+    key = {"order_key": {"S": order["order_key"]}}
+    store(order)
     request = urllib.request.Request(
@@
-        if refusal.code == 409:
-            return answer(409, {"message": "sold out"})
-        return answer(503, {"message": "Try again later, with the same order_key."})
-    except OSError:
-        return answer(503, {"message": "Try again later, with the same order_key."})
-    store(order)
+        dynamodb.delete_item(TableName="orders", Key=key)
+        if refusal.code == 409:
+            return answer(409, {"message": "sold out"})
+        return answer(503, {"message": "Try again later, with the same order_key."})
+    except OSError:
+        dynamodb.delete_item(TableName="orders", Key=key)
+        return answer(503, {"message": "Try again later, with the same order_key."})
