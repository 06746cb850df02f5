#: breaks: others
#: expects: stops at the first message that fails
#: because: lets the broken message stand at the end, with nothing behind it
#: changes: gap 1
-    answer = gift.handler(batch(BEN, "no JSON", ANN), None)
-    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
+    answer = gift.handler(batch(BEN, ANN, "no JSON"), None)
+    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-2"}]}
