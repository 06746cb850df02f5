#: breaks: same-handler
#: expects: doesn't say how much the customer has paid
#: because: The learner rewrites the handler and looks only at its answer.
#: changes: gap 1
-    payments.put_item(Item={"order": event["order"], "yen": event["yen"]})
+    payments.put_item(Item={"order": event["order"]})
