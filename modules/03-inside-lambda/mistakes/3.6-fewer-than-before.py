#: breaks: enough-left
#: expects: takes the wrong number of lamps
#: because: The learner asserts that lamps are gone, but not how many.
#: changes: gap 1
-    assert left_of("Tsuki") == 3
+    assert 0 < left_of("Tsuki") < 5
