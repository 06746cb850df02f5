#: breaks: last-answer
#: expects: takes the very last lamps but says no
#: because: What is stored seems to say all.
#: changes: gap 1
-    assert stock.handler({"lamp": "Kumo", "quantity": 2}, None) == {"reserved": True}
+    stock.handler({"lamp": "Kumo", "quantity": 2}, None)
