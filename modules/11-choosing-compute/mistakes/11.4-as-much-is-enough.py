#: breaks: less
#: expects: both cost the same
#: because: As cheap is thought to be cheaper.
#: changes: gap 1
-        if month_usd(more, "fargate", prices) < month_usd(more, "lambda", prices):
+        if month_usd(more, "fargate", prices) <= month_usd(more, "lambda", prices):
