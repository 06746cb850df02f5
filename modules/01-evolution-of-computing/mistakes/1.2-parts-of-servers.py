#: breaks: whole-number
#: expects: must return a whole number
#: because: The learner takes the need for the number of servers, without rounding it up.
#: changes: gap 1
-    needed = max(2, math.ceil(1.5 * busiest / PER_SERVER_S))
+    needed = max(2, 1.5 * busiest / PER_SERVER_S)
