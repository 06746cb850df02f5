#: breaks: row-first
#: expects: A payment is started before its order is in the table.*called for: a text that PostgreSQL
#: because: both are done in one go, so their order does not matter
#: changes: gap 1
 def accept(order):
+    payment.start(order)
@@
     )
-    payment.start(order)
