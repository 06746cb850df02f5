#: breaks: same-handler
#: expects: records a payment before the provider has charged
#: because: The learner thinks that the order of the two steps doesn't matter.
#: changes: gap 1
-    answer = charge(event["order"], event["yen"], key)
     payments.put_item(Item={"order": event["order"], "yen": event["yen"]})
+    answer = charge(event["order"], event["yen"], key)
