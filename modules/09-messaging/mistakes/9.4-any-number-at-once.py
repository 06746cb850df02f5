#: breaks: five-at-once
#: expects: any number of batches at a time
#: because: relies on the reserved concurrency that the function does not have
#: replaces: 2
#: changes: gap 1
     FunctionResponseTypes=["ReportBatchItemFailures"],
-    ScalingConfig={"MaximumConcurrency": 5},
