#: breaks: enough-left
#: expects: takes all lamps from the stock if there are enough
#: because: The last lamps show that lamps are taken, so the learner doesn't count the others.
#: changes: gap 1
-    assert left_of("Tsuki") == 3
+    assert left_of("Tsuki") >= 0
