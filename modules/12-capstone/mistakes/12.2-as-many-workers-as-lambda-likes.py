#: breaks: event
#: expects: Lambda takes another number of batches.*MaximumConcurrency: not set
#: because: the proxy protects the database, so the number of workers does not matter
#: replaces: 3
#: changes: gap 2
-            ScalingConfig: {MaximumConcurrency: 12}
