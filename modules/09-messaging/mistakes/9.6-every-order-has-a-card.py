#: breaks: no-card
#: expects: stores a card for every order
#: because: leaves out the order without a card
#: changes: gap 1
-    assert gift.handler(batch(ANN, BEN), None) == {"batchItemFailures": []}
+    assert gift.handler(batch(ANN), None) == {"batchItemFailures": []}
@@
-    gift.handler(batch(BEN, ANN), None)
+    gift.handler(batch(ANN), None)
@@
-    answer = gift.handler(batch(BEN, "no JSON", ANN), None)
-    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
+    answer = gift.handler(batch("no JSON", ANN), None)
+    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
