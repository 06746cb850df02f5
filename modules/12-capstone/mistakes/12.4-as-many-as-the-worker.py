#: breaks: batches
#: expects: isn't the one in step 3.*MaximumConcurrency: 12
#: because: copies the event of the worker
#: replaces: 3
#: changes: gap 2
-            ScalingConfig: {MaximumConcurrency: 2}
+            ScalingConfig: {MaximumConcurrency: 12}
