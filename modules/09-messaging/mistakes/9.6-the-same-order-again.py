#: breaks: first-text
#: expects: over the first card
#: because: repeats the order with the same text, so that overwriting it changes nothing
#: changes: gap 1
-    assert gift.handler(batch(ANN | {"text": "Other"}), None) == {"batchItemFailures": []}
+    assert gift.handler(batch(ANN), None) == {"batchItemFailures": []}
