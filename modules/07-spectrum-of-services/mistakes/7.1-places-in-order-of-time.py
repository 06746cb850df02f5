#: breaks: newest-first
#: expects: in which they were placed, instead of by placed_at
#: because: The test places the orders in the order of time, so that both orders are the same.
#: changes: gap 1
-    for day in (2, 4, 3):
+    for day in (2, 3, 4):
