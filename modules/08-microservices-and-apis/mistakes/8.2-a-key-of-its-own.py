#: breaks: sends-the-order
#: expects: under a key that is not the order's
#: because: Each call of stock is thought to need a key of its own.
#: changes: gap 1
-        data=json.dumps(order).encode(),
+        data=json.dumps(order | {"order_key": os.urandom(8).hex()}).encode(),
