#: breaks: minimum
#: expects: forgets the minimum.*as few as 1 servers? wanted
#: because: The learner keeps two servers when nobody comes, but one server for a few customers.
#: changes: gap 1
-    needed = max(2, math.ceil(1.5 * busiest / PER_SERVER_S))
+    needed = math.ceil(1.5 * busiest / PER_SERVER_S) or 2
