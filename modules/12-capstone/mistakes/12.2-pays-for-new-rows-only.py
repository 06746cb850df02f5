#: breaks: payment-again
#: expects: A second copy of an order does not start its payment
#: because: a row that is there says that all is done
#: changes: gap 1
-    execute(
+    done = execute(
@@
-    payment.start(order)
+    if done.rowcount:
+        payment.start(order)
