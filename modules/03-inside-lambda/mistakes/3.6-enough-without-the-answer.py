#: breaks: enough-answer
#: expects: one that takes the lamps but says no, unless|a stock.py that takes the lamps but says no, unless
#: because: What is stored seems to say all.
#: changes: gap 1
-    assert stock.handler({"lamp": "Tsuki", "quantity": 2}, None) == {"reserved": True}
+    stock.handler({"lamp": "Tsuki", "quantity": 2}, None)
