#: breaks: card
#: expects: stores a card without its text
#: because: counts the cards instead of comparing their texts
#: changes: gap 1
     assert gift.handler(batch(ANN, BEN), None) == {"batchItemFailures": []}
-    assert cards() == {"ord-1": "For Ann"}
+    assert len(cards()) == 1
@@
     assert gift.handler(batch(ANN | {"text": "Other"}), None) == {"batchItemFailures": []}
-    assert cards() == {"ord-1": "For Ann"}
+    assert cards()["ord-1"] != "Other"
@@
     assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
-    assert cards() == {"ord-1": "For Ann"}
+    assert len(cards()) == 1
