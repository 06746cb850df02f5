#: breaks: open-until-paid
#: expects: The invoice line is wrong
#: because: The learner compares rounded percentages, so a missing yen doesn't count.
#: changes: gap 1
-    status = Status.PAID if event["paid_yen"] >= event["total_yen"] else Status.OPEN
+    status = Status.PAID if round(100 * event["paid_yen"] / event["total_yen"]) >= 100 else Status.OPEN
