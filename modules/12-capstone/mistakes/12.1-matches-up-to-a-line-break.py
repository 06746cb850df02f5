#: breaks: order-id
#: expects: A bad order \(a line break at the end of the order_id\) is accepted
#: because: a dollar sign is taken for the end of the text, but it also matches before a last line break
#: changes: gap 1
-    if not isinstance(order["order_id"], str) or not re.fullmatch(r"[A-Za-z0-9-]{1,40}", order["order_id"]):
+    if not isinstance(order["order_id"], str) or not re.match(r"^[A-Za-z0-9-]{1,40}$", order["order_id"]):
