#: breaks: batches
#: expects: no ScalingConfig, so there is no limit
#: because: DynamoDB has no seats, so there is nothing to protect
#: replaces: 3
#: changes: gap 2
-            ScalingConfig: {MaximumConcurrency: 2}
