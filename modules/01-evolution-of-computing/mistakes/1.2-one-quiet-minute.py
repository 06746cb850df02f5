#: breaks: several-minutes
#: expects: One quiet minute makes the rule release
#: because: The learner thinks that the latest minute is the best estimate of the demand.
#: changes: gap 1
-    busiest = max(minute.per_s for minute in history[-10:])
+    busiest = history[-1].per_s
