#: breaks: headroom
#: expects: the rule is always too late
#: because: The rule fits the demand of the last minutes, but a new server starts serving five minutes later.
#: changes: gap 1
-    needed = max(2, math.ceil(1.5 * busiest / PER_SERVER_S))
+    needed = max(2, math.ceil(busiest / PER_SERVER_S))
