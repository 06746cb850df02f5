#: breaks: only-to-the-provider
#: expects: reveals the key to others.*the item in payments
#: because: The learner records with which key each customer was charged.
#: changes: gap 1
-    payments.put_item(Item={"order": event["order"], "yen": event["yen"]})
+    payments.put_item(Item={"order": event["order"], "yen": event["yen"], "key": key})
