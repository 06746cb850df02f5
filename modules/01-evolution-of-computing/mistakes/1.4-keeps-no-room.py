#: breaks: served
#: expects: barely enough yesterday.*step 2's ordinary day
#: because: The learner takes the cheapest policy that just met the service level yesterday.
#: changes: gap 1
-    good = [run for run in tried if run.unmet_share <= 0.0003]  # some room, because tomorrow differs
+    good = [run for run in tried if run.unmet_share <= 0.001]
