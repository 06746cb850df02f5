#: breaks: news
#: expects: news.accepted is not called once
#: because: tells of each order when it is safe
#: changes: gap 1
-    news.accepted(accepted)
@@
     payment.start(order)
+    news.accepted([order["order_id"]])
