#: breaks: same-handler
#: expects: returns the amount that it asked for
#: because: The provider has always charged what it was asked for, so the learner doesn't read its answer.
#: changes: gap 1
-    answer = charge(event["order"], event["yen"], key)
+    charge(event["order"], event["yen"], key)
@@
-    return {"charged_yen": answer["charged_yen"]}
+    return {"charged_yen": event["yen"]}
