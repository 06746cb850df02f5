#: breaks: message-id
#: expects: reports the order instead of the message
#: because: counts the failures instead of comparing their ids
#: changes: gap 1
-    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
+    assert len(answer["batchItemFailures"]) == 1
@@
-    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
+    assert len(answer["batchItemFailures"]) == 1
